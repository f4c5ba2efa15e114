import { useRuntime } from '#server/runtime'
import { defineApi } from '#server/utils/define-api'
import { describeStoredChannel } from '#server/utils/describe-channel'
import { api } from '#shared/schemas/api'

export default defineApi(api.listChannels, async ({ query }) => {
  const { items, next } = await useRuntime().channels.list(query)
  return { items: items.map(describeStoredChannel), next }
})
