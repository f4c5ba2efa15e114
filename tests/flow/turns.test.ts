import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { dialectIds } from '#shared/schemas/channel'
import type { DialectId } from '#shared/schemas/channel'
import { countsOfRequest, replyToRequest } from '../../sandbox/index.ts'
import { agents } from '../support/agents'
import type { Agent, AgentOptions, Heard } from '../support/agents'
import { costOf, openDialectShop } from '../support/dialect-shop'
import type { Shop } from '../support/shop'
import { isWrapped, legalId, seeUpstream } from '../support/upstream-view'
import type { Seen } from '../support/upstream-view'

/** Loops of calls and results as agents run them, for every pair, through the vendors' own SDKs, whole and streamed. */
let shop: Shop
const scenarios = ['sandbox-text', 'sandbox-tools', 'sandbox-parallel-tools', 'sandbox-thinking-tools']

beforeAll(async () => { shop = await openDialectShop(scenarios) })
afterAll(() => shop.close())

const PIXEL = 'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=='
const lookUp = { name: 'look_up', description: 'Looks something up', parameters: { type: 'object', properties: { word: { type: 'string' } }, required: ['word'] } }
const count = { name: 'count', description: 'Counts cups', parameters: { type: 'object', properties: { cups: { type: 'integer' } }, required: ['cups'] } }

interface Pair { client: DialectId, channel: DialectId, stream: boolean }
const pairs: Pair[] = dialectIds.flatMap(client => dialectIds.flatMap(channel => [false, true].map(stream => ({ client, channel, stream }))))

const begin = (pair: Pair, options: Partial<AgentOptions> = {}): Agent => agents[pair.client]({ url: shop.url, key: shop.key, tools: [lookUp], ...options })

/** One step: the upstream took it at once, said what the client heard, and was paid exactly that. */
async function step(pair: Pair, agent: Agent, scenario: string): Promise<{ heard: Heard, seen: Seen, body: string }> {
  shop.sandbox.upstream.clear()
  const heard = await agent.ask({ model: `${pair.channel}.${scenario}`, stream: pair.stream })
  const requests = shop.sandbox.upstream.requests()
  expect(requests).toHaveLength(1)
  const [sent] = requests
  const reply = replyToRequest(sent!)
  expect(heard.text).toBe(reply.text)
  expect(heard.reasoning).toBe(reply.reasoning)
  expect(heard.calls.map(({ name, args }) => ({ name, args }))).toEqual(reply.toolCalls.map(call => ({ name: call.function.name, args: JSON.parse(call.function.arguments) as unknown })))
  expect(new Set(heard.indexes).size).toBe(heard.indexes.length)
  const counts = countsOfRequest(sent!)
  expect(await shop.settled()).toMatchObject({ status: 200, endReason: 'completed', clamped: false, cost: costOf(counts) })
  expect(heard.usage).toEqual({ input: counts.input, output: counts.output })
  return { heard, seen: seeUpstream(pair.channel, sent!.body), body: sent!.body.toString('utf8') }
}

/** Every call has its one result under its own id, and no id is used twice. */
function requirePaired(pair: Pair, { calls, results }: Seen, expected: number): void {
  expect(calls).toHaveLength(expected)
  expect(results.map(({ id }) => id)).toEqual(calls.map(({ id }) => id))
  // Google's own client and upstream need no ids and make none.
  const ids = calls.flatMap(({ id }) => id ?? [])
  if (pair.client !== 'gemini' || pair.channel !== 'gemini') expect(ids).toHaveLength(expected)
  expect(new Set(ids).size).toBe(ids.length)
  for (const id of ids) expect(id).toMatch(legalId[pair.channel])
}

/** Own proof travels back to whoever made it, and nobody else's does. */
function requireOwnProof(pair: Pair, { signatures }: Seen): void {
  expect(signatures.filter(isWrapped)).toEqual([])
  if (pair.channel === 'openai-chat') expect(signatures).toEqual([])
  else expect(signatures.filter(signature => !signature.startsWith('skip_')).length).toBeGreaterThan(0)
}

describe.each(pairs)('an agent of $client on a $channel channel (stream: $stream)', (pair) => {
  it('calls one tool, answers, and goes on', async () => {
    const agent = begin(pair, { system: 'Pour slowly.' })
    agent.say('Which tea goes with rain? 雨天喝什么茶？')
    const asked = await step(pair, agent, 'sandbox-tools')
    expect(asked.heard.calls).toHaveLength(1)
    agent.give(asked.heard.calls.map(call => ({ call, text: 'Pu-erh 普洱' })))
    const answered = await step(pair, agent, 'sandbox-tools')
    expect(answered.heard.text).toContain('Pu-erh 普洱')
    requirePaired(pair, answered.seen, 1)
    agent.say('And with snow?')
    const again = await step(pair, agent, 'sandbox-tools')
    requirePaired(pair, again.seen, 1)
    agent.give(again.heard.calls.map(call => ({ call, text: 'Black' })))
    requirePaired(pair, (await step(pair, agent, 'sandbox-tools')).seen, 2)
  })

  it('calls one tool twice at once, and one result is an error', async () => {
    const agent = begin(pair)
    agent.say('Two teas?')
    const { heard } = await step(pair, agent, 'sandbox-parallel-tools')
    expect(heard.calls).toHaveLength(2)
    agent.give(heard.calls.map((call, index) => ({ call, text: index === 0 ? 'The shelf is empty' : 'Oolong', isError: index === 0 })))
    const answered = await step(pair, agent, 'sandbox-parallel-tools')
    requirePaired(pair, answered.seen, 2)
    expect(answered.body).toContain('The shelf is empty')
    expect(answered.seen.results.map(({ isError }) => isError)).toEqual([pair.client === 'anthropic' || pair.client === 'gemini', false])
    agent.say('Thank you')
    await step(pair, agent, 'sandbox-text')
  })

  it('thinks, calls two tools, thinks and answers, with the proofs of its thoughts', async () => {
    const agent = begin(pair, { tools: [lookUp, count] })
    agent.say('Which tea, and how many cups?')
    const { heard } = await step(pair, agent, 'sandbox-thinking-tools')
    expect(heard.calls.map(({ name }) => name)).toEqual(['look_up', 'count'])
    expect(heard.reasoning).not.toBe('')
    agent.give(heard.calls.map(call => ({ call, text: `${call.name} is done` })))
    const answered = await step(pair, agent, 'sandbox-thinking-tools')
    requirePaired(pair, answered.seen, 2)
    requireOwnProof(pair, answered.seen)
    expect(answered.heard.text).toContain('count is done')
    agent.say('And tomorrow?')
    const again = await step(pair, agent, 'sandbox-thinking-tools')
    requireOwnProof(pair, again.seen)
    agent.give(again.heard.calls.map(call => ({ call, text: 'the same' })))
    requirePaired(pair, (await step(pair, agent, 'sandbox-thinking-tools')).seen, 4)
  })

  it.runIf(pair.client !== 'openai-chat')('a picture inside a result arrives', async () => {
    const agent = begin(pair)
    agent.say('Show me')
    const { heard } = await step(pair, agent, 'sandbox-parallel-tools')
    agent.give(heard.calls.map((call, index) => ({ call, text: `cup ${index}`, ...(index === 0 ? { image: PIXEL } : {}) })))
    const answered = await step(pair, agent, 'sandbox-text')
    requirePaired(pair, answered.seen, 2)
    expect(answered.body.split(PIXEL)).toHaveLength(2)
  })
})

describe.each(pairs.filter(({ client }) => client === 'openai-chat'))('a chat client that keeps no more than ids, on a $channel channel (stream: $stream)', (pair) => {
  it('is understood all the same', async () => {
    const agent = begin(pair, { tools: [lookUp, count], forgetful: true })
    agent.say('Which tea, and how many cups?')
    const { heard } = await step(pair, agent, 'sandbox-parallel-tools')
    agent.give(heard.calls.map(call => ({ call, text: `${call.name} is done` })))
    const { seen } = await step(pair, agent, 'sandbox-parallel-tools')
    requirePaired(pair, seen, 2)
    expect(seen.signatures).toEqual(pair.channel === 'gemini' ? ['skip_thought_signature_validator'] : [])
  })

  it('even where the model thinks', async () => {
    const agent = begin(pair, { forgetful: true })
    agent.say('Which tea?')
    const { heard } = await step(pair, agent, 'sandbox-thinking-tools')
    agent.give(heard.calls.map(call => ({ call, text: 'Oolong' })))
    shop.sandbox.upstream.clear()
    expect((await agent.ask({ model: `${pair.channel}.sandbox-thinking-tools`, stream: pair.stream })).text).toContain('Oolong')
    expect(shop.sandbox.upstream.requests()).toHaveLength(1)
  })
})
