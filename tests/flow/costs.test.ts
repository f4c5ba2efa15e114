/** What a request costs the shop: every try by the cost prices of its own route, as they were. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { CREDENTIAL, startEndpointsUpstream } from '../support/endpoints-upstream'
import { costOfTokens, openShop, PRICES } from '../support/shop'
import type { Shop } from '../support/shop'

let shop: Shop
beforeEach(async () => {
  shop = await openShop()
})
afterEach(() => shop.close())

const ask = { messages: [{ role: 'user', content: 'Say something about tea.' }] }
/** Half of what it is sold for. */
const half = { input: '0.5', output: '1', cachedInput: '0.25' }

async function sellAt(routes: { channel: string, upstream: string, priority?: number, cost?: typeof half }[]): Promise<string> {
  await shop.models.create({ name: 'tea', description: '', enabled: true, prices: PRICES, routes: routes.map(route => ({ priority: 0, weight: 1, ...route })) })
  return 'tea'
}

async function setRate(costCurrency: string, costRate: string): Promise<void> {
  const { value: { name, dialect, baseUrl, enabled, priority, weight }, version } = await shop.channels.require('sandbox')
  await shop.channels.put('sandbox', { name, dialect, baseUrl, enabled, priority, weight, costCurrency, costRate, version })
}

describe.each([false, true])('upstream cost, streamed: %s', (stream) => {
  it('is what the served try used, at the rate of its channel then', async () => {
    await setRate('USD', '7.2')
    const model = await sellAt([{ channel: 'sandbox', upstream: 'sandbox-text', cost: half }])
    await (await shop.chat({ model, stream, ...ask })).text()
    const record = await shop.settled()
    const { input = 0, output = 0 } = record.usage
    expect(record.cost).toBe(costOfTokens(input, output))
    expect(record.attempts).toMatchObject([{ usage: record.usage, cost: (input * 500 + output * 1_000) / 10 * 72, costPrice: { currency: 'USD', rate: 7_200_000_000, prices: { input: 500_000_000, output: 1_000_000_000 } } }])
    await setRate('USD', '8')
    expect(await shop.settled()).toEqual(record)
    await shop.requireBooks()
  })

  it('is unknown where nobody typed prices', async () => {
    const model = await sellAt([{ channel: 'sandbox', upstream: 'sandbox-text' }])
    await (await shop.chat({ model, stream, ...ask })).text()
    const { attempts: [attempt], usage } = await shop.settled()
    expect(attempt).toMatchObject({ usage })
    expect(attempt).not.toHaveProperty('cost')
    expect(attempt).not.toHaveProperty('costPrice')
  })

  it('is nothing for a try that reported nothing, and stands with the one that served', async () => {
    await shop.addChannel('down')
    const model = await sellAt([{ channel: 'down', upstream: 'sandbox-error-500', priority: 9, cost: half }, { channel: 'sandbox', upstream: 'sandbox-text', cost: half }])
    await (await shop.chat({ model, stream, ...ask })).text()
    const record = await shop.settled()
    expect(record.attempts).toMatchObject([{ channel: 'down', cost: 0 }, { channel: 'sandbox', cost: record.cost / 2 }])
    expect(record.attempts[0]).not.toHaveProperty('usage')
  })

  it('is nothing for a request nobody could serve', async () => {
    const model = await sellAt([{ channel: 'sandbox', upstream: 'sandbox-error-500', cost: half }])
    await (await shop.chat({ model, stream, ...ask })).text()
    expect(await shop.settled()).toMatchObject({ cost: 0, attempts: [{ cost: 0 }] })
  })
})

it('counts what a failed try had reported before it failed', async () => {
  await shop.addChannel('cut', { dialect: 'anthropic', vendor: 'anthropic', baseUrl: shop.sandbox.upstream.anthropic.baseUrl, credentials: [shop.sandbox.upstream.anthropic.apiKey] })
  const model = await sellAt([{ channel: 'cut', upstream: 'sandbox-cut-before', priority: 9, cost: half }, { channel: 'sandbox', upstream: 'sandbox-text', cost: half }])
  await (await shop.chat({ model, stream: true, ...ask })).text()
  const { attempts: [failed, served], cost } = await shop.settled()
  expect(failed).toMatchObject({ channel: 'cut', error: 'upstream_cut', cost: (failed?.usage?.input ?? 0) * 500 + (failed?.usage?.output ?? 0) * 1_000 })
  expect(failed?.cost).toBeGreaterThan(0)
  expect(served).toMatchObject({ channel: 'sandbox', cost: cost / 2 })
  await shop.requireBooks()
})

it('takes pictures as they were made, though they are sold for what was asked', async () => {
  const upstream = await startEndpointsUpstream()
  await shop.addChannel('endpoints', { baseUrl: upstream.baseUrl, credentials: [CREDENTIAL] })
  const images = [{ size: '1536x1024', quality: 'high', price: '60000' }]
  const pictures = { input: '0', output: '0', image: '10000', images }
  await shop.models.create({ name: 'draw', description: '', enabled: true, prices: pictures, routes: [{ channel: 'endpoints', upstream: 'telling', priority: 0, weight: 1, cost: pictures }] })
  await (await fetch(`${shop.url}/v1/images/generations`, { method: 'POST', headers: { authorization: `Bearer ${shop.key}` }, body: JSON.stringify({ model: 'draw', prompt: 'tea', size: '1536x1024', quality: 'medium' }) })).text()
  const { cost, attempts } = await shop.settled()
  expect({ cost, upstream: attempts[0]?.cost }).toEqual({ cost: 10_000_000, upstream: 60_000_000 })
  await upstream.close()
})
