import { toPublicModel } from '#server/catalog/replies'
import { useRuntime } from '#server/runtime'
import { defineApi } from '#server/utils/define-api'
import { api } from '#shared/schemas/api'

export default defineApi(api.listPublicModels, async () => ({
  items: (await useRuntime().catalog.listOnSale()).map(toPublicModel),
  next: null,
}))
