import { z } from 'zod'
import { isoTime, listOf, money, moneySum, userId } from './common'
import { requestList, requestQuery } from './request'

const tally = z.object({ requests: z.number().int(), failed: z.number().int(), inputTokens: z.number().int(), outputTokens: z.number().int(), cost: moneySum })
export type Tally = z.output<typeof tally>

/** What only admins see: `upstreamCost` of all tries, and `costed`, the part of `cost` whose upstream cost is known. Their difference is the margin. */
export const adminTally = tally.extend({ upstreamCost: moneySum, costed: moneySum })
export type AdminTally = z.output<typeof adminTally>

/** One day of the shop's time zone, as YYYY-MM-DD. */
const day = tally.extend({ day: z.string() })

export const usageQuery = requestQuery.extend({ days: z.coerce.number().int().min(1).max(90).default(30) })
export const usageReply = z.object({
  totals: z.object({ today: tally, sevenDays: tally, thirtyDays: tally }),
  series: z.array(day),
  /** The models most was spent on, with what each cost on the days of `series`; `rest` is everything else. */
  models: z.array(z.object({ model: z.string(), total: tally, costs: z.array(moneySum) })),
  rest: z.array(moneySum),
  requests: requestList,
})
export type UsageReply = z.output<typeof usageReply>

export const entryKinds = ['charge', 'topup', 'bonus', 'welcome', 'invite', 'code', 'adjust', 'refund', 'clawback'] as const
export type EntryKind = typeof entryKinds[number]

export const entryReply = z.object({
  id: z.string(),
  kind: z.enum(entryKinds),
  /** Signed. */
  amount: money,
  /** What the entry refers to: a request, an order, a reason. */
  reference: z.string(),
  note: z.string(),
  late: z.boolean(),
  at: isoTime,
})
export type EntryReply = z.output<typeof entryReply>
export const entryList = listOf(entryReply)

export const statsQuery = z.strictObject({ days: z.coerce.number().int().min(1).max(90).default(30) })
export const statsReply = z.object({
  totals: z.object({ today: adminTally, sevenDays: adminTally, thirtyDays: adminTally }),
  /** The days asked for, and as many before them. */
  range: adminTally,
  previous: adminTally,
  /** The days asked for, at least seven. */
  series: z.array(adminTally.extend({ day: z.string() })),
  models: z.array(adminTally.extend({ model: z.string() })),
  /** `answerMs`: mean time until the upstream began to answer; null when it never did. */
  channels: z.array(adminTally.extend({ channel: z.string(), name: z.string(), answerMs: z.number().int().nullable() })),
  users: z.array(adminTally.extend({ user: userId, username: z.string() })),
  /** Requests running on this instance now. */
  open: z.number().int(),
  /** Settlements waiting because the store could not take them. */
  outbox: z.number().int(),
})
export type StatsReply = z.output<typeof statsReply>

/** At most so many users are asked about at once. */
export const SPENDING_MAX = 50
/** Ids with commas between them. */
export const spendingQuery = z.strictObject({ users: z.string().max(20 * SPENDING_MAX).transform(text => text.split(',')).pipe(z.array(userId).min(1).max(SPENDING_MAX)) })
/** What single users spent, and what that left, in the order they were asked for. */
export const spendingReply = listOf(z.object({ user: userId, today: adminTally, sevenDays: adminTally, thirtyDays: adminTally }))
export type UserSpending = z.output<typeof spendingReply>['items'][number]
