import { z } from 'zod'
import { isoTime, listOf, money, moneySum, pageQuery, recordId, userId } from './common'
import { outcomes } from './plain-rules'
import { picture, prices, usage } from './price'

/** Who ended a request, and how it went. */
export const endReasons = ['completed', 'upstream_failed', 'upstream_cut', 'client_left', 'stalled', 'out_of_credit', 'deadline', 'refused', 'interrupted'] as const
export type EndReason = typeof endReasons[number]

/** The rule that decided the charge; `docs/billing.md` explains each. */
export const chargeRules = ['reported', 'counted', 'reported_partial', 'client_left', 'free_failure', 'no_content', 'interrupted', 'held_limit'] as const
export type ChargeRule = typeof chargeRules[number]

export const attempt = z.object({
  channel: z.string(),
  upstreamModel: z.string(),
  /** HTTP status of the upstream; null when no answer came. */
  status: z.number().int().nullable(),
  /** Stable code of what went wrong; null when this attempt served the request. */
  error: z.string().nullable(),
  startedAt: isoTime,
  durationMs: z.number().int(),
  /** What the upstream may bill for, as far as it is known; null when nothing is. */
  usage: usage.nullable(),
  /** What that costs the shop, in credits; null when its route had no cost prices. */
  cost: money.nullable(),
  /** The channel's currency and credits per unit of it at that time; null with `cost`. */
  currency: z.string().nullable(),
  rate: money.nullable(),
})

export const requestReply = z.object({
  id: recordId,
  user: userId,
  key: z.object({ id: recordId, name: z.string() }),
  model: z.string(),
  dialect: z.string(),
  stream: z.boolean(),
  /** HTTP status the client got. */
  status: z.number().int(),
  endReason: z.enum(endReasons),
  chargeRule: z.enum(chargeRules),
  /** Stable code of the error the client got; null when none. */
  error: z.string().nullable(),
  usage,
  /** True when the numbers of the upstream could not be true and were cut to what is possible. */
  clamped: z.boolean(),
  /** `from>to; dropped=…; renamed=…` when the channel spoke another dialect than the client, or fields were changed; null when bytes passed unchanged. */
  converted: z.string().nullable(),
  late: z.boolean(),
  prices,
  /** What pictures it was charged for; null where none are sold. */
  picture: picture.nullable(),
  discount: z.number().int(),
  cost: money,
  hold: money,
  startedAt: isoTime,
  /** Milliseconds from the call to the first frame with content, and to the end. */
  firstByteMs: z.number().int().nullable(),
  durationMs: z.number().int(),
})
export type RequestReply = z.output<typeof requestReply>
export const requestList = listOf(requestReply)

/** An admin also sees which channels were tried, what that cost the shop and what is left; null where it is not known. */
export const adminRequest = requestReply.extend({
  username: z.string(),
  attempts: z.array(attempt),
  upstreamCost: moneySum.nullable(),
  margin: moneySum.nullable(),
})
export type AdminRequest = z.output<typeof adminRequest>
export const adminRequestList = listOf(adminRequest)

export type Outcome = typeof outcomes[number]

export const requestQuery = pageQuery.extend({
  model: z.string().max(200).optional(),
  key: recordId.optional(),
  outcome: z.enum(outcomes).default('all'),
})
/** The user's own requests, between two times of booking. */
export const ownRequestQuery = requestQuery.extend({ from: isoTime.optional(), to: isoTime.optional() })
export const adminRequestQuery = ownRequestQuery.extend({ user: userId.optional(), channel: recordId.optional() })

/** A request as its user may see it: tries at upstreams, when, how long and how they ended, never where. */
export const requestDetail = requestReply.extend({ attempts: z.array(attempt.pick({ startedAt: true, durationMs: true, status: true, error: true })) })
export type RequestDetail = z.output<typeof requestDetail>
