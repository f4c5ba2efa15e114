/** What the audit of the books leaves in the store. Amounts are integer nano-credits as text where they are sums. */

/** How far the entries of a user have been added up. */
export interface AuditMark {
  v: 1
  /** Every entry booked before this time (epoch milliseconds) is in the sum, and no other. */
  upTo: number
  sum: string
  /** The counters when everything last added up: while they have not moved there is nothing to add up again. Null after a drift. */
  clean: CounterVersions | null
}

/** Versions of available, held and open; null where a counter is absent. */
export type CounterVersions = [string | null, string | null, string | null]

/**
 * A counter that is not what it should be: `balance` (available + held) against the sum of all entries, `held` against
 * the sum of the open holds, `open` against their number.
 */
export interface Drift {
  user: string
  kind: 'balance' | 'held' | 'open'
  expected: string
  found: string
}

/** A hold that nobody will ever settle: its instance is gone, and it is older than any request may become. */
export interface Orphan {
  request: string
  user: string
  amount: number
  startedAt: number
}

export type AuditTrigger = 'nightly' | 'admin'

/** What one audit has found; kept for ever. */
export interface AuditRun {
  v: 1
  id: string
  trigger: AuditTrigger
  startedAt: number
  endedAt: number
  users: number
  /** Users whose counters moved each time they were looked at; not in the sums, and looked at again in the next run. */
  unsettled: number
  entries: string
  available: string
  held: string
  openHolds: number
  /** What the open holds come to, read at another moment than `held`: it moves while requests run. */
  openHeld: string
  /** The first hundred of each. */
  drifts: Drift[]
  driftCount: number
  orphans: Orphan[]
  orphanCount: number
}

/** An audit under way; gone a minute after whoever ran it. */
export interface AuditProgress {
  v: 1
  trigger: AuditTrigger
  startedAt: number
  /** Users looked at so far. */
  users: number
}
