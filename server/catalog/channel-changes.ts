/** Changes of a channel that need no form: switching, copying, single credentials. */
import type { z } from 'zod'
import { AppError } from '#server/errors/app-error'
import { createId } from '#server/storage/ids'
import { keys } from '#server/storage/keys'
import type { Store } from '#server/storage/store'
import { versionStep } from '#server/storage/versions'
import type { VersionWatch } from '#server/storage/versions'
import type { credentialsPatch } from '#shared/schemas/channel'
import type { ChannelRecord, ChannelSteps, StoredChannel, StoredCredential } from './channels'

const CHANGE_TRIES = 5
const CREDENTIALS_MAX = 50
const NAME_MAX = 60

export interface ChannelChangesOptions {
  store: Store
  versions: Pick<VersionWatch, 'touch'>
  now: () => number
  require(id: string): Promise<StoredChannel>
  sealAll(id: string, credentials: string[]): StoredCredential[]
  openAll(channel: ChannelRecord): string[]
}

export function createChannelChanges({ store, versions, now, require, sealAll, openAll }: ChannelChangesOptions) {
  async function write(before: StoredChannel, change: Partial<ChannelRecord>, also: ChannelSteps): Promise<boolean> {
    const after: ChannelRecord = { ...before.value, ...change, updatedAt: now() }
    const key = keys.channel(after.id)
    const result = await store.commit(`channel_${after.id}`, [
      { expect: key, version: before.version },
      { put: key, value: after },
      versionStep('catalogue'),
      ...also(before.value, after),
    ])
    if (result.ok) versions.touch('catalogue')
    return result.ok
  }

  return {
    /** Switches a channel on or off, whatever else was saved in between. Throws record_not_found. */
    async setEnabled(id: string, enabled: boolean, also: ChannelSteps): Promise<void> {
      for (let tries = 0; tries < CHANGE_TRIES; tries++) {
        const before = await require(id)
        if (before.value.enabled === enabled || await write(before, { enabled }, also)) return
      }
      throw new AppError('changed_meanwhile', { kind: 'channel' })
    },

    /** Another channel with the same fields and credentials, switched off. Throws record_not_found, configuration. */
    async copy(id: string, also: ChannelSteps): Promise<StoredChannel> {
      const { value: original } = await require(id)
      const copy = createId('chn', now()).replace('_', '-')
      const sealed = sealAll(copy, openAll(original)).map((credential, index): StoredCredential => original.credentials[index]?.off ? { ...credential, off: true } : credential)
      const channel: ChannelRecord = { ...original, id: copy, name: `${original.name.slice(0, NAME_MAX - 2)} 2`, enabled: false, credentials: sealed, createdAt: now(), updatedAt: now() }
      await store.commit(`channel_${copy}`, [{ once: keys.channel(copy), value: channel }, versionStep('catalogue'), ...also(undefined, channel)])
      versions.touch('catalogue')
      return require(copy)
    },

    /** Throws record_not_found, changed_meanwhile, and in_use when nothing would be left. */
    async changeCredentials(id: string, form: z.output<typeof credentialsPatch>, also: ChannelSteps): Promise<StoredChannel> {
      const before = await require(id)
      if (before.version !== form.version) throw new AppError('changed_meanwhile', { kind: 'channel' })
      const kept = before.value.credentials.flatMap(({ off: wasOff, ...credential }, index): StoredCredential[] => {
        if (form.remove.includes(index)) return []
        const off = form.disable.includes(index) || (wasOff === true && !form.enable.includes(index))
        return [off ? { ...credential, off } : credential]
      })
      const credentials = [...kept, ...sealAll(id, form.add)]
      if (credentials.length === 0) throw new AppError('in_use', { problem: 'A channel needs at least one credential. Add another one first, or switch the channel off.' })
      if (credentials.length > CREDENTIALS_MAX) throw new AppError('too_many', { limit: CREDENTIALS_MAX, kind: 'credentials' })
      if (!await write(before, { credentials }, also)) throw new AppError('changed_meanwhile', { kind: 'channel' })
      return require(id)
    },
  }
}
