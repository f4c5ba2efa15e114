import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { createChannels } from '#server/catalog/channels'
import type { ChannelRecord } from '#server/catalog/channels'
import { createSigner } from '#server/secrets/signing-key'
import { openVault } from '#server/secrets/vault'
import { openStore } from '#server/storage/index'
import { keys } from '#server/storage/keys'

const OLD = 'an-old-secret-that-is-long-enough-0123456789'
const NEW = 'a-new-secret-that-is-long-enough-0123456789'
const JWT = 'a-jwt-secret-that-is-long-enough-0123456789'

it('rotates the secret of channel credentials and the signing key by the command of the README', async () => {
  const dir = mkdtempSync(join(tmpdir(), 'vapor-rotate-'))
  const spec = `sqlite:${join(dir, 'vapor.db')}`
  const open = async (vaporSecrets: string[]) => {
    const store = await openStore(spec, { production: true })
    const vault = await openVault({ store, vaporSecrets, jwtSecrets: [JWT], production: true })
    return { store, signer: createSigner({ store, vault }), channels: createChannels({ store, versions: { touch: () => {} }, vault, allowPrivate: false }) }
  }
  try {
    const first = await open([OLD])
    await first.channels.create({ id: 'one', name: 'One', dialect: 'openai-chat', baseUrl: 'https://api.example.com/v1', enabled: true, priority: 0, weight: 1, credentials: ['sk-upstream-credential'] })
    const published = await first.signer.publicKeys()
    await first.store.close()
    const rotate = () => execFileSync(process.execPath, ['scripts/rotate-secrets.ts'], { encoding: 'utf8', env: { PATH: process.env.PATH, NODE_ENV: 'production', JWT_SECRET: JWT, VAPOR_SECRET: `${NEW},${OLD}`, VAPOR_STORE: spec } })
    expect(rotate()).toContain('1 channel encrypted anew')
    expect(rotate()).toContain('0 channels')
    const last = await open([NEW])
    const { value } = (await last.store.get<ChannelRecord>(keys.channel('one')))!
    expect(last.channels.openCredentials(value)).toEqual(['sk-upstream-credential'])
    expect(await last.signer.publicKeys()).toEqual(published)
    expect((await last.signer.sign('{}', 'test')).signature).toMatch(/^[\w-]{86}$/)
    await last.store.close()
  }
  finally { rmSync(dir, { recursive: true, force: true }) }
})
