/** Pictures by size and quality. */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { costOf, dearest, isFree, isPriced, pictureCharged } from '#server/billing/price'
import type { PriceSnapshot } from '#server/billing/records'
import type { Picture, PriceTable } from '#shared/schemas/price'
import { picturePriceOf } from '#shared/utils/prices'
import { runs } from '../../support/runs'

/** Nano each. */
const table: PriceTable<number> = {
  input: 0,
  output: 0,
  image: 40_000_000,
  images: [
    { size: '1024x1024', quality: 'high', price: 170_000_000 },
    { size: '1024x1024', quality: 'any', price: 50_000_000 },
    { size: 'any', quality: 'high', price: 250_000_000 },
    { size: 'any', quality: 'low', price: 10_000_000 },
  ],
}
const picture = (size: string | null, quality: string | null): Picture => ({ size, quality })
const snapshot = (asked: Picture, discount = 0): PriceSnapshot => ({ prices: table, discount, picture: asked })

describe('a picture', () => {
  it.each<[string | null, string | null, number]>([
    ['1024x1024', 'high', 170],
    ['1024x1024', 'low', 50],
    ['1024x1024', null, 50],
    ['1536x1024', 'high', 250],
    [null, 'low', 10],
    ['1536x1024', 'medium', 40],
    [null, null, 40],
  ])('of %s and %s has the most exact price there is', (size, quality, each) => {
    expect(costOf(snapshot(picture(size, quality)), { image: 3 })).toBe(3 * each)
    expect(costOf(snapshot(picture(size, quality), 1_000), { image: 3 })).toBe(Math.ceil(3 * each * 0.9))
  })

  it('has one price where its size is never asked, and when a record is older than these prices', () => {
    expect(costOf({ prices: table, discount: 0 }, { image: 3 })).toBe(120)
    const { images: _, ...plain } = table
    expect(costOf({ prices: plain, discount: 0, picture: picture('1024x1024', 'high') }, { image: 3 })).toBe(120)
  })

  it('is no gift while one kind of it costs something', () => {
    const prices: PriceTable<number> = { input: 0, output: 0, image: 0, images: [{ size: 'any', quality: 'high', price: 1 }] }
    expect(isFree({ prices, discount: 0 })).toBe(false)
    expect([isPriced(prices, 'image'), isPriced(prices, 'request')]).toEqual([true, false])
  })

  it('is held for the dearest that may come of what the request leaves open', () => {
    const held = (size: string | null, quality: string | null) => costOf(dearest(snapshot(picture(size, quality))), { image: 1 })
    expect(held('1024x1024', 'high')).toBe(170)
    expect(held('1024x1024', null)).toBe(170)
    expect(held('1536x1024', null)).toBe(250)
    expect(held(null, 'low')).toBe(50)
    expect(held(null, 'medium')).toBe(50)
    expect(held(null, null)).toBe(250)
    expect(dearest({ prices: table, discount: 0 })).toEqual({ prices: table, discount: 0 })
  })

  it('is charged as the upstream says it became, but never dearer than what was asked for', () => {
    expect(pictureCharged(table, picture(null, null), picture('1024x1024', 'high'))).toEqual(picture('1024x1024', 'high'))
    expect(pictureCharged(table, picture('1024x1024', null), picture(null, 'high'))).toEqual(picture('1024x1024', 'high'))
    expect(pictureCharged(table, picture('1536x1024', 'high'), picture('1024x1024', 'high'))).toEqual(picture('1024x1024', 'high'))
    expect(pictureCharged(table, picture('1024x1024', 'low'), picture('1536x1024', 'high'))).toEqual(picture('1024x1024', 'low'))
    expect(pictureCharged(table, picture('1024x1024', 'low'), picture(null, null))).toEqual(picture('1024x1024', 'low'))
  })

  it('never costs more than was held, whatever comes', () => {
    const words = fc.constantFrom('1024x1024', 'high', 'low', 'other', null)
    const pictures = fc.record({ size: words, quality: words })
    const entries = fc.uniqueArray(fc.record({ size: fc.constantFrom('any', '1024x1024', 'other'), quality: fc.constantFrom('any', 'high', 'low'), price: fc.integer({ min: 0, max: 100_000_000 }) }), { selector: ({ size, quality }) => `${size} ${quality}` })
    fc.assert(fc.property(entries, fc.integer({ min: 0, max: 100_000_000 }), pictures, pictures, (images, image, asked, made) => {
      const prices = { image, images }
      const charged = pictureCharged(prices, asked, made)
      const cost = costOf({ prices, discount: 0, picture: charged }, { image: 1 })
      expect(cost).toBeLessThanOrEqual(costOf(dearest({ prices, discount: 0, picture: asked }), { image: 1 }))
      const fits = picturePriceOf(prices, charged)
      if (fits) expect([[charged.size, 'any'], [charged.quality, 'any']].every((words, index) => words.includes(index === 0 ? fits.size : fits.quality))).toBe(true)
    }), { numRuns: runs })
  })
})
