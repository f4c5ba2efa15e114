import { describe, expect, it, vi } from 'vitest'
import { createLedger } from '#server/billing/ledger'
import type { ReserveOrder } from '#server/billing/ledger'
import type { Hold } from '#server/billing/records'
import { sweepOrphans } from '#server/billing/sweeper'
import { createMemoryStore } from '#server/storage/drivers/memory'
import { keys } from '#server/storage/keys'

const order = (request: string, wanted: number, change: Partial<ReserveOrder> = {}): ReserveOrder => ({
  hold: {
    request, user: '1', key: { id: 'key_a', name: 'a' }, model: { id: 'mdl_a', name: 'a' }, price: { prices: { input: 1, output: 1 }, discount: 0 },
    instance: 'ins_a', dialect: 'openai-chat', stream: false, usage: null, idempotency: null, startedAt: 0,
  },
  wanted,
  least: 1,
  concurrency: 50,
  spendLimit: null,
  idempotencyTtlMs: 60_000,
  ...change,
})

async function shop(available: number) {
  const store = createMemoryStore()
  const ledger = createLedger({ store })
  if (available !== 0) await ledger.credit({ user: '1', kind: available > 0 ? 'topup' : 'clawback', amount: available, reference: 'start', note: '' })
  return { store, ledger }
}

describe('reserve', () => {
  it('takes what there is when that is less than wanted but not less than least', async () => {
    const { ledger } = await shop(300)
    const result = await ledger.reserve(order('req_a', 1_000, { least: 200 }))
    expect(result).toMatchObject({ ok: true, hold: { amount: 300 } })
    expect(await ledger.balance('1')).toEqual({ available: 0, held: 300, open: 1 })
  })

  it('goes by a reading of the caller, and is not fooled by one that is out of date', async () => {
    const { store, ledger } = await shop(300)
    const reads = vi.spyOn(store, 'getMany')
    expect(await ledger.reserve(order('req_a', 200, { seen: 300 }))).toMatchObject({ ok: true, hold: { amount: 200 } })
    expect(reads).not.toHaveBeenCalled()
    expect(await ledger.reserve(order('req_b', 200, { seen: 300 }))).toMatchObject({ ok: true, hold: { amount: 100 } })
    expect(await ledger.reserve(order('req_c', 200, { seen: 300 }))).toEqual({ ok: false, reason: 'credit', left: 0 })
    expect(await ledger.balance('1')).toEqual({ available: 0, held: 300, open: 2 })
  })

  it('refuses with both numbers when least is not there, and writes nothing', async () => {
    const { store, ledger } = await shop(300)
    expect(await ledger.reserve(order('req_a', 1_000, { least: 301 }))).toEqual({ ok: false, reason: 'credit', left: 300 })
    expect(await store.get(keys.hold('req_a'))).toBeUndefined()
  })

  it('starts nothing below zero, not even what is free', async () => {
    const { ledger } = await shop(-1)
    expect(await ledger.reserve(order('req_a', 0, { least: 0 }))).toMatchObject({ ok: false, reason: 'credit', left: -1 })
  })

  it('books exactly what the balance allows when many race for it', async () => {
    const { ledger } = await shop(1_000)
    const results = await Promise.all(Array.from({ length: 200 }, (_, index) => ledger.reserve(order(`req_${index}`, 30, { least: 30, concurrency: 1_000 }))))
    expect(results.filter(result => result.ok)).toHaveLength(33)
    expect(await ledger.balance('1')).toEqual({ available: 10, held: 990, open: 33 })
  })

  it('keeps the spend limit of a key, held money included, and gives back what was not used', async () => {
    const { ledger } = await shop(10_000)
    const first = await ledger.reserve(order('req_a', 800, { spendLimit: 1_000 }))
    expect(await ledger.reserve(order('req_b', 800, { spendLimit: 1_000, least: 300 }))).toEqual({ ok: false, reason: 'spend_limit', left: 200 })
    expect(await ledger.reserve(order('req_c', 800, { spendLimit: 1_000, least: 100 }))).toMatchObject({ ok: true, hold: { amount: 200 } })
    if (!first.ok) throw new Error('the first reservation failed')
    expect(await ledger.extend(first.hold, 1, {}, 1_000)).toBeUndefined()
  })

  it('lets no more run at once than allowed', async () => {
    const { ledger } = await shop(10_000)
    await ledger.reserve(order('req_a', 10, { concurrency: 1 }))
    expect(await ledger.reserve(order('req_b', 10, { concurrency: 1 }))).toEqual({ ok: false, reason: 'concurrency' })
  })

  it('finds the request an Idempotency-Key has started already', async () => {
    const { ledger } = await shop(10_000)
    const base = order('req_a', 10)
    await ledger.reserve({ ...base, hold: { ...base.hold, idempotency: 'idem_x' } })
    expect(await ledger.reserve({ ...base, hold: { ...base.hold, request: 'req_b', idempotency: 'idem_x' } })).toEqual({ ok: false, reason: 'repeated', request: 'req_a' })
    expect(await ledger.balance('1')).toMatchObject({ held: 10 })
  })
})

describe('extend', () => {
  it('grows a hold while there is money and refuses when there is none', async () => {
    const { ledger } = await shop(100)
    const result = await ledger.reserve(order('req_a', 60))
    if (!result.ok) throw new Error('the reservation failed')
    expect(await ledger.extend(result.hold, 40, { output: 5 }, null)).toMatchObject({ amount: 100, usage: { output: 5 } })
    expect(await ledger.extend(result.hold, 1, { output: 6 }, null)).toBeUndefined()
    expect(await ledger.balance('1')).toEqual({ available: 0, held: 100, open: 1 })
  })
})

describe('credit', () => {
  it('adjusts by a delta that cannot take anybody below zero', async () => {
    const { ledger } = await shop(100)
    await expect(ledger.credit({ user: '1', kind: 'adjust', amount: -101, reference: 'a', note: 'wrong' })).rejects.toMatchObject({ code: 'adjust_below_zero', params: { available: '0.0000001' } })
    await ledger.credit({ user: '1', kind: 'adjust', amount: -100, reference: 'b', note: 'right' })
    expect((await ledger.balance('1')).available).toBe(0)
  })

  it('refuses what would leave the range of a balance', async () => {
    const { ledger } = await shop(Number.MAX_SAFE_INTEGER - 5)
    await expect(ledger.credit({ user: '1', kind: 'topup', amount: 6, reference: 'a', note: '' })).rejects.toMatchObject({ code: 'balance_out_of_range' })
    await ledger.credit({ user: '1', kind: 'topup', amount: 5, reference: 'b', note: '' })
    expect((await ledger.balance('1')).available).toBe(Number.MAX_SAFE_INTEGER)
  })
})

describe('a sweep', () => {
  it('takes back every other hold when one cannot be priced, and says so', async () => {
    const { store, ledger } = await shop(1_000)
    const broken = { hold: { ...order('req_a', 1).hold, price: { prices: { input: Number.MAX_SAFE_INTEGER, output: 1 }, discount: 0 } } }
    await ledger.reserve(order('req_a', 100, broken))
    await ledger.reserve(order('req_b', 200))
    const first = (await store.get<Hold>(keys.hold('req_a')))!.value
    await ledger.extend(first, 1, { input: 9_000_000_000 }, null)
    await expect(sweepOrphans({ store, ledger, requestsTtlMs: 60_000 })).rejects.toThrow(RangeError)
    expect(await ledger.balance('1')).toEqual({ available: 899, held: 101, open: 1 })
  })
})

describe('a fact that is seen before what was written with it', () => {
  const unseen = async () => {
    const { store } = await shop(1_000)
    return createLedger({ store: { ...store, commit: async () => ({ ok: false, step: 0, reason: 'exists', value: null }) } })
  }

  it('counts as booked', async () => {
    const ledger = await unseen()
    expect(await ledger.credit({ user: '1', kind: 'topup', amount: 5, reference: 'a', note: '' })).toMatchObject({ repeated: true, entry: { amount: 5 } })
    const { request: id, ...hold } = order('req_a', 1).hold
    const record = { ...hold, id, status: 200, endReason: 'completed' as const, chargeRule: 'reported' as const, error: null, usage: {}, clamped: false, cost: 7, hold: 9, attempts: [], firstByteMs: null, durationMs: 1 }
    expect(await ledger.settle({ record, forgetIdempotency: false, requestsTtlMs: 60_000, idempotency: null })).toMatchObject({ repeated: true, cost: 7 })
  })
})
