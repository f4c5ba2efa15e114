import { useRuntime } from '#server/runtime'
import { defineApi } from '#server/utils/define-api'
import { describeKeys } from '#server/utils/describe-key'
import { api } from '#shared/schemas/api'

export default defineApi(api.listKeys, async ({ user, query }) => {
  const { items, next } = await useRuntime().keys.list(user.id, query)
  return { items: await describeKeys(items), next }
})
