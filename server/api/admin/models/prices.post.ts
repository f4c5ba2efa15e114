import { describeModel } from '#server/catalog/replies'
import { useRuntime } from '#server/runtime'
import { auditOf } from '#server/utils/audit-of'
import { defineApi } from '#server/utils/define-api'
import { eachOf } from '#server/utils/each-of'
import { api } from '#shared/schemas/api'

export default defineApi(api.priceModels, ({ user, body }) => {
  const { models } = useRuntime()
  return eachOf(body.items, item => item.id, ({ id, version, prices }) => models.setPrices(id, version, prices, auditOf(user, 'model.put', describeModel)))
})
