/** API keys: what a user's tools call with. Stored as a hash only, found by it, and effective everywhere within seconds. */
import { AppError } from '#server/errors/app-error'
import { readCursor, writeCursor } from '#server/storage/cursor'
import { createId } from '#server/storage/ids'
import { keys as storeKeys } from '#server/storage/keys'
import type { Step, Store, StoredRecord } from '#server/storage/store'
import { versionStep } from '#server/storage/versions'
import type { VersionWatch } from '#server/storage/versions'
import type { LimitPeriod } from '#shared/schemas/key'
import { createCallerCache } from './caller-cache'
import { createKeySecret } from './key-secret'
import { createKeyUse } from './key-use'
import type { UserRecord } from './users'

export const KEYS_MAX = 100
/** Replaced secrets of one key that still work. */
const REPLACED_MAX = 5
const CHANGE_TRIES = 8

export interface KeyRecord {
  v: 1
  id: string
  user: string
  name: string
  /** SHA-256 of the secret, hex. */
  hash: string
  hint: string
  enabled: boolean
  /** Epoch milliseconds; null never expires. */
  expiresAt: number | null
  /** Nano-credits this key may ever spend; null is no limit. */
  spendLimit: number | null
  /** Public names this key may call; empty is all. */
  models: string[]
  /** The following are absent in records of earlier releases. Further limits; one that is absent is none. */
  limits?: Partial<KeyRecordLimits>
  /** Addresses and networks it may be used from; empty is everywhere. */
  ips?: string[]
  /** Secrets that were replaced and work until then. */
  replaced?: ReplacedSecret[]
  createdAt: number
}

/** Money in nano-credits for the periods; null is no limit. */
export type KeyRecordLimits = Record<LimitPeriod | 'rpm' | 'tpm' | 'concurrency', number | null>

export interface ReplacedSecret {
  hash: string
  /** Epoch milliseconds. */
  until: number
}

export type KeyFields = Pick<KeyRecord, 'name' | 'expiresAt' | 'spendLimit' | 'models' | 'limits' | 'ips'>
export type KeyChange = { [Field in keyof KeyFields | 'enabled']?: KeyRecord[Field] | undefined }

/** A key with what is kept beside it. */
export interface KeyState {
  key: KeyRecord
  /** Nano-credits spent and held so far. */
  spent: number
  /** Epoch milliseconds; at most about 10 s behind. */
  lastUsedAt: number | null
}

export interface KeysOptions {
  store: Store
  versions: Pick<VersionWatch, 'on' | 'touch'>
  now?: () => number
  onError?: (error: unknown) => void
}

export type Keys = ReturnType<typeof createKeys>

export function createKeys({ store, versions, now = Date.now, onError = () => {} }: KeysOptions) {
  const callers = createCallerCache({ store, versions, now })
  const use = createKeyUse({ store, onError })

  async function statesOf(records: KeyRecord[]): Promise<KeyState[]> {
    const [spent, used] = await Promise.all([
      store.getMany<number>(records.map(key => storeKeys.spent(key.id))),
      store.getMany<{ at: number }>(records.map(key => storeKeys.keyLastUsed(key.id))),
    ])
    return records.map((key, index) => ({ key, spent: spent[index]?.value ?? 0, lastUsedAt: use.pending(key.id) ?? used[index]?.value.at ?? null }))
  }

  /** Somebody else's key is as absent as one that never was. */
  async function requireOwn(user: string, id: string): Promise<StoredRecord<KeyRecord>> {
    const stored = await store.get<KeyRecord>(storeKeys.key(id))
    if (stored?.value.user !== user) throw new AppError('record_not_found', { kind: 'key' })
    return stored
  }

  /** Writes a user's own key anew, and what goes along with it, from what it is at that moment. */
  async function rewrite(user: string, id: string, change: (key: KeyRecord) => { key: KeyRecord, steps: Step[] }): Promise<KeyState> {
    for (let tries = 0; tries < CHANGE_TRIES; tries++) {
      const stored = await requireOwn(user, id)
      const { key, steps } = change(stored.value)
      const result = await store.commit(id, [
        { expect: storeKeys.key(id), version: stored.version },
        { put: storeKeys.key(id), value: key },
        ...steps,
        versionStep('auth'),
      ])
      if (!result.ok) continue
      versions.touch('auth')
      const [state] = await statesOf([key])
      if (state) return state
    }
    throw new AppError('changed_meanwhile', { kind: 'key' })
  }

  return {
    ...callers,
    ...use,

    /** The key and its secret, which is nowhere else. Throws inactive_user, and too_many beyond 100 keys. */
    async create(user: UserRecord, fields: KeyFields): Promise<KeyState & { secret: string }> {
      if (!user.active) throw new AppError('inactive_user')
      const present = await store.list(storeKeys.keysOfUserPrefix(user.id), { limit: KEYS_MAX })
      if (present.length >= KEYS_MAX) throw new AppError('too_many', { limit: KEYS_MAX, kind: 'keys' })
      const { secret, hash, hint } = createKeySecret()
      const key: KeyRecord = { v: 1, id: createId('key', now()), user: user.id, ...fields, hash, hint, enabled: true, createdAt: now() }
      // No version step: a secret that is new cannot be in any cache, and dropping them all for it would only cost.
      await store.commit(key.id, [
        { once: storeKeys.key(key.id), value: key },
        { put: storeKeys.keyByHash(hash), value: key.id },
        { put: storeKeys.keysOfUser(user.id, key.id), value: key.id },
      ])
      return { key, spent: 0, lastUsedAt: null, secret }
    },

    /** Newest first. */
    async list(user: string, page: { after?: string | undefined, limit: number }): Promise<{ items: KeyState[], next: string | null }> {
      const prefix = storeKeys.keysOfUserPrefix(user)
      const rows = await store.list<string>(prefix, { after: readCursor(prefix, page.after), limit: page.limit + 1, reverse: true })
      const shown = rows.slice(0, page.limit)
      const records = await store.getMany<KeyRecord>(shown.map(row => storeKeys.key(row.value)))
      const items = await statesOf(records.flatMap(record => record ? [record.value] : []))
      return { items, next: rows.length > page.limit ? writeCursor(prefix, shown.at(-1)?.key) : null }
    },

    /** Changes the given fields of a user's own key, and of its limits those that are named; throws record_not_found. */
    async patch(user: string, id: string, change: KeyChange, also: (before: KeyRecord) => Step[] = () => []): Promise<KeyState> {
      const given = Object.fromEntries(Object.entries(change).filter(([, value]) => value !== undefined))
      return rewrite(user, id, key => ({ key: { ...key, ...given, ...(change.limits ? { limits: { ...key.limits, ...change.limits } } : {}) }, steps: also(key) }))
    },

    /**
     * Gives a key another secret. The one before works for `graceMs` more; with none, every earlier secret ends at once.
     * Throws record_not_found, and too_many while five replaced ones still work.
     */
    async rotate(user: string, id: string, graceMs: number): Promise<KeyState & { secret: string }> {
      const { secret, hash, hint } = createKeySecret()
      const state = await rewrite(user, id, (key) => {
        const { ending, replaced } = replaceSecret(key, graceMs, now())
        return {
          key: { ...key, hash, hint, replaced },
          steps: [
            { put: storeKeys.keyByHash(hash), value: key.id },
            ...(graceMs > 0 ? [{ put: storeKeys.keyByHash(key.hash), value: key.id, ttlMs: graceMs }] : []),
            ...ending.map(old => ({ delete: storeKeys.keyByHash(old) })),
          ],
        }
      })
      return { ...state, secret }
    },

    /**
     * Deletes a user's own key for good. What it has spent stays: a request that is still running settles against it.
     * Throws record_not_found.
     */
    async delete(user: string, id: string): Promise<void> {
      const { value: key } = await requireOwn(user, id)
      use.forget(id)
      await store.commit(id, [
        { delete: storeKeys.key(id) },
        ...[key.hash, ...(key.replaced ?? []).map(old => old.hash)].map(hash => ({ delete: storeKeys.keyByHash(hash) })),
        { delete: storeKeys.keysOfUser(user, id) },
        { delete: storeKeys.keyLastUsed(id) },
        versionStep('auth'),
      ])
      versions.touch('auth')
    },
  }
}

/** The replaced secrets of a key after another replacement, and those that end with it. */
function replaceSecret(key: KeyRecord, graceMs: number, at: number): { replaced: ReplacedSecret[], ending: string[] } {
  const before = key.replaced ?? []
  if (graceMs === 0) return { replaced: [], ending: [key.hash, ...before.map(old => old.hash)] }
  const working = before.filter(old => old.until > at)
  if (working.length >= REPLACED_MAX) throw new AppError('too_many', { limit: REPLACED_MAX, kind: 'secrets' })
  // What has ended by the clock is gone from the store by its own.
  return { replaced: [...working, { hash: key.hash, until: at + graceMs }], ending: [] }
}
