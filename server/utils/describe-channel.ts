import { toChannelReply } from '#server/catalog/replies'
import type { StoredChannel } from '#server/catalog/channels'
import { useRuntime } from '#server/runtime'
import type { ChannelReply, CredentialReply } from '#shared/schemas/channel'

/** A channel as the API shows it, with what this process has seen of it. */
export function describeStoredChannel(stored: StoredChannel): ChannelReply {
  const { id, credentials } = stored.value
  // The gateway knows only the credentials that are used, by their place among those.
  const used = credentials.filter(({ off }) => !off)
  const { state, until, lastError } = useRuntime().health.of(id, used.length)
  return toChannelReply(stored, {
    health: { state, until: toIso(until), lastError },
    credentials: credentials.map(credential => describeCredential(id, credential, used.indexOf(credential))),
  })
}

function describeCredential(channel: string, { hint, off }: { hint: string, off?: true }, place: number): CredentialReply {
  const { state, until, lastFailure } = useRuntime().health.ofCredential(channel, place)
  return { hint, enabled: !off, state, until: toIso(until), lastError: lastFailure?.code ?? null, failedAt: toIso(lastFailure?.at ?? null) }
}

function toIso(at: number | null): string | null {
  return at === null ? null : new Date(at).toISOString()
}
