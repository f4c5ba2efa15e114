import { z } from 'zod'
import { isoTime, money, moneySum, recordId, userId } from './common'
import { booksDays } from './plain-rules'
import { adminTally } from './usage'

export const booksQuery = z.strictObject({
  days: z.coerce.number().int().refine(days => booksDays.some(each => each === days), `one of ${booksDays.join(', ')}`).default(30),
})

/**
 * What does not add up for a user: `balance` (available + held) against his entries, `held` against his open holds, both
 * in credits, or `open` against the number of his open holds. The difference is found − expected.
 */
export const driftKinds = ['balance', 'held', 'open'] as const
const drift = z.object({ user: userId, username: z.string(), kind: z.enum(driftKinds), expected: moneySum, found: moneySum, difference: moneySum })

const orphan = z.object({ request: recordId, user: userId, username: z.string(), amount: money, startedAt: isoTime })

/** One audit. Sums are over all users whose books could be read at one moment, which `unsettled` could not. */
const auditRun = z.object({
  id: recordId,
  trigger: z.enum(['nightly', 'admin']),
  startedAt: isoTime,
  endedAt: isoTime,
  users: z.number().int(),
  unsettled: z.number().int(),
  entries: moneySum,
  balances: moneySum,
  available: moneySum,
  held: moneySum,
  openHolds: z.number().int(),
  openHeld: moneySum,
  /** The first hundred of each, and how many there are. */
  drifts: z.array(drift),
  driftCount: z.number().int(),
  orphans: z.array(orphan),
  orphanCount: z.number().int(),
})

export const booksState = z.object({
  /** Null when there has been none. */
  last: auditRun.nullable(),
  running: z.object({ startedAt: isoTime, users: z.number().int() }).nullable(),
})
export type BooksState = z.output<typeof booksState>
export type AuditRunReply = z.output<typeof auditRun>

export const booksReply = booksState.extend({
  total: adminTally,
  /** Most revenue first. Requests that ended before a channel was tried are in none. */
  channels: z.array(adminTally.extend({ channel: z.string(), name: z.string() })),
  models: z.array(adminTally.extend({ model: z.string() })),
  /** The latest audits, newest first. */
  runs: z.array(z.object({ id: recordId, trigger: z.enum(['nightly', 'admin']), startedAt: isoTime, users: z.number().int(), driftCount: z.number().int(), orphanCount: z.number().int() })),
})
export type BooksReply = z.output<typeof booksReply>
