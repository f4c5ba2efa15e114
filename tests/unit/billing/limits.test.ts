import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, describe, expect, it } from 'vitest'
import { createKeyUsages } from '#server/billing/key-usage'
import { createLedger } from '#server/billing/ledger'
import type { SettleOrder } from '#server/billing/ledger'
import { NO_LIMITS } from '#server/billing/limits'
import type { KeyLimits } from '#server/billing/limits'
import { createPeriods } from '#server/billing/periods'
import type { Hold } from '#server/billing/records'
import { sweepOrphans } from '#server/billing/sweeper'
import { createMemoryStore } from '#server/storage/drivers/memory'
import { openSqliteStore } from '#server/storage/drivers/sqlite'
import { keys } from '#server/storage/keys'
import type { Store } from '#server/storage/store'

const KEY = 'key_a'
const periods = createPeriods('Asia/Shanghai')
const at = (iso: string) => Date.parse(`${iso}+08:00`)
const NOON = at('2024-05-15T12:00:00')

const cleanups: (() => Promise<void>)[] = []
afterEach(async () => {
  for (const cleanup of cleanups.splice(0)) await cleanup()
})

async function sqlite(): Promise<Store> {
  const folder = mkdtempSync(join(tmpdir(), 'vapor-limits-'))
  const store = await openSqliteStore({ file: join(folder, 'vapor.db') })
  cleanups.push(async () => {
    await store.close()
    rmSync(folder, { recursive: true })
  })
  return store
}

async function openShop(store: Store = createMemoryStore()) {
  const ledger = createLedger({ store })
  await ledger.credit({ user: '1', kind: 'topup', amount: 1_000_000, reference: 'start', note: '' })
  let count = 0

  async function reserve(amount: number, change: { at?: number, least?: number, tokens?: number, spendLimit?: number | null, limits?: Partial<KeyLimits> } = {}) {
    const startedAt = change.at ?? NOON
    return ledger.reserve({
      hold: {
        request: `req_${count++}`, user: '1', key: { id: KEY, name: 'a' }, model: { id: 'mdl_a', name: 'a' }, price: { prices: { input: 1, output: 1 }, discount: 0 },
        instance: 'ins_a', dialect: 'openai-chat', stream: false, usage: null, idempotency: null, startedAt, counted: periods.of(startedAt),
      },
      wanted: amount,
      least: change.least ?? amount,
      concurrency: 100_000,
      spendLimit: change.spendLimit ?? null,
      limits: { ...NO_LIMITS, ...change.limits, tokens: change.tokens ?? 0 },
      idempotencyTtlMs: 1000,
    })
  }

  async function hold(amount: number, change: Parameters<typeof reserve>[1] = {}): Promise<Hold> {
    const result = await reserve(amount, change)
    if (!result.ok) throw new Error(result.reason)
    return result.hold
  }

  async function usage(moment = NOON, limits: Partial<KeyLimits> = {}) {
    const [read] = await createKeyUsages({ store, periods, now: () => moment }).read([{ id: KEY, spendLimit: null, limits: { ...NO_LIMITS, ...limits } }])
    const spent = Object.fromEntries(read!.money.map(money => [money.period, money.spent]))
    return { ...spent, today: read!.today, sevenDays: read!.sevenDays, thirtyDays: read!.thirtyDays, open: read!.open, minute: read!.minute.requests }
  }

  return { store, ledger, reserve, hold, usage }
}

function settleOrder(hold: Hold, cost: number): SettleOrder {
  const { request: id, user, key, model, dialect, stream, price, startedAt, counted } = hold
  return {
    record: { id, user, key, model, dialect, stream, price, startedAt, status: 200, endReason: 'completed', chargeRule: 'reported', error: null, usage: {}, clamped: false, cost, hold: hold.amount, attempts: [], firstByteMs: null, durationMs: 0 },
    forgetIdempotency: false,
    requestsTtlMs: 86_400_000,
    idempotency: null,
    ...(counted ? { counted } : {}),
  }
}

describe('limits of money', () => {
  it.each(['day', 'week', 'month'] as const)('hold for the %s, money that is set aside included', async (period) => {
    const { reserve, hold, ledger } = await openShop()
    const limits = { [period]: 1_000 }
    const first = await hold(800, { limits })
    expect(await reserve(300, { limits })).toEqual({ ok: false, reason: 'limits', short: [{ period, limit: 1_000, left: 200 }] })
    expect(await reserve(300, { limits, least: 100 })).toMatchObject({ ok: true, hold: { amount: 200 } })
    expect(await ledger.extend(first, 1, {}, null, { ...NO_LIMITS, ...limits })).toBeUndefined()
    await ledger.settle(settleOrder(first, 500))
    expect(await reserve(300, { limits })).toMatchObject({ ok: true })
    expect(await reserve(1, { limits })).toMatchObject({ ok: false, reason: 'limits' })
  })

  it('count from the start of the period, also when they are set at noon', async () => {
    const { reserve, hold, ledger } = await openShop()
    await ledger.settle(settleOrder(await hold(900, { at: at('2024-05-15T09:00:00') }), 900))
    expect(await reserve(200, { limits: { day: 1_000 } })).toEqual({ ok: false, reason: 'limits', short: [{ period: 'day', limit: 1_000, left: 100 }] })
    expect(await reserve(200, { limits: { day: 1_000 }, at: at('2024-05-16T00:00:00') })).toMatchObject({ ok: true })
  })

  it('name every limit that is short, and the spend limit before all others', async () => {
    const { reserve, hold } = await openShop()
    await hold(900)
    const limits = { day: 1_000, week: 950, month: 5_000 }
    expect(await reserve(200, { limits })).toEqual({ ok: false, reason: 'limits', short: [{ period: 'day', limit: 1_000, left: 100 }, { period: 'week', limit: 950, left: 50 }] })
    expect(await reserve(200, { limits, spendLimit: 1_000 })).toEqual({ ok: false, reason: 'spend_limit', left: 100 })
    expect(await reserve(200, { limits, least: 50 })).toMatchObject({ ok: true, hold: { amount: 50 } })
  })

  it('write nothing when they refuse', async () => {
    const { reserve, usage, ledger } = await openShop()
    const limits = { day: 10, rpm: 5, tpm: 100, concurrency: 5 }
    expect(await reserve(11, { limits, tokens: 5 })).toMatchObject({ ok: false })
    expect(await usage()).toEqual({ day: 0, week: 0, month: 0, total: 0, today: 0, sevenDays: 0, thirtyDays: 0, open: 0, minute: 0 })
    expect(await ledger.balance('1')).toEqual({ available: 1_000_000, held: 0, open: 0 })
  })
})

describe('a request across midnight', () => {
  const LATE = at('2024-05-31T23:59:00')
  const NEXT = at('2024-06-01T00:01:00')

  it('counts in the day, the week and the month it began in, whenever it ends', async () => {
    const { hold, usage, ledger } = await openShop()
    const open = await hold(100, { at: LATE })
    expect(await usage(NEXT)).toMatchObject({ day: 0, month: 0, week: 100, thirtyDays: 100, total: 100 })
    const grown = await ledger.extend(open, 50, {}, null, NO_LIMITS)
    await ledger.settle(settleOrder(grown!, 120))
    expect(await usage(LATE)).toMatchObject({ day: 120, week: 120, month: 120, open: 0 })
    // A Friday: the week goes on, day and month are new.
    expect(await usage(NEXT)).toMatchObject({ day: 0, month: 0, week: 120, sevenDays: 120, total: 120 })
  })

  it('counts there also when the sweeper was first and the true cost came late', async () => {
    const { store, hold, usage, ledger } = await openShop()
    const open = await hold(100, { at: LATE })
    await ledger.extend(open, 0, { output: 40_000_000 }, null)
    expect(await sweepOrphans({ store, ledger, requestsTtlMs: 86_400_000 })).toBe(1)
    expect(await usage(LATE)).toMatchObject({ day: 40, week: 40, month: 40, total: 40, open: 0 })
    expect(await ledger.settle(settleOrder(open, 130))).toMatchObject({ late: true })
    expect(await usage(LATE)).toMatchObject({ day: 130, week: 130, month: 130, total: 130, open: 0 })
    expect(await usage(NEXT)).toMatchObject({ day: 0, month: 0, week: 130 })
  })

  it('of a release that knew no periods is settled as it was held', async () => {
    const { store, hold, usage, ledger } = await openShop()
    const { counted: _, ...old } = await hold(100)
    await ledger.settle(settleOrder(old, 100))
    const bare: Hold = { ...old, request: 'req_old' }
    await store.commit('old', [{ put: keys.hold(bare.request), value: bare }, { add: keys.held('1'), by: 100 }, { add: keys.available('1'), by: -100 }, { add: keys.open('1'), by: 1 }, { add: keys.spent(KEY), by: 100 }])
    await ledger.settle(settleOrder(bare, 70))
    expect(await usage()).toMatchObject({ day: 100, total: 170, open: 0 })
    expect(await ledger.balance('1')).toEqual({ available: 1_000_000 - 170, held: 0, open: 0 })
  })
})

describe('limits of a minute', () => {
  it('say what they count and since when', async () => {
    const { reserve } = await openShop()
    const limits = { rpm: 2, tpm: 100 }
    const moment = NOON + 59_999
    expect(await reserve(1, { limits, tokens: 60, at: moment })).toMatchObject({ ok: true, rate: { requests: 1, tokens: 60 } })
    expect(await reserve(1, { limits, tokens: 60, at: moment })).toEqual({ ok: false, reason: 'rate', what: 'tokens', limit: 100, left: 40, since: NOON })
    expect(await reserve(1, { limits, tokens: 40, at: moment })).toMatchObject({ ok: true, rate: { requests: 2, tokens: 100 } })
    expect(await reserve(1, { limits, tokens: 1, at: moment })).toEqual({ ok: false, reason: 'rate', what: 'requests', limit: 2, left: 0, since: NOON })
    expect(await reserve(1, { limits, tokens: 100, at: NOON + 60_000 })).toMatchObject({ ok: true, rate: { requests: 1, tokens: 100 } })
  })

  it('leave no counter behind after two minutes', async () => {
    let now = NOON
    const store = createMemoryStore({ now: () => now })
    const { hold } = await openShop(store)
    await hold(1, { limits: { rpm: 5 } })
    expect(await store.list('keyrate_', { limit: 10 })).toHaveLength(1)
    now += 120_000
    expect(await store.list('keyrate_', { limit: 10 })).toHaveLength(0)
  })
})

describe.each([['memory', () => Promise.resolve(createMemoryStore())], ['sqlite', sqlite]] as [string, () => Promise<Store>][])('a race at a limit on %s', (_, open) => {
  it.each<[string, Partial<KeyLimits>, number]>([
    ['requests a minute', { rpm: 17 }, 17],
    ['tokens a minute', { tpm: 100 }, 14],
    ['requests at once', { concurrency: 9 }, 9],
    ['money a day', { day: 75 }, 15],
    ['all of them', { rpm: 30, tpm: 700, concurrency: 25, day: 500, week: 60, month: 100 }, 12],
  ])('of %s admits exactly as many as fit', async (_name, limits, fitting) => {
    const { reserve, usage, ledger } = await openShop(await open())
    const results = await Promise.all(Array.from({ length: 60 }, () => reserve(5, { limits, tokens: 7 })))
    expect(results.filter(result => result.ok)).toHaveLength(fitting)
    expect(await usage()).toMatchObject({ day: fitting * 5, week: fitting * 5, month: fitting * 5, total: fitting * 5, open: fitting })
    await Promise.all(results.map(result => result.ok ? ledger.settle(settleOrder(result.hold, 3)) : undefined))
    expect(await usage()).toMatchObject({ day: fitting * 3, total: fitting * 3, open: 0 })
  })
})

describe('the usage of a key', () => {
  it('adds up days across months, and weeks that began in the month before', async () => {
    const { hold, usage, ledger } = await openShop()
    const spend = async (iso: string, cost: number) => ledger.settle(settleOrder(await hold(cost, { at: at(iso) }), cost))
    await spend('2024-01-31T23:59:59', 1)
    await spend('2024-02-01T00:00:00', 10)
    await spend('2024-02-26T00:00:00', 100)
    await spend('2024-03-01T08:00:00', 1_000)
    expect(await usage(at('2024-03-01T09:00:00'))).toEqual({ day: 1_000, week: 1_100, month: 1_000, total: 1_111, today: 1_000, sevenDays: 1_100, thirtyDays: 1_110, open: 0, minute: 0 })
  })
})
