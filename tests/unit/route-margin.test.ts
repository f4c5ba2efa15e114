import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { costOf } from '#server/billing/price'
import { upstreamCostOf } from '#server/billing/upstream-cost'
import { parseSafeNano } from '#shared/utils/money'
import { mapPrices } from '#shared/utils/prices'
import { marginsOfRoute } from '#shared/utils/route-margin'

describe('the margin of a route', () => {
  it('is what the sale price leaves, in credits, however the upstream counts', () => {
    expect(marginsOfRoute({ input: '10', output: '30' }, { input: '1', output: '5' }, '7.2')).toEqual([
      { usageClass: 'input', above: null, picture: null, sale: '10', cost: '7.2', share: 0.28, loss: false },
      { usageClass: 'output', above: null, picture: null, sale: '30', cost: '36', share: -0.2, loss: true },
    ])
  })

  it('takes what a class falls back to, on either side', () => {
    const lines = marginsOfRoute({ input: '2', output: '8' }, { input: '1', output: '4', cachedInput: '0.1', cacheWrite5m: '2.5' }, '1')
    expect(lines.map(({ usageClass, sale, cost, loss }) => [usageClass, sale, cost, loss])).toEqual([
      ['input', '2', '1', false], ['cachedInput', '2', '0.1', false], ['cacheWrite5m', '2', '2.5', true], ['output', '8', '4', false],
    ])
  })

  it('leaves out what one side has no price for, and what is no number yet', () => {
    expect(marginsOfRoute({ input: '2', output: '8' }, { input: 'inexact', output: '4', image: '1' }, '1').map(line => line.usageClass)).toEqual(['output'])
    expect(marginsOfRoute({ input: '2', output: '8' }, { input: '1', output: '4' }, 'x')).toEqual([])
  })

  it('has no share of nothing, and still knows a loss', () => {
    expect(marginsOfRoute({ input: '0', output: '0' }, { input: '0', output: '0.000000001' }, '0.5')).toMatchObject([
      { usageClass: 'input', share: null, loss: false }, { usageClass: 'output', cost: '0.000000001', share: null, loss: true },
    ])
  })

  it('looks at every length at which either side changes its price', () => {
    const sale = { input: '2', output: '8', longContext: { above: 200_000, prices: { input: '4', output: '12' } } }
    const cost = { input: '1', output: '4', longContext: { above: 128_000, prices: { input: '3', output: '6' } } }
    expect(marginsOfRoute(sale, cost, '1').map(({ usageClass, above, sale, cost, loss }) => [usageClass, above, sale, cost, loss])).toEqual([
      ['input', null, '2', '1', false], ['output', null, '8', '4', false],
      ['input', 128_000, '2', '3', true], ['output', 128_000, '8', '6', false],
      ['input', 200_000, '4', '3', false], ['output', 200_000, '12', '6', false],
    ])
  })

  it('looks at pictures of every size and quality', () => {
    const lines = marginsOfRoute({ input: '0', output: '0', image: '40000', images: [{ size: '1024x1024', quality: 'any', price: '50000' }] }, { input: '0', output: '0', image: '45000', images: [{ size: '1024x1024', quality: 'high', price: '60000' }] }, '1')
    expect(lines.filter(line => line.usageClass === 'image').map(({ picture, sale, cost, loss }) => [picture?.quality, sale, cost, loss])).toEqual([
      [undefined, '40000', '45000', true], ['any', '50000', '45000', false], ['high', '50000', '60000', true],
    ])
  })

  it('says a loss exactly where a million units are charged less than they cost', () => {
    const price = fc.integer({ min: 0, max: 2_000 }).map(value => (value / 100).toString())
    fc.assert(fc.property(price, price, price, price, fc.constantFrom('1', '7.2', '0.31', '0.000000001'), (input, output, costIn, costOut, rate) => {
      const [sale, cost] = [{ input, output }, { input: costIn, output: costOut }]
      const nano = (table: typeof sale) => mapPrices(table, (_, text) => parseSafeNano(text)!)
      for (const line of marginsOfRoute(sale, cost, rate)) {
        const usage = { [line.usageClass]: 1_000_000 }
        const charged = costOf({ prices: nano(sale), discount: 0 }, usage)
        const paid = upstreamCostOf({ prices: nano(cost), currency: '', rate: parseSafeNano(rate)! }, usage, undefined)!
        // Both are rounded up to a whole nano; prices as coarse as these meet only where they are equal.
        if (line.loss) expect(charged).toBeLessThanOrEqual(paid)
        else expect(charged).toBeGreaterThanOrEqual(paid)
      }
    }))
  })
})
