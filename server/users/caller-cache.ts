import { keys as storeKeys } from '#server/storage/keys'
import type { Store } from '#server/storage/store'
import type { VersionWatch } from '#server/storage/versions'
import { hashKeySecret } from './key-secret'
import type { KeyRecord } from './keys'
import type { UserRecord } from './users'

const CACHED_MAX = 10_000
const UNKNOWN_MS = 5000

/** Whose call it is: the key and its user, as they are stored. Whether they may call is for the gateway to judge. */
export interface Caller {
  key: KeyRecord
  user: UserRecord
  /** When the secret it came with ends, if it has been replaced. Epoch milliseconds. */
  secretUntil?: number
}

interface Options {
  store: Store
  versions: Pick<VersionWatch, 'on'>
  now: () => number
}

/**
 * Secret → key → user, kept in this process until users or keys change anywhere. The balance is no part of it: that is
 * never decided from a cache.
 */
export function createCallerCache({ store, versions, now }: Options) {
  const known = new Map<string, Caller>()
  /** Hashes nobody has, until when that is believed: floods of wrong keys must not reach the store. */
  const unknown = new Map<string, number>()
  const loading = new Map<string, Promise<Caller | undefined>>()
  let generation = 0

  versions.on('auth', () => {
    generation++
    known.clear()
    unknown.clear()
    loading.clear()
  })

  async function load(hash: string): Promise<Caller | undefined> {
    const id = (await store.get<string>(storeKeys.keyByHash(hash)))?.value
    const key = id === undefined ? undefined : (await store.get<KeyRecord>(storeKeys.key(id)))?.value
    const user = key && (await store.get<UserRecord>(storeKeys.user(key.user)))?.value
    if (!key || !user) return undefined
    if (key.hash === hash) return { key, user }
    const replaced = key.replaced?.find(old => old.hash === hash)
    return replaced && { key, user, secretUntil: replaced.until }
  }

  async function loadOnce(hash: string): Promise<Caller | undefined> {
    const started = generation
    const promise = load(hash)
    loading.set(hash, promise)
    try {
      const caller = await promise
      // A change that was announced while we read may or may not be in what we read: such an answer is used, not kept.
      if (generation === started) {
        if (caller) remember(known, hash, caller)
        else remember(unknown, hash, now() + UNKNOWN_MS)
      }
      return caller
    }
    finally {
      if (loading.get(hash) === promise) loading.delete(hash)
    }
  }

  /** A replaced secret ends by the clock, whatever is kept here. */
  function unlessOver(caller: Caller | undefined): Caller | undefined {
    return caller?.secretUntil !== undefined && caller.secretUntil <= now() ? undefined : caller
  }

  return {
    /** The caller of an API key, or undefined when nobody has it. Rejects when the store cannot be read. */
    async findCaller(secret: string): Promise<Caller | undefined> {
      const hash = hashKeySecret(secret)
      const caller = known.get(hash)
      if (caller) return unlessOver(caller)
      const until = unknown.get(hash)
      if (until !== undefined && until > now()) return undefined
      return unlessOver(await (loading.get(hash) ?? loadOnce(hash)))
    },
  }
}

/** Keeps the map bounded by letting its oldest entry go. */
function remember<T>(map: Map<string, T>, hash: string, value: T): void {
  map.delete(hash)
  const oldest = map.size >= CACHED_MAX ? map.keys().next().value : undefined
  if (oldest !== undefined) map.delete(oldest)
  map.set(hash, value)
}
