import { useRuntime } from '#server/runtime'
import { readKeyFields } from '#server/users/key-fields'
import { toKeyReply } from '#server/users/replies'
import { defineApi } from '#server/utils/define-api'
import { api } from '#shared/schemas/api'

export default defineApi(api.createKey, async ({ user, body }) => {
  const { secret, ...state } = await useRuntime().keys.create(user, readKeyFields(body))
  return { ...toKeyReply(state), secret }
})
