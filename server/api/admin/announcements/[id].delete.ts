import { useRuntime } from '#server/runtime'
import { describeAnnouncement } from '#server/settings/announcements'
import { auditOf } from '#server/utils/audit-of'
import { defineApi } from '#server/utils/define-api'
import { api } from '#shared/schemas/api'

export default defineApi(api.deleteAnnouncement, async ({ user, params }) => {
  await useRuntime().announcements.delete(params.id, auditOf(user, 'announcement.delete', describeAnnouncement))
  return { ok: true as const }
})
