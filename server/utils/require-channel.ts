import { AppError } from '#server/errors/app-error'
import { useRuntime } from '#server/runtime'
import type { LiveChannel } from '#server/catalog/catalog'

/**
 * A channel and one of its credentials in clear, to ask it something: the first that is used, or that at `place` of all.
 * Throws record_not_found, configuration.
 */
export async function requireChannel(id: string, place?: number): Promise<{ channel: LiveChannel, credential: string }> {
  const { catalog, channels } = useRuntime()
  const channel = await catalog.findChannel(id)
  if (!channel) throw new AppError('record_not_found', { kind: 'channel' })
  const credential = place === undefined ? channel.credentials()[0] : channels.openAll((await channels.require(id)).value)[place]
  if (credential !== undefined) return { channel, credential }
  const { value: { credentials } } = await channels.require(id)
  throw new AppError('configuration', { problem: credentials.every(({ off }) => off)
    ? 'This channel has no credential that is switched on. Add one, or switch one on.'
    : 'The credentials of this channel cannot be decrypted with the present secrets. Type them again.' })
}
