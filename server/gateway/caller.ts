import { AppError } from '#server/errors/app-error'
import type { Caller } from '#server/users/caller-cache'
import type { Keys } from '#server/users/keys'
import type { Call } from './reply'

/** Wrong keys an address may send in a minute. */
const BAD_KEYS_MAX = 30
const WINDOW_MS = 60_000
const ADDRESSES_MAX = 10_000
const SECRET_MAX = 200

export interface Callers {
  /** Who pays. Throws AppError when nobody does, or may not. */
  require(call: Pick<Call, 'headers' | 'queryKey' | 'address'>): Promise<Caller>
  /** The caller of an optional key: undefined without one; a wrong one is still an error. */
  find(call: Pick<Call, 'headers' | 'queryKey' | 'address'>): Promise<Caller | undefined>
  used(caller: Caller): void
}

export function createCallers(keys: Pick<Keys, 'findCaller' | 'markUsed'>, now: () => number = Date.now): Callers {
  const badKeys = createBadKeyCount(now)

  async function require(call: Pick<Call, 'headers' | 'queryKey' | 'address'>): Promise<Caller> {
    const secret = secretOf(call)
    if (!secret) throw new AppError('missing_key')
    if (badKeys.isOver(call.address)) throw new AppError('too_many_bad_keys', {}, { retryAfterSeconds: WINDOW_MS / 1000 })
    const caller = secret.length <= SECRET_MAX ? await keys.findCaller(secret) : undefined
    if (!caller) {
      badKeys.add(call.address)
      throw new AppError('invalid_key')
    }
    requireUsable(caller, now())
    return caller
  }

  return {
    require,
    find: async call => secretOf(call) ? require(call) : undefined,
    used: caller => keys.markUsed(caller.key.id, now()),
  }
}

function requireUsable({ key, user }: Caller, at: number): void {
  if (!key.enabled) throw new AppError('key_disabled')
  if (key.expiresAt !== null && key.expiresAt <= at) throw new AppError('key_expired', { at: new Date(key.expiresAt).toISOString() })
  if (user.status === 'suspended') throw new AppError('user_suspended')
}

/** Every dialect's place for a key, on every path: tools send what they know. */
function secretOf({ headers, queryKey }: Pick<Call, 'headers' | 'queryKey'>): string | undefined {
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
