import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { dialectOf } from '#server/dialects/index'
import { dialectIds } from '#shared/schemas/channel'
import type { DialectId } from '#shared/schemas/channel'
import { countsOfRequest } from '../../sandbox/index.ts'
import { agents } from '../support/agents'
import { costOf, openDialectShop } from '../support/dialect-shop'
import type { Shop } from '../support/shop'
import { seeUpstream } from '../support/upstream-view'

/** Tools whose names only some vendors take, asked for by clients that know no other name for them. */
let shop: Shop
const SCENARIO = 'sandbox-parallel-tools'

beforeAll(async () => { shop = await openDialectShop([SCENARIO]) })
afterAll(() => shop.close())

const parameters = { type: 'object', properties: { word: { type: 'string' } }, required: ['word'] }
const NAMES = ['1st.tea/pour', `mcp__${'very_'.repeat(15)}long`, '茶', 'plain_name']
const tools = NAMES.map(name => ({ name, description: `Does ${name}`, parameters }))

const pairs = dialectIds.flatMap(client => dialectIds.filter(id => id !== client).flatMap(channel => [false, true].map(stream => ({ client, channel, stream }))))

describe.each(pairs)('names of tools: $client on a $channel channel (stream: $stream)', ({ client, channel, stream }) => {
  it('are changed where the vendor would refuse them, and come back', async () => {
    const agent = agents[client]({ url: shop.url, key: shop.key, tools })
    const model = `${channel}.${SCENARIO}`
    agent.say('Which tea goes with rain?')
    const { calls } = await agent.ask({ model, stream })
    expect(calls.length).toBeGreaterThan(1)
    for (const { name } of calls) expect(NAMES).toContain(name)
    const record = await shop.settled()
    expect(record.converted).toMatch(/; renamed=tools\.name$/)
    expect(record.cost).toBe(costOf(countsOfRequest(shop.sandbox.upstream.requests().at(-1)!)))

    // The next turn, from nothing but what the client kept.
    agent.give(calls.map(call => ({ call, text: 'Pu-erh' })))
    const answer = await agent.ask({ model, stream })
    expect(answer.text).toContain('Pu-erh')
    const sent = shop.sandbox.upstream.requests().at(-1)!
    const seen = seeUpstream(channel, sent.body)
    for (const { name } of seen.calls) expect(name).toMatch(dialectOf(channel).toolName)
    expect(seen.results).toHaveLength(calls.length)
    expect(sent.body.toString('utf8')).not.toContain('"1st.tea/pour"')
    expect(namesSent(channel, JSON.parse(sent.body.toString('utf8')) as Fields)).toEqual(expect.arrayContaining(seen.calls.map(({ name }) => name)))
    await shop.requireBooks()
  })
})

type Fields = Record<string, unknown>

const namesSent = (channel: DialectId, { tools: sent }: Fields): string[] => {
  const list = channel === 'gemini' ? (sent as { functionDeclarations: Fields[] }[])[0]!.functionDeclarations : sent as Fields[]
  return list.map(tool => String((tool.function as Fields | undefined)?.name ?? tool.name))
}

it('a tool the client insists on is called by the name he gave', async () => {
  for (const channel of ['anthropic', 'openai-responses', 'gemini'] as const) {
    const response = await shop.chat({
      model: `${channel}.${SCENARIO}`,
      messages: [{ role: 'user', content: 'Tea?' }],
      tools: tools.map(tool => ({ type: 'function', function: tool })),
      tool_choice: { type: 'function', function: { name: '茶' } },
    })
    const reply = await response.json() as { choices: { message: { tool_calls: { function: { name: string } }[] } }[] }
    const names = reply.choices[0]!.message.tool_calls.map(call => call.function.name)
    expect([channel, new Set(names)]).toEqual([channel, new Set(['茶'])])
  }
})
