/** The only way to `paid`, for a notice, an answer, the browser's return, the schedule and an admin's hand alike. */
import { alertStep } from '#server/billing/alerts'
import { keys } from '#server/storage/keys'
import type { Step, Store } from '#server/storage/store'
import { formatCents } from '#shared/utils/money'
import { isAwaiting } from './order'
import type { OrderRecord } from './order'
import type { OrderChange, Orders } from './orders'

/** Who says that an order is paid. The amount credited is always the order's own. */
export interface Evidence {
  source: 'notify' | 'query' | 'admin'
  tradeNo: string | null
  /** What the gateway says was paid; null when it is not the gateway who says it. */
  cents: number | null
  /** False while only a notice says so. */
  confirmed: boolean
  reason: string | null
  /** What goes along: the audit line of an admin. */
  steps: (before: OrderRecord, after: OrderRecord) => Step[]
}

/** What follows an order's credit, or its end for good. Each is called until it succeeds, so it must bear repetition. */
export interface FollowUps {
  credit: (order: OrderRecord) => Promise<void>
  reversal: (order: OrderRecord) => Promise<void>
}

export interface SettleOptions {
  store: Store
  orders: Orders
  now: () => number
  /** Cents from which a very late payment is worth a look. */
  largeFrom: () => Promise<number>
  follow: FollowUps
  onError: (error: unknown) => void
}

/** `repeated`: it was credited before, whatever became of it since. `review`: an admin must decide. */
export type SettleOutcome = 'credited' | 'repeated' | 'wrong_amount' | 'duplicate_trade'

export type Settle = ReturnType<typeof createSettle>

/** So long after its end a payment is late. */
const LATE_MS = 3_600_000

export function createSettle({ store, orders, now, largeFrom, follow, onError }: SettleOptions) {
  /**
   * Credits an order once. One commit holds its state, the entries of credit and bonus, the trade number (unique per
   * gateway) and whether it was the user's first paid order.
   */
  async function settleOrder(id: string, evidence: Evidence): Promise<{ order: OrderRecord, outcome: SettleOutcome }> {
    let outcome: SettleOutcome = 'credited'
    const order = await orders.change(id, async (before) => {
      outcome = 'repeated'
      if (!isAwaiting(before)) return undefined
      outcome = await judge(before, evidence)
      return outcome === 'credited' ? credit(before, evidence) : holdBack(before, evidence, outcome)
    })
    return { order: await followUp(order), outcome }
  }

  async function judge(order: OrderRecord, { cents, tradeNo }: Evidence): Promise<'credited' | 'wrong_amount' | 'duplicate_trade'> {
    if (cents !== null && cents !== order.cents) return 'wrong_amount'
    if (tradeNo !== null && await store.get(keys.orderOfTrade(order.gateway, tradeNo))) return 'duplicate_trade'
    return 'credited'
  }

  async function credit(before: OrderRecord, evidence: Evidence): Promise<OrderChange> {
    const at = now()
    const first = await store.get(keys.onceFirstPaid(before.user)) === undefined
    const granted = first ? before.bonus.ifFirst : before.bonus.always
    const tradeNo = evidence.tradeNo ?? before.tradeNo
    const late = at > before.expiresAt + LATE_MS && before.cents > await largeFrom()
    const order: OrderRecord = {
      ...before,
      state: 'paid',
      granted,
      tradeNo,
      unconfirmed: !evidence.confirmed,
      evidence: evidence.source,
      lastAnswer: evidence.source === 'query' ? 'paid' : before.lastAnswer,
      askedAt: evidence.source === 'query' ? at : before.askedAt,
      reason: evidence.reason ?? before.reason,
      followUp: 'credit',
      paidAt: at,
    }
    return {
      order,
      lines: [
        { kind: 'topup', amount: order.credit, reference: order.id, once: order.id, note: '' },
        ...(granted === 0 ? [] : [{ kind: 'bonus' as const, amount: granted, reference: order.id, once: order.id, note: '' }]),
      ],
      steps: [
        ...(first ? [{ once: keys.onceFirstPaid(order.user), value: order.id }] : []),
        ...(tradeNo === null ? [] : [{ once: keys.orderOfTrade(order.gateway, tradeNo), value: order.id }]),
        ...(late ? [alertStep({ kind: 'late_large', order: order.id, user: order.user, params: { money: formatCents(order.cents) } }, at)] : []),
        ...evidence.steps(before, order),
      ],
    }
  }

  /** Somebody must look. It is said once, when the order comes to wait for it. */
  function holdBack(before: OrderRecord, { source, cents, tradeNo }: Evidence, kind: 'wrong_amount' | 'duplicate_trade'): OrderChange | undefined {
    // An admin is told at once and may try again.
    if (source === 'admin') return undefined
    const at = now()
    const asked = { lastAnswer: 'paid' as const, askedAt: at }
    if (before.state === 'review') return { order: { ...before, ...asked }, lines: [], steps: [] }
    const params = { money: formatCents(before.cents), paid: formatCents(cents ?? before.cents), tradeNo: tradeNo ?? '' }
    return { order: { ...before, ...asked, state: 'review' }, lines: [], steps: [alertStep({ kind, order: before.id, user: before.user, params }, at)] }
  }

  /** Does what follows and notes that it is done; when it fails the schedule comes back to it. */
  async function followUp(order: OrderRecord): Promise<OrderRecord> {
    const { followUp: due } = order
    if (due === null) return order
    try {
      await follow[due](order)
      return await orders.change(order.id, before => before.followUp === due
        ? { order: { ...before, followUp: null, reversed: due === 'reversal' }, lines: [], steps: [] }
        : undefined)
    }
    catch (error) {
      onError(error)
      return order
    }
  }

  return { settleOrder, followUp }
}
