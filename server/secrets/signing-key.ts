/**
 * The key receipts are signed with: Ed25519, made once at its first use and kept in the store, its private half sealed
 * by the vault. So it survives restarts, and a rotation of the secrets only seals it again.
 */
import { generateKeyPairSync } from 'node:crypto'
import { calculateJwkThumbprint, FlattenedSign, importJWK } from 'jose'
import type { FlattenedJWS, JWK } from 'jose'
import { AppError } from '#server/errors/app-error'
import { keys } from '#server/storage/keys'
import type { Store } from '#server/storage/store'
import type { Vault } from './vault'

const SIGNING_KEY = keys.meta('signing')
const FIELD = 'private'
const ALGORITHM = 'EdDSA'

interface SigningRecord {
  v: 1
  /** RFC 7638 thumbprint of the public key. */
  kid: string
  public: JWK
  /** The whole JWK as JSON text, sealed. */
  sealed: string
  createdAt: number
}

export interface Signer {
  /** Signs UTF-8 text as a flattened JWS (RFC 7515 section 7.2.2) with EdDSA (RFC 8037); `type` becomes its `typ`. */
  sign(text: string, type: string): Promise<Required<Pick<FlattenedJWS, 'protected' | 'payload' | 'signature'>>>
  /** What a verifier needs, as a JWK set (RFC 7517 section 5). */
  publicKeys(): Promise<{ keys: JWK[] }>
}

export interface SignerOptions {
  store: Store
  vault: Pick<Vault, 'seal' | 'open'>
  now?: () => number
}

export function createSigner({ store, vault, now = Date.now }: SignerOptions): Signer {
  let loading: Promise<SigningRecord> | undefined

  async function load(): Promise<SigningRecord> {
    const stored = await store.get<SigningRecord>(SIGNING_KEY)
    if (stored) return stored.value
    const made = await makeKey()
    const result = await store.commit('signing key', [{ once: SIGNING_KEY, value: made }])
    // Two processes may need the first key at once: the one that lost signs with what the other has written.
    return result.ok ? made : result.value as unknown as SigningRecord
  }

  async function makeKey(): Promise<SigningRecord> {
    const jwk = generateKeyPairSync('ed25519').privateKey.export({ format: 'jwk' }) as JWK
    const kid = await calculateJwkThumbprint(jwk)
    const { d: _, ...open } = jwk
    return { v: 1, kid, public: { ...open, kid, alg: ALGORITHM, use: 'sig' }, sealed: vault.seal(SIGNING_KEY, FIELD, JSON.stringify(jwk)), createdAt: now() }
  }

  /** A store that was away the first time is asked again. */
  function record(): Promise<SigningRecord> {
    loading ??= load().catch((error: unknown) => {
      loading = undefined
      throw error
    })
    return loading
  }

  return {
    async sign(text, type) {
      const { kid, sealed } = await record()
      const key = await importJWK(JSON.parse(vault.open(SIGNING_KEY, FIELD, sealed)) as JWK, ALGORITHM)
      const jws = await new FlattenedSign(new TextEncoder().encode(text)).setProtectedHeader({ alg: ALGORITHM, kid, typ: type }).sign(key)
      return { protected: jws.protected ?? '', payload: jws.payload, signature: jws.signature }
    },
    publicKeys: async () => ({ keys: [(await record()).public] }),
  }
}

/** Seals the private half under the first secret; answers whether an older one had done it. Part of a rotation. */
export async function resealSigningKey(store: Store, vault: Vault): Promise<boolean> {
  const stored = await store.get<SigningRecord>(SIGNING_KEY)
  if (!stored || vault.isCurrent(stored.value.sealed)) return false
  const sealed = vault.seal(SIGNING_KEY, FIELD, vault.open(SIGNING_KEY, FIELD, stored.value.sealed))
  const result = await store.commit('reseal signing key', [
    { expect: SIGNING_KEY, version: stored.version },
    { put: SIGNING_KEY, value: { ...stored.value, sealed } },
  ])
  if (!result.ok) throw new AppError('changed_meanwhile', { kind: 'signing_key' })
  return true
}
