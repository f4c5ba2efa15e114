import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { anthropic } from '#server/dialects/anthropic'
import { readUsage, writeUsage } from '#server/dialects/anthropic/usage'
import type { Block, Finish, NeutralEvent, NeutralReply } from '#server/dialects/neutral'
import { AppError } from '#server/errors/app-error'
import { runs } from '../../../support/runs'
import { codeOf, context, events, fixture, json, read, basic, sent, written } from './support'

const kinds = (list: NeutralEvent[]) => list.map(event => event.type)
const textOf = (list: NeutralEvent[], index: number) => list.map(event => event.type === 'block-delta' && event.index === index ? event.text : '').join('')
const plain = (list: NeutralEvent[]) => list.filter(event => event.type !== 'start' && event.type !== 'usage')
const streams = ['start-and-delta-are-not-added', 'cache-writes-of-both-kinds', 'call-without-arguments', 'thinking-in-every-form', 'hosted-tool-blocks-are-left-out', 'stop-sequence-outside-ascii', 'refusal-with-explanation', 'usage-only-in-the-delta', 'cut-in-a-call']

describe('reading a stream', () => {
  it.each(streams)('%s says the same wherever it is cut', (name) => {
    const bytes = fixture(`${name}.sse`)
    const whole = events(bytes)
    for (let at = 1; at < bytes.length; at++) expect(events(bytes.subarray(0, at), bytes.subarray(at))).toEqual(whole)
    expect(kinds(whole).filter(type => type === 'finish')).toHaveLength(1)
    expect(kinds(whole).filter(type => type === 'block-start')).toHaveLength(kinds(whole).filter(type => type === 'block-end').length)
  })

  it('gives a call without arguments an empty object', () => {
    const list = events(fixture('call-without-arguments.sse'))
    expect([textOf(list, 0), textOf(list, 1)]).toEqual(['{}', '{"a": 1}'])
    expect(list.at(-1)).toEqual({ type: 'finish', finish: 'tool-calls', stopSequence: undefined })
  })

  it('keeps thinking that has nothing but a signature', () => {
    const list = events(fixture('thinking-in-every-form.sse'))
    expect(list.filter(event => event.type === 'block-signature')).toEqual([
      { type: 'block-signature', index: 0, signature: { dialect: 'anthropic', value: 'c2lnbmVk' } },
      { type: 'block-signature', index: 1, signature: { dialect: 'anthropic', value: 'aGlkZGVu' } },
      { type: 'block-signature', index: 2, signature: { dialect: 'anthropic', value: 'cmVkYWN0ZWQ=' }, redacted: true },
    ])
  })

  it('leaves blocks of hosted tools out, and counts without them', () => {
    expect(plain(events(fixture('hosted-tool-blocks-are-left-out.sse')))).toEqual([
      { type: 'block-start', index: 0, kind: 'text' }, { type: 'block-citation', index: 0, citation: { url: 'https://example.com/a', title: 'A' } },
      { type: 'block-delta', index: 0, text: 'A.' }, { type: 'block-end', index: 0 }, { type: 'finish', finish: 'stop', stopSequence: undefined },
    ])
  })

  it('says why it ended', () => {
    expect(events(fixture('stop-sequence-outside-ascii.sse')).at(-1)).toEqual({ type: 'finish', finish: 'stop-sequence', stopSequence: '🌊' })
    const refused = events(fixture('refusal-with-explanation.sse'))
    expect(refused.at(-1)).toMatchObject({ finish: 'refusal' })
    expect(textOf(refused, 1)).toBe('Against the rules.')
    expect(events(fixture('cut-in-a-call.sse')).at(-1)).toMatchObject({ finish: 'length' })
  })

  it('says the numbers as they become known', () => {
    const numbers = events(fixture('start-and-delta-are-not-added.sse')).filter(event => event.type === 'usage')
    expect(numbers.at(-1)).toEqual({ type: 'usage', usage: { input: 25, cachedInput: 100, output: 7, reasoning: 2 } })
  })

  it.each([
    [fixture('overloaded-inside-200.sse'), 'upstream_cut'], [fixture('second-message-start.sse'), 'upstream_cut'],
    [Buffer.from('data: {oops\n\n'), 'upstream_malformed'], [Buffer.from('data: {"error":{"message":"x"}}\n\n'), 'upstream_cut'], [Buffer.from('data: {"type":"news"}\n\n'), 'accepted'],
  ])('stops at errors and nonsense (%#)', (bytes, code) => {
    expect(codeOf(() => events(bytes))).toBe(code)
  })

  it('throws nothing but AppError, whatever comes', () => {
    const value = fc.oneof(fc.jsonValue(), fc.record({ type: fc.constantFrom('message_start', 'content_block_start', 'content_block_delta', 'content_block_stop', 'message_delta', 'toString'), index: fc.jsonValue(), message: fc.jsonValue(), content_block: fc.jsonValue(), delta: fc.jsonValue(), usage: fc.jsonValue() }, { requiredKeys: ['type'] }))
    fc.assert(fc.property(fc.array(value), (list) => {
      const bytes = Buffer.from(list.map(one => `data: ${JSON.stringify(one)}\n\n`).join(''))
      expect(['accepted', 'upstream_malformed', 'upstream_cut']).toContain(codeOf(() => events(bytes)))
    }), { numRuns: runs })
  })
})

describe('writing a stream', () => {
  it.each(streams.filter(name => !name.startsWith('refusal')))('%s is the same when written and read again', (name) => {
    const list = events(fixture(`${name}.sse`))
    expect(plain(events(written(list)))).toEqual(plain(list))
  })

  it('puts overlapping calls one behind the other, numbers without gaps, a ping behind the first start, usage at the end', () => {
    const frames = sent(written([
      { type: 'start', id: 'up', model: 'up' },
      { type: 'block-start', index: 0, kind: 'text' }, { type: 'block-end', index: 0 },
      { type: 'block-start', index: 1, kind: 'reasoning' }, { type: 'block-delta', index: 1, text: 'hm' }, { type: 'block-end', index: 1 },
      { type: 'block-start', index: 2, kind: 'tool-call', id: 'a', name: 'f' }, { type: 'block-start', index: 3, kind: 'tool-call', id: 'b', name: 'g' },
      { type: 'block-delta', index: 3, text: '{}' }, { type: 'block-delta', index: 2, text: '{"x"' }, { type: 'block-end', index: 3 }, { type: 'block-delta', index: 2, text: ':1}' }, { type: 'block-end', index: 2 },
      { type: 'finish', finish: 'stop', stopSequence: undefined }, { type: 'usage', usage: { input: 5, cachedInput: 2, output: 3, reasoning: 4 } },
    ]))
    expect(frames.map(({ type, index, content_block: block }) => [type, index, block?.type].filter(part => part !== undefined).join(' '))).toEqual([
      'message_start', 'content_block_start 0 thinking', 'ping', 'content_block_delta 0', 'content_block_delta 0', 'content_block_stop 0',
      'content_block_start 1 tool_use', 'content_block_delta 1', 'content_block_delta 1', 'content_block_stop 1',
      'content_block_start 2 tool_use', 'content_block_delta 2', 'content_block_stop 2', 'message_delta', 'message_stop',
    ])
    expect(frames[0]!.message).toMatchObject({ id: 'msg_abc', model: 'shop/model', content: [], stop_reason: null, usage: { input_tokens: 0, cache_creation: { ephemeral_5m_input_tokens: 0 } } })
    expect(frames.at(-2)).toMatchObject({ delta: { stop_reason: 'tool_use', stop_sequence: null }, usage: { input_tokens: 5, cache_read_input_tokens: 2, output_tokens: 7, output_tokens_details: { thinking_tokens: 4 } } })
  })

  it('carries signatures it has no place for, and they come home', () => {
    const frames = sent(written([
      { type: 'block-start', index: 0, kind: 'reasoning' }, { type: 'block-signature', index: 0, signature: { dialect: 'openai-responses', value: 'enc', item: 'rs_1' }, redacted: true }, { type: 'block-end', index: 0 },
      { type: 'block-start', index: 1, kind: 'tool-call', id: 'call_1', name: 'f' }, { type: 'block-signature', index: 1, signature: { dialect: 'gemini', value: 'g' } }, { type: 'block-end', index: 1 },
      { type: 'finish', finish: 'tool-calls', stopSequence: undefined },
    ]))
    const content = frames.flatMap(({ content_block: block }) => block ? [block] : [])
    expect(content.map(({ type }) => type)).toEqual(['redacted_thinking', 'tool_use', 'redacted_thinking'])
    const back = anthropic.readNeutralRequest(read({ ...basic, messages: [...basic.messages, { role: 'assistant', content }] }))
    expect(back.messages[1]!.blocks).toEqual([
      { type: 'reasoning', text: '', redacted: true, signature: { dialect: 'openai-responses', value: 'enc', item: 'rs_1' } },
      { type: 'tool-call', id: 'call_1', name: 'f', args: '{}', signature: { dialect: 'gemini', value: 'g' } },
    ])
  })

  it('is whole even when nothing was said', () => {
    expect(sent(written([])).map(({ type }) => type)).toEqual(['message_start', 'message_delta', 'message_stop'])
  })

  it('shows pictures as Markdown, behind the block they came in', () => {
    const list = events(written([
      { type: 'block-start', index: 0, kind: 'text' }, { type: 'block-delta', index: 0, text: 'a' }, { type: 'media', index: 1, mime: 'image/png', data: 'AA==' }, { type: 'block-delta', index: 0, text: 'b' }, { type: 'block-end', index: 0 },
      { type: 'finish', finish: 'stop', stopSequence: undefined },
    ]))
    expect([textOf(list, 0), textOf(list, 1)]).toEqual(['ab', '![image/png](data:image/png;base64,AA==)'])
  })
})

describe('whole answers', () => {
  const reply = (blocks: Block[], finish: Finish = 'stop', stopSequence?: string): NeutralReply => ({ id: 'msg_abc', model: context.model, choices: [{ blocks, finish, stopSequence }], usage: { input: 1, output: 2 } })
  const turned = (value: NeutralReply) => anthropic.readNeutralReply(anthropic.writeNeutralReply(value, context))

  it.each([
    reply([{ type: 'text', text: 'hi', citations: [{ url: 'https://e.com', title: 'E' }] }]), reply([], 'length'), reply([{ type: 'text', text: 'a' }], 'stop-sequence', 'b'), reply([{ type: 'text', text: 'a' }], 'refusal'),
    reply([{ type: 'reasoning', text: '', signature: { dialect: 'anthropic', value: 's' } }, { type: 'reasoning', text: '', redacted: true, signature: { dialect: 'anthropic', value: 'r' } }, { type: 'tool-call', id: 'call_1', name: 'f', args: '{"a":1}' }], 'tool-calls'),
  ])('are the same when written and read again (%#)', (value) => {
    expect(turned(value)).toEqual(value)
  })

  it('stop for calls whenever there are some, claim no stop sequence they do not know, and call a refusal one', () => {
    const stopOf = (blocks: Block[], finish: Finish) => (JSON.parse(Buffer.from(anthropic.writeNeutralReply(reply(blocks, finish), context)).toString()) as { stop_reason: string }).stop_reason
    expect(stopOf([{ type: 'tool-call', id: 'a', name: 'f', args: '' }], 'stop')).toBe('tool_use')
    expect(stopOf([{ type: 'tool-call', id: 'a', name: 'f', args: '{"' }], 'length')).toBe('max_tokens')
    expect(stopOf([{ type: 'text', text: 'a' }], 'stop-sequence')).toBe('end_turn')
    expect(stopOf([{ type: 'refusal', text: 'no' }], 'stop')).toBe('refusal')
    expect(stopOf([], 'filtered')).toBe('refusal')
  })

  it.each(['pause_turn', 'compaction'])('that only paused are not whole: %s', (reason) => {
    const whole = (content: unknown[]) => anthropic.readNeutralReply(json({ content, stop_reason: reason })).choices[0]!.finish
    expect(whole([{ type: 'text', text: 'Let me look' }])).toBe('length')
    expect(whole([{ type: 'tool_use', id: 'a', name: 'f', input: {} }])).toBe('length')
    const streamed = events(Buffer.from(`data: ${JSON.stringify({ type: 'message_delta', delta: { stop_reason: reason }, usage: { output_tokens: 1 } })}\n\n`))
    expect(streamed.at(-1)).toEqual({ type: 'finish', finish: 'length', stopSequence: undefined })
  })

  it('mint ids for calls that came without', () => {
    const [block] = anthropic.readNeutralReply(json({ content: [{ type: 'tool_use', id: '', name: 'f' }], stop_reason: 'end_turn' })).choices[0]!.blocks
    expect(block).toMatchObject({ id: expect.stringMatching(/^call_[0-9A-Za-z]{24}$/), args: '{}' })
  })
})

describe('usage', () => {
  it.each([[{}], [null], ['x'], [[]], [{ input_tokens: -1 }], [{ input_tokens: 1.5, output_tokens: 1 }]])('%j is none', raw => expect(readUsage(raw)).toBeUndefined())

  it('cuts parts that are larger than their whole', () => {
    expect(readUsage({ input_tokens: 1, output_tokens: 2, output_tokens_details: { thinking_tokens: 9 }, cache_creation_input_tokens: 3, cache_creation: { ephemeral_1h_input_tokens: 5 } })).toEqual({ usage: { input: 1, reasoning: 2, cacheWrite1h: 3 }, clamped: true })
  })

  it('knows the answer\'s own model among the iterations', () => {
    const raw = { input_tokens: 1, output_tokens: 1, iterations: [{ type: 'fallback_message', model: 'm', input_tokens: 2, output_tokens: 3 }, 5, { type: 'x', input_tokens: 'y' }] }
    expect(readUsage(raw, 'm')).toEqual({ usage: { input: 3, output: 4 }, clamped: false })
    expect(readUsage(raw, 'n')!.clamped).toBe(true)
  })

  it('comes back in the same classes', () => {
    const count = fc.integer({ min: 1, max: 1e9 })
    fc.assert(fc.property(fc.record({ input: count, cachedInput: count, cacheWrite5m: count, cacheWrite1h: count, output: count, reasoning: count }, { requiredKeys: [] }), (usage) => {
      expect(readUsage(writeUsage(usage))).toEqual({ usage, clamped: false })
    }), { numRuns: runs })
  })
})

describe('errors', () => {
  const bodyOf = (error: AppError) => JSON.parse(Buffer.from(anthropic.writeError(error, 'req_1').body).toString()) as { error: { type: string, message: string } }

  it('look as the vendor\'s do', () => {
    const error = anthropic.writeError(new AppError('upstream_busy', { model: 'm' }, { retryAfterSeconds: 7 }), 'req_1')
    expect(error).toMatchObject({ status: 429, headers: { 'retry-after': '7', 'x-should-retry': 'true', 'request-id': 'req_1' } })
    expect(JSON.parse(Buffer.from(error.body).toString())).toMatchObject({ type: 'error', error: { type: 'rate_limit_error' }, request_id: 'req_1' })
    expect([new AppError('invalid_key'), new AppError('insufficient_credit'), new AppError('model_not_found'), new AppError('upstream_unavailable'), new AppError('internal'), new AppError('invalid_request')].map(one => bodyOf(one).error.type))
      .toEqual(['authentication_error', 'billing_error', 'not_found_error', 'overloaded_error', 'api_error', 'invalid_request_error'])
    expect(sent(anthropic.writeErrorFrame(new AppError('upstream_cut'), 'req_1', read(basic)))).toMatchObject([{ type: 'error', error: { type: 'api_error' } }])
  })

  it.each([
    'The input token count (120) exceeds the maximum number of tokens allowed (100).', 'This model\'s maximum context length is 100 tokens. However, your messages resulted in 120 tokens.',
  ])('say in this vendor\'s words that the context is full: %s', (problem) => {
    expect(bodyOf(new AppError('upstream_rejected', { problem })).error.message).toBe('prompt is too long: 120 tokens > 100 maximum (request id: req_1)')
  })

  it.each([
    [400, { error: { message: 'temperature: range: 0..1' } }, 'client', 'temperature: range: 0..1'], [400, { error: { message: 'Your credit balance is too low to access the API.' } }, 'credential', 'Your credit balance is too low to access the API.'],
    [401, { detail: 'Invalid API Key' }, 'credential', 'Invalid API Key'], [403, {}, 'credential', undefined], [404, { error: 'gone' }, 'upstream', 'gone'], [413, {}, 'client', undefined],
    [429, { message: 'slow down' }, 'busy', 'slow down'], [529, { error: { message: 'Overloaded' } }, 'upstream', 'Overloaded'], [502, '<html>', 'upstream', undefined],
    [400, { error: { message: 'prompt is too long: 9 tokens > 8 maximum' } }, 'client', 'prompt is too long: 9 tokens > 8 maximum'],
  ])('%i %j is the fault of %s', (status, body, blame, message) => {
    expect(anthropic.readUpstreamFailure(status, json(body))).toEqual({ blame, message })
  })
})
