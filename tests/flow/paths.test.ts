import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import Anthropic from '@anthropic-ai/sdk'
import { GoogleGenAI } from '@google/genai'
import { openShop } from '../support/shop'
import type { Shop } from '../support/shop'

let shop: Shop
beforeAll(async () => {
  shop = await openShop()
  await shop.sell('sandbox-text')
})
afterAll(() => shop.close())

const chat = { model: 'sandbox-text', messages: [{ role: 'user', content: 'hi' }] }
const post = (path: string, body: unknown, headers: Record<string, string> = {}) => fetch(shop.url + path, { method: 'POST', headers: { 'authorization': `Bearer ${shop.key}`, 'content-type': 'application/json', ...headers }, body: JSON.stringify(body) })

describe('paths', () => {
  it.each(['/v1/chat/completions', '/v1/v1/chat/completions', '/chat/completions', '/v1/chat/completions/', '/v1/v1/v1/chat/completions', '/v1'])('understands %s', async (path) => {
    const response = await post(path, chat)
    expect(response.status).toBe(200)
    expect(await response.json()).toMatchObject({ object: 'chat.completion' })
  })

  it('answers a body of another dialect in that dialect, errors included', async () => {
    expect(await (await post('/v1/chat/completions', { ...chat, max_tokens: 50, system: 'Be brief.' })).json()).toMatchObject({ type: 'message', role: 'assistant' })
    expect(await (await post('/v1/chat/completions', { model: 'sandbox-text', contents: [{ role: 'user', parts: [{ text: 'hi' }] }] })).json()).toHaveProperty('candidates')
    const refused = await post('/v1/chat/completions', { model: 'none', max_tokens: 5, system: 'x', messages: chat.messages })
    expect(refused.status).toBe(404)
    expect(await refused.json()).toMatchObject({ type: 'error', error: { type: 'not_found_error' } })
  })

  it('says what is not here in the dialect of the path', async () => {
    expect(await (await post('/v1beta/models/sandbox-text:brewTea', {})).json()).toMatchObject({ error: { code: 404, status: 'NOT_FOUND' } })
    expect((await post('/v1/nothing', {})).status).toBe(404)
  })

  it('streams to a Gemini client as an array when it did not ask for events', async () => {
    const response = await post('/v1beta/models/sandbox-text:streamGenerateContent', { contents: [{ role: 'user', parts: [{ text: 'hi' }] }] })
    expect(response.headers.get('content-type')).toContain('application/json')
    expect((await response.json() as unknown[]).length).toBeGreaterThan(1)
  })

  it('knows the colon encoded, the key in the URL and models under /v1', async () => {
    const body = { contents: [{ role: 'user', parts: [{ text: 'hi' }] }] }
    for (const path of [`/v1beta/models/sandbox-text%3AgenerateContent?key=${shop.key}`, `/v1/models/sandbox-text:generateContent?key=${shop.key}`]) {
      const response = await fetch(shop.url + path, { method: 'POST', body: JSON.stringify(body) })
      expect(response.status).toBe(200)
    }
  })
})

describe('counting and listing, through the vendors\' SDKs', () => {
  it('counts tokens for a model of another dialect, for nothing', async () => {
    const before = await shop.ledger.balance(shop.user)
    const anthropic = new Anthropic({ apiKey: shop.key, baseURL: shop.url })
    const counted = await anthropic.messages.countTokens({ model: 'sandbox-text', messages: [{ role: 'user', content: 'one two three <|endoftext|>' }] })
    expect(counted.input_tokens).toBeGreaterThan(5)
    const gemini = new GoogleGenAI({ apiKey: shop.key, httpOptions: { baseUrl: shop.url } })
    expect((await gemini.models.countTokens({ model: 'sandbox-text', contents: 'one two three' })).totalTokens).toBeGreaterThan(3)
    expect(await shop.ledger.balance(shop.user)).toEqual(before)
  })

  it('lists models in the shape each asks for', async () => {
    const anthropic = new Anthropic({ apiKey: shop.key, baseURL: shop.url })
    expect((await anthropic.models.list()).data.map(model => model.id)).toEqual(['sandbox-text'])
    const gemini = new GoogleGenAI({ apiKey: shop.key, httpOptions: { baseUrl: shop.url } })
    const names: (string | undefined)[] = []
    for await (const model of await gemini.models.list()) names.push(model.name)
    expect(names).toEqual(['models/sandbox-text'])
    expect((await gemini.models.get({ model: 'sandbox-text' })).name).toBe('models/sandbox-text')
  })
})
