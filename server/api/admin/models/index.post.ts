import { describeModel, toModelReply } from '#server/catalog/replies'
import { useRuntime } from '#server/runtime'
import { auditOf } from '#server/utils/audit-of'
import { defineApi } from '#server/utils/define-api'
import { api } from '#shared/schemas/api'

export default defineApi(api.createModel, async ({ user, body }) => {
  const { catalog, models } = useRuntime()
  const model = await models.create(body, auditOf(user, 'model.create', describeModel))
  return toModelReply(model, await catalog.notForSale(model.value))
})
