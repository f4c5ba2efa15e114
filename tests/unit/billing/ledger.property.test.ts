import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createLedger } from '#server/billing/ledger'
import type { Ledger, SettleOrder } from '#server/billing/ledger'
import type { Entry, Hold } from '#server/billing/records'
import { holdLease } from '#server/billing/lease'
import { sweepOrphans } from '#server/billing/sweeper'
import { createMemoryStore } from '#server/storage/drivers/memory'
import { keys } from '#server/storage/keys'
import type { Store } from '#server/storage/store'
import { AppError } from '#server/errors/app-error'
import { runs } from '../../support/runs'

const USERS = ['1', '2']
const PRICE = { prices: { input: 1_000_000, output: 1_000_000 }, discount: 0 }

type Action =
  | { verb: 'credit', user: string, amount: number, reference: number }
  | { verb: 'adjust', user: string, amount: number, reference: number }
  | { verb: 'reserve', user: string, request: number, wanted: number, least: number, instance: number }
  | { verb: 'extend', request: number, more: number, output: number }
  | { verb: 'settle', request: number, cost: number }
  | { verb: 'crash', instance: number }
  | { verb: 'sweep' }

const user = fc.constantFrom(...USERS)
const request = fc.integer({ min: 0, max: 3 })
const nano = fc.integer({ min: 0, max: 2_000 })
const action: fc.Arbitrary<Action> = fc.oneof(
  fc.record({ verb: fc.constant('credit' as const), user, amount: nano, reference: fc.integer({ min: 0, max: 5 }) }),
  fc.record({ verb: fc.constant('adjust' as const), user, amount: fc.integer({ min: -2_000, max: 2_000 }), reference: fc.integer({ min: 0, max: 5 }) }),
  fc.record({ verb: fc.constant('reserve' as const), user, request, wanted: nano, least: fc.integer({ min: 0, max: 500 }), instance: fc.integer({ min: 0, max: 1 }) }),
  fc.record({ verb: fc.constant('extend' as const), request, more: nano, output: nano }),
  fc.record({ verb: fc.constant('settle' as const), request, cost: nano }),
  fc.record({ verb: fc.constant('crash' as const), instance: fc.integer({ min: 0, max: 1 }) }),
  fc.record({ verb: fc.constant('sweep' as const) }),
)

/** A shop on a store whose commits may die before or after the engine took them, as they do when a process is killed. */
function createShop(faults: ('before' | 'after' | 'none')[], scheduler?: fc.Scheduler) {
  const clock = { now: 1_700_000_000_000 }
  const engine = createMemoryStore({ now: () => clock.now })
  let turn = 0
  /** Each touch of the store waits for its turn, which fast-check chooses. */
  const inTurn = async <T>(touch: () => Promise<T>): Promise<T> => {
    if (scheduler) await scheduler.schedule(Promise.resolve())
    return touch()
  }
  const store: Store = {
    ...engine,
    get: key => inTurn(() => engine.get(key)),
    getMany: list => inTurn(() => engine.getMany(list)),
    list: (prefix, options) => inTurn(() => engine.list(prefix, options)),
    async commit(id, steps) {
      await inTurn(() => Promise.resolve())
      const fault = faults.length > 0 ? faults[turn++ % faults.length] : 'none'
      if (fault === 'before') throw new AppError('store_unavailable')
      const result = await engine.commit(id, steps)
      if (fault === 'after') throw new AppError('store_unavailable')
      return result
    },
  }
  return { clock, engine, store, ledger: createLedger({ store, now: () => clock.now }), honest: createLedger({ store: engine, now: () => clock.now }) }
}

function settleOrder(hold: Hold, cost: number): SettleOrder {
  return {
    record: {
      id: hold.request, user: hold.user, key: hold.key, model: hold.model, dialect: hold.dialect, stream: hold.stream, status: 200,
      endReason: 'completed', chargeRule: 'reported', error: null, usage: { output: cost }, clamped: false, price: hold.price,
      cost, hold: hold.amount, attempts: [], startedAt: hold.startedAt, firstByteMs: null, durationMs: 0,
    },
    forgetIdempotency: false,
    requestsTtlMs: 86_400_000,
    idempotency: null,
  }
}

async function requireInvariants(engine: Store, charged: Map<string, number>): Promise<void> {
  const holds = (await engine.list<Hold>(keys.holdPrefix, { limit: 1000 })).map(row => row.value)
  for (const id of USERS) {
    const counter = async (key: string) => (await engine.get<number>(key))?.value ?? 0
    const entries = (await engine.list<Entry>(keys.entryPrefix(id), { limit: 1000 })).map(row => row.value)
    const own = holds.filter(hold => hold.user === id)
    const held = own.reduce((sum, hold) => sum + hold.amount, 0)
    expect(await counter(keys.held(id))).toBe(held)
    expect(await counter(keys.open(id))).toBe(own.length)
    expect(await counter(keys.available(id)) + held).toBe(entries.reduce((sum, entry) => sum + entry.amount, 0))
    for (const [reference, cost] of charged) {
      const booked = entries.filter(entry => entry.kind === 'charge' && entry.reference === reference)
      if (booked.length > 0) expect(-booked.reduce((sum, entry) => sum + entry.amount, 0)).toBe(cost)
    }
  }
}

async function available(engine: Store): Promise<number[]> {
  return Promise.all(USERS.map(async id => (await engine.get<number>(keys.available(id)))?.value ?? 0))
}

/** Only a settlement may take somebody below zero. */
function requireFloor(before: number[], after: number[]): void {
  after.forEach((value, index) => {
    if (value < before[index]!) expect(value).toBeGreaterThanOrEqual(0)
  })
}

describe('the ledger under random histories', () => {
  it('keeps balance = Σ entries and held = Σ open holds after every action, whatever dies in between', async () => {
    await fc.assert(fc.asyncProperty(
      fc.array(action, { minLength: 1, maxLength: 40 }),
      fc.array(fc.constantFrom('none' as const, 'none' as const, 'before' as const, 'after' as const), { maxLength: 7 }),
      async (actions, faults) => {
        const shop = createShop(faults)
        const open = new Map<string, Hold>()
        const charged = new Map<string, number>()
        const leases = await Promise.all([0, 1].map(instance => holdLease(shop.engine, `ins_${instance}`, () => {})))
        for (const step of actions) {
          const before = await available(shop.engine)
          await play(step, shop, open, charged).catch((error: unknown) => {
            if (!(error instanceof AppError)) throw error
          })
          await requireInvariants(shop.engine, charged)
          if (step.verb !== 'settle') requireFloor(before, await available(shop.engine))
        }
        leases.forEach(lease => lease.close())
      },
    ), { numRuns: runs })
  })

  it('keeps them when actions run at once, in whatever order their reads and commits fall', async () => {
    await fc.assert(fc.asyncProperty(fc.array(fc.array(action, { minLength: 2, maxLength: 5 }), { minLength: 1, maxLength: 8 }), fc.scheduler(), async (groups, scheduler) => {
      const shop = createShop([], scheduler)
      const open = new Map<string, Hold>()
      const charged = new Map<string, number>()
      for (const id of USERS) await shop.honest.credit({ user: id, kind: 'topup', amount: 10_000, reference: `start ${id}`, note: '' })
      for (const id of ['req_0', 'req_1']) open.set(id, await requireHold(shop.honest, '1', id, 500))
      for (const group of groups) {
        const playing = Promise.allSettled(group.map(step => play(step, shop, open, charged)))
        const outcomes = await scheduler.waitFor(playing)
        for (const outcome of outcomes) {
          if (outcome.status === 'rejected' && !(outcome.reason instanceof AppError)) throw outcome.reason
        }
        await requireInvariants(shop.engine, charged)
      }
    }), { numRuns: runs })
  })

  it('books once what is repeated and raced', async () => {
    const { engine, honest } = createShop([])
    const order = { user: '1', kind: 'topup' as const, amount: 5_000, reference: 'order', note: '' }
    const credits = await Promise.all(Array.from({ length: 20 }, () => honest.credit(order)))
    expect(credits.filter(credit => !credit.repeated)).toHaveLength(1)
    const hold = await requireHold(honest, '1', 'req_a', 1_000)
    const settled = await Promise.all(Array.from({ length: 20 }, () => honest.settle(settleOrder(hold, 700))))
    expect(settled.filter(one => !one.repeated)).toHaveLength(1)
    expect(await honest.balance('1')).toEqual({ available: 4_300, held: 0, open: 0 })
    await requireInvariants(engine, new Map([['req_a', 700]]))
  })

  it('refuses to book a request again at another cost', async () => {
    const { honest } = createShop([])
    await honest.credit({ user: '1', kind: 'topup', amount: 5_000, reference: 'order', note: '' })
    const hold = await requireHold(honest, '1', 'req_a', 1_000)
    await honest.settle(settleOrder(hold, 700))
    await expect(honest.settle(settleOrder(hold, 701))).rejects.toThrow('another cost')
  })
})

describe('the sweeper', () => {
  it('never touches the hold of an instance that lives, however old the hold is', async () => {
    const { clock, engine, honest } = createShop([])
    await honest.credit({ user: '1', kind: 'topup', amount: 5_000, reference: 'order', note: '' })
    await requireHold(honest, '1', 'req_a', 1_000)
    await engine.put(keys.lease('ins_0'), {}, { ttlMs: 70_000 })
    clock.now += 69_000
    await engine.put(keys.lease('ins_0'), {}, { ttlMs: 70_000 })
    clock.now += 69_000
    expect(await sweepOrphans({ store: engine, ledger: honest, requestsTtlMs: 1_000_000 })).toBe(0)
    clock.now += 2_000
    expect(await sweepOrphans({ store: engine, ledger: honest, requestsTtlMs: 1_000_000 })).toBe(1)
    expect(await honest.balance('1')).toEqual({ available: 5_000, held: 0, open: 0 })
  })

  it('charges what the last extension wrote, and a true cost that comes later books the rest, marked late', async () => {
    const { engine, honest } = createShop([])
    await honest.credit({ user: '1', kind: 'topup', amount: 5_000, reference: 'order', note: '' })
    const hold = await requireHold(honest, '1', 'req_a', 1_000)
    await honest.extend(hold, 500, { output: 300 }, null)
    await sweepOrphans({ store: engine, ledger: honest, requestsTtlMs: 1_000_000 })
    expect(await honest.balance('1')).toEqual({ available: 4_700, held: 0, open: 0 })
    expect(await honest.settle(settleOrder(hold, 2_000))).toMatchObject({ late: true, repeated: false })
    expect(await honest.settle(settleOrder(hold, 2_000))).toMatchObject({ repeated: true })
    expect(await honest.balance('1')).toEqual({ available: 3_000, held: 0, open: 0 })
    await requireInvariants(engine, new Map([['req_a', 2_000]]))
    expect(await engine.list(keys.requestListPrefix({ list: 'user', id: '1' }), { limit: 10 })).toHaveLength(1)
  })
})

async function requireHold(ledger: Ledger, owner: string, id: string, wanted: number): Promise<Hold> {
  const result = await ledger.reserve(reserveOrder(owner, id, wanted, 0, 'ins_0'))
  if (!result.ok) throw new Error(result.reason)
  return result.hold
}

function reserveOrder(owner: string, id: string, wanted: number, least: number, instance: string) {
  return {
    hold: {
      request: id, user: owner, key: { id: 'key_a', name: 'a' }, model: { id: 'mdl_a', name: 'a' }, price: PRICE, instance,
      dialect: 'openai-chat', stream: true, usage: null, idempotency: null, startedAt: 0,
    },
    wanted,
    least,
    concurrency: 5,
    spendLimit: null,
    idempotencyTtlMs: 1000,
  }
}

async function play(step: Action, shop: ReturnType<typeof createShop>, open: Map<string, Hold>, charged: Map<string, number>): Promise<void> {
  const { ledger, clock, engine, store } = shop
  clock.now += 1
  switch (step.verb) {
    case 'credit': return void await ledger.credit({ user: step.user, kind: 'topup', amount: 3_000, reference: `${step.user} ${step.reference}`, note: '' })
    case 'adjust': return void await ledger.credit({ user: step.user, kind: 'adjust', amount: step.amount, reference: `${step.user} ${step.amount} ${step.reference}`, note: '' })
    case 'reserve': {
      const id = `req_${step.request}`
      if (open.has(id) || charged.has(id)) return
      const order = reserveOrder(step.user, id, Math.max(step.wanted, step.least), step.least, `ins_${step.instance}`)
      // A reservation that died may have happened: its request goes on as if it had, as after a lost answer.
      open.set(id, { v: 1, ...order.hold, amount: order.wanted })
      const result = await ledger.reserve(order).catch(() => undefined)
      if (result?.ok) open.set(id, result.hold)
      else if (result) open.delete(id)
      return
    }
    case 'extend': {
      const hold = open.get(`req_${step.request}`)
      if (hold) await ledger.extend(hold, step.more, { output: step.output }, null)
      return
    }
    case 'settle': {
      const hold = open.get(`req_${step.request}`)
      // Only what was really set aside is ever served: a reservation still in the air has no answer to settle.
      if (!hold || (await engine.get(keys.hold(hold.request)) === undefined && !charged.has(hold.request) && await engine.get(keys.onceRelease(hold.request)) === undefined)) return
      const cost = charged.get(hold.request) ?? step.cost
      charged.set(hold.request, cost)
      await ledger.settle(settleOrder(hold, cost))
      return
    }
    case 'crash': return engine.delete(keys.lease(`ins_${step.instance}`))
    case 'sweep': return void await sweepOrphans({ store, ledger, requestsTtlMs: 86_400_000, now: () => clock.now })
  }
}
