import { defineApi } from '#server/utils/define-api'
import { offerModels } from '#server/utils/offer-models'
import { api } from '#shared/schemas/api'

export default defineApi(api.offerModels, async ({ user, params, body }) => ({ items: await offerModels(user, params.id, body.items) }))
