import { afterEach, describe, expect, it } from 'vitest'
import { replyOf } from '../../sandbox/index.ts'
import { costOfTokens, openShop } from '../support/shop'
import type { Shop, ShopOptions } from '../support/shop'

let shop: Shop
const open = async (options: ShopOptions = {}) => (shop = await openShop(options))
afterEach(() => shop.close())

const ask = { messages: [{ role: 'user', content: 'Tell me about tea. 说说茶吧。' }] }

async function texts(response: Response): Promise<string> {
  return response.text()
}

describe('a request sold', () => {
  it('whole: the upstream\'s bytes, charged to the nano by what it reported', async () => {
    await open()
    const model = await shop.sell('sandbox-text')
    const body = { model, ...ask }
    const expected = replyOf(model, body)
    const response = await shop.chat(body)
    expect(response.status).toBe(200)
    const cost = costOfTokens(expected.promptTokens, expected.completionTokens)
    expect(response.headers.get('x-vapor-cost')).toBe((cost / 1e9).toFixed(9).replace(/0+$/, ''))
    expect((await response.json() as { choices: { message: { content: string } }[] }).choices[0]!.message.content).toBe(expected.text)
    expect(await shop.settled()).toMatchObject({ status: 200, endReason: 'completed', chargeRule: 'reported', cost, usage: { input: expected.promptTokens, output: expected.completionTokens }, error: null })
    expect(await shop.ledger.balance(shop.user)).toEqual({ available: 1_000_000_000 - cost, held: 0, open: 0 })
    await shop.requireBooks()
  })

  it('streamed: frames as they come, usage asked for and hidden, settled before the end', async () => {
    await open()
    const model = await shop.sell('sandbox-text')
    const body = { model, stream: true, ...ask }
    const expected = replyOf(model, body)
    const text = await texts(await shop.chat(body))
    expect(text).not.toContain('usage')
    expect(text.endsWith('data: [DONE]\n\n')).toBe(true)
    const content = text.split('\n\n').filter(frame => frame.startsWith('data: {')).map(frame => (JSON.parse(frame.slice(6)) as { choices: { delta: { content?: string } }[] }).choices[0]?.delta.content ?? '').join('')
    expect(content).toBe(expected.text)
    const cost = costOfTokens(expected.promptTokens, expected.completionTokens)
    // No waiting: the terminator leaves after the books are written.
    expect(await shop.ledger.balance(shop.user)).toEqual({ available: 1_000_000_000 - cost, held: 0, open: 0 })
    const [sent] = shop.sandbox.upstream.requests()
    expect(JSON.parse(sent!.body.toString('utf8'))).toEqual({ ...body, stream_options: { include_usage: true } })
    expect(sent!.headers.authorization).toBe(`Bearer ${shop.sandbox.upstream.apiKey}`)
    expect(JSON.stringify(sent!.headers)).not.toContain(shop.key)
  })

  it('shows usage to a client that asked for it', async () => {
    await open()
    const model = await shop.sell('sandbox-text')
    const text = await texts(await shop.chat({ model, stream: true, stream_options: { include_usage: true }, ...ask }))
    expect(text).toContain('"usage":{"prompt_tokens"')
  })

  it('knows cached tokens and their price', async () => {
    await open()
    const model = await shop.sell('sandbox-cached')
    const body = { model, ...ask }
    const expected = replyOf(model, body)
    await texts(await shop.chat(body))
    const record = await shop.settled()
    expect(record.usage.cachedInput).toBe(expected.cachedTokens)
    expect(record.cost).toBe(costOfTokens(expected.promptTokens - expected.cachedTokens, expected.completionTokens, expected.cachedTokens))
  })

  it.each(['sandbox-crlf', 'sandbox-bytes', 'sandbox-no-done', 'sandbox-big-frame', 'sandbox-usage-in-finish', 'sandbox-usage-cumulative'])('survives %s', async (scenario) => {
    await open()
    const model = await shop.sell(scenario)
    const body = { model, stream: true, ...ask }
    const expected = replyOf(model, body)
    const text = await texts(await shop.chat(body))
    expect(text).toMatch(/data: ?\[DONE\]/)
    expect(text).not.toContain('"error"')
    expect(await shop.settled()).toMatchObject({ chargeRule: 'reported', cost: costOfTokens(expected.promptTokens, expected.completionTokens), clamped: false })
  })

  it('says what it did not pass on', async () => {
    await open()
    const model = await shop.sell('sandbox-text')
    const response = await shop.chat({ model, store: true, service_tier: 'priority', ...ask })
    expect(response.headers.get('x-vapor-converted')).toBe('openai-chat>openai-chat; dropped=store,service_tier')
    expect(Object.keys(JSON.parse(shop.sandbox.upstream.requests()[0]!.body.toString('utf8')) as object)).toEqual(['model', 'messages'])
  })

  it('grows its hold while a long answer runs', async () => {
    await open({ prices: { input: '1', output: '2' } })
    const model = await shop.sell('sandbox-long-9000')
    const body = { model, stream: true, ...ask }
    const expected = replyOf(model, body)
    await texts(await shop.chat(body))
    const record = await shop.settled()
    expect(record.cost).toBe(costOfTokens(expected.promptTokens, expected.completionTokens))
    expect(record.hold).toBeGreaterThan(costOfTokens(0, 4_096 + 2_000))
    await shop.requireBooks()
  })

  it('ends politely where the money ends', async () => {
    await open({ available: costOfTokens(200, 600) })
    const model = await shop.sell('sandbox-paced-1-3000')
    const text = await texts(await shop.chat({ model, stream: true, ...ask }))
    expect(text).toContain('"finish_reason":"length"')
    expect(text.endsWith('data: [DONE]\n\n')).toBe(true)
    const record = await shop.settled()
    expect(record).toMatchObject({ endReason: 'out_of_credit', chargeRule: 'held_limit', error: 'out_of_credit_midway' })
    expect(record.cost).toBeLessThanOrEqual(record.hold)
    expect((await shop.ledger.balance(shop.user)).available).toBeGreaterThanOrEqual(0)
    expect(shop.sandbox.upstream.requests()[0]!.closed).toBe('aborted')
  })
})

describe('failing over', () => {
  it('goes to the next channel before any content, and the client notices nothing', async () => {
    await open()
    await shop.addChannel('first', { priority: 10 })
    for (const scenario of ['sandbox-error-500', 'sandbox-cut-before', 'sandbox-error-first', 'sandbox-reset', 'sandbox-html-502', 'sandbox-redirect', 'sandbox-error-404', 'sandbox-error-401']) {
      const model = await shop.sell('sandbox-text', { name: scenario, routes: [{ channel: 'first', upstream: scenario, priority: 1 }, { channel: 'sandbox', upstream: 'sandbox-text' }] })
      shop.gateway.health.forget('first')
      const text = await texts(await shop.chat({ model, stream: true, ...ask }))
      expect(text, scenario).toContain('data: [DONE]')
      expect(text, scenario).not.toContain('error')
      const { attempts } = await shop.settled()
      expect(attempts.map(attempt => [attempt.channel, attempt.error === null]), scenario).toEqual([['first', false], ['sandbox', true]])
    }
    expect(shop.sandbox.upstream.requests().some(request => request.path.includes('elsewhere'))).toBe(false)
    await shop.requireBooks()
  })

  it('asks a cooling channel last, and a wrong credential not again', async () => {
    await open()
    await shop.addChannel('wrong', { priority: 10, credentials: ['sk-wrong-credential'] })
    const model = await shop.sell('sandbox-text', { routes: [{ channel: 'wrong', upstream: 'sandbox-text' }, { channel: 'sandbox', upstream: 'sandbox-text' }] })
    await texts(await shop.chat({ model, ...ask }))
    await texts(await shop.chat({ model, ...ask }))
    expect((await shop.settled()).attempts.map(attempt => attempt.channel)).toEqual(['sandbox'])
    expect(shop.gateway.health.of('wrong', 1)).toMatchObject({ state: 'cooling', lastError: 'upstream_credential' })
  })

  it('never changes the channel after content has left', async () => {
    await open()
    const model = await shop.sell('sandbox-cut-mid', { routes: [{ channel: 'sandbox', upstream: 'sandbox-cut-mid', priority: 5 }, { channel: 'sandbox', upstream: 'sandbox-text' }] })
    const text = await texts(await shop.chat({ model, stream: true, ...ask }))
    expect(text).toContain('"code":"upstream_cut"')
    expect((await shop.settled()).attempts).toHaveLength(1)
  })
})

describe('repeating', () => {
  it('honours Idempotency-Key: running, completed, and free again after a failure that cost nothing', async () => {
    await open()
    await shop.sell('sandbox-slow-headers-400')
    await shop.sell('sandbox-flaky-2')
    const headers = { 'idempotency-key': 'one' }
    const running = shop.chat({ model: 'sandbox-slow-headers-400', ...ask }, { headers })
    await new Promise(resolve => setTimeout(resolve, 150))
    const during = await shop.chat({ model: 'sandbox-slow-headers-400', ...ask }, { headers })
    expect([during.status, during.headers.get('x-should-retry')]).toEqual([425, 'true'])
    expect((await running).status).toBe(200)
    const after = await shop.chat({ model: 'sandbox-slow-headers-400', ...ask }, { headers })
    expect([after.status, after.headers.get('x-should-retry')]).toEqual([422, 'false'])
    const failing = { headers: { 'idempotency-key': 'two' } }
    expect((await shop.chat({ model: 'sandbox-flaky-2', ...ask }, failing)).status).toBe(503)
    expect((await shop.chat({ model: 'sandbox-flaky-2', ...ask }, failing)).status).toBe(503)
    expect((await shop.chat({ model: 'sandbox-flaky-2', ...ask }, failing)).status).toBe(200)
    await shop.requireBooks()
  })
})

describe('the store going away', () => {
  it('keeps the settlement in the outbox, admits nothing new, and books it once when the store is back', async () => {
    let gone = false
    await open({ wrapStore: engine => ({ ...engine, commit: async (id, steps) => {
      if (gone) throw Object.assign(new (await import('#server/errors/app-error')).AppError('store_unavailable'))
      return engine.commit(id, steps)
    } }) })
    const model = await shop.sell('sandbox-paced-20-20')
    const body = { model, stream: true, ...ask }
    const expected = replyOf(model, body)
    const streaming = shop.chat(body).then(texts)
    await new Promise(resolve => setTimeout(resolve, 150))
    gone = true
    expect(await streaming).toContain('data: [DONE]')
    expect(shop.outbox.size).toBe(1)
    const refused = await shop.chat(body)
    expect([refused.status, (await refused.json() as { error: { code: string } }).error.code]).toEqual([503, 'settling'])
    gone = false
    await shop.outbox.flush()
    expect(shop.outbox.size).toBe(0)
    const cost = costOfTokens(expected.promptTokens, expected.completionTokens)
    expect(await shop.ledger.balance(shop.user)).toEqual({ available: 1_000_000_000 - cost, held: 0, open: 0 })
    await shop.requireBooks()
  })
})
