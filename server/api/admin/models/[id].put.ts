import { describeModel, toModelReply } from '#server/catalog/replies'
import { useRuntime } from '#server/runtime'
import { auditOf } from '#server/utils/audit-of'
import { defineApi } from '#server/utils/define-api'
import { api } from '#shared/schemas/api'

export default defineApi(api.putModel, async ({ user, params, body }) => {
  const { catalog, models } = useRuntime()
  const model = await models.put(params.id, body, auditOf(user, 'model.put', describeModel))
  return toModelReply(model, await catalog.notForSale(model.value))
})
