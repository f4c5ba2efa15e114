import { useRuntime } from '#server/runtime'
import { defineApi } from '#server/utils/define-api'
import { api } from '#shared/schemas/api'

export default defineApi(api.deleteKey, async ({ user, params }) => {
  await useRuntime().keys.delete(user.id, params.key)
  return { ok: true as const }
})
