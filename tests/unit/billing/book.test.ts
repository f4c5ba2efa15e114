import { describe, expect, it } from 'vitest'
import { createLedger } from '#server/billing/ledger'
import type { BookLine } from '#server/billing/ledger'
import type { Entry } from '#server/billing/records'
import { createMemoryStore } from '#server/storage/drivers/memory'
import { keys } from '#server/storage/keys'

const line = (kind: BookLine['kind'], amount: number, once = 'o'): BookLine => ({ kind, amount, reference: 'order', once, note: '' })

async function shop() {
  const store = createMemoryStore()
  const ledger = createLedger({ store, now: () => 1_700_000_000_000 })
  const entries = async () => (await store.list<Entry>(keys.entryPrefix('1'), { limit: 100 })).map(({ value }) => `${value.kind} ${value.amount} ${value.reference}`)
  return { store, ledger, entries, available: async () => (await ledger.balance('1')).available }
}

describe('book', () => {
  it('books several amounts and what goes along, at once', async () => {
    const { store, ledger, entries, available } = await shop()
    expect(await ledger.book('1', [line('topup', 100), line('bonus', 7)], [{ once: 'mark', value: 1 }])).toMatchObject({ ok: true, entries: [{ kind: 'topup' }, { kind: 'bonus' }] })
    expect(await entries()).toEqual(['topup 100 order', 'bonus 7 order'])
    expect(await available()).toBe(107)
    expect(await store.get('mark')).toMatchObject({ value: 1 })
  })

  it('books nothing when one of them was booked before, or a step is refused, and says which', async () => {
    const { store, ledger, entries, available } = await shop()
    await ledger.book('1', [line('bonus', 7)], [])
    expect(await ledger.book('1', [line('topup', 100), line('bonus', 7)], [{ put: 'mark', value: 1 }])).toMatchObject({ ok: false, step: 'booked', value: { amount: 7 } })
    expect(await ledger.book('1', [line('topup', 100)], [{ put: 'mark', value: 1 }, { add: 'uses', by: 1, ceil: 0 }])).toMatchObject({ ok: false, step: 1 })
    expect(await ledger.book('1', [line('topup', 100)], [{ expect: 'mark', version: '1' }])).toMatchObject({ ok: false, step: 0 })
    expect(await entries()).toEqual(['bonus 7 order'])
    expect(await available()).toBe(7)
    expect(await store.get('mark')).toBeUndefined()
  })

  it('shares its once-records with credit', async () => {
    const { ledger } = await shop()
    await ledger.credit({ user: '1', kind: 'topup', amount: 5, reference: 'o', note: '' })
    expect(await ledger.book('1', [line('topup', 5)], [])).toMatchObject({ ok: false, step: 'booked' })
  })

  it('goes below zero, never out of range', async () => {
    const { ledger, available } = await shop()
    await ledger.book('1', [line('refund', -5)], [])
    expect(await available()).toBe(-5)
    await ledger.book('1', [line('topup', Number.MAX_SAFE_INTEGER)], [])
    await expect(ledger.book('1', [line('bonus', 6)], [])).rejects.toMatchObject({ code: 'balance_out_of_range' })
    await expect(ledger.book('1', [line('topup', Number.MAX_SAFE_INTEGER, 'a'), line('bonus', 1, 'a')], [])).rejects.toMatchObject({ code: 'balance_out_of_range' })
    expect(await available()).toBe(Number.MAX_SAFE_INTEGER - 5)
  })

  it('books once what races', async () => {
    const { ledger, available } = await shop()
    const results = await Promise.all(Array.from({ length: 30 }, () => ledger.book('1', [line('topup', 10), line('bonus', 1)], [])))
    expect(results.filter(result => result.ok)).toHaveLength(1)
    expect(await available()).toBe(11)
  })
})
