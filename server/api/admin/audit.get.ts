import { useRuntime } from '#server/runtime'
import { listAudit } from '#server/users/audit'
import { toAuditReply } from '#server/users/replies'
import { defineApi } from '#server/utils/define-api'
import { api } from '#shared/schemas/api'

export default defineApi(api.listAudit, async ({ query }) => {
  const { config, store, users } = useRuntime()
  const [{ items, next, searchedTo }, names] = await Promise.all([listAudit(store, query), users.namesOf(config.ADMIN_UIDS)])
  return {
    items: items.map(toAuditReply),
    next,
    ...(searchedTo === undefined ? {} : { searchedTo: new Date(searchedTo).toISOString() }),
    admins: [...names].map(([id, username]) => ({ id, username })),
  }
})
