import { z } from 'zod'
import { chargeRules, endReasons } from './request'
import { isoTime, money, recordId, userId } from './common'
import { picture, usage } from './price'

/** One usage class of a bill: units × price per million = cost before discount, each an exact decimal. */
const receiptLine = z.object({ class: z.string(), units: z.number().int(), price: money, cost: z.string() })

/** What is signed. Amounts are decimal text in credits. */
export const receipt = z.object({
  v: z.literal(1),
  issuer: z.string(),
  request: recordId,
  user: userId,
  key: z.object({ id: recordId, name: z.string() }),
  model: z.string(),
  dialect: z.string(),
  startedAt: isoTime,
  bookedAt: isoTime,
  durationMs: z.number().int(),
  status: z.number().int(),
  endReason: z.enum(endReasons),
  /** The rule that decided the charge; `docs/billing.md` explains each. */
  chargeRule: z.enum(chargeRules),
  usage,
  clamped: z.boolean(),
  late: z.boolean(),
  lines: z.array(receiptLine),
  /** The tier of long requests whose prices the lines have: the whole input was longer than `above` tokens. Null when it was not. */
  longContext: z.object({ above: z.number().int() }).nullable(),
  /** Size and quality the pictures on the lines were charged as, null where nobody said it; null when pictures have one price. */
  picture: picture.nullable(),
  /** Basis points off, 0 to 10000. */
  discount: z.number().int(),
  /** The sum in words of arithmetic: `(12 × 3 + 40 × 15) ÷ 1000000 × (1 − 0.1) = …, rounded up to a billionth`. */
  formula: z.string(),
  hold: money,
  cost: money,
  /** The ledger's entries of this request. */
  entries: z.array(z.object({ id: z.string(), amount: money, at: isoTime })),
  /** Tries at upstreams: when, how long, how they ended; never where. */
  attempts: z.array(z.object({ startedAt: isoTime, durationMs: z.number().int(), status: z.number().int().nullable(), error: z.string().nullable() })),
})
export type Receipt = z.output<typeof receipt>

/** A flattened JWS (RFC 7515 section 7.2.2) with EdDSA (RFC 8037); `receipt` repeats the payload for people to read. */
export const signedReceipt = z.object({ receipt, protected: z.string(), payload: z.string(), signature: z.string() })
export type SignedReceipt = z.output<typeof signedReceipt>
