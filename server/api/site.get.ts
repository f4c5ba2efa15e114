import { useRuntime } from '#server/runtime'
import { defineApi } from '#server/utils/define-api'
import { api } from '#shared/schemas/api'

export default defineApi(api.site, async () => {
  const { announcements, shopSettings } = useRuntime()
  const [site, shown] = await Promise.all([shopSettings.site(), announcements.shown()])
  return { name: site.name || 'Vapor', notice: site.notice, announcements: shown.map(({ id, level, title, text }) => ({ id, level, title, text })) }
})
