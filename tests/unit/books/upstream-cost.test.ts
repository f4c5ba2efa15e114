import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Attempt, CostSnapshot } from '#server/billing/records'
import { toAdminRequest, toRequestReply } from '#server/billing/replies'
import { requestCostOf, upstreamCostOf, withCost } from '#server/billing/upstream-cost'
import { usageClassNames } from '#shared/schemas/price'
import { adminRequest, requestReply } from '#shared/schemas/request'
import { runs } from '../../support/runs'
import { requestRecord } from '../billing-statement/records'

/** 2.5 and 10 dollars a million tokens, at 7.2 credits for a dollar. */
const dollars: CostSnapshot = { prices: { input: 2_500_000_000, output: 10_000_000_000 }, currency: 'USD', rate: 7_200_000_000 }
const attempt: Attempt = { channel: 'main', upstreamModel: 'x', status: 200, error: null, startedAt: 0, durationMs: 1 }

describe('what an upstream takes', () => {
  it('is usage × price × rate, rounded up once', () => {
    expect(upstreamCostOf(dollars, { input: 1_000_000, output: 500_000 }, undefined)).toBe((2_500_000_000 + 5_000_000_000) / 10 * 72)
    expect(upstreamCostOf(dollars, { input: 1 }, undefined)).toBe(18_000)
    expect(upstreamCostOf({ ...dollars, prices: { input: 1 } }, { input: 1 }, undefined)).toBe(1)
    expect(upstreamCostOf({ ...dollars, prices: { input: 0 } }, { input: 1 }, undefined)).toBe(0)
    expect(upstreamCostOf(dollars, {}, undefined)).toBe(0)
  })

  it('knows long requests and pictures, like the prices of the shop', () => {
    const prices = { input: 1_000_000_000, output: 0, image: 40_000_000_000_000, longContext: { above: 10, prices: { input: 2_000_000_000 } }, images: [{ size: '1024x1024', quality: 'any', price: 80_000_000_000_000 }] }
    const cost = { prices, currency: '', rate: 1_000_000_000 }
    expect(upstreamCostOf(cost, { input: 10 }, undefined)).toBe(10_000)
    expect(upstreamCostOf(cost, { input: 11 }, undefined)).toBe(22_000)
    expect(upstreamCostOf(cost, { image: 1 }, undefined)).toBe(40_000_000)
    expect(upstreamCostOf(cost, { image: 2 }, { size: '1024x1024', quality: 'hd' })).toBe(160_000_000)
  })

  it('equals plain rational arithmetic for any prices, usage and rate', () => {
    const table = fc.dictionary(fc.constantFrom(...usageClassNames), fc.nat({ max: 90_000_000_000 }))
    fc.assert(fc.property(fc.dictionary(fc.constantFrom(...usageClassNames), fc.nat({ max: 1_000_000 })), table, fc.integer({ min: 1, max: 20_000_000_000 }), (usage, prices, rate) => {
      const full = { input: 5, output: 7, cachedInput: 5, cacheWrite5m: 5, cacheWrite1h: 5, audioInput: 5, imageInput: 5, reasoning: 7, audioOutput: 7, ...prices }
      const exact = usageClassNames.reduce((sum, name) => sum + BigInt(usage[name] ?? 0) * BigInt((full as Record<string, number>)[name] ?? 0), 0n) * BigInt(rate)
      const cost = BigInt(upstreamCostOf({ prices: full, currency: '', rate }, usage, undefined)!)
      expect(cost * 10n ** 15n >= exact && (cost - 1n) * 10n ** 15n < exact).toBe(true)
    }), { numRuns: runs })
  })

  it('is unknown, not wrong, beyond what a number holds', () => {
    expect(upstreamCostOf({ ...dollars, rate: 9_000_000_000_000_000 }, { output: 1_000_000 }, undefined)).toBeUndefined()
    expect(withCost({ ...attempt, usage: { output: 1_000_000 }, costPrice: { ...dollars, rate: 9_000_000_000_000_000 } }, undefined)).not.toHaveProperty('cost')
  })

  it('is nothing where nothing was used, and unknown where something was used without a price', () => {
    expect(withCost(attempt, undefined)).toEqual({ ...attempt, cost: 0 })
    expect(withCost({ ...attempt, usage: {}, costPrice: dollars }, undefined)).toEqual({ ...attempt, costPrice: dollars, cost: 0 })
    expect(withCost({ ...attempt, usage: { input: 1 } }, undefined)).toEqual({ ...attempt, usage: { input: 1 } })
    expect(withCost({ ...attempt, usage: { input: 1 }, costPrice: dollars }, undefined)).toMatchObject({ cost: 18_000 })
  })

  it('of a request is the sum over its tries, known when that of each is', () => {
    expect(requestCostOf({ attempts: [{ ...attempt, cost: 3 }, { ...attempt, cost: 4 }] })).toEqual({ cost: 7n, known: true })
    expect(requestCostOf({ attempts: [{ ...attempt, cost: 3 }, attempt] })).toEqual({ cost: 3n, known: false })
    expect(requestCostOf({ attempts: [] })).toEqual({ cost: 0n, known: false })
  })
})

describe('who sees it', () => {
  const record = requestRecord(1_700_000_000_000, { cost: 1_000, attempts: [withCost({ ...attempt, channel: 'secret-channel', usage: { input: 1 }, costPrice: dollars }, undefined)] })

  it('admins: cost, margin, currency and rate of each try', () => {
    const reply = adminRequest.parse(toAdminRequest(record, 'anna'))
    expect(reply).toMatchObject({ upstreamCost: '0.000018', margin: '-0.000017', attempts: [{ usage: { input: 1 }, cost: '0.000018', currency: 'USD', rate: '7.2' }] })
  })

  it('admins, of old records: that it is not known', () => {
    const reply = adminRequest.parse(toAdminRequest(requestRecord(1_700_000_000_000), 'anna'))
    expect(reply).toMatchObject({ upstreamCost: null, margin: null, attempts: [{ usage: null, cost: null, currency: null, rate: null }] })
  })

  it('nobody else', () => {
    const text = JSON.stringify(requestReply.parse(toRequestReply(record)))
    for (const secret of ['USD', 'secret-channel', 'upstreamCost', 'margin', '0.000018']) expect(text).not.toContain(secret)
  })
})
