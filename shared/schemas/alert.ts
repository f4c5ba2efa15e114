import { z } from 'zod'
import { isoTime, listOf, recordId, userId } from './common'
import { orderId } from './payment'

/**
 * Why somebody must look. `review`: a valid notice above what is trusted, and the gateway cannot be asked.
 * `wrong_amount`: the gateway says paid, but another amount. `duplicate_trade`: one trade number for two orders, or two
 * for one. `late_large`: a large order was paid long after it had expired; it is credited. `unconfirmed`: credited on a
 * notice, and a week later still without the gateway's own word. `contested`, `clawed_back`: credited, but the gateway no
 * longer calls it paid. `restored`: it does again. `refund_refused`: the gateway did not pay back, the credit was given
 * back. `refund_stuck`: nobody knows after a week whether a refund went through. `books_drift`: the audit of the books found
 * a counter of a user that is not what its entries or holds add up to. `orphan_hold`: credit is held for a request whose
 * instance is long gone, and nobody has taken it back.
 */
export const alertKinds = ['review', 'wrong_amount', 'duplicate_trade', 'late_large', 'unconfirmed', 'contested', 'clawed_back', 'restored', 'refund_refused', 'refund_stuck', 'books_drift', 'orphan_hold'] as const
export type AlertKind = typeof alertKinds[number]

export const alertReply = z.object({
  id: recordId,
  at: isoTime,
  kind: z.enum(alertKinds),
  order: orderId.nullable(),
  user: userId.nullable(),
  params: z.record(z.string(), z.string()),
})
export type AlertReply = z.output<typeof alertReply>
export const alertList = listOf(alertReply)
