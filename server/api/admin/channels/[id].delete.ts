import { describeChannel } from '#server/catalog/replies'
import { useRuntime } from '#server/runtime'
import { auditOf } from '#server/utils/audit-of'
import { defineApi } from '#server/utils/define-api'
import { api } from '#shared/schemas/api'

export default defineApi(api.deleteChannel, async ({ user, params }) => {
  const { channels, health } = useRuntime()
  await channels.delete(params.id, auditOf(user, 'channel.delete', describeChannel))
  health.forget(params.id)
  return { ok: true as const }
})
