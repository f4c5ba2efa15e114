import { describeChannel } from '#server/catalog/replies'
import { useRuntime } from '#server/runtime'
import { auditOf } from '#server/utils/audit-of'
import { defineApi } from '#server/utils/define-api'
import { describeStoredChannel } from '#server/utils/describe-channel'
import { api } from '#shared/schemas/api'

export default defineApi(api.createChannel, async ({ user, body }) =>
  describeStoredChannel(await useRuntime().channels.create(body, auditOf(user, 'channel.create', describeChannel))))
