import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { dialectIds } from '#shared/schemas/channel'
import type { DialectId } from '#shared/schemas/channel'
import { countsOfRequest, replyToRequest } from '../../sandbox/index.ts'
import { clients } from '../support/clients'
import type { Question, Understood } from '../support/clients'
import { openShop } from '../support/shop'
import type { Shop } from '../support/shop'

/** Every client dialect on every channel dialect, through the vendors' own SDKs, whole and streamed, the money included. */
let shop: Shop
const scenarios = ['sandbox-text', 'sandbox-tools', 'sandbox-parallel-tools', 'sandbox-reasoning', 'sandbox-cached', 'sandbox-long-400', 'sandbox-content-filter', 'sandbox-error-500', 'sandbox-error-mid', 'sandbox-crlf', 'sandbox-bytes']

beforeAll(async () => {
  shop = await openShop({ prices: { input: '1', output: '2', cachedInput: '0.5', reasoning: '3' }, available: 9_000_000_000_000 })
  const { upstream } = shop.sandbox
  const channels: Record<DialectId, { baseUrl: string, apiKey: string }> = { 'openai-chat': upstream, 'openai-responses': upstream.responses, 'anthropic': upstream.anthropic, 'gemini': upstream.gemini }
  for (const dialect of dialectIds) {
    await shop.addChannel(`ch-${dialect}`, { dialect, baseUrl: channels[dialect].baseUrl, credentials: [channels[dialect].apiKey] })
    for (const scenario of scenarios) await shop.sell(scenario, { name: nameOf(dialect, scenario), routes: [{ channel: `ch-${dialect}`, upstream: scenario }] })
  }
})
afterAll(() => shop.close())

const nameOf = (channel: DialectId, scenario: string) => `${channel}.${scenario}`
const nano = (input: number, cached: number, output: number, reasoning: number) => (input - cached) * 1_000 + cached * 500 + (output - reasoning) * 2_000 + reasoning * 3_000

const tool = { name: 'look_up', description: 'Looks something up', parameters: { type: 'object', properties: { word: { type: 'string' } }, required: ['word'] } }
const PIXEL = 'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=='

const pairs = dialectIds.flatMap(client => dialectIds.flatMap(channel => [false, true].map(stream => ({ client, channel, stream }))))

async function ask(pair: typeof pairs[number], scenario: string, question: Partial<Question> = {}): Promise<{ understood: Understood, sent: ReturnType<Shop['sandbox']['upstream']['requests']>[number] }> {
  shop.sandbox.upstream.clear()
  const understood = await clients[pair.client](shop.url, shop.key, { model: nameOf(pair.channel, scenario), text: 'Which tea goes with rain? 雨天喝什么茶？', stream: pair.stream, ...question })
  return { understood, sent: shop.sandbox.upstream.requests().at(-1)! }
}

/** The record says, and the books hold, what the upstream's own numbers cost. */
async function requireCharge(sent: Parameters<typeof countsOfRequest>[0], understood: Understood): Promise<void> {
  const { input, cached, output, reasoning } = countsOfRequest(sent)
  const record = await shop.settled()
  expect(record).toMatchObject({ status: 200, endReason: 'completed', clamped: false, cost: nano(input, cached, output, reasoning) })
  expect(understood.usage).toEqual({ input, output })
}

describe.each(pairs)('$client client on a $channel channel (stream: $stream)', (pair) => {
  it('text', async () => {
    for (const scenario of ['sandbox-text', 'sandbox-cached', 'sandbox-crlf', 'sandbox-bytes']) {
      const { understood, sent } = await ask(pair, scenario)
      expect(understood.text, scenario).toBe(replyToRequest(sent).text)
      expect(understood.finish, scenario).toBe('stop')
      await requireCharge(sent, understood)
    }
  })

  it('tools, one and several at once', async () => {
    const one = await ask(pair, 'sandbox-tools', { tool, force: true })
    expect(one.understood.tools.map(call => call.name)).toEqual(['look_up'])
    expect(one.understood.tools[0]!.args).toEqual(JSON.parse(replyToRequest(one.sent).toolCalls[0]!.function.arguments))
    expect(one.understood.finish).toBe('tools')
    await requireCharge(one.sent, one.understood)
    const several = await ask(pair, 'sandbox-parallel-tools', { tool })
    expect(several.understood.tools.map(call => call.args)).toEqual(replyToRequest(several.sent).toolCalls.map(call => JSON.parse(call.function.arguments) as unknown))
    expect(several.understood.tools.length).toBeGreaterThan(1)
    await requireCharge(several.sent, several.understood)
  })

  it('reasoning, shown and charged as such', async () => {
    const { understood, sent } = await ask(pair, 'sandbox-reasoning', { think: true, outputMax: 8000 })
    const reply = replyToRequest(sent)
    expect(understood.text).toBe(reply.text)
    expect(understood.reasoning).toBe(reply.reasoning)
    await requireCharge(sent, understood)
  })

  it('a picture arrives', async () => {
    const { sent } = await ask(pair, 'sandbox-text', { image: PIXEL })
    expect(sent.body.toString('utf8')).toContain(PIXEL)
  })

  it('a schema arrives', async () => {
    const schema = { type: 'object', properties: { steeping_minutes: { type: 'integer' } }, required: ['steeping_minutes'], additionalProperties: false }
    const { sent } = await ask(pair, 'sandbox-text', { schema })
    expect(sent.body.toString('utf8')).toContain('steeping_minutes')
  })

  it('an answer cut at its length says so', async () => {
    const { understood, sent } = await ask(pair, 'sandbox-long-400', { outputMax: 40 })
    expect(understood.finish).toBe('length')
    await requireCharge(sent, understood)
  })

  it('a filtered answer says so', async () => {
    expect((await ask(pair, 'sandbox-content-filter')).understood.finish).toBe('filtered')
  })

  it('an upstream that fails is an error the SDK understands, and costs nothing', async () => {
    const before = await shop.ledger.balance(shop.user)
    await expect(ask(pair, 'sandbox-error-500')).rejects.toMatchObject({ status: 503 })
    expect(await shop.ledger.balance(shop.user)).toEqual(before)
    shop.gateway.health.forget(`ch-${pair.channel}`)
  })

  it.runIf(pair.stream)('an upstream that fails midway is an error inside the stream', async () => {
    await expect(ask(pair, 'sandbox-error-mid')).rejects.toThrow()
    expect(await shop.settled()).toMatchObject({ endReason: 'upstream_cut', chargeRule: expect.stringMatching(/counted|reported_partial/) as string })
    shop.gateway.health.forget(`ch-${pair.channel}`)
    await shop.requireBooks()
  })
})
