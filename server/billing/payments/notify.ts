/**
 * The gateway's notices. One that verifies still does not credit by itself: the gateway is asked, and only when it cannot
 * be asked the notice is believed, up to a limit. One that does not verify may be a gateway with a fault, so it leads to a
 * question about our own order, and to nothing else.
 */
import type { Fields } from './sign'
import type { Doubts } from './doubts'
import type { NoticeVerdict, PaymentGateway, QueryAnswer } from './gateway'
import { alertStep } from '#server/billing/alerts'
import type { createAlerts } from '#server/billing/alerts'
import { formatCents } from '#shared/utils/money'
import { isAwaiting } from './order'
import type { OrderRecord } from './order'
import type { Orders } from './orders'
import type { Questions } from './questions'
import type { Settle } from './settle'

const TIMEOUT_MS = 3000
const UNVERIFIED_EVERY_MS = 5000
const FIELDS_MAX = 40
const VALUE_MAX = 500
const ORDER_ID = /^[0-9a-f]{32}$/

type Verified = Extract<NoticeVerdict, { ok: true }>

export interface NotifyOptions {
  gateway: PaymentGateway
  orders: Orders
  questions: Questions
  settle: Settle
  doubts: Doubts
  alerts: Pick<ReturnType<typeof createAlerts>, 'raise'>
  /** Cents up to which a valid notice is believed while the gateway cannot be asked. */
  trustMax: () => Promise<number>
  now: () => number
}

export function createNotify({ gateway, orders, questions, settle, doubts, alerts, trustMax, now }: NotifyOptions) {
  /**
   * Takes the pairs of a notice as they came. True means `success`: it is booked, or there is nothing to book. False lets
   * the gateway come again.
   */
  async function receive(pairs: [string, string][]): Promise<boolean> {
    const fields = singleValued(pairs)
    if (!fields) return false
    const verdict = gateway.verify(fields)
    const named = fields['out_trade_no'] ?? ''
    // The gateway also tells of payments that were not made here, by its own payment links: nothing to credit.
    if (verdict.ok && named === '') return true
    const stored = ORDER_ID.test(named) ? await orders.get(named) : undefined
    if (!stored) return false
    const outcome = verdict.ok ? mismatchOf(stored.value, verdict) : verdict.outcome
    if (!verdict.ok || outcome) return receiveUnverified(stored.value, fields, outcome ?? 'malformed')
    return receiveVerified(stored.value, fields, verdict)
  }

  function mismatchOf(order: OrderRecord, { cents, type }: Verified): string | undefined {
    if (order.gateway !== gateway.id) return 'other_gateway'
    if (type !== order.type) return 'wrong_type'
    return cents === order.cents ? undefined : 'wrong_amount'
  }

  /** A hint, no more: it is worth a question, but not one per call. */
  async function receiveUnverified(order: OrderRecord, fields: Fields, outcome: string): Promise<boolean> {
    if (!isAwaiting(order) || order.gateway !== gateway.id) return false
    if (order.askedAt !== null && now() - order.askedAt < UNVERIFIED_EVERY_MS) return false
    await note(order, fields, outcome)
    const after = await questions.askSometimes(order, now(), UNVERIFIED_EVERY_MS)
    return !isAwaiting(after)
  }

  async function receiveVerified(order: OrderRecord, fields: Fields, notice: Verified): Promise<boolean> {
    if (!isAwaiting(order)) return repeated(order, fields, notice)
    const answer = await questions.question(order, TIMEOUT_MS)
    const after = await book(order, notice, answer)
    await note(order, fields, isAwaiting(after) ? (after.state === 'review' ? 'review' : answer.answer) : 'credited')
    return !isAwaiting(after)
  }

  async function book(order: OrderRecord, notice: Verified, answer: QueryAnswer): Promise<OrderRecord> {
    if (answer.answer !== 'unknown') return doubts.apply(order.id, answer)
    if (order.cents > await trustMax()) return wait(order)
    const { tradeNo, cents } = notice
    return (await settle.settleOrder(order.id, { source: 'notify', tradeNo, cents, confirmed: false, reason: null, steps: () => [] })).order
  }

  /** Too much to believe a notice alone: an admin decides, or the gateway when it can be asked again. */
  function wait(order: OrderRecord): Promise<OrderRecord> {
    return orders.change(order.id, (before) => {
      if (!isAwaiting(before) || before.state === 'review') return undefined
      const asked = { lastAnswer: 'unknown' as const, askedAt: now() }
      return {
        order: { ...before, ...asked, state: 'review' },
        lines: [],
        steps: [alertStep({ kind: 'review', order: order.id, user: order.user, params: { money: formatCents(order.cents) } }, now())],
      }
    })
  }

  async function repeated(order: OrderRecord, fields: Fields, { tradeNo }: Verified): Promise<boolean> {
    const other = order.tradeNo !== null && order.tradeNo !== tradeNo
    if (other) {
      const params = { money: formatCents(order.cents), paid: fields['money'] ?? '', tradeNo }
      await alerts.raise({ kind: 'duplicate_trade', order: order.id, user: order.user, params }, `${order.id} ${tradeNo}`)
      await note(order, fields, 'duplicate_trade')
    }
    return true
  }

  function note(order: OrderRecord, fields: Fields, outcome: string): Promise<void> {
    const { sign: _, ...shown } = fields
    return orders.note(order.id, { source: 'notify', outcome, fields: shown })
  }

  return { receive }
}

/** Each name once and of bounded size, or nothing: two values of one name are two readings of one signature. */
function singleValued(pairs: [string, string][]): Fields | undefined {
  const fields = new Map(pairs)
  if (pairs.length > FIELDS_MAX || fields.size !== pairs.length) return undefined
  if (pairs.some(([name, value]) => name.length > 50 || value.length > VALUE_MAX)) return undefined
  return Object.fromEntries(fields)
}
