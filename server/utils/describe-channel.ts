import { toChannelReply } from '#server/catalog/replies'
import type { StoredChannel } from '#server/catalog/channels'
import { useRuntime } from '#server/runtime'
import type { ChannelReply } from '#shared/schemas/channel'

/** A channel as the API shows it, with what this process has seen of it. */
export function describeStoredChannel(stored: StoredChannel): ChannelReply {
  const { state, until, lastError } = useRuntime().health.of(stored.value.id, stored.value.credentials.length)
  return toChannelReply(stored, { state, until: until === null ? null : new Date(until).toISOString(), lastError })
}
