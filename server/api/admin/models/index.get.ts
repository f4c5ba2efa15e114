import { toModelReply } from '#server/catalog/replies'
import { useRuntime } from '#server/runtime'
import { defineApi } from '#server/utils/define-api'
import { api } from '#shared/schemas/api'

export default defineApi(api.listModels, async ({ query }) => {
  const { catalog, models } = useRuntime()
  const { items, next } = await models.list(query)
  return { items: await Promise.all(items.map(async model => toModelReply(model, await catalog.notForSale(model.value)))), next }
})
