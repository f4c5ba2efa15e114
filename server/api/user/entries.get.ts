import { toEntryReply } from '#server/billing/replies'
import { useRuntime } from '#server/runtime'
import { defineApi } from '#server/utils/define-api'
import { api } from '#shared/schemas/api'

export default defineApi(api.listEntries, async ({ user, query }) => {
  const { items, next } = await useRuntime().statement.listEntries(user.id, query)
  return { items: items.map(toEntryReply), next }
})
