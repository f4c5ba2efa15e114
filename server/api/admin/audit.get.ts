import { useRuntime } from '#server/runtime'
import { listAudit } from '#server/users/audit'
import { toAuditReply } from '#server/users/replies'
import { defineApi } from '#server/utils/define-api'
import { api } from '#shared/schemas/api'

export default defineApi(api.listAudit, async ({ query }) => {
  const { items, next } = await listAudit(useRuntime().store, query)
  return { items: items.map(toAuditReply), next }
})
