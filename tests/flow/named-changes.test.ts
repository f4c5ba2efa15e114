import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { dialectIds } from '#shared/schemas/channel'
import type { DialectId } from '#shared/schemas/channel'
import { vendors } from '#shared/schemas/vendors'
import type { VendorId } from '#shared/schemas/vendors'
import { agents } from '../support/agents'
import { channelOf, openDialectShop } from '../support/dialect-shop'
import type { Shop } from '../support/shop'

/** What had to be changed on the way to an upstream stands in `x-vapor-converted`, also where both speak one dialect. */
let shop: Shop
const THINKING = 'sandbox-thinking-tools'
const moved = (to: DialectId): string => `moved.${to}`

beforeAll(async () => {
  shop = await openDialectShop([THINKING, 'sandbox-text'])
  for (const dialect of dialectIds) await shop.sell(THINKING, { name: moved(dialect), routes: [{ channel: channelOf(dialect), upstream: THINKING }] })
})
beforeEach(() => shop.sandbox.upstream.clear())
afterAll(() => shop.close())

const tools = [{ name: 'look_up', description: 'Looks something up', parameters: { type: 'object', properties: { word: { type: 'string' } }, required: ['word'] } }]
const droppedOf = (converted: string | null | undefined): string[] => (/dropped=([^;]*)/.exec(converted ?? '')?.[1] ?? '').split(',').filter(Boolean)

describe.each(dialectIds)('a conversation of %s that comes back to a channel of its own dialect', (client) => {
  // Chat has Google's very field for signatures; Gemini's thinking is that of the others.
  const from: DialectId = client === 'anthropic' ? 'gemini' : 'anthropic'

  it('is told that thinking made elsewhere was left behind, and told nothing when there was none', async () => {
    const agent = agents[client]({ url: shop.url, key: shop.key, tools })
    agent.say('Which tea goes with rain?')
    const { calls } = await agent.ask({ model: `${from}.${THINKING}`, stream: false })
    agent.give(calls.map(call => ({ call, text: 'Pu-erh' })))
    await agent.ask({ model: moved(client), stream: true })
    const record = await shop.settled()
    expect(record.converted).toMatch(new RegExp(`^${client}>${client}; `))
    expect(droppedOf(record.converted)).toContain('reasoning')
    expect(record.converted!.length).toBeLessThanOrEqual(512)

    const loyal = agents[client]({ url: shop.url, key: shop.key, tools })
    loyal.say('Which tea goes with rain?')
    const begun = await loyal.ask({ model: moved(client), stream: false })
    loyal.give(begun.calls.map(call => ({ call, text: 'Pu-erh' })))
    await loyal.ask({ model: moved(client), stream: false })
    expect(droppedOf((await shop.settled()).converted)).not.toContain('reasoning')
  })
})

it('what a vendor knows by another name is named', async () => {
  const { upstream } = shop.sandbox
  const vendor = Object.entries(vendors).find(([, { quirks }]) => quirks.maxTokens === 'max_tokens' && quirks.developerRole === false)?.[0]
  expect(vendor).toBeDefined()
  await shop.channels.create({ id: 'plain', name: 'plain', dialect: 'openai-chat', vendor: vendor as VendorId, baseUrl: upstream.baseUrl, enabled: true, priority: 0, weight: 1, credentials: [upstream.apiKey] })
  await shop.sell('sandbox-text', { name: 'plain', routes: [{ channel: 'plain', upstream: 'sandbox-text' }] })
  const response = await shop.chat({ model: 'plain', max_completion_tokens: 300, messages: [{ role: 'developer', content: 'Be brief.' }, { role: 'user', content: 'Tea?' }] })
  expect(response.headers.get('x-vapor-converted')).toBe('openai-chat>openai-chat; renamed=max_completion_tokens,messages.role')
  expect(JSON.parse(upstream.requests()[0]!.body.toString('utf8'))).toMatchObject({ max_tokens: 300, messages: [{ role: 'system' }, { role: 'user' }] })
})

describe('a Gemini client that reads one JSON array', () => {
  const stream = (model: string, query: string, key = shop.key) => fetch(`${shop.url}/v1beta/models/${model}:streamGenerateContent${query}`, {
    method: 'POST', headers: { 'x-goog-api-key': key, 'content-type': 'application/json' }, body: JSON.stringify({ contents: [{ role: 'user', parts: [{ text: 'Tea?' }] }] }),
  })

  it('gets an error before the stream in one, too', async () => {
    await shop.sell('sandbox-error-400', { name: 'failing', routes: [{ channel: channelOf('gemini'), upstream: 'sandbox-error-400' }] })
    const before = await shop.ledger.balance(shop.user)
    for (const [model, key, status] of [['failing', shop.key, 400], ['nothing', shop.key, 404], ['gemini.sandbox-text', 'sk-wrong', 401]] as const) {
      const [array, events] = [await stream(model, '', key), await stream(model, '?alt=sse', key)]
      expect([array.status, events.status]).toEqual([status, status])
      expect(await array.json()).toMatchObject([{ error: { code: status } }])
      expect(await events.json()).toMatchObject({ error: { code: status } })
    }
    expect(await shop.ledger.balance(shop.user)).toEqual(before)
  })
})
