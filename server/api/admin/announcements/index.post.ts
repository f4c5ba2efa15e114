import { useRuntime } from '#server/runtime'
import { describeAnnouncement } from '#server/settings/announcements'
import { auditOf } from '#server/utils/audit-of'
import { defineApi } from '#server/utils/define-api'
import { api } from '#shared/schemas/api'

export default defineApi(api.createAnnouncement, async ({ user, body }) => {
  const { announcements } = useRuntime()
  return announcements.describe(await announcements.create(body, auditOf(user, 'announcement.create', describeAnnouncement)))
})
