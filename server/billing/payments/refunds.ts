/**
 * Paying an order back. The credit goes first, so that it cannot be spent meanwhile; then the gateway is asked. Its
 * refusal gives the credit back only while it still calls the order paid: a refusal may also mean that an earlier
 * question got through unheard. Everything unclear stays `refunding` and is pursued by the schedule.
 */
import { AppError } from '#server/errors/app-error'
import type { Step } from '#server/storage/store'
import { alertOf, worthOf } from './doubts'
import type { Doubts } from './doubts'
import type { PaymentGateway, QueryAnswer } from './gateway'
import { isCredited } from './order'
import type { OrderRecord } from './order'
import type { Orders } from './orders'
import type { Settle } from './settle'

const TIMEOUT_MS = 10_000

export interface RefundsOptions {
  orders: Orders
  doubts: Doubts
  settle: Settle
  gateway: PaymentGateway
  now: () => number
}

export type Refunds = ReturnType<typeof createRefunds>

export function createRefunds({ orders, doubts, settle, gateway, now }: RefundsOptions) {
  /** Throws order_not_credited, order_trade_unknown, record_not_found, other_gateway. */
  async function refund(id: string, reason: string, steps: (before: OrderRecord, after: OrderRecord) => Step[]): Promise<OrderRecord> {
    await orders.change(id, (before) => {
      if (before.gateway !== gateway.id) throw new AppError('other_gateway', { gateway: before.gateway })
      if (!isCredited(before)) throw new AppError('order_not_credited')
      if (before.tradeNo === null) throw new AppError('order_trade_unknown')
      const takenBack = before.takenBack + 1
      const order: OrderRecord = { ...before, state: 'refunding', takenBack, denials: 0, reason }
      return {
        order,
        lines: [{ kind: 'refund', amount: -worthOf(before), reference: id, once: `${id}_${takenBack}`, note: reason }],
        steps: steps(before, order),
      }
    })
    return demand(await orders.require(id))
  }

  /** Goes on with a refund nobody knows the end of: only while the gateway calls the order paid it has not happened. */
  async function pursue(id: string): Promise<OrderRecord> {
    const answer = await gateway.query(id, TIMEOUT_MS)
    await noteAnswer(id, answer)
    const order = await doubts.apply(id, answer)
    return answer.answer === 'paid' && order.state === 'refunding' ? demand(order) : order
  }

  async function demand(order: OrderRecord): Promise<OrderRecord> {
    const reply = await gateway.refund(order, TIMEOUT_MS)
    await orders.note(order.id, { source: 'refund', outcome: reply.answer, fields: { ...reply.fields, ...(reply.why ? { why: reply.why } : {}) } })
    if (reply.answer === 'done') return finish(order.id)
    if (reply.answer === 'unknown') return orders.require(order.id)
    const answer = await gateway.query(order.id, TIMEOUT_MS)
    await noteAnswer(order.id, answer)
    return answer.answer === 'paid' ? giveBack(order, reply.why) : doubts.apply(order.id, answer)
  }

  async function noteAnswer(id: string, { answer, fields }: QueryAnswer): Promise<void> {
    await orders.note(id, { source: 'query', outcome: answer, fields })
  }

  async function finish(id: string): Promise<OrderRecord> {
    const order = await orders.change(id, before => before.state === 'refunding'
      ? { order: { ...before, state: 'refunded', refundHeard: true, refundedAt: now(), followUp: 'reversal' }, lines: [], steps: [] }
      : undefined)
    return settle.followUp(order)
  }

  /** @param asked the order as it was when the gateway was asked: a later refund is not ended by an earlier refusal. */
  function giveBack(asked: OrderRecord, why: string): Promise<OrderRecord> {
    return orders.change(asked.id, (before) => {
      if (before.state !== 'refunding' || before.takenBack !== asked.takenBack) return undefined
      const order: OrderRecord = { ...before, state: 'paid', denials: 0, lastAnswer: 'paid', askedAt: now() }
      return {
        order,
        lines: [{ kind: 'refund', amount: worthOf(before), reference: before.id, once: `${before.id}_${before.takenBack}_back`, note: why }],
        steps: [alertOf('refund_refused', order, now())],
      }
    })
  }

  return { refund, pursue }
}
