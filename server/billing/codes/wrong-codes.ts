import { AppError } from '#server/errors/app-error'

const WINDOW_MS = 15 * 60_000
const KEPT_MAX = 10_000

/** Wrong codes within 15 minutes. Many users may share one address. */
const LIMITS = { user: 10, address: 50 }

export interface Typist {
  user: string
  address: string
}

export type WrongCodes = ReturnType<typeof createWrongCodes>

/**
 * Counts wrong codes by user and by address, in memory of fixed size: guessing must not reach the store. Every try counts
 * as wrong until it has proven to be none, so that many at once are no way around.
 */
export function createWrongCodes(now: () => number) {
  const counts = new Map<string, { count: number, since: number }>()

  function current(key: string): { count: number, since: number } {
    const known = counts.get(key)
    const live = known && known.since + WINDOW_MS > now() ? known : { count: 0, since: now() }
    counts.delete(key)
    counts.set(key, live)
    if (counts.size > KEPT_MAX) counts.delete(counts.keys().next().value!)
    return live
  }

  const countersOf = ({ user, address }: Typist) => [
    { counter: current(`user ${user}`), limit: LIMITS.user },
    { counter: current(`address ${address}`), limit: LIMITS.address },
  ]

  return {
    /** Counts a try; throws too_many_codes when there were too many wrong ones. */
    take(typist: Typist): void {
      const counters = countersOf(typist)
      const full = counters.filter(({ counter, limit }) => counter.count >= limit)
      if (full.length > 0) {
        const waitMs = Math.max(...full.map(({ counter }) => counter.since + WINDOW_MS - now()))
        throw new AppError('too_many_codes', { minutes: Math.ceil(waitMs / 60_000) }, { retryAfterSeconds: Math.ceil(waitMs / 1000) })
      }
      for (const { counter } of counters) counter.count++
    },
    /** That try was not wrong after all. */
    giveBack(typist: Typist): void {
      for (const { counter } of countersOf(typist)) counter.count = Math.max(0, counter.count - 1)
    },
  }
}
