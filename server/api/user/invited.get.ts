import { useRuntime } from '#server/runtime'
import { defineApi } from '#server/utils/define-api'
import { api } from '#shared/schemas/api'

export default defineApi(api.listInvited, async ({ user, query }) => {
  const { items, next } = await useRuntime().invites.listInvited(user.id, query)
  return { items: items.map(({ username, createdAt }) => ({ username, createdAt: new Date(createdAt).toISOString() })), next }
})
