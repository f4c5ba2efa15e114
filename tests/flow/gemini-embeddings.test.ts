import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { GoogleGenAI } from '@google/genai'
import { countTokens } from 'gpt-tokenizer/encoding/o200k_base'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { openShop } from '../support/shop'
import type { Shop } from '../support/shop'

/** A small upstream that answers as Gemini's embedding models do, and remembers what it was sent. */
const seen: { url: string, key: unknown, body: { requests?: { model: string }[], model?: string } }[] = []
const upstream = createServer(async (req, res) => {
  const parts: Buffer[] = []
  for await (const part of req) parts.push(part as Buffer)
  const body = JSON.parse(Buffer.concat(parts).toString('utf8')) as typeof seen[number]['body']
  seen.push({ url: req.url ?? '', key: req.headers['x-goog-api-key'], body })
  const vector = { values: [0.25, -0.5] }
  res.setHeader('content-type', 'application/json').end(JSON.stringify(body.requests ? { embeddings: body.requests.map(() => vector) } : { embedding: vector }))
}).listen(0, '127.0.0.1')

let shop: Shop
beforeAll(async () => {
  if (!upstream.listening) await once(upstream, 'listening')
  shop = await openShop()
  await shop.addChannel('vectors', { dialect: 'gemini', baseUrl: `http://127.0.0.1:${(upstream.address() as AddressInfo).port}/v1beta`, credentials: ['google-key-for-vectors'] })
  await shop.sell('embedding-up', { name: 'embedding', routes: [{ channel: 'vectors', upstream: 'embedding-up' }] })
  await shop.sell('sandbox-text')
})
afterAll(async () => {
  await shop.close()
  upstream.close()
})

const post = (path: string, body: unknown) => fetch(`${shop.url}${path}?key=${shop.key}`, { method: 'POST', body: typeof body === 'string' ? body : JSON.stringify(body) })

describe('embeddings in Gemini\'s form', () => {
  it('one text and many, charged by what was counted, the upstream\'s own name in each', async () => {
    const one = await post('/v1beta/models/embedding:embedContent', { content: { parts: [{ text: 'green tea 绿茶' }] } })
    expect(await one.json()).toEqual({ embedding: { values: [0.25, -0.5] } })
    expect(seen.at(-1)).toMatchObject({ url: '/v1beta/models/embedding-up:embedContent', key: 'google-key-for-vectors' })
    const record = await shop.settled()
    // Counted in o200k, with the factor of Gemini's vocabulary only for models named so, and 3 for the call.
    expect(record).toMatchObject({ chargeRule: 'counted', cost: (countTokens('green tea 绿茶') + 3) * 1_000, error: null })

    const sdk = new GoogleGenAI({ apiKey: shop.key, httpOptions: { baseUrl: shop.url } })
    const many = await sdk.models.embedContent({ model: 'embedding', contents: ['one', 'two'] })
    expect(many.embeddings).toHaveLength(2)
    expect(seen.at(-1)!.body.requests!.map(request => request.model)).toEqual(['models/embedding-up', 'models/embedding-up'])
    await shop.requireBooks()
  })

  it('refuses nonsense and channels of other dialects in Gemini\'s words, for nothing', async () => {
    const before = await shop.ledger.balance(shop.user)
    for (const [path, body, status] of [
      ['/v1beta/models/embedding:embedContent', '{', 400], ['/v1beta/models/embedding:embedContent', {}, 400],
      ['/v1beta/models/embedding:batchEmbedContents', { requests: [] }, 400], ['/v1beta/models/none:embedContent', { content: { parts: [{ text: 'x' }] } }, 404],
    ] as const) {
      const response = await post(path, body)
      expect([path, response.status]).toEqual([path, status])
      expect(await response.json()).toMatchObject({ error: { code: status } })
    }
    expect((await post('/v1beta/models/sandbox-text:embedContent', { content: { parts: [{ text: 'x' }] } })).status).toBeGreaterThanOrEqual(400)
    expect(await shop.ledger.balance(shop.user)).toEqual(before)
  })
})
