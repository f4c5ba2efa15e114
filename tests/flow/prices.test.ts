/** Prices that depend on the request: a longer input, a larger picture. Charged to the nano, and never less than held for. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { Prices } from '#shared/schemas/price'
import { replyOf } from '../../sandbox/index.ts'
import { CREDENTIAL, SOUND, startEndpointsUpstream } from '../support/endpoints-upstream'
import type { EndpointsUpstream } from '../support/endpoints-upstream'
import { openShop } from '../support/shop'
import type { Shop } from '../support/shop'

const START = 1_000_000_000

let shop: Shop
beforeEach(async () => {
  shop = await openShop({ available: START })
})
afterEach(() => shop.close())

async function requireCharged(cost: number): Promise<void> {
  expect(await shop.settled()).toMatchObject({ cost, status: 200, endReason: 'completed' })
  expect(await shop.ledger.balance(shop.user)).toEqual({ available: START - cost, held: 0, open: 0 })
  await shop.requireBooks()
}

describe('a long request', () => {
  const ask = { messages: [{ role: 'user', content: `${'Leaves of tea. '.repeat(40)}说说茶吧。` }] }
  /** 1,000, 500 and 2,000 nano a token; 3,000, 1,500 and 5,000 above. */
  const pricesAbove = (above: number): Prices => ({ input: '1', cachedInput: '0.5', output: '2', longContext: { above, prices: { input: '3', cachedInput: '1.5', output: '5' } } })

  describe.each([false, true])('streamed: %s', (stream) => {
    it.each([[0, 1], [1, 3]])('is charged by its whole input: %i over the border', async (over, each) => {
      const { promptTokens, completionTokens } = replyOf('sandbox-text', { model: 'sandbox-text', ...ask })
      const prices = pricesAbove(promptTokens - over)
      const model = await shop.sell('sandbox-text', { prices })
      await (await shop.chat({ model, stream, ...ask })).text()
      await requireCharged(promptTokens * each * 1_000 + completionTokens * (over ? 5_000 : 2_000))
      const record = await shop.settled()
      expect(record.price.prices.longContext).toEqual({ above: promptTokens - over, prices: { input: 3_000_000_000, cachedInput: 1_500_000_000, output: 5_000_000_000 } })
      // Bytes guess more input than there is, so that both were held at the dearer price.
      expect(record.hold).toBeGreaterThan(promptTokens * 3_000 + 4_096 * 5_000)
    })

    it('counts what was cached among its input', async () => {
      const { promptTokens, cachedTokens, completionTokens } = replyOf('sandbox-cached', { model: 'sandbox-cached', ...ask })
      expect(cachedTokens).toBeGreaterThan(0)
      const model = await shop.sell('sandbox-cached', { prices: pricesAbove(promptTokens - 1) })
      await (await shop.chat({ model, stream, ...ask })).text()
      await requireCharged((promptTokens - cachedTokens) * 3_000 + cachedTokens * 1_500 + completionTokens * 5_000)
    })
  })

  it('is held at the normal price while its bytes cannot be that many tokens', async () => {
    const model = await shop.sell('sandbox-text', { prices: pricesAbove(200_000) })
    await (await shop.chat({ model, max_tokens: 100, ...ask })).text()
    const { hold } = await shop.settled()
    expect(hold).toBeLessThan(JSON.stringify(ask).length * 1_000 + 100 * 2_000)
  })

  it('is refused with what is needed at its price', async () => {
    const model = await shop.sell('sandbox-text', { prices: { input: '1', output: '2', longContext: { above: 10, prices: { output: '9999' } } } })
    const response = await shop.chat({ model, ...ask })
    expect(response.status).toBe(402)
    expect(shop.sandbox.upstream.requests()).toEqual([])
  })
})

describe('pictures of two sizes', () => {
  let upstream: EndpointsUpstream
  beforeEach(async () => {
    upstream = await startEndpointsUpstream()
    await shop.addChannel('endpoints', { baseUrl: upstream.baseUrl, credentials: [CREDENTIAL] })
  })
  afterEach(() => upstream.close())

  /** 10,000,000 nano each, 20,000,000 for the larger, 60,000,000 for the larger and finer. */
  const prices: Prices = {
    input: '0',
    output: '0',
    image: '10000',
    images: [{ size: '1536x1024', quality: 'any', price: '20000' }, { size: '1536x1024', quality: 'high', price: '60000' }],
  }
  const sell = (upstreamModel: string, change: Partial<Prices> = {}) => shop.sell(upstreamModel, { name: 'draw', prices: { ...prices, ...change }, routes: [{ channel: 'endpoints', upstream: upstreamModel }] })
  const headers = () => ({ authorization: `Bearer ${shop.key}` })
  const draw = async (body: Record<string, unknown>) => (await fetch(`${shop.url}/v1/images/generations`, { method: 'POST', headers: headers(), body: JSON.stringify({ prompt: 'tea', ...body }) })).text()

  it.each([
    [{ size: '1024x1024' }, 2, { size: '1024x1024', quality: null }, 10, 10],
    [{ size: '1536x1024', quality: 'low' }, 2, { size: '1536x1024', quality: 'low' }, 20, 20],
    [{ size: '1536×1024', quality: 'High' }, 2, { size: '1536x1024', quality: 'high' }, 60, 60],
    [{ size: '1536x1024' }, 2, { size: '1536x1024', quality: null }, 20, 60],
    [{ size: 'auto', quality: 'any' }, 2, { size: null, quality: null }, 10, 60],
  ])('are charged as asked for: %j', async (asked, n, picture, each, held) => {
    const model = await sell('silent')
    await draw({ model, n, ...asked })
    await requireCharged(n * each * 1_000_000)
    const { usage, price, hold } = await shop.settled()
    expect({ usage, picture: price.picture, hold }).toEqual({ usage: { image: n, request: 1 }, picture, hold: n * held * 1_000_000 })
  })

  it.each([false, true])('are charged as the answer says where the request left it open; streamed: %s', async (stream) => {
    const model = await sell('telling')
    await draw({ model, stream })
    await requireCharged(60_000_000)
    expect((await shop.settled()).price.picture).toEqual({ size: '1536x1024', quality: 'high' })
  })

  it('never cost more than what was asked for', async () => {
    const model = await sell('telling')
    await draw({ model, size: '1536x1024', quality: 'medium' })
    await requireCharged(20_000_000)
  })

  it('are charged by reported tokens where those have the price', async () => {
    const model = await sell('telling', { input: '1', output: '2', image: '0', images: [] })
    await draw({ model, size: '1536x1024' })
    await requireCharged(12 * 1_000 + 4_160 * 2_000)
    expect(await shop.settled()).toMatchObject({ chargeRule: 'reported' })
  })

  it('are edited in a size, too', async () => {
    const model = await sell('plain')
    const form = new FormData()
    for (const [name, value] of [['model', model], ['prompt', 'tea'], ['size', '1536x1024'], ['quality', 'high']] as const) form.append(name, value)
    form.append('image', new Blob([new Uint8Array(SOUND)]), 'tea.png')
    await (await fetch(`${shop.url}/v1/images/edits`, { method: 'POST', headers: headers(), body: form })).text()
    await requireCharged(60_000_000)
  })

  it('need a size that is text', async () => {
    const model = await sell('plain')
    expect(await draw({ model, size: { width: 4096 } })).toContain('size: ')
    expect(upstream.seen).toEqual([])
  })
})
