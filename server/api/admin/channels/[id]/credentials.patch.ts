import { describeChannel } from '#server/catalog/replies'
import { useRuntime } from '#server/runtime'
import { auditOf } from '#server/utils/audit-of'
import { defineApi } from '#server/utils/define-api'
import { describeStoredChannel } from '#server/utils/describe-channel'
import { api } from '#shared/schemas/api'

export default defineApi(api.changeCredentials, async ({ user, params, body }) => {
  const { channels, health } = useRuntime()
  const stored = await channels.changeCredentials(params.id, body, auditOf(user, 'channel.credentials', describeChannel))
  health.forget(params.id)
  return describeStoredChannel(stored)
})
