import { keys } from '#server/storage/keys'
import type { Store } from '#server/storage/store'
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
  const alive = new Map<string, boolean>()
  let swept = 0
  let after: string | undefined
  for (;;) {
    const page = await store.list<Hold>(keys.holdPrefix, { limit: PAGE, ...(after ? { after } : {}) })
    for (const { value: hold, version } of page) {
      if (await isAlive(hold.instance)) continue
      const interrupted = hold.usage ? Math.min(costOf(hold.price, hold.usage), hold.amount) : 0
      if (await ledger.sweep(hold, version, interrupted, interruptedRecord(hold, interrupted, now()), requestsTtlMs)) swept++
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
