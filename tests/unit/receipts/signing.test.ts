import { createPublicKey, verify } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { resealSigningKey, createSigner } from '#server/secrets/signing-key'
import { openVault, sealCanary } from '#server/secrets/vault'
import { createMemoryStore } from '#server/storage/drivers/memory'
import type { Store } from '#server/storage/store'

const OLD = 'an-old-secret-that-is-long-enough-0123456789'
const NEW = 'a-new-secret-that-is-long-enough-0123456789'
const JWT = 'a-jwt-secret-that-is-long-enough-0123456789'

const secretsOf = (store: Store, vaporSecrets: string[]) => ({ store, vaporSecrets, jwtSecrets: [JWT], production: true })
const signerOf = async (store: Store, vaporSecrets: string[]) => createSigner({ store, vault: await openVault(secretsOf(store, vaporSecrets)) })

async function check(signer: Awaited<ReturnType<typeof signerOf>>, jws: { protected: string, payload: string, signature: string }): Promise<boolean> {
  const { kid } = JSON.parse(Buffer.from(jws.protected, 'base64url').toString())
  const key = (await signer.publicKeys()).keys.find(candidate => candidate.kid === kid)
  return key !== undefined && verify(null, Buffer.from(`${jws.protected}.${jws.payload}`), createPublicKey({ key, format: 'jwk' }), Buffer.from(jws.signature, 'base64url'))
}

describe('the signing key', () => {
  it('signs what others can check, and nothing else', async () => {
    const signer = await signerOf(createMemoryStore(), [OLD])
    const jws = await signer.sign('{"a":"ü"}', 'test+json')
    expect(JSON.parse(Buffer.from(jws.protected, 'base64url').toString())).toMatchObject({ alg: 'EdDSA', typ: 'test+json' })
    expect(Buffer.from(jws.payload, 'base64url').toString()).toBe('{"a":"ü"}')
    expect(await check(signer, jws)).toBe(true)
    expect(await check(signer, { ...jws, payload: Buffer.from('{"a":"u"}').toString('base64url') })).toBe(false)
  })

  it('is one, made by whoever needs it first, and survives a restart', async () => {
    const store = createMemoryStore()
    const signers = await Promise.all([1, 2, 3].map(() => signerOf(store, [OLD])))
    const signed = await Promise.all(signers.map(signer => signer.sign('{}', 't')))
    const later = await signerOf(store, [OLD])
    for (const jws of signed) expect(await check(later, jws)).toBe(true)
    expect(new Set(signed.map(jws => jws.protected)).size).toBe(1)
  })

  it('never shows its private half, in the set or in the store', async () => {
    const store = createMemoryStore()
    const { keys } = await (await signerOf(store, [OLD])).publicKeys()
    expect(keys).toEqual([{ kty: 'OKP', crv: 'Ed25519', x: expect.any(String), kid: expect.any(String), alg: 'EdDSA', use: 'sig' }])
    const text = JSON.stringify(await store.list('meta_', { limit: 100 }))
    expect(text).toContain(keys[0]!.x)
    expect(text).not.toContain('"d"')
  })

  it('is the same after the secrets were rotated', async () => {
    const store = createMemoryStore()
    const before = await (await signerOf(store, [OLD])).sign('{}', 't')
    const secrets = secretsOf(store, [NEW, OLD])
    const vault = await openVault(secrets)
    expect(await resealSigningKey(store, vault)).toBe(true)
    expect(await resealSigningKey(store, vault)).toBe(false)
    await sealCanary(secrets)
    const after = await signerOf(store, [NEW])
    expect(await check(after, before)).toBe(true)
    expect(await check(after, await after.sign('{}', 't'))).toBe(true)
  })

  it('is asked for again after the store was away', async () => {
    const store = createMemoryStore()
    let away = true
    const vault = await openVault(secretsOf(store, [OLD]))
    const signer = createSigner({ vault, store: { ...store, get: key => away ? Promise.reject(new Error('away')) : store.get(key) } })
    await expect(signer.publicKeys()).rejects.toThrow('away')
    away = false
    expect((await signer.publicKeys()).keys).toHaveLength(1)
  })
})
