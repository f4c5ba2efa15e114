import { useRuntime } from '#server/runtime'
import { defineApi } from '#server/utils/define-api'
import { describeKey } from '#server/utils/describe-key'
import { api } from '#shared/schemas/api'

export default defineApi(api.rotateKey, async ({ user, params, body }) => {
  const { secret, ...state } = await useRuntime().keys.rotate(user.id, params.key, body.grace * 1000)
  return { ...await describeKey(state), secret }
})
