import { describe, expect, it } from 'vitest'
import type { Ledger } from '#server/billing/ledger'
import type { Hold, PriceSnapshot } from '#server/billing/records'
import type { ClientRequest } from '#server/dialects/dialect'
import { imageGenerations } from '#server/endpoints/index'
import { createBudget } from '#server/gateway/budget'
import type { OpenRequest } from '#server/gateway/open-request'
import { createQuotes } from '#server/gateway/quote'
import type { Usage } from '#shared/schemas/price'

/** 1,000 and 2,000 nano a token, 3,000 and 5,000 above 1,000 tokens of input. */
const price: PriceSnapshot = { prices: { input: 1_000_000_000, output: 2_000_000_000, longContext: { above: 1_000, prices: { input: 3_000_000_000, output: 5_000_000_000 } } }, discount: 0 }
const request = (change: Partial<ClientRequest>): ClientRequest => ({ body: new Uint8Array(0), model: 'm', stream: true, wantsUsage: false, outputMax: 500, choices: 1, textBytes: 0, mediaParts: 0, needs: [], dropped: [], headers: {}, jsonArray: false, ...change })

describe('a quote', () => {
  it('is for the tier the estimated input falls into', () => {
    const { quote } = createQuotes()
    expect(quote('mdl', price, request({ textBytes: 2_000 }))).toMatchObject({ inputTokens: 1_000, wanted: 1_000 * 1_000 + 500 * 2_000, least: 1_000 * 1_000 + 256 * 2_000 })
    expect(quote('mdl', price, request({ textBytes: 2_002 }))).toMatchObject({ inputTokens: 1_001, wanted: 1_001 * 3_000 + 500 * 5_000, least: 1_001 * 3_000 + 256 * 5_000 })
  })

  it('is for the dearest picture the request leaves open, and refuses only below what is likely', () => {
    const draw = imageGenerations.readRequest(Buffer.from(JSON.stringify({ model: 'm', prompt: 'tea', n: 2, size: '1024x1024' })), { path: '', query: new URLSearchParams(), headers: {} })
    const prices = { input: 0, output: 0, image: 1_000_000, images: [{ size: 'any', quality: 'hd', price: 3_000_000 }, { size: '1792x1024', quality: 'any', price: 9_000_000 }] }
    expect(createQuotes().quote('mdl', { prices, discount: 0, picture: draw.units!.picture! }, draw)).toMatchObject({ wanted: 6, least: 2 })
  })
})

describe('a hold that grows', () => {
  /** What the ledger is asked for by a stream of so many tokens. */
  function growthOf(parts: Pick<OpenRequest, 'hold' | 'quote' | 'request'>, used: number, reported: Usage | undefined): number[] {
    const asked: number[] = []
    const ledger = { extend: (_: Hold, more: number) => {
      asked.push(more)
      return Promise.resolve(parts.hold)
    } } as Partial<Ledger> as Ledger
    const metered = () => ({ usage: reported, clamped: false, text: () => '', textBytes: 0, contentFrames: used, finished: false })
    createBudget({ ...parts, metered } as Partial<OpenRequest> as OpenRequest, ledger, () => {}).isSpent()
    return asked
  }

  /** With most of 1,000 tokens used, where the input turns out to be as long as reported. */
  function askedFor(estimated: number, reported: Usage | undefined): number[] {
    return growthOf({ hold: { price, amount: 1 } as Hold, request: request({}), quote: { inputTokens: estimated, outputTokens: 1_000, wanted: 1, least: 1 } }, 800, reported)
  }

  it('grows at the price of its tier', () => {
    expect(askedFor(1_000, undefined)).toEqual([2_000 * 2_000])
    expect(askedFor(1_001, undefined)).toEqual([2_000 * 5_000])
    expect(askedFor(1_000, { input: 10 })).toEqual([2_000 * 2_000])
  })

  it('pays for the dearest picture first where the balance was short', () => {
    const prices = { input: 0, output: 1_000_000_000, image: 0, images: [{ size: 'any', quality: 'hd', price: 1_000_000_000_000 }] }
    const hold = { price: { prices, discount: 0, picture: { size: null, quality: null } }, amount: 1_500_000 } as Hold
    const parts = { hold, request: request({ units: { most: { image: 1 }, expected: { image: 1 } } }), quote: { inputTokens: 0, outputTokens: 1_000, wanted: 2_000_000, least: 1 } }
    expect(growthOf(parts, 349, undefined)).toEqual([])
    expect(growthOf(parts, 350, undefined)).toEqual([2_000 * 1_000])
  })

  it('makes up for all that was held too cheaply once the upstream reports a long input', () => {
    expect(askedFor(1_000, { cachedInput: 900, input: 600 })).toEqual([1_500 * 3_000 + 3_000 * 5_000 - 1_000 * 1_000 - 1_000 * 2_000])
    // Never for more than the bytes can be: 2,000 tokens above them.
    expect(askedFor(1_000, { input: Number.MAX_SAFE_INTEGER })).toEqual([2_000 * 3_000 + 3_000 * 5_000 - 1_000 * 1_000 - 1_000 * 2_000])
  })
})
