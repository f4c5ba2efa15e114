import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createKeyUsages } from '#server/billing/key-usage'
import { createLedger } from '#server/billing/ledger'
import { NO_LIMITS } from '#server/billing/limits'
import { createPeriods } from '#server/billing/periods'
import type { Entry, Hold } from '#server/billing/records'
import { sweepOrphans } from '#server/billing/sweeper'
import { AppError } from '#server/errors/app-error'
import { createMemoryStore } from '#server/storage/drivers/memory'
import { keys } from '#server/storage/keys'
import type { Store } from '#server/storage/store'
import { runs } from '../../support/runs'

const KEYS = ['key_a', 'key_b']
const ZONES = ['Asia/Shanghai', 'Europe/Berlin', 'America/New_York']
/** Around the ends of a day, a week, a month and of summer time. */
const STARTS = ['2024-03-31T00:30:00Z', '2024-05-31T15:59:00Z', '2024-06-30T15:59:30Z', '2024-10-27T00:59:00Z', '2024-12-31T22:59:00Z', '2024-11-03T04:30:00Z']
const LIMITS = { ...NO_LIMITS, day: 3_000, week: 5_000, month: 8_000, rpm: 4, tpm: 2_500, concurrency: 3 }

type Action =
  | { verb: 'reserve', key: string, wanted: number, least: number, tokens: number, limited: boolean, instance: number }
  | { verb: 'extend', pick: number, more: number }
  | { verb: 'settle', pick: number, cost: number }
  | { verb: 'wait', ms: number }
  | { verb: 'crash', instance: number }
  | { verb: 'sweep' }

const nano = fc.integer({ min: 0, max: 1_500 })
const pick = fc.nat(3)
const instance = fc.integer({ min: 0, max: 1 })
const action: fc.Arbitrary<Action> = fc.oneof(
  { weight: 4, arbitrary: fc.record({ verb: fc.constant('reserve' as const), key: fc.constantFrom(...KEYS), wanted: nano, least: fc.integer({ min: 0, max: 300 }), tokens: nano, limited: fc.boolean(), instance }) },
  { weight: 2, arbitrary: fc.record({ verb: fc.constant('extend' as const), pick, more: nano }) },
  { weight: 3, arbitrary: fc.record({ verb: fc.constant('settle' as const), pick, cost: nano }) },
  { weight: 2, arbitrary: fc.record({ verb: fc.constant('wait' as const), ms: fc.constantFrom(1_000, 30_000, 90_000, 3_600_000, 86_400_000) }) },
  fc.record({ verb: fc.constant('crash' as const), instance }),
  { weight: 2, arbitrary: fc.record({ verb: fc.constant('sweep' as const) }) },
)

function createShop(zone: string, start: string, faults: ('before' | 'after' | 'none')[]) {
  const clock = { now: Date.parse(start) }
  const engine = createMemoryStore({ now: () => clock.now })
  let turn = 0
  const store: Store = {
    ...engine,
    async commit(id, steps) {
      const fault = faults.length > 0 ? faults[turn++ % faults.length] : 'none'
      if (fault === 'before') throw new AppError('store_unavailable')
      const result = await engine.commit(id, steps)
      if (fault === 'after') throw new AppError('store_unavailable')
      return result
    },
  }
  return { clock, engine, store, periods: createPeriods(zone), ledger: createLedger({ store, now: () => clock.now }), served: [] as Hold[] }
}

type Shop = ReturnType<typeof createShop>

async function play(step: Action, shop: Shop, request: string, costs: Map<string, number>): Promise<void> {
  const { clock, engine, ledger, periods, served, store } = shop
  switch (step.verb) {
    case 'wait': return void (clock.now += step.ms)
    case 'crash': return engine.delete(keys.lease(`ins_${step.instance}`))
    case 'sweep': return void await sweepOrphans({ store, ledger, requestsTtlMs: 86_400_000_000, now: () => clock.now })
    case 'reserve': {
      await engine.put(keys.lease(`ins_${step.instance}`), {}, { ttlMs: 70_000 })
      const result = await ledger.reserve({
        hold: {
          request, user: '1', key: { id: step.key, name: 'a' }, model: { id: 'mdl_a', name: 'a' }, price: { prices: { output: 1_000_000 }, discount: 0 }, instance: `ins_${step.instance}`,
          dialect: 'openai-chat', stream: true, usage: null, idempotency: null, startedAt: clock.now, counted: periods.of(clock.now),
        },
        wanted: Math.max(step.wanted, step.least), least: step.least, concurrency: 50, spendLimit: null,
        limits: { ...(step.limited ? LIMITS : NO_LIMITS), tokens: step.tokens }, idempotencyTtlMs: 1_000,
      })
      if (result.ok) served.push(result.hold)
      return
    }
    case 'extend': {
      const hold = served[step.pick]
      if (hold) await ledger.extend(hold, step.more, { output: step.more }, null, LIMITS)
      return
    }
    case 'settle': {
      const hold = served[step.pick]
      if (!hold) return
      const cost = costs.get(hold.request) ?? step.cost
      costs.set(hold.request, cost)
      const { request: id, user, key, model, dialect, stream, price, startedAt, counted } = hold
      await ledger.settle({
        record: { id, user, key, model, dialect, stream, price, startedAt, status: 200, endReason: 'completed', chargeRule: 'reported', error: null, usage: {}, clamped: false, cost, hold: hold.amount, attempts: [], firstByteMs: null, durationMs: 0 },
        forgetIdempotency: false, requestsTtlMs: 86_400_000_000, idempotency: null, ...(counted ? { counted } : {}),
      })
    }
  }
}

/** Everything a key's counters must say follows from its open holds, its entries and when their requests began. */
async function requireCounters({ engine, periods, clock }: Shop, starts: Map<string, { key: string, at: number }>): Promise<void> {
  const holds = (await engine.list<Hold>(keys.holdPrefix, { limit: 1000 })).map(row => row.value)
  const entries = (await engine.list<Entry>(keys.entryPrefix('1'), { limit: 1000 })).map(row => row.value).filter(entry => entry.kind === 'charge')
  const moved = [
    ...holds.map(hold => ({ key: hold.key.id, at: hold.startedAt, amount: hold.amount })),
    ...entries.map(entry => ({ key: starts.get(entry.reference)!.key, at: starts.get(entry.reference)!.at, amount: -entry.amount })),
  ]
  const usages = await createKeyUsages({ store: engine, periods, now: () => clock.now }).read(KEYS.map(id => ({ id, spendLimit: null, limits: LIMITS })))
  KEYS.forEach((id, index) => {
    const usage = usages[index]!
    expect(usage.open).toBe(holds.filter(hold => hold.key.id === id).length)
    for (const { period, spent } of usage.money) {
      const expected = moved.filter(({ key, at }) => key === id && (period === 'total' || periods.of(at)[period] === periods.of(clock.now)[period]))
      expect({ period, spent }).toEqual({ period, spent: expected.reduce((sum, { amount }) => sum + amount, 0) })
    }
    const days = periods.lastDays(clock.now, 30)
    expect(usage.thirtyDays).toBe(moved.filter(({ key, at }) => key === id && days.includes(periods.of(at).day)).reduce((sum, { amount }) => sum + amount, 0))
  })
  for (const row of await engine.list<Record<string, number>>('spent2', { limit: 1000 })) {
    for (const amount of Object.values(row.value)) expect(amount).toBeGreaterThanOrEqual(0)
  }
  for (const row of await engine.list<Record<string, number>>('keyrate_', { limit: 1000 })) expect(row.value.requests).toBeLessThanOrEqual(LIMITS.rpm)
}

describe('the counters of keys under random histories', () => {
  it('say what open holds and entries say, across midnights, crashes and changes of the clock', async () => {
    await fc.assert(fc.asyncProperty(
      fc.constantFrom(...ZONES), fc.constantFrom(...STARTS),
      fc.array(action, { minLength: 1, maxLength: 40 }),
      fc.array(fc.constantFrom('none' as const, 'none' as const, 'before' as const, 'after' as const), { maxLength: 7 }),
      async (zone, start, actions, faults) => {
        const shop = createShop(zone, start, faults)
        await createLedger({ store: shop.engine }).credit({ user: '1', kind: 'topup', amount: 100_000, reference: 'start', note: '' })
        const costs = new Map<string, number>()
        const starts = new Map<string, { key: string, at: number }>()
        for (const [index, step] of actions.entries()) {
          const request = `req_${index}`
          if (step.verb === 'reserve') starts.set(request, { key: step.key, at: shop.clock.now })
          await play(step, shop, request, costs).catch((error: unknown) => {
            if (!(error instanceof AppError)) throw error
          })
          await requireCounters(shop, starts)
        }
      },
    ), { numRuns: runs })
  })
})
