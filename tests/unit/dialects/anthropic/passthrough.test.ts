import { describe, expect, it } from 'vitest'
import { anthropic } from '#server/dialects/anthropic'
import { readCountRequest } from '#server/dialects/anthropic/request'
import { writeTokenCount } from '#server/dialects/anthropic/upstream'
import { wrapSignature } from '#server/dialects/signatures'
import { basic, codeOf, fixture, json, meter, read, sent, target } from './support'

const up = (value: unknown, model = 'claude-test-4-5', headers = {}) => anthropic.writeUpstreamRequest(read(value, headers), { model, credential: 'sk-up' })
const text = (value: unknown, model?: string) => Buffer.from(up(value, model).body).toString('utf8')

describe('reading a request', () => {
  it.each([
    ['', 'invalid_json'], ['{', 'invalid_json'], ['[]', 'invalid_request'], ['null', 'invalid_request'], [{ ...basic, model: 5 }, 'invalid_request'],
    [{ ...basic, messages: [] }, 'invalid_request'], [{ ...basic, messages: [{ role: 'tool', content: 'x' }] }, 'invalid_request'],
    [{ ...basic, max_tokens: undefined }, 'invalid_request'], [{ ...basic, max_tokens: -1 }, 'invalid_request'], [{ ...basic, max_tokens: 1e15 }, 'invalid_request'],
    ['{"model":"m","model":"n","max_tokens":1,"messages":[{"role":"user","content":"hi"}]}', 'invalid_request'],
    [{ ...basic, mcp_servers: [{ url: 'x' }] }, 'unsupported_field mcp_servers'], [{ ...basic, container: 'c' }, 'unsupported_field container'],
    [{ ...basic, tools: [{ type: 'web_search_20250305', name: 'web_search' }] }, 'unsupported_field tools.0.type'],
    [{ ...basic, tools: [{ type: 'advisor_20260301', name: 'advisor' }] }, 'unsupported_field tools.0.type'],
    [{ ...basic, tools: [{ type: 'computer_20250124', name: 'computer' }] }, 'unsupported_field tools.0.type'],
    [{ ...basic, messages: [{ role: 'user', content: [{ type: 'image', source: { type: 'file', file_id: 'f' } }] }] }, 'unsupported_field messages.0.content.source.file_id'],
    [{ ...basic, messages: [{ role: 'user', content: [{ type: 'tool_result', tool_use_id: 'a', content: [{ type: 'document', source: { type: 'file', file_id: 'f' } }] }] }] }, 'unsupported_field messages.0.content.source.file_id'],
    [{ ...basic, tools: [{ type: 'bash_20250124', name: 'bash' }, { name: 'x', input_schema: { type: 'object' } }] }, 'accepted'],
    [{ ...basic, max_tokens: 0, anything: 'else', mcp_servers: [] }, 'accepted'], [{ ...basic, temperature: -5 }, 'accepted'],
  ])('%j is %s', (value, code) => {
    expect(codeOf(() => read(value))).toBe(code)
  })

  it('knows the limit, and which bytes are text, in results of tools too', () => {
    const image = { type: 'image', source: { type: 'base64', media_type: 'image/png', data: 'A'.repeat(10_000) } }
    const request = read({ ...basic, messages: [{ role: 'user', content: [image, { type: 'tool_result', tool_use_id: 't', content: [image] }, { type: 'text', text: 'hi' }] }] })
    expect(request).toMatchObject({ outputMax: 100, choices: 1, mediaParts: 2, wantsUsage: true })
    expect(request.textBytes).toBeLessThan(500)
    expect(anthropic.readInputTexts(request)).toEqual({ texts: ['hi'], messages: 1 })
  })

  it('refuses blocks nested without end', () => {
    let content: unknown = 'x'
    for (let depth = 0; depth < 50; depth++) content = [{ type: 'document', source: { type: 'content', content } }]
    expect(codeOf(() => read({ ...basic, messages: [{ role: 'user', content }] }))).toBe('invalid_json')
  })

  it('counts instructions, thinking, calls, results, documents, tools and schemas as input', () => {
    const { texts, messages } = anthropic.readInputTexts(read(fixture('coding-tool-request.json').toString()))
    expect(messages).toBe(3)
    for (const part of ['You help.', 'look at both', 'Both.', '{"path":"a"}', 'A', 'no such file', 'go on']) expect(texts).toContain(part)
    expect(texts.at(-1)).toContain('Reads a file')
  })

  it('reads a request to count tokens, which has no limit, and answers it', () => {
    expect(readCountRequest(json({ model: 'm', messages: basic.messages }), target()).outputMax).toBeUndefined()
    expect(Buffer.from(writeTokenCount(16)).toString()).toBe('{"input_tokens":16}')
  })
})

describe('writing to the upstream', () => {
  it('passes bytes unchanged when nothing must change', () => {
    const body = '{ "messages" : [{"role":"user","content":"h\\u0069"}], "temperature":1.0, "max_tokens":5,  "model":"claude-test-4-5", "metadata":{"user_id":"u"} }'
    expect(text(body)).toBe(body)
    expect(text(fixture('coding-tool-request.json').toString(), 'claude-test-4-6')).toBe(fixture('coding-tool-request.json').toString())
  })

  it('changes the model alone, and takes out what changes the price', () => {
    expect(text('{"model":"m","speed":"fast","max_tokens":5,"messages":[{"role":"user","content":""}],"service_tier":"auto"}', 'up'))
      .toBe('{"model":"up","max_tokens":5,"messages":[{"role":"user","content":""}]}')
    expect(read({ ...basic, speed: 'fast', inference_geo: 'us' }).dropped).toEqual(['speed', 'inference_geo'])
  })

  it('passes version and betas of the client, without those that cost or store', () => {
    const headers = { 'anthropic-version': '2024-01-01', 'anthropic-beta': 'context-1m-2025-08-07, interleaved-thinking-2025-05-14,files-api-2025-04-14,interleaved-thinking-2025-05-14' }
    expect(up(basic, undefined, headers)).toMatchObject({ path: '/messages', headers: { 'x-api-key': 'sk-up', 'anthropic-version': '2024-01-01', 'anthropic-beta': 'interleaved-thinking-2025-05-14' } })
    expect(read(basic, headers).dropped).toEqual(['anthropic-beta:context-1m-2025-08-07', 'anthropic-beta:files-api-2025-04-14'])
    expect(up(basic, undefined, { 'anthropic-version': 'x\r\nhost: y', 'anthropic-beta': 'a b,c\nd' }).headers).toMatchObject({ 'anthropic-version': '2023-06-01' })
    expect(up(basic, undefined, { 'anthropic-beta': 'a b' }).headers).not.toHaveProperty('anthropic-beta')
  })

  it('keeps reasoning of other dialects back, because its signature would be refused', () => {
    const foreign = { type: 'thinking', thinking: 'x', signature: wrapSignature({ dialect: 'gemini', value: 's' }) }
    const own = { type: 'thinking', thinking: 'y', signature: 'b3du' }
    const messages = [...basic.messages, { role: 'assistant', content: [foreign, own, { type: 'text', text: 'a' }] }, { role: 'assistant', content: [foreign] }, { role: 'user', content: 'vapor1.' }]
    expect(JSON.parse(text({ ...basic, messages })).messages).toEqual([messages[0], { role: 'assistant', content: [own, { type: 'text', text: 'a' }] }, messages[3]])
  })
})

describe('watching a stream', () => {
  const names = ['start-and-delta-are-not-added', 'cache-writes-of-both-kinds', 'call-without-arguments', 'thinking-in-every-form', 'hosted-tool-blocks-are-left-out', 'refusal-with-explanation', 'stop-sequence-outside-ascii']
  it.each(names)('%s passes byte by byte', (name) => {
    const bytes = fixture(`${name}.sse`)
    const watched = meter(bytes)
    expect(watched.bytes.equals(bytes)).toBe(true)
    expect(watched.metered).toMatchObject({ finished: true, openBlock: undefined })
    expect(watched.verdicts.at(-1)!.kind).toBe('end')
  })

  it('overwrites numbers and never adds them', () => {
    expect(meter(fixture('start-and-delta-are-not-added.sse')).metered).toMatchObject({ usage: { input: 25, cachedInput: 100, output: 7, reasoning: 2 }, clamped: false, textBytes: 20 })
    expect(meter(fixture('usage-only-in-the-delta.sse')).metered.usage).toEqual({ input: 32, cachedInput: 3, output: 16 })
    expect(meter(fixture('cache-writes-of-both-kinds.sse')).metered.usage).toEqual({ input: 3, cachedInput: 7, cacheWrite5m: 20, cacheWrite1h: 4542, output: 6 })
  })

  it('calls nothing content before the model has produced something', () => {
    expect(meter(fixture('overloaded-inside-200.sse')).verdicts.map(({ kind }) => kind)).toEqual(['other', 'other', 'error'])
    const kinds = meter(fixture('thinking-in-every-form.sse')).verdicts.map(({ kind }) => kind)
    expect(kinds.slice(0, 4)).toEqual(['other', 'other', 'other', 'content'])
  })

  it('meters names and arguments of calls, and thinking', () => {
    expect(meter(fixture('call-without-arguments.sse')).metered.text()).toBe('nowadd{"a": 1}')
    expect(meter(fixture('thinking-in-every-form.sse')).metered.text()).toBe('First, add.3')
  })

  it('ends at a second beginning behind content, and at nonsense', () => {
    const { verdicts } = meter(fixture('second-message-start.sse'))
    expect(verdicts[3]).toEqual({ kind: 'error', bytes: new Uint8Array(0) })
    expect(meter(Buffer.from('data: {oops\n\n')).verdicts[0]!.kind).toBe('broken')
    expect(meter(Buffer.from(': hello\n\ndata: {"type":"news"}\n\ndata: {"error":{"message":"x"}}\n\n')).verdicts.map(({ kind }) => kind)).toEqual(['other', 'other', 'error'])
  })

  it('knows the input of a cut answer exactly and the output by what was delivered', () => {
    const { metered } = meter(fixture('cut-in-a-call.sse'))
    expect(metered).toMatchObject({ finished: false, usage: { input: 900, cachedInput: 50, output: 27 } })
  })

  it('claims no numbers where only zeros came before the cut', () => {
    const lines = fixture('usage-only-in-the-delta.sse').toString().split('\n\n').slice(0, 3).join('\n\n')
    expect(meter(Buffer.from(lines)).metered).toMatchObject({ usage: undefined, textBytes: 4 })
  })

  it('shows one beginning only', () => {
    const [start = '', ...rest] = fixture('start-and-delta-are-not-added.sse').toString().split(/(?<=\n\n)/)
    expect(meter(Buffer.from([start, start, ...rest].join(''))).bytes.toString()).toBe([start, ...rest].join(''))
  })

  it('ends politely: closes the open block, says why, with the usage', () => {
    const request = read({ ...basic, stream: true })
    const { metered } = meter(fixture('cut-in-a-call.sse'))
    const frames = sent(Buffer.concat([anthropic.writeLengthEnd(request, metered), anthropic.terminator(request)]))
    expect(frames.map(({ type, index }) => [type, index])).toEqual([['content_block_stop', 1], ['message_delta', undefined], ['message_stop', undefined]])
    expect(frames[1]).toMatchObject({ delta: { stop_reason: 'max_tokens' }, usage: { input_tokens: 900, output_tokens: 27 } })
    expect(sent(anthropic.writeLengthEnd(request, meter(Buffer.alloc(0)).metered)).map(({ type }) => type)).toEqual(['message_start', 'message_delta'])
  })

  it('still ends as this dialect does when the upstream says [DONE]', () => {
    const [verdict] = meter(Buffer.from('data: [DONE]\n\n')).verdicts
    expect(sent(verdict!.bytes)).toEqual([{ type: 'message_stop' }])
  })
})

describe('a whole answer', () => {
  it('is metered with the work its top level leaves out, and says that a part had another price', () => {
    expect(anthropic.readReply(fixture('iterations-beside-the-top-level.json'))).toMatchObject({ usage: { input: 170, cachedInput: 55, output: 97, reasoning: 5 }, clamped: true, finished: true })
  })

  it.each(['', '<html>', '[]', '{"type":"error","error":{"message":"x"}}'])('%j is malformed', (body) => {
    expect(codeOf(() => anthropic.readReply(Buffer.from(body)))).toBe('upstream_malformed')
    expect(codeOf(() => anthropic.readNeutralReply(Buffer.from(body)))).toBe('upstream_malformed')
  })
})

describe('asking a channel', () => {
  it('lists its models, and tries one', () => {
    expect(anthropic.writeModelsRequest('k')).toMatchObject({ path: '/models?limit=1000', headers: { 'x-api-key': 'k', 'anthropic-version': '2023-06-01' } })
    expect(anthropic.readModels(json({ data: [{ type: 'model', id: 'a' }, { id: 'b' }], has_more: false }))).toEqual(['a', 'b'])
    expect(codeOf(() => anthropic.readModels(Buffer.from('<html>')))).toBe('upstream_malformed')
    expect(codeOf(() => read(Buffer.from(anthropic.writeProbe('m')).toString()))).toBe('accepted')
    expect(anthropic.writeUpstreamTarget({ model: 'm', credential: 'k', stream: true })).toMatchObject({ path: '/messages', headers: { 'x-api-key': 'k', 'accept': 'text/event-stream' } })
  })
})
