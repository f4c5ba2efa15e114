import { countTokens } from 'gpt-tokenizer/encoding/o200k_base'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Sandbox } from '../../../sandbox/index.ts'
import { listedModels, replyOf, startSandbox, usageOf } from '../../../sandbox/index.ts'
import { ask, framesIn, joined, question, readChunks, readFrames } from './chat-client.ts'

interface Completion {
  choices: { message: { content: string | null, refusal: string | null, tool_calls?: { id: string, function: { name: string, arguments: string } }[] }, finish_reason: string }[]
  usage?: { prompt_tokens: number, completion_tokens: number, total_tokens: number }
}

const tools = [
  { type: 'function', function: { name: 'weather', parameters: { type: 'object', properties: { city: { type: 'string' }, days: { type: 'integer' }, unit: { enum: ['c', 'f'] } } } } },
  { type: 'function', function: { name: 'clock' } },
]
const talkative = [
  'sandbox-text', 'sandbox-echo', 'sandbox-tools', 'sandbox-parallel-tools', 'sandbox-reasoning', 'sandbox-cached', 'sandbox-long-50',
  'sandbox-paced-1-5', 'sandbox-slow-headers-5', 'sandbox-crlf', 'sandbox-bytes', 'sandbox-big-frame', 'sandbox-refusal',
  'sandbox-content-filter', 'sandbox-empty', 'sandbox-flaky-0', 'sandbox-models-slash/like-this', 'sandbox-usage-in-finish', 'sandbox-usage-cumulative',
]

let sandbox: Sandbox
beforeAll(async () => {
  sandbox = await startSandbox()
})
afterAll(() => sandbox.close())

async function whole(model: string, rest: Record<string, unknown> = {}): Promise<Completion> {
  return await (await ask(sandbox, model, rest)).json() as Completion
}

describe('replies', () => {
  it('are the same whole, streamed and computed beforehand', async () => {
    for (const model of talkative) {
      const expected = replyOf(model, { messages: question, tools })
      const complete = await whole(model, { tools })
      const chunks = await readChunks(await ask(sandbox, model, { tools, stream: true, stream_options: { include_usage: true } }))
      const streamed = chunks.findLast(({ usage }) => usage)?.usage
      expect(complete.usage, model).toEqual(usageOf(expected))
      expect(streamed, model).toEqual(usageOf(expected))
      expect(complete.usage?.total_tokens, model).toBe(expected.promptTokens + expected.completionTokens)
      expect(complete.choices[0]?.message.content ?? '', model).toBe(expected.text)
      expect(joined(chunks, 'content'), model).toBe(expected.text)
      expect(joined(chunks, 'reasoning_content'), model).toBe(expected.reasoning)
      expect(joined(chunks, 'refusal'), model).toBe(expected.refusal)
      expect(complete.choices[0]?.message.refusal ?? '', model).toBe(expected.refusal)
      expect(complete.choices[0]?.finish_reason, model).toBe(expected.finishReason)
    }
  })

  it('are counted as the README says', () => {
    const count = (text: string) => countTokens(text, { disallowedSpecial: new Set() })
    const reply = replyOf('sandbox-echo', { messages: question })
    expect(reply.text).toBe(question[1]?.content)
    expect(reply.promptTokens).toBe(question.reduce((sum, { content }) => sum + count(content) + 4, 3))
    expect(reply.completionTokens).toBe(count(reply.text))
    expect(replyOf('sandbox-long-1000', { messages: question }).completionTokens).toBe(1000)
    expect(replyOf('sandbox-echo', { messages: [{ role: 'user', content: [{ type: 'text', text: 'a <|endoftext|>' }] }] }).text).toBe('a <|endoftext|>')
    expect(replyOf('sandbox-cached', { messages: question }).cachedTokens).toBe(Math.floor(reply.promptTokens / 2))
    expect(() => replyOf('sandbox-error-500', { messages: question })).toThrow()
  })

  it('keep to a limit and to n, without broken characters', async () => {
    for (let limit = 1; limit < 40; limit++) {
      const reply = replyOf('sandbox-text', { messages: question, max_tokens: limit })
      expect(reply).toMatchObject({ finishReason: 'length' })
      expect(reply.completionTokens).toBeLessThanOrEqual(limit)
      expect(reply.text.isWellFormed() && !reply.text.includes('\uFFFD')).toBe(true)
    }
    expect(replyOf('sandbox-long-500', { messages: question, max_completion_tokens: 20 }).completionTokens).toBe(20)
    const three = await whole('sandbox-text', { n: 3, max_tokens: 8 })
    expect(three.choices).toHaveLength(3)
    expect(three.usage?.completion_tokens).toBe(replyOf('sandbox-text', { messages: question, n: 3, max_tokens: 8 }).completionTokens)
    const chunks = await readChunks(await ask(sandbox, 'sandbox-text', { n: 2, stream: true }))
    expect(joined(chunks, 'content', 1)).toBe(joined(chunks, 'content', 0))
  })

  it('call tools in pieces and answer with what they said', async () => {
    const chunks = await readChunks(await ask(sandbox, 'sandbox-parallel-tools', { tools, stream: true }))
    const parts = chunks.flatMap(({ choices }) => (choices[0]?.delta['tool_calls'] ?? []) as { index: number, id?: string, function: { name?: string, arguments: string } }[])
    const first = parts.filter(({ index }) => index === 0)
    expect(first.length).toBeGreaterThan(5)
    expect(first.filter(({ id }) => id)).toHaveLength(1)
    expect(JSON.parse(first.map(part => part.function.arguments).join(''))).toEqual({ city: '上海 "1" 🌧', days: 1, unit: 'c' })
    expect(new Set(parts.flatMap(({ id }) => id ?? [])).size).toBe(2)
    expect((await whole('sandbox-parallel-tools', { tools, parallel_tool_calls: false })).choices[0]?.message.tool_calls).toHaveLength(1)
    const answer = await whole('sandbox-tools', { tools, messages: [...question, { role: 'tool', tool_call_id: 'x', content: '21 度' }] })
    expect(answer.choices[0]?.message.content).toContain('21 度')
  })
})

describe('streams', () => {
  it('have the shape of the real ones, with and without usage', async () => {
    const bare = await readFrames(await ask(sandbox, 'sandbox-text', { stream: true }))
    expect(bare.at(-1)).toBe('[DONE]')
    expect(bare.some(frame => frame.includes('"usage"'))).toBe(false)
    const chunks = await readChunks(await ask(sandbox, 'sandbox-text', { stream: true, stream_options: { include_usage: true } }))
    expect(chunks[0]?.choices[0]?.delta).toEqual({ role: 'assistant', content: '', refusal: null })
    expect(chunks.slice(0, -1).every(({ usage, choices }) => usage === null && choices.length === 1)).toBe(true)
    expect(chunks.at(-1)).toMatchObject({ choices: [], usage: { prompt_tokens: expect.any(Number) } })
    expect(chunks.at(-2)?.choices[0]).toMatchObject({ delta: {}, finish_reason: 'stop' })
  })

  it('put usage where compatible servers do', async () => {
    const inFinish = await readChunks(await ask(sandbox, 'sandbox-usage-in-finish', { stream: true }))
    expect(inFinish.filter(({ usage }) => usage).map(({ choices }) => choices[0]?.finish_reason)).toEqual(['stop'])
    const cumulative = await readChunks(await ask(sandbox, 'sandbox-usage-cumulative', { stream: true }))
    const counts = cumulative.map(({ usage }) => Number(usage?.['completion_tokens']))
    expect(counts).toEqual(counts.toSorted((a, b) => a - b))
    expect(counts.at(-1)).toBe(replyOf('sandbox-usage-cumulative', { messages: question }).completionTokens)
  })

  it('use what the grammar of server-sent events allows', async () => {
    const text = await (await ask(sandbox, 'sandbox-crlf', { stream: true })).text()
    expect(text.replaceAll('\r\n', '')).not.toContain('\n')
    expect(text).toContain('event: message\r\n')
    expect(framesIn(text).at(-1)).toBe('[DONE]')
    expect((await readFrames(await ask(sandbox, 'sandbox-no-done', { stream: true }))).at(-1)).not.toBe('[DONE]')
    const big = await readFrames(await ask(sandbox, 'sandbox-big-frame', { stream: true }))
    expect(Math.max(...big.map(frame => frame.length))).toBeGreaterThan(299_000)
  })

  it('leave one byte at a time', async () => {
    sandbox.upstream.clear()
    const { length } = Buffer.from(await (await ask(sandbox, 'sandbox-bytes', { stream: true })).arrayBuffer())
    expect(sandbox.upstream.requests()[0]?.chunks).toBe(length)
  })
})

describe('models', () => {
  it('are listed, each by a name that works', async () => {
    const headers = { authorization: `Bearer ${sandbox.upstream.apiKeys[1]}` }
    const { data } = await (await fetch(`${sandbox.upstream.baseUrl}/models`, { headers })).json() as { data: { id: string }[] }
    expect(data.map(({ id }) => id)).toEqual(listedModels())
    for (const { id } of data) expect((await fetch(`${sandbox.upstream.baseUrl}/models/${id}`, { headers })).status).toBe(200)
    expect((await fetch(`${sandbox.upstream.baseUrl}/models/nonsense`, { headers })).status).toBe(404)
  })
})
