/**
 * Encrypts what Vapor must be able to read again: the credentials of channels.
 *
 * With VAPOR_SECRET its secrets do it. Without, a random secret is made once and kept in the store, wrapped by
 * JWT_SECRET, so that the short list of variables of the README is enough. A canary in the store tells at boot, and not
 * at the first request, that a secret is the wrong one.
 */
import { randomBytes } from 'node:crypto'
import { AppError } from '#server/errors/app-error'
import { keys } from '#server/storage/keys'
import type { Store, StoredRecord } from '#server/storage/store'
import { createSealer } from './sealer'
import type { Sealer } from './sealer'

const META_KEY = keys.meta('vault')
const CANARY = 'canary'
const SECRET_BYTES = 32
const OPEN_TRIES = 5
/** Wraps the generated secret of a development server that has no JWT_SECRET yet. Never used in production. */
const DEVELOPMENT_SECRET = 'vapor-development-only'

interface VaultRecord {
  v: 1
  /** The generated secret, wrapped by JWT_SECRET; null when VAPOR_SECRET was set from the start. */
  wrapped: string | null
  canary: string
}

export interface Vault {
  /** Encrypts a field of a record; it can be read only for the same record and field. */
  seal(record: string, field: string, text: string): string
  /** Throws AppError('configuration') when no present secret reads it. */
  open(record: string, field: string, sealed: string): string
  /** False when an older secret of the list has sealed it, so that a rotation knows what to write again. */
  isCurrent(sealed: string): boolean
  /** Reads the canary again: do the present secrets still open it? Rejects when the store does not answer. */
  checkCanary(): Promise<boolean>
}

export interface VaultOptions {
  store: Store
  /** VAPOR_SECRET and JWT_SECRET, split at their commas. */
  vaporSecrets: readonly string[]
  jwtSecrets: readonly string[]
  production: boolean
}

/** Opens the vault and proves with the canary that its secrets are right; throws AppError('configuration') saying which is not. */
export async function openVault(options: VaultOptions): Promise<Vault> {
  for (let tries = 0; tries < OPEN_TRIES; tries++) {
    const stored = await options.store.get<VaultRecord>(META_KEY)
    const opened = stored ? openStored(options, stored) : createFirst(options)
    // Two processes may start a new shop at once: the one that lost reads what the other has written.
    if (!opened.write || await saved(options.store, opened.write, stored)) return vaultOf(opened.sealer, options.store)
  }
  throw new AppError('store_unavailable')
}

/**
 * Ends a rotation of VAPOR_SECRET: the canary says from now on that the first secret reads everything, so it must be
 * called only after every record has been sealed again. A generated secret that nothing needs any more goes with it.
 */
export async function sealCanary(options: VaultOptions): Promise<void> {
  const stored = await options.store.get<VaultRecord>(META_KEY)
  if (!stored || options.vaporSecrets.length === 0) return
  const { sealer } = openStored(options, stored)
  if (!await saved(options.store, { v: 1, wrapped: null, canary: sealer.seal(CANARY, META_KEY) }, stored)) throw new AppError('changed_meanwhile', { kind: 'vault' })
}

interface Opened {
  sealer: Sealer
  write: VaultRecord | undefined
}

function createFirst(options: VaultOptions): Opened {
  const generated = options.vaporSecrets.length > 0 ? null : randomBytes(SECRET_BYTES).toString('base64url')
  const sealer = createSealer(generated === null ? options.vaporSecrets : [generated], 'credentials')
  const wrapped = generated === null ? null : createSealer(wrapSecrets(options), 'vault').seal(generated, META_KEY)
  return { sealer, write: { v: 1, wrapped, canary: sealer.seal(CANARY, META_KEY) } }
}

function openStored(options: VaultOptions, stored: StoredRecord<VaultRecord>): Opened {
  const { wrapped, canary } = stored.value
  const wrapper = wrapped === null ? undefined : createSealer(wrapSecrets(options), 'vault')
  const generated = wrapped === null ? undefined : wrapper?.open(wrapped, META_KEY)
  const usesGenerated = options.vaporSecrets.length === 0
  if (usesGenerated && wrapped === null)
    throw wrong('VAPOR_SECRET is not set, but the stored channel credentials were encrypted with one. Set it again')
  if (usesGenerated && generated === undefined)
    throw wrong('JWT_SECRET is not the one that protects the stored channel credentials. Put the old one behind the new one, separated by a comma')

  const sealer = createSealer([...options.vaporSecrets, ...(generated === undefined ? [] : [generated])], 'credentials')
  if (sealer.open(canary, META_KEY) !== CANARY)
    throw wrong('VAPOR_SECRET is not the one that encrypted the stored channel credentials. Put the old one behind the new one, separated by a comma')

  // A new JWT_SECRET in front takes over at the first start that still has the old one, so that the old one can go.
  const stale = wrapper && generated !== undefined && wrapped !== null && !wrapper.isCurrent(wrapped)
  return { sealer, write: stale ? { ...stored.value, wrapped: wrapper.seal(generated, META_KEY) } : undefined }
}

function wrapSecrets({ jwtSecrets, production }: VaultOptions): string[] {
  const secrets = [...jwtSecrets, ...(production ? [] : [DEVELOPMENT_SECRET])]
  if (secrets.length === 0) throw wrong('JWT_SECRET is not set. Make one with: openssl rand -hex 32')
  return secrets
}

async function saved(store: Store, record: VaultRecord, before: StoredRecord<VaultRecord> | undefined): Promise<boolean> {
  const result = await store.commit('vault', [
    { expect: META_KEY, version: before?.version ?? 'absent' },
    { put: META_KEY, value: record },
  ])
  return result.ok
}

function vaultOf(sealer: Sealer, store: Store): Vault {
  return {
    seal: (record, field, text) => sealer.seal(text, `${record}\n${field}`),
    open(record, field, sealed) {
      const text = sealer.open(sealed, `${record}\n${field}`)
      if (text === undefined) throw wrong('A stored credential cannot be decrypted with the present VAPOR_SECRET. Put the old secret behind the new one, or type the credential again')
      return text
    },
    isCurrent: sealer.isCurrent,
    async checkCanary() {
      const stored = await store.get<VaultRecord>(META_KEY)
      return stored !== undefined && sealer.open(stored.value.canary, META_KEY) === CANARY
    },
  }
}

function wrong(problem: string): AppError {
  return new AppError('configuration', { problem: `${problem}.` })
}
