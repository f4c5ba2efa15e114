import { describeChannel } from '#server/catalog/replies'
import { useRuntime } from '#server/runtime'
import { auditOf } from '#server/utils/audit-of'
import { defineApi } from '#server/utils/define-api'
import { eachOf } from '#server/utils/each-of'
import { api } from '#shared/schemas/api'

export default defineApi(api.enableChannels, ({ user, body }) => {
  const { channels } = useRuntime()
  return eachOf(body.ids, id => id, id => channels.setEnabled(id, body.enabled, auditOf(user, 'channel.put', describeChannel)))
})
