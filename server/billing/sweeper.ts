import { keys } from '#server/storage/keys'
import type { ListedRecord, Store } from '#server/storage/store'
import { isAbandoned, openSlot } from './eventual'
import type { LateSettlement } from './eventual'
import type { Ledger } from './ledger'
import { costOf } from './price'
import type { Hold, RequestRecord } from './records'

const PAGE = 500

export interface SweeperOptions {
  store: Store
  ledger: Ledger
  requestsTtlMs: number
  now?: () => number
}

/**
 * Takes back the holds of instances whose lease has lapsed; the age of a stream never matters. What the last `extend`
 * wrote into a hold is charged, marked `interrupted`. Answers how many holds were taken back.
 */
export async function sweepOrphans({ store, ledger, requestsTtlMs, now = Date.now }: SweeperOptions): Promise<number> {
  if (store.consistency === 'eventual') return sweepAbandoned({ store, ledger, requestsTtlMs, now })
  const alive = new Map<string, boolean>()
  let swept = 0
  let after: string | undefined
  for (;;) {
    const page = await store.list<Hold>(keys.holdPrefix, { limit: PAGE, ...(after ? { after } : {}) })
    for (const { value: hold, version } of page) {
      if (await isAlive(hold.instance)) continue
      if (await sweepHold({ ledger, requestsTtlMs, now }, hold, version)) swept++
    }
    if (page.length < PAGE) return swept
    after = page.at(-1)!.key
  }

  async function isAlive(instance: string): Promise<boolean> {
    const known = alive.get(instance)
    if (known !== undefined) return known
    const found = (await store.get(keys.lease(instance))) !== undefined
    alive.set(instance, found)
    return found
  }
}

/**
 * The same on an eventual store, where a lease says nothing: a hold is taken back when its owner can no longer decide
 * about it, and settlements that came too late are booked. Both only from what everybody sees, so that two sweepers
 * write the same.
 */
async function sweepAbandoned({ store, ledger, requestsTtlMs, now }: Required<SweeperOptions>): Promise<number> {
  const slot = openSlot(now())
  if (slot === undefined) return 0
  let swept = 0
  for (const { value: late } of await listAll<LateSettlement>(store, keys.latePrefix)) {
    if (late.at >= slot || !isAbandoned(late.order.record.startedAt, slot)) continue
    await ledger.settleNow(late.order)
    await store.delete(keys.late(late.order.record.id))
    swept++
  }
  for (const { value: hold, version } of await listAll<Hold>(store, keys.holdPrefix)) {
    if (isAbandoned(hold.startedAt, slot) && await sweepHold({ ledger, requestsTtlMs, now: () => slot }, hold, version)) swept++
  }
  return swept
}

async function sweepHold({ ledger, requestsTtlMs, now }: Required<Omit<SweeperOptions, 'store'>>, hold: Hold, version: string): Promise<boolean> {
  const interrupted = hold.usage ? Math.min(costOf(hold.price, hold.usage), hold.amount) : 0
  return ledger.sweep(hold, version, interrupted, interruptedRecord(hold, interrupted, now()), requestsTtlMs)
}

async function listAll<T>(store: Store, prefix: string): Promise<ListedRecord<T>[]> {
  const rows: ListedRecord<T>[] = []
  for (;;) {
    const after = rows.at(-1)?.key
    const page = await store.list<T>(prefix, { limit: PAGE, ...(after === undefined ? {} : { after }) })
    rows.push(...page)
    if (page.length < PAGE) return rows
  }
}

function interruptedRecord(hold: Hold, cost: number, at: number): Omit<RequestRecord, 'v'> {
  return {
    id: hold.request,
    user: hold.user,
    key: hold.key,
    model: hold.model,
    dialect: hold.dialect,
    stream: hold.stream,
    status: 0,
    endReason: 'interrupted',
    chargeRule: 'interrupted',
    error: 'interrupted',
    usage: hold.usage ?? {},
    clamped: false,
    late: false,
    price: hold.price,
    cost,
    hold: hold.amount,
    attempts: [],
    startedAt: hold.startedAt,
    firstByteMs: null,
    durationMs: at - hold.startedAt,
    bookedAt: at,
  }
}
