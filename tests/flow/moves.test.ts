import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { dialectIds } from '#shared/schemas/channel'
import type { DialectId } from '#shared/schemas/channel'
import { countsOfRequest, replyToRequest } from '../../sandbox/index.ts'
import { agents } from '../support/agents'
import type { Agent, Heard } from '../support/agents'
import { channelOf, costOf, openDialectShop } from '../support/dialect-shop'
import type { Shop } from '../support/shop'
import { isWrapped, seeUpstream } from '../support/upstream-view'
import type { Seen } from '../support/upstream-view'

/** Conversations whose model moves to a channel of another dialect between two turns, and back. */
let shop: Shop
const MODEL = 'moving'
const SCENARIO = 'sandbox-thinking-tools'

beforeAll(async () => {
  shop = await openDialectShop([])
  await shop.sell(SCENARIO, { name: MODEL, routes: dialectIds.map(dialect => ({ channel: channelOf(dialect), upstream: SCENARIO })) })
})
afterAll(() => shop.close())

const tools = [{ name: 'look_up', description: 'Looks something up', parameters: { type: 'object', properties: { word: { type: 'string' } }, required: ['word'] } }]

/** From now on one channel has the best priority. */
async function moveTo(dialect: DialectId): Promise<void> {
  const { items } = await shop.models.list({ limit: 10 })
  const stored = items.find(({ value }) => value.name === MODEL)!
  const { id, name, description, enabled } = stored.value
  const routes = dialectIds.map(other => ({ channel: channelOf(other), upstream: SCENARIO, priority: other === dialect ? 10 : 0, weight: 1 }))
  await shop.models.put(id, { name, description, enabled, prices: { input: '1', output: '2', cachedInput: '0.5', reasoning: '3' }, routes, version: stored.version })
}

async function step(agent: Agent, channel: DialectId, stream: boolean): Promise<{ heard: Heard, seen: Seen }> {
  await moveTo(channel)
  shop.sandbox.upstream.clear()
  const heard = await agent.ask({ model: MODEL, stream })
  const [sent, ...more] = shop.sandbox.upstream.requests()
  expect(more).toEqual([])
  expect(sent!.path).toContain(pathOf[channel])
  const reply = replyToRequest(sent!)
  expect(heard.text).toBe(reply.text)
  expect(heard.calls).toHaveLength(reply.toolCalls.length)
  expect(await shop.settled()).toMatchObject({ status: 200, endReason: 'completed', cost: costOf(countsOfRequest(sent!)) })
  return { heard, seen: seeUpstream(channel, sent!.body) }
}

const pathOf: Record<DialectId, string> = { 'openai-chat': '/openai/', 'openai-responses': '/openai-responses/', 'anthropic': '/anthropic/', 'gemini': '/gemini/' }
/** Google's word for a call that has no signature of its own. */
const ESCAPE = 'skip_thought_signature_validator'

/** Google's own endpoint for chat has this very field for its signatures, so to a chat channel they are no foreign ones. */
const isGoogles = ({ client, from, to }: { client: DialectId, from: DialectId, to: DialectId }): boolean => client === 'openai-chat' && from === 'gemini' && to === 'openai-chat'

const moves = dialectIds.flatMap(client => dialectIds.flatMap(from => dialectIds.filter(to => to !== from).flatMap(to => [false, true].map(stream => ({ client, from, to, stream })))))

describe.each(moves)('a conversation of $client moves from $from to $to (stream: $stream)', ({ client, from, to, stream }) => {
  it('is understood there without proofs of others, and again at home with its own', async () => {
    const agent = agents[client]({ url: shop.url, key: shop.key, tools })
    agent.say('Which tea goes with rain?')
    const begun = await step(agent, from, stream)
    expect(begun.heard.calls).toHaveLength(2)

    agent.give(begun.heard.calls.map(call => ({ call, text: 'Pu-erh' })))
    const moved = await step(agent, to, stream)
    expect(moved.heard.text).toContain('Pu-erh')
    expect(moved.seen.signatures).toEqual(to === 'gemini' ? [ESCAPE] : isGoogles({ client, from, to }) ? [expect.any(String)] : [])
    expect(moved.seen.results.map(({ id }) => id)).toEqual(moved.seen.calls.map(({ id }) => id))

    agent.say('And with snow?')
    const home = await step(agent, from, stream)
    expect(home.seen.signatures.filter(isWrapped)).toEqual([])
    // The proof of the first turn alone: the answer in between was another's.
    expect(home.seen.signatures.filter(signature => signature !== ESCAPE)).toHaveLength(from === 'openai-chat' ? 0 : 1)
    agent.give(home.heard.calls.map(call => ({ call, text: 'Black' })))
    expect((await step(agent, to, stream)).heard.text).toContain('Black')
  })
})
