/** What an answer of the gateway does to an order: the one table of states and answers. */
import { alertStep } from '#server/billing/alerts'
import type { AlertKind } from '#shared/schemas/alert'
import { keys } from '#server/storage/keys'
import type { Store } from '#server/storage/store'
import { formatCents } from '#shared/utils/money'
import type { QueryAnswer } from './gateway'
import { DENIALS, isAwaiting, isCredited, isNewDenial, nextAskOf } from './order'
import type { OrderRecord } from './order'
import type { OrderChange, Orders } from './orders'
import type { Settle } from './settle'

const NEWS_MS = 1000

export interface DoubtsOptions {
  store: Store
  orders: Orders
  settle: Settle
  now: () => number
  /** Whether the credit of a contested order is taken back at once. */
  clawback: () => Promise<boolean>
}

export type Doubts = ReturnType<typeof createDoubts>

export function createDoubts({ store, orders, settle, now, clawback }: DoubtsOptions) {
  /** Books what an answer means. Only repeated denials are believed: the gateway also denies while it is disputed. */
  async function apply(id: string, answer: QueryAnswer): Promise<OrderRecord> {
    const order = await orders.require(id)
    if (isAwaiting(order) && answer.answer === 'paid') {
      const { tradeNo, cents } = answer
      return (await settle.settleOrder(id, { source: 'query', tradeNo, cents, confirmed: true, reason: null, steps: () => [] })).order
    }
    return orders.change(id, before => plan(before, answer))
  }

  async function plan(before: OrderRecord, answer: QueryAnswer): Promise<OrderChange | undefined> {
    const at = now()
    const asked: OrderRecord = { ...before, askedAt: at, lastAnswer: answer.answer }
    // Credited in between by somebody else's answer: this one is from before that, so it says nothing about after it.
    if (isAwaiting(before)) return answer.answer === 'paid' ? undefined : still(expire(asked, at))
    if (before.state === 'refunded') return reopen(before, asked, answer, at)
    if (answer.answer === 'paid') return confirm(before, asked, answer, at)
    if (answer.answer === 'unknown') return still(forGood(asked, at), lastOf(asked, at))
    return deny(before, asked, at)
  }

  function still(order: OrderRecord, kind?: AlertKind): OrderChange {
    return { order, lines: [], steps: kind ? [alertOf(kind, order, now())] : [] }
  }

  /** Denials were believed, but they came from a dispute that is over: the refund is still to be made. */
  function reopen(before: OrderRecord, asked: OrderRecord, { answer }: QueryAnswer, at: number): OrderChange | undefined {
    if (before.refundHeard) return undefined
    if (answer !== 'paid') return still(forGood(asked, at))
    return still({ ...asked, state: 'refunding', denials: 0, refundedAt: null })
  }

  async function confirm(before: OrderRecord, asked: OrderRecord, { tradeNo }: { tradeNo: string | null }, at: number): Promise<OrderChange | undefined> {
    if (isOldNews(before, at)) return undefined
    const known = before.tradeNo !== null || tradeNo === null || await store.get(keys.orderOfTrade(before.gateway, tradeNo)) !== undefined
    const order: OrderRecord = { ...asked, denials: 0, unconfirmed: false, tradeNo: known ? before.tradeNo : tradeNo, phaseAt: before.unconfirmed ? at : before.phaseAt }
    const steps = known ? [] : [{ once: keys.orderOfTrade(before.gateway, tradeNo), value: before.id }]
    if (before.state === 'contested') return { order: { ...order, state: 'paid' }, lines: [], steps: [...steps, alertOf('restored', order, at)] }
    if (before.state !== 'clawed_back') return { order, lines: [], steps }
    return {
      order: { ...order, state: 'paid' },
      lines: [{ kind: 'clawback', amount: worthOf(before), reference: before.id, once: `${before.id}_${before.takenBack}_back`, note: '' }],
      steps: [...steps, alertOf('restored', order, at)],
    }
  }

  async function deny(before: OrderRecord, asked: OrderRecord, at: number): Promise<OrderChange> {
    if (before.state === 'contested' || before.state === 'clawed_back') return still(forGood(asked, at))
    // An admin has credited it knowing that the gateway does not call it paid.
    if (before.state === 'paid' && before.evidence === 'admin') return still(asked)
    // A denial that comes right behind another is the same one; it must not move the time the next one is measured from.
    if (!isNewDenial(before, at)) return still({ ...asked, askedAt: before.askedAt }, lastOf(asked, at))
    const order: OrderRecord = { ...asked, denials: before.denials + 1 }
    if (order.denials < DENIALS) return still(order, lastOf(order, at))
    if (before.state === 'refunding') return still({ ...order, state: 'refunded', refundedAt: at })
    if (!isCredited(before)) return still(order)
    if (!await clawback()) return still({ ...order, state: 'contested' }, 'contested')
    const takenBack = before.takenBack + 1
    return {
      order: { ...order, state: 'clawed_back', takenBack },
      lines: [{ kind: 'clawback', amount: -worthOf(before), reference: before.id, once: `${before.id}_${takenBack}`, note: '' }],
      steps: [alertOf('clawed_back', order, at)],
    }
  }

  /** The last question brought nothing: somebody must know. */
  function lastOf(order: OrderRecord, at: number): AlertKind | undefined {
    if (nextAskOf(order, at) !== null) return undefined
    if (order.state === 'refunding') return 'refund_stuck'
    return order.unconfirmed ? 'unconfirmed' : undefined
  }

  return { apply }
}

/** Nano-credits an order has brought: what goes when it is taken back. */
export function worthOf(order: OrderRecord): number {
  return order.credit + (order.granted ?? 0)
}

export function alertOf(kind: AlertKind, order: OrderRecord, at: number) {
  return alertStep({ kind, order: order.id, user: order.user, params: { money: formatCents(order.cents) } }, at)
}

/** A crowd that asks at once hears the same; writing it down once is enough. */
function isOldNews({ state, denials, unconfirmed, lastAnswer, askedAt }: OrderRecord, at: number): boolean {
  return state === 'paid' && denials === 0 && !unconfirmed && lastAnswer === 'paid' && askedAt !== null && at - askedAt < NEWS_MS
}

/** What the gateway has not taken back until the last question is for good. */
function forGood(order: OrderRecord, at: number): OrderRecord {
  const ended = (order.state === 'clawed_back' || order.state === 'refunded') && !order.reversed && nextAskOf(order, at) === null
  return ended ? { ...order, followUp: 'reversal' } : order
}

function expire(order: OrderRecord, at: number): OrderRecord {
  return order.state === 'pending' && at >= order.expiresAt ? { ...order, state: 'expired' } : order
}
