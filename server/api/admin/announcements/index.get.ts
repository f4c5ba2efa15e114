import { useRuntime } from '#server/runtime'
import { defineApi } from '#server/utils/define-api'
import { api } from '#shared/schemas/api'

export default defineApi(api.listAnnouncements, async () => {
  const { announcements } = useRuntime()
  return { items: (await announcements.list()).map(announcements.describe), next: null }
})
