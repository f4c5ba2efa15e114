import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { costOf, linesOf } from '#server/billing/price'
import { toReceipt } from '#server/billing/receipt'
import type { Entry, RequestRecord } from '#server/billing/records'
import { receipt } from '#shared/schemas/receipt'
import { usageClassNames } from '#shared/schemas/price'
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
