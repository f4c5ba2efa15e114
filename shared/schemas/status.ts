import { z } from 'zod'
import { isoTime } from './common'

const statusRanges = ['hour', 'day', 'month'] as const
export type StatusRange = typeof statusRanges[number]

/** A rate from 0 to 1; null where too few calls were made to say one. No count of calls is told to anybody. */
const rate = z.number().min(0).max(1).nullable()

const served = z.object({
  success: rate,
  /** Milliseconds from the call to the first content of a streamed answer. */
  firstByte: z.object({ p50: z.number().int(), p95: z.number().int() }).nullable(),
  /** Tokens per second of a streamed answer, in the middle. */
  speed: z.number().int().nullable(),
  /** The rate of success for each slot. */
  history: z.array(rate),
})
export type ServedReply = z.output<typeof served>

export const statusQuery = z.strictObject({
  /** Twelve slots of five minutes, 24 hours, or 30 days of the shop's calendar. */
  range: z.enum(statusRanges).default('day'),
})

export const statusReply = z.object({
  range: z.enum(statusRanges),
  at: isoTime,
  /** Where each slot begins: a time, or a day as YYYY-MM-DD. */
  slots: z.array(z.string()),
  overall: served,
  /** Every model on sale, by name. */
  models: z.array(served.extend({ model: z.string() })),
})
export type StatusReply = z.output<typeof statusReply>
