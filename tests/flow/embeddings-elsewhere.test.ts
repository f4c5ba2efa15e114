import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { GoogleGenAI } from '@google/genai'
import { countTokens } from 'gpt-tokenizer/encoding/o200k_base'
import OpenAI from 'openai'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { openShop } from '../support/shop'
import type { Shop } from '../support/shop'

/** Vectors asked for in the form of one vendor and made by another. The upstream speaks both forms and remembers what it was sent. */
type Fields = Record<string, unknown>
const seen: { url: string, headers: Fields, body: Fields }[] = []
const VECTOR = [0.25, -0.5, 0.125]

function openaiAnswer({ model, input }: Fields): { status: number, body: unknown } {
  const texts = input as string[]
  if (model === 'busy-up') return { status: 429, body: { error: { message: 'slow down' } } }
  // Some answer in another order, and in base64 though nobody asked for it.
  const packed = Buffer.from(new Float32Array(VECTOR).buffer).toString('base64')
  const data = texts.map((_, index) => ({ object: 'embedding', index, embedding: model === 'packed-up' ? packed : [index, ...VECTOR] })).reverse()
  return { status: 200, body: { object: 'list', model, data: model === 'short-up' ? data.slice(1) : data, ...(model === 'silent-up' ? {} : { usage: { prompt_tokens: 11, total_tokens: 11 } }) } }
}

const upstream = createServer(async (req, res) => {
  const parts: Buffer[] = []
  for await (const part of req) parts.push(part as Buffer)
  const body = JSON.parse(Buffer.concat(parts).toString('utf8')) as Fields
  const url = req.url ?? ''
  seen.push({ url, headers: req.headers, body })
  const requests = body.requests as Fields[]
  const answer = url === '/v1/embeddings' ? openaiAnswer(body) : { status: 200, body: { embeddings: requests.map((_, index) => ({ values: [index, ...VECTOR] })) } }
  res.writeHead(answer.status, { 'content-type': 'application/json' }).end(JSON.stringify(answer.body))
}).listen(0, '127.0.0.1')

let shop: Shop
beforeAll(async () => {
  if (!upstream.listening) await once(upstream, 'listening')
  shop = await openShop()
  const origin = `http://127.0.0.1:${(upstream.address() as AddressInfo).port}`
  await shop.addChannel('google', { dialect: 'gemini', baseUrl: `${origin}/v1beta`, credentials: ['google-key'] })
  await shop.addChannel('openai', { baseUrl: `${origin}/v1`, credentials: ['openai-key'] })
  await shop.addChannel('claude', { dialect: 'anthropic', baseUrl: `${origin}/v1`, credentials: ['claude-key'] })
  await shop.sell('vectors-up', { name: 'at-google', routes: [{ channel: 'google', upstream: 'vectors-up' }] })
  for (const name of ['vectors', 'packed', 'silent', 'short', 'busy']) await shop.sell(`${name}-up`, { name: `${name}-at-openai`, routes: [{ channel: 'openai', upstream: `${name}-up` }] })
  await shop.sell('claude-up', { name: 'at-claude', routes: [{ channel: 'claude', upstream: 'claude-up' }] })
})
afterAll(async () => {
  await shop.close()
  upstream.close()
})

const sdkOfGoogle = () => new GoogleGenAI({ apiKey: shop.key, httpOptions: { baseUrl: shop.url } })
const post = (path: string, body: unknown) => fetch(shop.url + path, { method: 'POST', headers: { 'authorization': `Bearer ${shop.key}`, 'content-type': 'application/json' }, body: JSON.stringify(body) })

describe('/v1/embeddings on a Gemini channel', () => {
  const sdk = () => new OpenAI({ apiKey: shop.key, baseURL: `${shop.url}/v1`, maxRetries: 0 })

  it('asks for a batch, and answers in the form the SDK wants, with what was counted and charged', async () => {
    // The SDK asks for base64 by itself and unpacks it.
    const answer = await sdk().embeddings.create({ model: 'at-google', input: ['green tea', '绿茶'], dimensions: 4, user: 'ann' })
    expect(answer.data).toEqual([{ object: 'embedding', index: 0, embedding: [0, ...VECTOR] }, { object: 'embedding', index: 1, embedding: [1, ...VECTOR] }])
    expect(seen.at(-1)).toMatchObject({ url: '/v1beta/models/vectors-up:batchEmbedContents', headers: { 'x-goog-api-key': 'google-key' } })
    expect(seen.at(-1)!.headers).not.toHaveProperty('authorization')
    expect(seen.at(-1)!.body).toEqual({ requests: ['green tea', '绿茶'].map(text => ({ model: 'models/vectors-up', content: { parts: [{ text }] }, outputDimensionality: 4 })) })
    const tokens = countTokens('green tea') + countTokens('绿茶') + 3
    expect(answer.usage).toEqual({ prompt_tokens: tokens, total_tokens: tokens })
    expect(await shop.settled()).toMatchObject({ status: 200, chargeRule: 'counted', usage: { input: tokens }, cost: tokens * 1_000, converted: 'openai-chat>gemini; dropped=user' })
    await shop.requireBooks()
  })

  it('numbers or base64, as asked; one text or many', async () => {
    const plain = await (await post('/v1/embeddings', { model: 'at-google', input: 'tea', encoding_format: 'float' })).json() as { data: { embedding: unknown }[], model: string }
    expect(plain).toMatchObject({ object: 'list', model: 'at-google', data: [{ embedding: [0, ...VECTOR] }] })
    const packed = await (await post('/v1/embeddings', { model: 'at-google', input: ['tea'], encoding_format: 'base64' })).json() as { data: { embedding: string }[] }
    expect([...new Float32Array(new Uint8Array(Buffer.from(packed.data[0]!.embedding, 'base64')).buffer)]).toEqual([0, ...VECTOR])
  })

  it('is not asked while there are channels of the form asked for: vectors of two vendors cannot be compared', async () => {
    await shop.sell('both', { routes: [{ channel: 'openai', upstream: 'busy-up' }, { channel: 'google', upstream: 'vectors-up' }] })
    const asked = seen.length
    const response = await post('/v1/embeddings', { model: 'both', input: 'tea' })
    expect(response.status).toBe(429)
    expect(seen.slice(asked).map(({ url }) => url)).toEqual(['/v1/embeddings'])
    // And the other way round.
    expect((await sdkOfGoogle().models.embedContent({ model: 'both', contents: ['tea'] })).embeddings).toHaveLength(1)
    expect(seen.at(-1)!.url).toBe('/v1beta/models/vectors-up:batchEmbedContents')
  })

  it('refuses tokens and nonsense for nothing', async () => {
    const [before, asked] = [await shop.ledger.balance(shop.user), seen.length]
    for (const fields of [{ input: [1, 2, 3] }, { input: [[1], [2]] }, { input: ['a', 1] }, { input: 'a', encoding_format: 'hex' }, { input: 'a', dimensions: 0 }]) {
      const response = await post('/v1/embeddings', { model: 'at-google', ...fields })
      expect([fields, response.status]).toEqual([fields, 400])
      expect(await response.json()).toMatchObject({ error: { type: 'invalid_request_error' } })
    }
    expect(seen).toHaveLength(asked)
    expect(await shop.ledger.balance(shop.user)).toEqual(before)
  })
})

describe('embeddings in Gemini\'s form on an OpenAI channel', () => {
  it('asks for all texts at once, and answers in their order, charged as reported', async () => {
    const answer = await sdkOfGoogle().models.embedContent({ model: 'vectors-at-openai', contents: ['one', 'two'], config: { outputDimensionality: 4, taskType: 'RETRIEVAL_DOCUMENT', title: 'Numbers' } })
    expect(answer.embeddings!.map(({ values }) => values)).toEqual([[0, ...VECTOR], [1, ...VECTOR]])
    expect(seen.at(-1)).toMatchObject({ url: '/v1/embeddings', headers: { authorization: 'Bearer openai-key' } })
    expect(seen.at(-1)!.body).toEqual({ model: 'vectors-up', input: ['one', 'two'], encoding_format: 'float', dimensions: 4 })
    expect(await shop.settled()).toMatchObject({ chargeRule: 'reported', usage: { input: 11 }, cost: 11_000, converted: 'gemini>openai-chat; dropped=taskType,title' })
    await shop.requireBooks()
  })

  it('a single text gets a single vector; one whose usage nobody tells is counted', async () => {
    const content = { parts: [{ text: 'green' }, { text: 'tea' }] }
    for (const [model, values] of [['silent', [0, ...VECTOR]], ['packed', VECTOR]] as const) {
      const answer = await (await post(`/v1beta/models/${model}-at-openai:embedContent`, { content })).json() as unknown
      expect(answer).toEqual({ embedding: { values } })
      expect(seen.at(-1)!.body.input).toEqual(['green\ntea'])
      const record = await shop.settled()
      expect(record.cost).toBe(model === 'silent' ? (countTokens('green') + countTokens('tea') + 3) * 1_000 : 11_000)
    }
    await shop.requireBooks()
  })

  it('errors are Google\'s, and cost nothing', async () => {
    const before = await shop.ledger.balance(shop.user)
    const content = { parts: [{ text: 'tea' }] }
    const rows: [string, unknown, number][] = [
      ['short-at-openai:embedContent', { content }, 502],
      ['busy-at-openai:embedContent', { content }, 429],
      ['vectors-at-openai:embedContent', { content: { parts: [{ inlineData: { mimeType: 'image/png', data: 'AAAA' } }] } }, 400],
      ['vectors-at-openai:batchEmbedContents', { requests: [{ content, outputDimensionality: 2 }, { content, output_dimensionality: 3 }] }, 400],
      ['at-claude:embedContent', { content }, 400],
    ]
    for (const [path, body, status] of rows) {
      const response = await post(`/v1beta/models/${path}`, body)
      expect([path, response.status]).toEqual([path, status])
      expect(await response.json()).toMatchObject({ error: { code: status, details: expect.any(Array) as unknown } })
    }
    expect(await shop.ledger.balance(shop.user)).toEqual(before)
    await shop.requireBooks()
  })
})
