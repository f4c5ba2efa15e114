/** Orders in the store. Every change of an order goes through {@link createOrders.change}: one commit, guarded by its version. */
import { randomBytes } from 'node:crypto'
import type { BookLine, Ledger } from '#server/billing/ledger'
import { AppError } from '#server/errors/app-error'
import { createId } from '#server/storage/ids'
import { keys } from '#server/storage/keys'
import type { Step, Store, StoredRecord } from '#server/storage/store'
import { isAwaiting, nextAskOf } from './order'
import type { NoticeRecord, OrderEvent, OrderRecord } from './order'

/** Each lost race is somebody else's change, so even a crowd at one order comes to an end. */
const CHANGE_TRIES = 40
const OPEN_MAX = 5
const NOTICE_TTL_MS = 180 * 86_400_000
const NOTICES_SHOWN = 200

/** What becomes of an order, with the money and the records that go along. */
export interface OrderChange {
  order: OrderRecord
  lines: BookLine[]
  steps: Step[]
}

/** Makes a change of the order as it is now, or nothing. Called again when somebody else was faster. */
export type OrderPlan = (order: OrderRecord) => Promise<OrderChange | undefined> | OrderChange | undefined

/** Orders of a user that may still be paid, so that nobody makes thousands. */
interface Slots {
  v: 1
  open: { id: string, until: number }[]
}

export type NewOrder = Pick<OrderRecord, 'user' | 'gateway' | 'type' | 'cents' | 'currency' | 'rate' | 'credit' | 'bonus'> & { expiresMs: number }

export type Orders = ReturnType<typeof createOrders>

export function createOrders({ store, ledger, now }: { store: Store, ledger: Ledger, now: () => number }) {
  async function get(id: string): Promise<StoredRecord<OrderRecord> | undefined> {
    return store.get<OrderRecord>(keys.order(id))
  }

  /** Throws record_not_found. */
  async function require(id: string): Promise<OrderRecord> {
    const stored = await get(id)
    if (!stored) throw new AppError('record_not_found', { kind: 'order' })
    return stored.value
  }

  /** By our number or, for credited orders, the gateway's. */
  async function find(number: string, gateway: string | undefined): Promise<OrderRecord | undefined> {
    const known = /^[0-9a-f]{32}$/.test(number) ? await get(number) : undefined
    if (known || gateway === undefined) return known?.value
    const trade = await store.get<string>(keys.orderOfTrade(gateway, number))
    return trade && (await get(trade.value))?.value
  }

  /** Throws too_many_orders. */
  async function create({ expiresMs, ...facts }: NewOrder): Promise<OrderRecord> {
    for (let tries = 0; tries < CHANGE_TRIES; tries++) {
      const at = now()
      const slots = await store.get<Slots>(keys.orderSlots(facts.user))
      const open = await stillOpen(slots?.value.open ?? [], at)
      if (open.length >= OPEN_MAX) throw new AppError('too_many_orders', { limit: OPEN_MAX }, { retryAfterSeconds: Math.ceil((Math.min(...open.map(slot => slot.until)) - at) / 1000) })
      const order = firstState(facts, at, at + expiresMs)
      const kept: Slots = { v: 1, open: [...open, { id: order.id, until: order.expiresAt }] }
      const result = await store.commit(`order_${order.id}`, [
        { once: keys.order(order.id), value: order },
        { put: keys.ordersAll(at, order.id), value: order.id },
        { put: keys.ordersOfUser(order.user, at, order.id), value: order.id },
        { expect: keys.orderSlots(order.user), version: slots?.version ?? 'absent' },
        { put: keys.orderSlots(order.user), value: kept, ttlMs: expiresMs },
        ...askSteps(undefined, order),
        eventStep(null, order, at),
      ])
      if (result.ok) return order
    }
    throw new AppError('changed_meanwhile', { kind: 'order' })
  }

  async function stillOpen(slots: Slots['open'], at: number): Promise<Slots['open']> {
    const fresh = slots.filter(slot => slot.until > at)
    const records = await store.getMany<OrderRecord>(fresh.map(slot => keys.order(slot.id)))
    return fresh.filter((_, index) => records[index]?.value.state === 'pending')
  }

  /**
   * Changes an order by a plan of what it is now, again when it moved meanwhile. The next question is planned here, so
   * that no state is ever left without one. Answers the order as it is afterwards. Throws record_not_found.
   */
  async function change(id: string, plan: OrderPlan): Promise<OrderRecord> {
    for (let tries = 0; tries < CHANGE_TRIES; tries++) {
      const stored = await get(id)
      if (!stored) throw new AppError('record_not_found', { kind: 'order' })
      const planned = await plan(stored.value)
      if (!planned) return stored.value
      const at = now()
      const moved = planned.order.state !== stored.value.state
      const phased = moved ? { ...planned.order, phaseAt: phaseOf(planned.order, at) } : planned.order
      const after = { ...phased, nextAskAt: nextAskOf(phased, at) }
      const result = await ledger.book(after.user, planned.lines, [
        { expect: keys.order(id), version: stored.version },
        { put: keys.order(id), value: after },
        ...askSteps(stored.value, after),
        ...(moved ? [eventStep(stored.value.state, after, at)] : []),
        ...planned.steps,
      ], planned.lines[0]?.kind === 'topup' ? after.createdAt : undefined)
      if (result.ok) return after
      // Somebody was faster, unless the order has not moved: then its state and its entries disagree, and trying is no cure.
      if (result.step === 'booked' && (await get(id))?.version === stored.version) throw new Error('an entry of this order was booked before')
    }
    throw new AppError('changed_meanwhile', { kind: 'order' })
  }

  /** Keeps what came or was answered, for 180 days. */
  async function note(order: string, notice: Omit<NoticeRecord, 'v' | 'id' | 'at'>): Promise<void> {
    const at = now()
    const record: NoticeRecord = { v: 1, id: createId('ntc', at), at, ...notice }
    await store.put(keys.notice(order, record.id), record, { ttlMs: NOTICE_TTL_MS })
  }

  /** Newest first, the last 200. */
  async function notices(order: string): Promise<NoticeRecord[]> {
    const rows = await store.list<NoticeRecord>(keys.noticePrefix(order), { limit: NOTICES_SHOWN, reverse: true })
    return rows.map(row => row.value)
  }

  return { get, require, find, create, change, note, notices }
}

function firstState(facts: Omit<NewOrder, 'expiresMs'>, at: number, expiresAt: number): OrderRecord {
  const order: OrderRecord = {
    v: 1,
    id: randomBytes(16).toString('hex'),
    ...facts,
    state: 'pending',
    granted: null,
    tradeNo: null,
    unconfirmed: false,
    evidence: null,
    lastAnswer: null,
    askedAt: null,
    nextAskAt: null,
    denials: 0,
    refundHeard: false,
    takenBack: 0,
    followUp: null,
    reversed: false,
    reason: null,
    createdAt: at,
    expiresAt,
    paidAt: null,
    refundedAt: null,
    phaseAt: at,
  }
  return { ...order, nextAskAt: nextAskOf(order, at) }
}

/** While nothing is credited the schedule counts from the beginning, whatever the state is called. */
function phaseOf(order: OrderRecord, at: number): number {
  return isAwaiting(order) ? order.createdAt : at
}

function askSteps(before: OrderRecord | undefined, after: OrderRecord): Step[] {
  if (before && before.nextAskAt === after.nextAskAt) return []
  return [
    ...(before && before.nextAskAt !== null ? [{ delete: keys.ordersAsk(before.nextAskAt, before.id) }] : []),
    ...(after.nextAskAt === null ? [] : [{ put: keys.ordersAsk(after.nextAskAt, after.id), value: after.id }]),
  ]
}

function eventStep(from: OrderEvent['from'], order: OrderRecord, at: number): Step {
  const event: OrderEvent = { v: 1, at, order: order.id, from, to: order.state, cents: order.cents }
  return { put: keys.orderEvent(at, createId('oev', at)), value: event }
}
