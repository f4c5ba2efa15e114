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
 * wrote into a hold is charged, marked `interrupted`. Answers how many holds were taken back. One that cannot be taken
 * back keeps none of the others; the first such failure is thrown when all have been tried.
 */
export async function sweepOrphans({ store, ledger, requestsTtlMs, now = Date.now }: SweeperOptions): Promise<number> {
  if (store.consistency === 'eventual') return sweepAbandoned({ store, ledger, requestsTtlMs, now })
  const alive = new Map<string, boolean>()
  const each = createEach()
  let after: string | undefined
  for (;;) {
    const page = await store.list<Hold>(keys.holdPrefix, { limit: PAGE, ...(after ? { after } : {}) })
    for (const { value: hold, version } of page) {
      if (await isAlive(hold.instance)) continue
      await each.tried(() => sweepHold({ ledger, requestsTtlMs, now }, hold, version))
    }
    if (page.length < PAGE) return each.done()
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
  const each = createEach()
  const holds = (await listAll<Hold>(store, keys.holdPrefix)).filter(({ value }) => isAbandoned(value.startedAt, slot))
  const held = new Set(holds.map(({ value }) => value.request))
  const late = (await listAll<LateSettlement>(store, keys.latePrefix)).filter(({ value }) => value.at < slot && isAbandoned(value.order.record.startedAt, slot))
  for (const { key, value } of late) {
    await each.tried(async () => {
      if (value.booked === undefined) {
        await ledger.settleNow(value.order)
        await store.put(key, { ...value, booked: slot } satisfies LateSettlement)
        return true
      }
      if (value.booked < slot && !held.has(value.order.record.id)) await store.delete(key)
      return false
    })
  }
  // Its settlement may be under way somewhere else, and seen from here in part.
  const settling = new Set(late.map(({ value }) => value.order.record.id))
  for (const { value: hold, version } of holds) {
    if (!settling.has(hold.request)) await each.tried(() => sweepHold({ ledger, requestsTtlMs, now: () => slot }, hold, version))
  }
  return each.done()
}

/** Counts what went well and keeps the first failure for the end. */
function createEach() {
  let count = 0
  let failure: { error: unknown } | undefined
  return {
    async tried(work: () => Promise<boolean>): Promise<void> {
      try { if (await work()) count++ }
      catch (error) { failure ??= { error } }
    },
    done(): number {
      if (failure) throw failure.error
      return count
    },
  }
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
