import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { costOf, isFree, priceOf } from '#server/billing/price'
import { clampUsage, totalInput, totalOutput } from '#server/billing/usage'
import { usageClassNames } from '#shared/schemas/price'
import type { Usage } from '#shared/schemas/price'
import { displayCredits, formatNano, parseNano, parseSafeNano } from '#shared/utils/money'
import { runs } from '../../support/runs'

const snapshot = (prices: Record<string, number>, discount = 0) => ({ prices, discount })

describe('cost', () => {
  it('multiplies in integers and rounds up to one nano, once', () => {
    // 37.5 nano per token does not fit an integer price per token; per million it does.
    expect(costOf(snapshot({ input: 37_500_000, output: 0 }), { input: 1 })).toBe(38)
    expect(costOf(snapshot({ input: 37_500_000, output: 0 }), { input: 2 })).toBe(75)
    expect(costOf(snapshot({ input: 1, output: 1 }), { input: 1, output: 1 })).toBe(1)
    expect(costOf(snapshot({ input: 0, output: 0 }), { input: 1_000_000 })).toBe(0)
  })

  it('stays exact where floats would not', () => {
    expect(costOf(snapshot({ input: 2_999_999_999_999, output: 1 }), { input: 2_999_999_999 })).toBe(8_999_999_996_997_001)
  })

  it('takes basis points off', () => {
    expect(costOf(snapshot({ input: 1_000_000, output: 0 }, 1_000), { input: 1_000 })).toBe(900)
    expect(costOf(snapshot({ input: 1_000_000, output: 0 }, 10_000), { input: 1_000 })).toBe(0)
  })

  it('charges a class without a price like the class it falls back to, and nothing without either', () => {
    expect(priceOf({ input: 5, output: 7 }, 'cacheWrite1h', 1)).toBe(5)
    expect(priceOf({ input: 5, cacheWrite5m: 6, output: 7 }, 'cacheWrite1h', 1)).toBe(6)
    expect(priceOf({ input: 5, output: 7 }, 'reasoning', 1)).toBe(7)
    expect(priceOf({ input: 5, output: 7 }, 'request', 1)).toBe(0)
    expect(costOf(snapshot({ input: 5_000_000, output: 7_000_000 }), { reasoning: 1, cacheWrite1h: 2, request: 3 })).toBe(17)
    expect(isFree(snapshot({ input: 0, output: 0 }))).toBe(true)
    expect(isFree(snapshot({ input: 0, output: 0, request: 1 }))).toBe(false)
  })

  it('is never less for the whole than the parts rounded down, and never more than one nano a part apart', () => {
    const units = fc.integer({ min: 0, max: 10_000_000 })
    fc.assert(fc.property(units, units, fc.integer({ min: 0, max: 100_000_000_000 }), (one, other, price) => {
      const table = snapshot({ input: price, output: 0 })
      const split = costOf(table, { input: one }) + costOf(table, { input: other })
      const whole = costOf(table, { input: one + other })
      expect(split - whole).toBeGreaterThanOrEqual(0)
      expect(split - whole).toBeLessThanOrEqual(1)
    }), { numRuns: runs })
  })
})

describe('clamping', () => {
  const usage = fc.dictionary(fc.constantFrom(...usageClassNames), fc.integer({ min: 0, max: 1e12 })).map(record => record as Usage)

  it('never leaves more than the limits, never adds, and says when it cut', () => {
    fc.assert(fc.property(usage, fc.nat(1e6), fc.nat(1e6), (given, input, output) => {
      const { usage: kept, clamped } = clampUsage(given, { input, output })
      expect(totalInput(kept)).toBe(Math.min(totalInput(given), input))
      expect(totalOutput(kept)).toBe(Math.min(totalOutput(given), output))
      expect(clamped).toBe(totalInput(given) > input || totalOutput(given) > output)
      for (const name of usageClassNames) expect(kept[name] ?? 0).toBeLessThanOrEqual(given[name] ?? 0)
    }), { numRuns: runs })
  })
})

describe('money text', () => {
  it('goes there and back exactly', () => {
    fc.assert(fc.property(fc.bigInt({ min: -(10n ** 20n), max: 10n ** 20n }), (nano) => {
      expect(parseNano(formatNano(nano))).toBe(nano)
    }), { numRuns: runs })
  })

  it.each(['', ' ', '1e5', '0x10', '1.2.3', '1,5', '+1', '--1', '.5', '1.', '1.0000000001', 'NaN', 'Infinity', '١'])('refuses %j', (text) => {
    expect(parseNano(text)).toBeUndefined()
  })

  it('refuses a balance beyond the safe range', () => {
    expect(parseSafeNano('9007199.254740991')).toBe(Number.MAX_SAFE_INTEGER)
    expect(parseSafeNano('9007199.254740992')).toBeUndefined()
  })

  it.each([
    ['0', '0.00'], ['12.5', '12.50'], ['1234567.891', '1,234,567.891'], ['0.000000001', '< 0.000001'], ['-0.000000001', '> -0.000001'],
    ['0.0000015', '0.000002'], ['0.9999999', '1.00'], ['-1234.5', '-1,234.50'],
  ])('shows %s as %s', (exact, shown) => {
    expect(displayCredits(exact)).toBe(shown)
  })
})
