import { describeChannel } from '#server/catalog/replies'
import { useRuntime } from '#server/runtime'
import { auditOf } from '#server/utils/audit-of'
import { defineApi } from '#server/utils/define-api'
import { describeStoredChannel } from '#server/utils/describe-channel'
import { api } from '#shared/schemas/api'

export default defineApi(api.copyChannel, async ({ user, params }) =>
  describeStoredChannel(await useRuntime().channels.copy(params.id, auditOf(user, 'channel.create', describeChannel))))
