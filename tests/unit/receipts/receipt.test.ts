import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { costOf, linesOf } from '#server/billing/price'
import { toReceipt } from '#server/billing/receipt'
import type { Entry, RequestRecord } from '#server/billing/records'
import { receipt } from '#shared/schemas/receipt'
import { inputClasses, usageClassNames } from '#shared/schemas/price'
import type { PriceTable } from '#shared/schemas/price'
import { parseNano } from '#shared/utils/money'
import { runs } from '../../support/runs'
import { requestRecord } from '../billing-statement/records'

const AT = Date.UTC(2026, 10, 1)

function entryOf(record: RequestRecord, amount = record.cost): Entry {
  return { v: 1, id: 'ent_a', user: record.user, kind: 'charge', amount: -amount, reference: record.id, note: '', late: false, at: record.bookedAt }
}
const charged = (change: Partial<RequestRecord>) => {
  const record = requestRecord(AT, change)
  return requestRecord(AT, { ...change, cost: change.cost ?? costOf(record.price, record.usage) })
}
const receiptOf = (record: RequestRecord) => toReceipt(record, record.cost === 0 ? [] : [entryOf(record)], 'https://shop.example')

/** Plain arithmetic over what the receipt shows, without the code that charged. */
function recompute({ lines, discount }: ReturnType<typeof receiptOf>): bigint {
  const sum = lines.reduce((total, line) => total + BigInt(line.units) * parseNano(line.price)!, 0n) * BigInt(10_000 - discount)
  return sum === 0n ? 0n : (sum - 1n) / 10_000_000_000n + 1n
}

const usage = fc.dictionary(fc.constantFrom(...usageClassNames), fc.nat({ max: 5_000_000 }))
const prices = fc.dictionary(fc.constantFrom(...usageClassNames), fc.oneof(fc.constant(0), fc.nat({ max: 90_000_000_000 }), fc.nat({ max: 50 })))

describe('a receipt', () => {
  it('comes to the charge, for any usage, prices and discount', () => {
    fc.assert(fc.property(usage, prices, fc.integer({ min: 0, max: 10_000 }), (used, table, discount) => {
      const made = receiptOf(charged({ usage: used, price: { prices: table, discount } }))
      expect(receipt.parse(made)).toEqual(made)
      expect(recompute(made)).toBe(parseNano(made.cost))
      expect(made.formula.endsWith(made.cost)).toBe(true)
      expect(made.lines.map(line => line.units)).toEqual(linesOf({ prices: table, discount }, used).map(line => line.units))
    }), { numRuns: runs })
  })

  it('comes to the charge with a tier of long requests and prices of pictures, and names both where they applied', () => {
    const table = fc.record({
      input: fc.nat({ max: 9_000_000_000 }),
      output: fc.nat({ max: 9_000_000_000 }),
      image: fc.nat({ max: 90_000_000_000 }),
      longContext: fc.option(fc.record({ above: fc.integer({ min: 1, max: 3_000_000 }), prices: fc.dictionary(fc.constantFrom('input' as const, 'output' as const), fc.nat({ max: 90_000_000_000 })) }), { nil: undefined }),
      images: fc.option(fc.uniqueArray(fc.record({ size: fc.constantFrom('any', '1024x1024'), quality: fc.constantFrom('any', 'high'), price: fc.nat({ max: 90_000_000_000 }) }), { selector: ({ size, quality }) => size + quality }), { nil: undefined }),
    }) as fc.Arbitrary<PriceTable<number>>
    const picture = fc.option(fc.record({ size: fc.constantFrom(null, '1024x1024', '1536x1024'), quality: fc.constantFrom(null, 'high') }), { nil: undefined })
    fc.assert(fc.property(usage, table, picture, fc.integer({ min: 0, max: 10_000 }), (used, sold, drawn, discount) => {
      const made = receiptOf(charged({ usage: used, price: { prices: sold, discount, ...(drawn ? { picture: drawn } : {}) } }))
      expect(receipt.parse(made)).toEqual(made)
      expect(recompute(made)).toBe(parseNano(made.cost))
      const input = inputClasses.reduce((total, name) => total + (used[name] ?? 0), 0)
      const isLong = sold.longContext !== undefined && input > sold.longContext.above
      expect(made.longContext).toEqual(isLong ? { above: sold.longContext!.above } : null)
      expect(made.picture).toEqual(used.image ? drawn ?? null : null)
      const priceOf = (name: string) => made.lines.find(line => line.class === name)?.price
      if (used.input && isLong && sold.longContext!.prices.input !== undefined) expect(parseNano(priceOf('input')!)).toBe(BigInt(sold.longContext!.prices.input))
      if (used.input && !isLong) expect(parseNano(priceOf('input')!)).toBe(BigInt(sold.input!))
    }), { numRuns: runs })
  })

  it('says by which tier and for which picture, in the formula as in the fields', () => {
    const long = receiptOf(charged({ usage: { input: 11, output: 2 }, price: { prices: { input: 1e9, output: 2e9, longContext: { above: 10, prices: { input: 3e9 } } }, discount: 0 } }))
    expect(long).toMatchObject({ longContext: { above: 10 }, picture: null, formula: '(11 × 3 + 2 × 2) ÷ 1000000 = 0.000037' })
    const drawn = receiptOf(charged({ usage: { image: 2 }, price: { prices: { input: 0, output: 0, image: 1e13, images: [{ size: '1536x1024', quality: 'high', price: 6e13 }] }, discount: 0, picture: { size: '1536x1024', quality: 'high' } } }))
    expect(drawn).toMatchObject({ longContext: null, picture: { size: '1536x1024', quality: 'high' }, formula: '(2 × 60000) ÷ 1000000 = 0.12', cost: '0.12' })
  })

  it('writes the arithmetic down, exactly', () => {
    const formula = (used: RequestRecord['usage'], table: Record<string, number>, discount = 0) => receiptOf(charged({ usage: used, price: { prices: table, discount } })).formula
    expect(formula({ input: 12, output: 40 }, { input: 3e9, output: 15e9 })).toBe('(12 × 3 + 40 × 15) ÷ 1000000 = 0.000636')
    expect(formula({ input: 12, output: 40 }, { input: 3e9, output: 15e9 }, 1000)).toBe('(12 × 3 + 40 × 15) ÷ 1000000 × (1 − 0.1) = 0.0005724')
    expect(formula({ input: 1, request: 1 }, { input: 1_500 })).toBe('(1 × 0.0000015) ÷ 1000000 = 0.0000000000015, rounded up to a billionth = 0.000000001')
    expect(formula({}, { input: 3e9 })).toBe('0')
    expect(formula({ request: 1 }, { input: 3e9 })).toBe('0')
    expect(formula({ input: 5 }, { input: 3e9 }, 10_000)).toBe('(5 × 3) ÷ 1000000 × (1 − 1) = 0')
  })

  it.each(['client_left', 'held_limit', 'interrupted'] as const)('says both numbers when %s charged at most the hold', (chargeRule) => {
    const made = receiptOf(charged({ chargeRule, usage: { input: 10 }, price: { prices: { input: 2e9 }, discount: 0 }, hold: 7_000, cost: 7_000 }))
    expect(made.formula).toBe(`(10 × 2) ÷ 1000000 = 0.00002; by the rule ${chargeRule} at most the 0.000007 held = 0.000007`)
  })

  it('is not made when the charge does not follow from what it would show', () => {
    const price = { prices: { input: 2e9 }, discount: 0 }
    expect(() => receiptOf(charged({ usage: { input: 10 }, price, cost: 7_000, hold: 7_000 }))).toThrow('does not follow')
    expect(() => receiptOf(charged({ chargeRule: 'held_limit', usage: { input: 10 }, price, cost: 6_999, hold: 7_000 }))).toThrow('does not follow')
    expect(() => receiptOf(charged({ chargeRule: 'held_limit', usage: { input: 10 }, price, cost: 20_001, hold: 90_000 }))).toThrow('does not follow')
  })

  it('is not made when the ledger has booked another sum', () => {
    const record = charged({})
    expect(() => toReceipt(record, [], 'x')).toThrow('come to 0')
    expect(() => toReceipt(record, [entryOf(record), entryOf(record)], 'x')).toThrow('its record says')
  })

  it('names no channel and no upstream model', () => {
    const record = charged({ attempts: [{ channel: 'secret-channel', upstreamModel: 'secret-model', status: 500, error: 'upstream_unavailable', startedAt: AT, durationMs: 3 }] })
    expect(JSON.stringify(receiptOf(record))).not.toContain('secret')
    expect(receiptOf(record).attempts).toEqual([{ startedAt: new Date(AT).toISOString(), durationMs: 3, status: 500, error: 'upstream_unavailable' }])
  })
})
