import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { NANO_PER_CREDIT } from '#shared/utils/money'
import { topUpOf } from '#shared/utils/top-up'

const terms = { rate: '1.5', tiers: [{ from: '500', bonus: 1000 }, { from: '100', bonus: 500 }], firstBonus: 0 }
const nano = (credits: number) => BigInt(credits * NANO_PER_CREDIT)

describe('what a payment buys', () => {
  it('is money times rate, and the tier it reaches', () => {
    expect(topUpOf('99.99', terms)).toEqual({ credit: 149_985_000_000n, bonus: 0n })
    expect(topUpOf('100', terms)).toEqual({ credit: nano(150), bonus: nano(7.5) })
    expect(topUpOf('500.00', terms)).toEqual({ credit: nano(750), bonus: nano(75) })
  })

  it('finds the largest tier whatever order they stand in', () => {
    expect(topUpOf('500', { ...terms, tiers: [...terms.tiers].reverse() })).toEqual(topUpOf('500', terms))
  })

  it('adds the first bonus to the tier', () => {
    expect(topUpOf('100', { ...terms, firstBonus: 2000 })).toEqual({ credit: nano(150), bonus: nano(37.5) })
  })

  it('rounds down, never up', () => {
    expect(topUpOf('0.01', { rate: '0.000000001', tiers: [], firstBonus: 10_000 })).toEqual({ credit: 0n, bonus: 0n })
    expect(topUpOf('0.03', { rate: '0.000000099', tiers: [], firstBonus: 5000 })).toEqual({ credit: 2n, bonus: 1n })
  })

  it('refuses what is no plain amount', () => {
    expect(topUpOf('100', { ...terms, firstBonus: Number.NaN })).toBeUndefined()
    for (const money of ['', 'ten', '-1', '1e3', '0x10']) expect(topUpOf(money, terms)).toBeUndefined()
  })

  it('never gives more than money × rate × (1 + bonus), and less than it by under two nano', () => {
    fc.assert(fc.property(fc.integer({ min: 1, max: 99_999_999 }), fc.integer({ min: 1, max: 5_000_000_000 }), fc.integer({ min: 0, max: 10_000 }), (cents, rate, points) => {
      const text = (value: number, digits: number) => `${Math.floor(value / 10 ** digits)}.${String(value % 10 ** digits).padStart(digits, '0')}`
      const { credit, bonus } = topUpOf(text(cents, 2), { rate: text(rate, 9), tiers: [], firstBonus: points })!
      const exact = BigInt(cents) * BigInt(rate) * BigInt(10_000 + points)
      const given = (credit + bonus) * 1_000_000n
      expect(given <= exact && exact - given < 3n * 1_000_000n).toBe(true)
    }))
  })
})
