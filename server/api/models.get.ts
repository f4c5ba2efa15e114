import { toPublicModel } from '#server/catalog/replies'
import { useRuntime } from '#server/runtime'
import { defineApi } from '#server/utils/define-api'
import { api } from '#shared/schemas/api'

export default defineApi(api.listPublicModels, async ({ query: { name } }) => {
  const { catalog } = useRuntime()
  const models = (await catalog.listOnSale()).filter(model => name === undefined || model.name === name)
  return { items: await Promise.all(models.map(async model => toPublicModel(model, await catalog.routesOf(model)))), next: null }
})
