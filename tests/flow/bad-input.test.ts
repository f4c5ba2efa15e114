import { connect } from 'node:net'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import OpenAI from 'openai'
import { openShop } from '../support/shop'
import type { Shop } from '../support/shop'

let shop: Shop
beforeAll(async () => {
  shop = await openShop()
  await shop.sell('sandbox-text')
})
afterAll(() => shop.close())

const messages = [{ role: 'user', content: 'hi' }]
const good = { model: 'sandbox-text', messages }

interface WireError { error: { message: string, type: string, param: string | null, code: string } }

async function requireError(response: Response, status: number, code: string): Promise<WireError['error']> {
  expect(response.status).toBe(status)
  expect(response.headers.get('content-type')).toContain('application/json')
  expect(response.headers.get('access-control-allow-origin')).toBe('*')
  const { error } = await response.json() as WireError
  expect(error.code).toBe(code)
  expect(error.message.length).toBeGreaterThan(20)
  expect(error.message).toContain(response.headers.get('x-request-id'))
  return error
}

describe('bad input', () => {
  it.each([
    ['no key', {}, good, 401, 'invalid_api_key'],
    ['a wrong key', { authorization: 'Bearer sk-wrong' }, good, 401, 'invalid_api_key'],
    ['a huge key', { authorization: `Bearer ${'x'.repeat(5000)}` }, good, 401, 'invalid_api_key'],
    ['a key in the wrong form', { authorization: 'Basic abc' }, good, 401, 'invalid_api_key'],
  ])('%s', async (_, headers, body, status, code) => {
    await requireError(await fetch(`${shop.url}/v1/chat/completions`, { method: 'POST', headers, body: JSON.stringify(body) }), status, code)
  })

  it.each([
    ['an unknown model', { ...good, model: 'no-such-model' }, 404, 'model_not_found'],
    ['broken JSON', '{"model":', 400, 'invalid_json'],
    ['nothing', '', 400, 'invalid_json'],
    ['a list', '[]', 400, 'invalid_request'],
    ['no messages', { model: 'sandbox-text' }, 400, 'invalid_request'],
    ['messages of a wrong type', { model: 'sandbox-text', messages: 'hi' }, 400, 'invalid_request'],
    ['a number as model', { model: 7, messages }, 400, 'invalid_request'],
    ['an oversized number', { ...good, max_tokens: 1e30 }, 400, 'invalid_request'],
    ['a negative number', { ...good, max_tokens: -5 }, 400, 'invalid_request'],
    ['text where a number belongs', { ...good, n: 'three' }, 400, 'invalid_request'],
    ['a field nobody sells here', { ...good, web_search_options: {} }, 400, 'unsupported_parameter'],
    ['audio without a price', { ...good, modalities: ['text', 'audio'] }, 400, 'unsupported_parameter'],
  ])('%s', async (_, body, status, code) => {
    const error = await requireError(await shop.chat(body), status, code)
    expect(error.type).toBe('invalid_request_error')
  })

  it('a body of 50 MB, declared or not', async () => {
    const big = JSON.stringify({ ...good, messages: [{ role: 'user', content: 'x'.repeat(50 * 1024 * 1024) }] })
    await requireError(await shop.chat(big), 413, 'body_too_large')
    const stream = new ReadableStream({ start(controller) {
      for (let from = 0; from < big.length; from += 1 << 20) controller.enqueue(Buffer.from(big.slice(from, from + (1 << 20))))
      controller.close()
    } })
    const response = await fetch(`${shop.url}/v1/chat/completions`, { method: 'POST', headers: { authorization: `Bearer ${shop.key}` }, body: stream, duplex: 'half' } as RequestInit)
    await requireError(response, 413, 'body_too_large')
  })

  it('a wrong path and a wrong method', async () => {
    await requireError(await fetch(`${shop.url}/v1/nothing/here`, { method: 'POST' }), 404, 'not_found')
    await requireError(await fetch(`${shop.url}/v1/chat/completions`), 405, 'method_not_allowed')
  })

  it('is understood by the official SDK', async () => {
    const client = new OpenAI({ apiKey: 'sk-wrong', baseURL: `${shop.url}/v1`, maxRetries: 0 })
    await expect(client.chat.completions.create({ model: 'sandbox-text', messages: [{ role: 'user', content: 'hi' }] })).rejects.toBeInstanceOf(OpenAI.AuthenticationError)
  })

  it('a request that goes away in the middle of its body', async () => {
    const socket = connect(Number(new URL(shop.url).port), '127.0.0.1')
    socket.write(`POST /v1/chat/completions HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${shop.key}\r\nContent-Length: 1000\r\n\r\n{"model":`)
    await new Promise(resolve => setTimeout(resolve, 50))
    socket.destroy()
    await new Promise(resolve => setTimeout(resolve, 50))
  })

  it('costs nothing, holds nothing, reaches no upstream and leaves nothing in the log', async () => {
    expect(await shop.ledger.balance(shop.user)).toEqual({ available: 1_000_000_000, held: 0, open: 0 })
    expect(shop.sandbox.upstream.requests()).toEqual([])
    expect(shop.logged).toEqual([])
    expect(shop.errors).toEqual([])
  })
})

describe('keys', () => {
  it.each(['authorization', 'x-api-key', 'x-goog-api-key', 'api-key'])('are found in %s', async (header) => {
    const value = header === 'authorization' ? `Bearer ${shop.key}` : shop.key
    expect((await fetch(`${shop.url}/v1/key`, { headers: { [header]: value } })).status).toBe(200)
  })

  it('are found in the URL', async () => {
    expect((await fetch(`${shop.url}/v1/key?key=${shop.key}`)).status).toBe(200)
  })

  it('that are off, expired, over their limit, for other models or deleted say so at once', async () => {
    const { user } = await shop.users.signIn({ id: shop.user, username: 'user', name: '', avatar: '', trustLevel: 2, active: true, silenced: false })
    const fields = { name: 'k', expiresAt: null, spendLimit: null, models: [] as string[] }
    const call = (secret: string) => shop.chat(good, { headers: { authorization: `Bearer ${secret}` } })
    const off = await shop.keys.create(user, fields)
    expect((await call(off.secret)).status).toBe(200)
    await shop.keys.patch(user.id, off.key.id, { enabled: false })
    await requireError(await call(off.secret), 401, 'key_disabled')
    await shop.keys.patch(user.id, off.key.id, { enabled: true, expiresAt: Date.now() - 1 })
    await requireError(await call(off.secret), 401, 'key_expired')
    await shop.keys.patch(user.id, off.key.id, { expiresAt: null, spendLimit: 1 })
    await requireError(await call(off.secret), 429, 'insufficient_quota')
    await shop.keys.patch(user.id, off.key.id, { spendLimit: null, models: ['another'] })
    await requireError(await call(off.secret), 403, 'model_not_allowed')
    await shop.keys.delete(user.id, off.key.id)
    await requireError(await call(off.secret), 401, 'invalid_api_key')
  })

  it('of a suspended user stop working, and wrong ones are slowed down by address', async () => {
    await shop.users.change(shop.user, () => ({ status: 'suspended' }))
    await requireError(await shop.chat(good), 403, 'user_suspended')
    await shop.users.change(shop.user, () => ({ status: 'active' }))
    expect((await shop.chat(good)).status).toBe(200)
    const wrong = () => fetch(`${shop.url}/v1/key`, { headers: { authorization: 'Bearer sk-guess' } })
    for (let tries = 0; tries < 40; tries++) await (await wrong()).body?.cancel()
    expect((await requireError(await wrong(), 429, 'too_many_bad_keys')).type).toBe('rate_limit_error')
  })
})

describe('the list of models', () => {
  it('is open to everybody, narrowed by a key, and refuses a wrong one', async () => {
    await shop.sell('sandbox-models-slash/like-this')
    const names = async (headers: Record<string, string> = {}) => ((await (await fetch(`${shop.url}/v1/models`, { headers })).json()) as { data: { id: string }[] }).data.map(model => model.id)
    expect(await names()).toEqual(['sandbox-models-slash/like-this', 'sandbox-text'])
    expect((await fetch(`${shop.url}/v1/models/sandbox-models-slash/like-this`)).status).toBe(200)
    expect((await fetch(`${shop.url}/v1/models/sandbox-models-slash%2Flike-this`)).status).toBe(200)
    await requireError(await fetch(`${shop.url}/v1/models/none`), 404, 'model_not_found')
  })

  it('answers a preflight before it asks for a key', async () => {
    const response = await fetch(`${shop.url}/v1/chat/completions`, { method: 'OPTIONS', headers: { 'origin': 'https://app.example', 'access-control-request-headers': 'authorization, x-stainless-os' } })
    expect(response.status).toBe(204)
    expect(response.headers.get('access-control-allow-headers')).toBe('authorization, x-stainless-os')
  })
})

// Last: these open shops of their own, and the runtime is the last one's.
describe('money that is not there', () => {
  it('is 402 with both numbers, and no retry', async () => {
    const broke = await openShop({ available: 100 })
    try {
      await broke.sell('sandbox-text')
      const response = await broke.chat(good)
      expect(response.headers.get('x-should-retry')).toBe('false')
      const error = await requireError(response, 402, 'insufficient_quota')
      expect(error.message).toContain('0.0000001 available')
    }
    finally { await broke.close() }
  })

  it('does not matter for what is free', async () => {
    const broke = await openShop({ available: 0, prices: { input: '0', output: '0' } })
    try {
      await broke.sell('sandbox-text')
      expect((await broke.chat(good)).status).toBe(200)
      expect(await broke.settled()).toMatchObject({ cost: 0, chargeRule: 'reported' })
    }
    finally { await broke.close() }
  })
})
