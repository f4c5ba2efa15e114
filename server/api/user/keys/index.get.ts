import { useRuntime } from '#server/runtime'
import { toKeyReply } from '#server/users/replies'
import { defineApi } from '#server/utils/define-api'
import { api } from '#shared/schemas/api'

export default defineApi(api.listKeys, async ({ user, query }) => {
  const { items, next } = await useRuntime().keys.list(user.id, query)
  return { items: items.map(toKeyReply), next }
})
