import { z } from 'zod'

/** A time at the edge: ISO 8601 in UTC. */
export const isoTime = z.iso.datetime()

/** Money at the edge: decimal text in credits, at most 9 places. */
export const money = z.string().regex(/^-?\d{1,9}(\.\d{1,9})?$/, 'a decimal number of credits, at most 9 places')
export const positiveMoney = money.refine(text => !text.startsWith('-'), 'must not be negative')

/** Sums over many users may leave nine digits: same text, no bound. */
export const moneySum = z.string().regex(/^-?\d+(\.\d{1,9})?$/)

export const userId = z.string().regex(/^[1-9]\d{0,18}$/)
export const recordId = z.string().regex(/^[a-z0-9_-]{1,64}$/)

/** Query of every list: `after` is the opaque `next` of the page before. */
export const pageQuery = z.strictObject({
  after: z.string().max(400).optional(),
  limit: z.coerce.number().int().min(1).max(200).default(50),
})

/** Reply of every list. `searchedTo` says how far back a filtered search has looked when it stopped before its end. */
export function listOf<T extends z.ZodType>(item: T) {
  return z.object({ items: z.array(item), next: z.string().nullable(), searchedTo: isoTime.optional() })
}

export const errorReply = z.object({
  error: z.object({
    code: z.string(),
    message: z.string(),
    params: z.record(z.string(), z.unknown()).optional(),
    requestId: z.string(),
  }),
})
export type ErrorReply = z.output<typeof errorReply>

export const doneReply = z.object({ ok: z.literal(true) })
