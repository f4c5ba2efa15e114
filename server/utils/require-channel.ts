import type { LiveChannel } from '#server/catalog/catalog'
import { AppError } from '#server/errors/app-error'
import { useRuntime } from '#server/runtime'

/** A channel and its first credential in clear, to ask it something. Throws record_not_found, configuration. */
export async function requireChannel(id: string): Promise<{ channel: LiveChannel, credential: string }> {
  const channel = await useRuntime().catalog.findChannel(id)
  if (!channel) throw new AppError('record_not_found', { kind: 'channel' })
  const [credential] = channel.credentials()
  if (credential === undefined) throw new AppError('configuration', { problem: 'The credentials of this channel cannot be decrypted with the present secrets. Type them again.' })
  return { channel, credential }
}
