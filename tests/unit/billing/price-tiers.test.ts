/** Long requests: every token of them has another price. */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { costOf, isFree, isPriced, priceOf } from '#server/billing/price'
import type { PriceSnapshot } from '#server/billing/records'
import { toRequestReply } from '#server/billing/replies'
import { totalInput } from '#server/billing/usage'
import { holdFor } from '#server/gateway/quote'
import { inputClasses, outputClasses, prices as pricesSchema, usageClasses, usageClassNames } from '#shared/schemas/price'
import type { PriceTable, TokenClass, Usage, UsageClass } from '#shared/schemas/price'
import { requestReply } from '#shared/schemas/request'
import { formatNano } from '#shared/utils/money'
import { mapPrices } from '#shared/utils/prices'
import { runs } from '../../support/runs'
import { requestRecord } from '../billing-statement/records'

const ABOVE = 200_000
/** 1,000 and 2,000 nano a token; 3,000 and 5,000 in long requests. */
const table: PriceTable<number> = {
  input: 1_000_000_000,
  output: 2_000_000_000,
  cachedInput: 100_000_000,
  reasoning: 2_500_000_000,
  request: 7_000_000,
  longContext: { above: ABOVE, prices: { input: 3_000_000_000, output: 5_000_000_000 } },
}
const snapshot = (prices = table, discount = 0): PriceSnapshot => ({ prices, discount })
const tokenClasses: TokenClass[] = [...inputClasses, ...outputClasses]

describe('a long request', () => {
  it('costs more from the first token on, as soon as its whole input is one token longer', () => {
    expect(costOf(snapshot(), { input: ABOVE, output: 10 })).toBe(ABOVE * 1_000 + 10 * 2_000)
    expect(costOf(snapshot(), { input: ABOVE + 1, output: 10 })).toBe((ABOVE + 1) * 3_000 + 10 * 5_000)
  })

  it('is long by what was cached, written to the cache or heard, and not by what it answers', () => {
    for (const name of inputClasses.filter(name => name !== 'input')) {
      expect(costOf(snapshot(), { input: ABOVE - 1, [name]: 2, output: 1 })).toBe((ABOVE + 1) * 3_000 + 5_000)
    }
    expect(costOf(snapshot(), { input: ABOVE, output: 300_000, reasoning: 300_000 })).toBe(ABOVE * 1_000 + 300_000 * 4_500)
  })

  it('charges a class by its own price in the tier, else by what it falls back to there, else as ever', () => {
    const long = ABOVE + 1
    expect(priceOf(table, 'cachedInput', long)).toBe(3_000_000_000)
    expect(priceOf(table, 'reasoning', long)).toBe(5_000_000_000)
    expect(priceOf(table, 'request', long)).toBe(7_000_000)
    const own = { ...table, longContext: { above: ABOVE, prices: { cachedInput: 200_000_000, cacheWrite5m: 4_000_000_000 } } }
    expect(priceOf(own, 'cachedInput', long)).toBe(200_000_000)
    expect(priceOf(own, 'cacheWrite1h', long)).toBe(4_000_000_000)
    expect(priceOf(own, 'audioInput', long)).toBe(1_000_000_000)
    expect(priceOf(own, 'reasoning', long)).toBe(2_500_000_000)
    expect(priceOf(own, 'cachedInput', ABOVE)).toBe(100_000_000)
  })

  it('is free only where both kinds are', () => {
    const gift = { input: 0, output: 0, longContext: { above: 5, prices: { output: 1 } } }
    expect(isFree(snapshot(gift))).toBe(false)
    expect([isPriced(gift, 'input'), isPriced(gift, 'output')]).toEqual([false, true])
    expect(isFree(snapshot({ ...gift, longContext: { above: 5, prices: { output: 0 } } }))).toBe(true)
  })

  it('is held at its own prices, for the dearer of what an answer may be', () => {
    expect(holdFor(snapshot(), ABOVE, 100)).toBe(ABOVE * 1_000 + 100 * 2_500 + 7)
    expect(holdFor(snapshot(), ABOVE + 1, 100)).toBe((ABOVE + 1) * 3_000 + 100 * 5_000 + 7)
  })

  it('is shown with the tier it was charged by, and records from before there were tiers can be read', () => {
    const reply = toRequestReply(requestRecord(0, { price: snapshot() }))
    expect(requestReply.strict().parse(reply).prices.longContext).toEqual({ above: ABOVE, prices: { input: '3', output: '5' } })
    const old = requestReply.strict().parse(toRequestReply(requestRecord(0)))
    expect(old).toMatchObject({ prices: { input: '0.000000001', output: '0.000000002' }, picture: null })
    expect(old.prices).not.toHaveProperty('longContext')
  })
})

it('counts every class that falls back to input as input, and every one that falls back to output as output', () => {
  const rootOf = (name: UsageClass): UsageClass => usageClasses[name] ? rootOf(usageClasses[name]) : name
  const falling = (root: UsageClass) => usageClassNames.filter(name => rootOf(name) === root).sort()
  expect(falling('input')).toEqual([...inputClasses].sort())
  expect(falling('output')).toEqual([...outputClasses].sort())
})

describe('any table an admin may save', () => {
  const nano = fc.integer({ min: 0, max: 5_000_000_000 })
  const classPrices = fc.dictionary(fc.constantFrom(...tokenClasses), nano)
  const tables = fc.record({ input: nano, output: nano, own: classPrices, tier: classPrices, above: fc.integer({ min: 1, max: 5_000 }) })
    .map(({ input, output, own, tier, above }): PriceTable<number> => ({ ...own, input, output, longContext: { above, prices: tier } }))
    .filter(made => pricesSchema.safeParse(mapPrices(made, (_, price) => formatNano(price))).success)
  const usages = fc.dictionary(fc.constantFrom(...usageClassNames), fc.integer({ min: 0, max: 3_000 })).map(record => record as Usage)
  const discounts = fc.integer({ min: 0, max: 10_000 })

  it('charges Σ units × price, less the discount, rounded up once', () => {
    fc.assert(fc.property(tables, usages, discounts, (prices, usage, discount) => {
      const long = totalInput(usage) > prices.longContext!.above
      const chain: Record<TokenClass, TokenClass[]> = { input: ['input'], cachedInput: ['cachedInput', 'input'], cacheWrite5m: ['cacheWrite5m', 'input'], cacheWrite1h: ['cacheWrite1h', 'cacheWrite5m', 'input'], audioInput: ['audioInput', 'input'], imageInput: ['imageInput', 'input'], output: ['output'], reasoning: ['reasoning', 'output'], audioOutput: ['audioOutput', 'output'] }
      const sum = tokenClasses.reduce((total, name) => {
        const candidates = [...(long ? chain[name].map(like => prices.longContext!.prices[like]) : []), ...chain[name].map(like => prices[like])]
        return total + BigInt(usage[name] ?? 0) * BigInt(candidates.find(price => price !== undefined)!)
      }, 0n)
      const exact = sum * BigInt(10_000 - discount)
      const cost = BigInt(costOf(snapshot(prices, discount), usage))
      const divisor = 1_000_000n * 10_000n
      expect(cost * divisor >= exact && (cost - 1n) * divisor < exact).toBe(true)
    }), { numRuns: runs })
  })

  it('never charges less for more', () => {
    fc.assert(fc.property(tables, usages, fc.constantFrom(...usageClassNames), fc.integer({ min: 0, max: 6_000 }), discounts, (prices, usage, name, more, discount) => {
      const price = snapshot(prices, discount)
      expect(costOf(price, { ...usage, [name]: (usage[name] ?? 0) + more })).toBeGreaterThanOrEqual(costOf(price, usage))
    }), { numRuns: runs })
  })

  it('charges a request at the border as if there were no tier, and above as if there were nothing else', () => {
    fc.assert(fc.property(tables, usages, (prices, { input: _, ...rest }) => {
      const { longContext, ...short } = prices
      const usage: Usage = { ...rest, input: Math.max(0, longContext!.above - totalInput(rest)) }
      const cost = costOf(snapshot(prices), usage)
      if (totalInput(usage) === longContext!.above) {
        expect(cost).toBe(costOf(snapshot(short), usage))
        usage.input = usage.input! + 1
      }
      const long = Object.fromEntries(tokenClasses.map(name => [name, priceOf(prices, name, longContext!.above + 1)]))
      expect(costOf(snapshot(prices), usage)).toBe(costOf(snapshot(long), usage))
    }), { numRuns: runs })
  })

  it('holds enough for the tokens it expects', () => {
    fc.assert(fc.property(tables, fc.integer({ min: 0, max: 10_000 }), fc.integer({ min: 0, max: 10_000 }), (prices, input, output) => {
      const held = holdFor(snapshot(prices), input, output)
      expect(held).toBeGreaterThanOrEqual(costOf(snapshot(prices), { input, output }))
      expect(held).toBeGreaterThanOrEqual(costOf(snapshot(prices), { input, reasoning: output }))
    }), { numRuns: runs })
  })
})
