import { AppError } from '#server/errors/app-error'
import type { Caller } from '#server/users/caller-cache'
import type { KeyRecord, Keys } from '#server/users/keys'
import { createAddressSet } from './client-address'
import type { Call } from './reply'

/** Wrong keys an address may send in a minute. */
const BAD_KEYS_MAX = 30
const WINDOW_MS = 60_000
const ADDRESSES_MAX = 10_000
/** Keys of the playground are signed tokens, several times as long as others. */
const SECRET_MAX = 600

export interface Callers {
  /** Who pays. Throws AppError when nobody does, or may not. */
  require(call: Pick<Call, 'headers' | 'queryKey' | 'address'>): Promise<Caller>
  /** The caller of an optional key: undefined without one; a wrong one is still an error. */
  find(call: Pick<Call, 'headers' | 'queryKey' | 'address'>): Promise<Caller | undefined>
  /** Whose key came with a call, usable or not; undefined when nobody has it. Rejects when the store cannot be read. */
  identify(call: Pick<Call, 'headers' | 'queryKey' | 'address'>): Promise<Caller | undefined>
  used(caller: Caller): void
}

export function createCallers(keys: Pick<Keys, 'findCaller' | 'markUsed'>, now: () => number = Date.now): Callers {
  const badKeys = createBadKeyCount(now)
  /** Who was found behind a call, though it was refused afterwards; undefined when nobody was. */
  const found = new WeakMap<object, Caller | undefined>()

  async function require(call: Pick<Call, 'headers' | 'queryKey' | 'address'>): Promise<Caller> {
    const secret = secretOf(call)
    if (!secret) throw new AppError('missing_key')
    found.set(call, undefined)
    if (badKeys.isOver(call.address)) throw new AppError('too_many_bad_keys', {}, { retryAfterSeconds: WINDOW_MS / 1000 })
    const caller = secret.length <= SECRET_MAX ? await keys.findCaller(secret) : undefined
    if (!caller) {
      badKeys.add(call.address)
      throw new AppError('invalid_key')
    }
    found.set(call, caller)
    requireUsable(caller, now())
    requireAddress(caller.key, call.address)
    return caller
  }

  return {
    require,
    find: async call => secretOf(call) ? require(call) : undefined,
    async identify(call) {
      // A call that was refused before anybody asked for its key is asked now, and counts like any other.
      if (!found.has(call) && secretOf(call)) await require(call).catch(() => {})
      return found.get(call)
    },
    used: caller => keys.markUsed(caller.key.id, now()),
  }
}

function requireUsable({ key, user }: Caller, at: number): void {
  if (!key.enabled) throw new AppError('key_disabled')
  if (key.expiresAt !== null && key.expiresAt <= at) throw new AppError('key_expired', { at: new Date(key.expiresAt).toISOString() })
  if (user.status === 'suspended') throw new AppError('user_suspended')
}

/** The networks of a key, read once for each record: it lives as long as the caller cache keeps it. */
const networks = new WeakMap<KeyRecord, (address: string) => boolean>()

function requireAddress(key: KeyRecord, address: string): void {
  if (!key.ips?.length) return
  const isAllowed = networks.get(key) ?? createAddressSet(key.ips)
  networks.set(key, isAllowed)
  if (!isAllowed(address)) throw new AppError('address_not_allowed', { address })
}

/** Every dialect's place for a key, on every path: tools send what they know. */
export function secretOf({ headers, queryKey }: Pick<Call, 'headers' | 'queryKey'>): string | undefined {
  const bearer = /^Bearer\s+(\S+)\s*$/i.exec(headers.authorization ?? '')?.[1]
  return bearer ?? headers['x-api-key'] ?? headers['x-goog-api-key'] ?? headers['api-key'] ?? queryKey
}

/** Counts wrong keys by address, in memory of fixed size: guessing must not reach the store. */
function createBadKeyCount(now: () => number) {
  const counts = new Map<string, { count: number, since: number }>()
  const current = (address: string) => {
    const known = counts.get(address)
    return known && known.since + WINDOW_MS > now() ? known : undefined
  }

  return {
    isOver: (address: string) => (current(address)?.count ?? 0) >= BAD_KEYS_MAX,
    add(address: string) {
      const known = current(address) ?? { count: 0, since: now() }
      known.count++
      counts.delete(address)
      counts.set(address, known)
      if (counts.size > ADDRESSES_MAX) counts.delete(counts.keys().next().value!)
    },
  }
}
