import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { dialectIds } from '#shared/schemas/channel'
import { countsOfRequest, replyToRequest } from '../../sandbox/index.ts'
import { clients } from '../support/clients'
import type { Question, Understood } from '../support/clients'
import { channelOf, costOf, openDialectShop } from '../support/dialect-shop'
import type { Shop } from '../support/shop'

/**
 * Every client dialect on every channel dialect, through the vendors' own SDKs, whole and streamed, the money of every kind
 * of answer included. Loops of calls, results and reasoning stand in `turns.test.ts`.
 */
let shop: Shop
const scenarios = ['sandbox-text', 'sandbox-tools', 'sandbox-parallel-tools', 'sandbox-reasoning', 'sandbox-cached', 'sandbox-long-400', 'sandbox-content-filter', 'sandbox-error-500', 'sandbox-error-mid', 'sandbox-crlf', 'sandbox-bytes']

beforeAll(async () => { shop = await openDialectShop(scenarios) })
afterAll(() => shop.close())

const tool = { name: 'look_up', description: 'Looks something up', parameters: { type: 'object', properties: { word: { type: 'string' } }, required: ['word'] } }
const PIXEL = 'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=='

const pairs = dialectIds.flatMap(client => dialectIds.flatMap(channel => [false, true].map(stream => ({ client, channel, stream }))))

async function ask(pair: typeof pairs[number], scenario: string, question: Partial<Question> = {}): Promise<{ understood: Understood, sent: ReturnType<Shop['sandbox']['upstream']['requests']>[number] }> {
  shop.sandbox.upstream.clear()
  const understood = await clients[pair.client](shop.url, shop.key, { model: `${pair.channel}.${scenario}`, text: 'Which tea goes with rain? 雨天喝什么茶？', stream: pair.stream, ...question })
  return { understood, sent: shop.sandbox.upstream.requests().at(-1)! }
}

/** The record says, and the books hold, what the upstream's own numbers cost; nothing stays held. */
async function requireCharge({ sent, understood }: Awaited<ReturnType<typeof ask>>): Promise<void> {
  const counts = countsOfRequest(sent)
  expect(await shop.settled()).toMatchObject({ status: 200, endReason: 'completed', chargeRule: 'reported', clamped: false, cost: costOf(counts) })
  expect(understood.usage).toEqual({ input: counts.input, output: counts.output })
  expect(understood.parts).toEqual({ cached: counts.cached, reasoning: counts.reasoning })
}

describe.each(pairs)('$client client on a $channel channel (stream: $stream)', (pair) => {
  it('text', async () => {
    for (const scenario of ['sandbox-text', 'sandbox-cached', 'sandbox-crlf', 'sandbox-bytes']) {
      const asked = await ask(pair, scenario)
      expect(asked.understood.text, scenario).toBe(replyToRequest(asked.sent).text)
      expect(asked.understood.finish, scenario).toBe('stop')
      await requireCharge(asked)
    }
  })

  it('tools, one and several at once', async () => {
    const one = await ask(pair, 'sandbox-tools', { tool, force: true })
    expect(one.understood.tools.map(call => call.name)).toEqual(['look_up'])
    expect(one.understood.tools[0]!.args).toEqual(JSON.parse(replyToRequest(one.sent).toolCalls[0]!.function.arguments))
    expect(one.understood.finish).toBe('tools')
    await requireCharge(one)
    const several = await ask(pair, 'sandbox-parallel-tools', { tool })
    expect(several.understood.tools.map(call => call.args)).toEqual(replyToRequest(several.sent).toolCalls.map(call => JSON.parse(call.function.arguments) as unknown))
    expect(several.understood.tools.length).toBeGreaterThan(1)
    await requireCharge(several)
  })

  it('reasoning, shown and charged as such', async () => {
    const asked = await ask(pair, 'sandbox-reasoning', { think: true, outputMax: 8000 })
    const reply = replyToRequest(asked.sent)
    expect(asked.understood).toMatchObject({ text: reply.text, reasoning: reply.reasoning })
    await requireCharge(asked)
  })

  it('a picture arrives', async () => {
    const asked = await ask(pair, 'sandbox-text', { image: PIXEL })
    expect(asked.sent.body.toString('utf8')).toContain(PIXEL)
    expect(asked.understood.text).toBe(replyToRequest(asked.sent).text)
    await requireCharge(asked)
  })

  it('a schema arrives', async () => {
    const schema = { type: 'object', properties: { steeping_minutes: { type: 'integer' } }, required: ['steeping_minutes'], additionalProperties: false }
    const asked = await ask(pair, 'sandbox-text', { schema })
    expect(asked.sent.body.toString('utf8')).toContain('steeping_minutes')
    expect(asked.understood.text).toBe(replyToRequest(asked.sent).text)
    await requireCharge(asked)
  })

  it('an answer cut at its length says so', async () => {
    const asked = await ask(pair, 'sandbox-long-400', { outputMax: 40 })
    expect(asked.understood.finish).toBe('length')
    await requireCharge(asked)
  })

  it('a filtered answer says so', async () => {
    const asked = await ask(pair, 'sandbox-content-filter')
    expect(asked.understood.finish).toBe('filtered')
    expect(asked.understood.text).toBe(replyToRequest(asked.sent).text)
    await requireCharge(asked)
  })

  it('an upstream that fails is an error the SDK understands, costs nothing, and nothing stays held', async () => {
    const before = await shop.ledger.balance(shop.user)
    await expect(ask(pair, 'sandbox-error-500')).rejects.toMatchObject({ status: 503 })
    expect(await shop.settled()).toMatchObject({ status: 503, usage: {}, cost: 0, chargeRule: 'free_failure' })
    expect(await shop.ledger.balance(shop.user)).toEqual({ ...before, held: 0, open: 0 })
    shop.gateway.health.forget(channelOf(pair.channel))
  })

  it.runIf(pair.stream)('an upstream that fails midway is an error inside the stream, and what came costs what it says', async () => {
    const before = await shop.ledger.balance(shop.user)
    await expect(ask(pair, 'sandbox-error-mid')).rejects.toThrow()
    const whole = countsOfRequest(shop.sandbox.upstream.requests().at(-1)!)
    const { usage, cost, ...record } = await shop.settled()
    expect(record).toMatchObject({ endReason: 'upstream_cut', chargeRule: expect.stringMatching(/counted|reported_partial/) as string })
    expect(cost).toBe(costOf({ ...whole, input: usage.input ?? 0, cached: 0, output: usage.output ?? 0, reasoning: 0 }))
    expect(usage.output).toBeGreaterThan(0)
    expect(usage.output).toBeLessThan(whole.output)
    expect(await shop.ledger.balance(shop.user)).toMatchObject({ available: before.available - cost, held: 0, open: 0 })
    shop.gateway.health.forget(channelOf(pair.channel))
    await shop.requireBooks()
  })
})
