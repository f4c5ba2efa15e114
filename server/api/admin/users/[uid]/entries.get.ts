import { toEntryReply } from '#server/billing/replies'
import { useRuntime } from '#server/runtime'
import { defineApi } from '#server/utils/define-api'
import { api } from '#shared/schemas/api'

export default defineApi(api.listUserEntries, async ({ params, query }) => {
  const { statement, users } = useRuntime()
  await users.require(params.uid)
  const { items, next } = await statement.listEntries(params.uid, query)
  return { items: items.map(toEntryReply), next }
})
