/** One payment attempt, and the times at which the gateway is asked about it. */
import type { OrderState } from '#shared/schemas/payment'

export interface OrderRecord {
  v: 1
  /** 128 random bits as hex: our number at the gateway. */
  id: string
  user: string
  /** `<kind>_<8 hex of the merchant id>`: nobody else's word counts for this order. */
  gateway: string
  type: string
  state: OrderState
  /** What the payer owes, in integer cents of the gateway's money. */
  cents: number
  currency: string
  /** Nano-credits per one unit of money, as it was. */
  rate: number
  /** Nano-credits the payment buys. */
  credit: number
  /** Nano-credits on top: always, and instead when this is the user's first order to be paid. */
  bonus: { always: number, ifFirst: number }
  /** What came on top in the end; null until the order is credited. */
  granted: number | null
  tradeNo: string | null
  /** Credited on a notice alone. */
  unconfirmed: boolean
  evidence: 'notify' | 'query' | 'admin' | null
  lastAnswer: 'paid' | 'not_paid' | 'unknown' | null
  askedAt: number | null
  nextAskAt: number | null
  /** How often in a row the gateway did not call a credited order paid. */
  denials: number
  /** The gateway itself has said that the refund was made; otherwise it follows from its denials. */
  refundHeard: boolean
  /** How often the credit has been taken back so far; numbers the entries. */
  takenBack: number
  /** What follows the credit, or its end for good, is still to be done. */
  followUp: 'credit' | 'reversal' | null
  /** What follows the end of the credit has been done. */
  reversed: boolean
  reason: string | null
  createdAt: number
  expiresAt: number
  paidAt: number | null
  refundedAt: number | null
  /** Since when the schedule of questions counts. */
  phaseAt: number
}

/** One change of an order's state, for the totals. */
export interface OrderEvent {
  v: 1
  at: number
  order: string
  from: OrderState | null
  to: OrderState
  cents: number
}

/** What came, or was answered, as an admin sees it. */
export interface NoticeRecord {
  v: 1
  id: string
  at: number
  source: 'notify' | 'query' | 'refund'
  outcome: string
  fields: Record<string, string>
}

const SECOND = 1000
const MINUTE = 60 * SECOND
const HOUR = 60 * MINUTE
const DAY = 24 * HOUR
const days = (count: number): number[] => Array.from({ length: count }, (_, index) => (index + 1) * DAY)

/** Dense while the payer looks at the page (gateways keep a payment open for minutes), then rarer, then daily for a week. */
const awaiting = [10 * SECOND, 30 * SECOND, ...[1, 2, 3, 4, 5, 6, 10, 30].map(count => count * MINUTE), 2 * HOUR, 6 * HOUR, ...days(7)]
/** A payer may dispute for a week, and the gateway tells nobody. */
const watching = [HOUR, 6 * HOUR, ...days(8)]
/** Between two questions that decide whether a denial was meant. */
const DOUBT_MS = 10 * MINUTE

/** Beyond this a doubt is not pursued any more. */
const DOUBTED_MS = 10 * DAY

/** So many denials in a row are believed. */
export const DENIALS = 3

/** Credited, and the credit still stands. */
export function isCredited(order: Pick<OrderRecord, 'state'>): boolean {
  return order.state === 'paid' || order.state === 'contested'
}

/** Not credited, and still may be. */
export function isAwaiting(order: Pick<OrderRecord, 'state'>): boolean {
  return order.state === 'pending' || order.state === 'expired' || order.state === 'review'
}

/** When to ask next, after a question or a change at `at`; null when nothing is to be learnt any more. */
export function nextAskOf(order: OrderRecord, at: number): number | null {
  if (order.followUp) return at + (at - order.phaseAt < MINUTE ? 10 * SECOND : 10 * MINUTE)
  if (order.state === 'refunded' && order.refundHeard) return null
  // An admin has vouched for it where the gateway would not: its word is not asked for.
  if (order.evidence === 'admin' && isCredited(order)) return null
  const doubted = order.denials > 0 && (order.state === 'paid' || order.state === 'refunding') && at < order.phaseAt + DOUBTED_MS
  const doubtful = doubted ? at + DOUBT_MS : null
  const offsets = isAwaiting(order) || order.state === 'refunding' || order.unconfirmed ? awaiting : watching
  const offset = offsets.find(one => order.phaseAt + one > at)
  const planned = offset === undefined ? null : order.phaseAt + offset
  return doubtful === null ? planned : Math.min(doubtful, planned ?? doubtful)
}

/** Whether a denial at `at` counts for itself: two within minutes are one. */
export function isNewDenial(order: OrderRecord, at: number): boolean {
  return order.denials === 0 || order.askedAt === null || at - order.askedAt >= DOUBT_MS - MINUTE
}
