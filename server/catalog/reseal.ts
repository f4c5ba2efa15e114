import { AppError } from '#server/errors/app-error'
import type { Vault } from '#server/secrets/vault'
import type { Store } from '#server/storage/store'
import { versionStep } from '#server/storage/versions'
import { listAllChannels } from './catalog-rows'

/** Encrypts every credential of every channel under the first secret; answers how many channels had an older one. */
export async function resealChannels(store: Store, vault: Vault): Promise<number> {
  let changed = 0
  for (const { key, value: channel, version } of await listAllChannels(store)) {
    if (channel.credentials.every(({ sealed }) => vault.isCurrent(sealed))) continue
    const credentials = channel.credentials.map(({ sealed, ...rest }) => ({ ...rest, sealed: vault.seal(key, 'credentials', vault.open(key, 'credentials', sealed)) }))
    const result = await store.commit(`reseal_${channel.id}`, [
      { expect: key, version },
      { put: key, value: { ...channel, credentials } },
      versionStep('catalogue'),
    ])
    if (!result.ok) throw new AppError('changed_meanwhile', { kind: 'channel' })
    changed++
  }
  return changed
}
