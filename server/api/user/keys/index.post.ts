import { useRuntime } from '#server/runtime'
import { readKeyFields } from '#server/users/key-fields'
import { defineApi } from '#server/utils/define-api'
import { describeKey } from '#server/utils/describe-key'
import { api } from '#shared/schemas/api'

export default defineApi(api.createKey, async ({ user, body }) => {
  const { secret, ...state } = await useRuntime().keys.create(user, readKeyFields(body))
  return { ...await describeKey(state), secret }
})
