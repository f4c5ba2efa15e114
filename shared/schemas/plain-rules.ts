/** Rules that pages go by outside of forms: here, because a schema brings the whole library of schemas to a page. */

/**
 * Where an order stands. `pending`: waiting for the payer. `expired`: the gateway takes no payment any more, as far as we
 * know; a late one still counts. `review`: a valid notice the gateway could not confirm, above what is trusted, waits for
 * an admin. `paid`: credited. `refunding`: the credit is taken back, the gateway has not confirmed yet. `refunded`.
 * `contested`: credited, but the gateway no longer calls it paid (a dispute, a refund made there). `clawed_back`: the same,
 * with the credit taken back.
 */
export const orderStates = ['pending', 'expired', 'review', 'paid', 'refunding', 'refunded', 'contested', 'clawed_back'] as const

export const orderIdRule = /^[0-9a-f]{32}$/

/** Money at the payment gateway: decimal text, at most 2 places. It is not credit; the order's rate makes one the other. */
export const gatewayMoneyRule = /^(0|[1-9]\d{0,7})(\.\d{1,2})?$/

/** Which requests a list shows: those whose caller got an error, or those that ended in one way. */
export const outcomes = ['all', 'failed', 'completed', 'client_left'] as const

/** Periods of the page of the books. */
export const booksDays = [7, 30, 90] as const

/** What admins can change, for the filter of the page. */
export const auditSubjects = ['channel', 'model', 'user', 'key', 'order', 'codes', 'settings', 'announcement', 'configuration', 'alert'] as const
