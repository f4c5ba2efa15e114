import { describe, expect, it } from 'vitest'
import { openaiChat } from '#server/dialects/openai-chat'
import type { NeutralEvent } from '#server/dialects/neutral'
import { bytesOf, contextOf, eventsOf, fixture, framesOf, target, tell } from './decode'

const text = (words: string, more = {}) => ({ kind: 'text', text: words, ...more })
const reasoning = (words: string, value?: string) => ({ kind: 'reasoning', text: words, ...(value === undefined ? {} : { signature: { dialect: 'openai-chat', value } }) })
const call = (id: string, name: string, args: string, more = {}) => ({ kind: 'tool-call', id, name, text: args, ...more })
const refusal = (words: string) => ({ kind: 'refusal', text: words })
const both = [call('call_a', 'north', '{"n":1}'), call('call_b', 'south', '{"n":2}')]

/** Streams by the trap they hold, and what must be read from them. */
const streams: [string, { blocks: unknown[], finish?: string, usage?: unknown, error?: string }][] = [
  ['plain', { blocks: [text('Grüße, 世界 🎉')], finish: 'stop', usage: { input: 9, output: 4 } }],
  ['azure-prompt-filter-first', { blocks: [text('ok')], finish: 'stop', usage: { input: 9, output: 1 } }],
  ['tool-index-starts-at-1', { blocks: [text('Looking.'), call('toolu_fixture1', 'look', '{"at":"é"}')], finish: 'tool-calls' }],
  ['tool-calls-all-index-0', { blocks: [call('minted-0', 'north', '{"n":1}'), call('minted-1', 'south', '{"n":2}')], finish: 'tool-calls', usage: { input: 5, output: 8 } }],
  ['tool-new-id-on-used-index', { blocks: [call('call_a', 'north', '{"n":1}'), call('call_b', 'south', '{}')], finish: 'tool-calls' }],
  ['tool-index-missing', { blocks: both, finish: 'tool-calls' }],
  ['tool-no-arguments', { blocks: [call('call_a', 'now', '{}')], finish: 'tool-calls' }],
  ['tool-arguments-null', { blocks: [call('call_a', 'now', '{}'), call('call_b', 'now', '{}')], finish: 'tool-calls' }],
  ['tool-arguments-object', { blocks: [call('call_a', 'north', '{"n":1}')], finish: 'tool-calls' }],
  ['tool-calls-interleaved', { blocks: both, finish: 'tool-calls', usage: { input: 20, output: 12 } }],
  ['tool-signature-google', { blocks: [call('fn1', 'north', '{}', { signature: { dialect: 'openai-chat', value: 'c2lnbmVk' } })], finish: 'tool-calls' }],
  ['legacy-function-call', { blocks: [call('minted-0', 'north', '{"n":1}')], finish: 'tool-calls' }],
  ['finish-stop-with-tools', { blocks: [call('call_a', 'north', '{"n":1}')], finish: 'tool-calls', usage: { input: 5, output: 6 } }],
  ['finish-empty', { blocks: [text('hi')], finish: 'stop', usage: { input: 2, output: 1 } }],
  ['usage-in-finish-chunk', { blocks: [text('hi')], finish: 'stop', usage: { input: 4, cachedInput: 3, output: 2 } }],
  ['usage-in-every-chunk', { blocks: [text('abc')], finish: 'stop', usage: { input: 7, output: 3 } }],
  ['usage-twice-groq', { blocks: [text('hi')], finish: 'stop', usage: { input: 7, output: 2 } }],
  ['usage-only-x-groq', { blocks: [text('hi')], finish: 'stop', usage: { input: 7, output: 2 } }],
  ['no-done', { blocks: [reasoning('count', 'reasoning_content'), text('1, 2')], finish: 'stop', usage: { input: 4, output: 3, reasoning: 2 } }],
  ['truncated', { blocks: [text('half an ans', { open: true })], error: 'upstream_cut' }],
  ['error-event', { blocks: [{ ...reasoning('hm'), open: true }], error: 'upstream_cut' }],
  ['error-in-chunk-with-usage', { blocks: [text('a', { open: true })], error: 'upstream_cut' }],
  ['error-text', { blocks: [], error: 'upstream_cut' }],
  ['error-finish', { blocks: [text('a', { open: true })], error: 'upstream_cut' }],
  ['thinking-content-array', { blocks: [reasoning('let me see'), text('Yes. Sure.')], finish: 'stop', usage: { input: 6, output: 9 } }],
  ['reasoning-content', { blocks: [reasoning('first this', 'reasoning_content'), text('done')], finish: 'stop', usage: { input: 4, cachedInput: 2, output: 5, reasoning: 4 } }],
  ['reasoning-details', { blocks: [reasoning('We look.', '{"type":"reasoning.text","format":"anthropic-claude-v1","index":0,"signature":"c2ln"}'), text('Here.')], finish: 'stop' }],
  ['reasoning-encrypted', {
    blocks: [
      reasoning('Plan', '{"type":"reasoning.summary","format":"openai-responses-v1","index":0}'),
      reasoning('', '{"type":"reasoning.encrypted","data":"b3BhcXVl","id":"rs_1","format":"openai-responses-v1","index":0}'),
      call('call_a', 'north', '{}'),
    ],
    finish: 'tool-calls',
  }],
  ['refusal', { blocks: [refusal('I cannot help.')], finish: 'refusal', usage: { input: 7, output: 3 } }],
  ['content-filter', { blocks: [text('So ')], finish: 'filtered' }],
  ['length', { blocks: [text('{"')], finish: 'length', usage: { input: 7, output: 1 } }],
  ['annotations', { blocks: [text('See it.', { citations: [{ url: 'https://example.org/a', title: 'A' }] })], finish: 'stop' }],
  ['images', { blocks: [text('Here.'), { kind: 'media', mime: 'image/png', data: 'iVBORw0KGgo=' }], finish: 'stop' }],
  ['other-choices', { blocks: [text('mine')], finish: 'stop' }],
  ['crlf-two-data-lines', { blocks: [text('naïve')], finish: 'stop' }],
  ['chunk-after-usage', { blocks: [text('hi')], finish: 'stop', usage: { input: 3, output: 1 } }],
]

const clientRequest = (more = {}) => openaiChat.readRequest(bytesOf({ model: 'm', stream: true, stream_options: { include_usage: true }, messages: [{ role: 'user', content: 'hi' }], ...more }), target)

function rewritten(events: NeutralEvent[], wire = {}): Buffer {
  const writer = openaiChat.createStreamWriter(clientRequest(wire), contextOf(wire))
  return Buffer.concat([...events.map(event => writer.write(event)), writer.end()])
}

const chunksOf = (bytes: Uint8Array) => framesOf(bytes).flatMap(({ data }) => data === undefined || data === '[DONE]' ? [] : [JSON.parse(data)])

describe.each(streams)('a stream: %s', (name, expected) => {
  const bytes = fixture(`${name}.sse`)

  it('is read', () => {
    const { events, error } = eventsOf(bytes)
    expect({ ...tell(events), error }).toEqual({ usage: undefined, finish: undefined, error: undefined, ...expected })
  })

  it('says the same wherever its bytes are cut', () => {
    const whole = eventsOf(bytes)
    for (let cut = 1; cut < bytes.length; cut++) expect(eventsOf(bytes, cut)).toEqual(whole)
  })

  it('passes unchanged to a client that asked for usage, and is metered', () => {
    const meter = openaiChat.createStreamMeter(clientRequest())
    const verdicts = framesOf(bytes).map(frame => meter.observe(frame))
    const failed = verdicts.findIndex(({ kind }) => kind === 'error')
    if (failed === -1) expect(Buffer.concat(verdicts.map(verdict => verdict.bytes)).equals(bytes)).toBe(true)
    else expect(verdicts[failed]?.bytes).toHaveLength(0)
    if (expected.usage) expect(meter.metered().usage).toEqual(expected.usage)
    for (const block of tell(eventsOf(bytes).events).blocks) {
      if (block.kind !== 'media' && name !== 'tool-no-arguments') expect(meter.metered().text()).toContain(block.kind === 'tool-call' ? block.name : block.text)
    }
  })

  it.skipIf(expected.error)('is written for a client and read again', () => {
    const { events } = eventsOf(bytes)
    const plain = (told: ReturnType<typeof tell>) => ({
      ...told,
      blocks: told.blocks.filter(block => block.kind !== 'reasoning' || block.text !== '').map(({ signature: _, ...block }) => block),
    })
    expect(plain(tell(eventsOf(rewritten(events)).events))).toEqual(plain(tell(events)))
  })
})

it('ends a call whose arguments are whole when the next begins, so that the next need not wait', () => {
  const order = (name: string) => eventsOf(fixture(`${name}.sse`)).events.flatMap(event => event.type === 'block-start' || event.type === 'block-end' ? [`${event.type} ${event.index}`] : [])
  expect(order('tool-new-id-on-used-index')).toEqual(['block-start 0', 'block-end 0', 'block-start 1', 'block-end 1'])
  expect(order('tool-calls-interleaved')).toEqual(['block-start 0', 'block-start 1', 'block-end 0', 'block-end 1'])
})

describe('metering', () => {
  it('keeps the usage that stands beside an error', () => {
    const meter = openaiChat.createStreamMeter(clientRequest())
    framesOf(fixture('error-in-chunk-with-usage.sse')).forEach(frame => meter.observe(frame))
    expect(meter.metered().usage).toEqual({ input: 43, output: 10 })
  })

  it.each(['5', 'null', '[]', '{', '{"choices":5}', '{"choices":[5,null]}', '{"choices":[{"delta":5}]}', '{"choices":[{"delta":{"tool_calls":5,"content":5,"reasoning":{},"function_call":[],"reasoning_details":5}}]}',
    '{"choices":[{"delta":{"tool_calls":[5,{},{"function":5}],"content":[5,null,{}],"images":5,"annotations":{}}}],"usage":"x"}'])('never throws anything but an AppError at %s', (data) => {
    const meter = openaiChat.createStreamMeter(clientRequest())
    expect(['other', 'broken', 'error']).toContain(meter.observe({ bytes: bytesOf(`data: ${data}\n\n`), data }).kind)
    const { error } = eventsOf(bytesOf(`data: ${data}\n\ndata: [DONE]\n\n`))
    expect(['upstream_malformed', undefined]).toContain(error)
  })
})

describe('writing a stream for a client', () => {
  const events: NeutralEvent[] = [
    { type: 'start', id: 'up', model: 'up' },
    { type: 'block-start', index: 0, kind: 'reasoning' },
    { type: 'block-delta', index: 0, text: 'hm' },
    { type: 'block-signature', index: 0, signature: { dialect: 'anthropic', value: 'EqQB+/=' } },
    { type: 'block-end', index: 0 },
    { type: 'block-start', index: 1, kind: 'reasoning' },
    { type: 'block-signature', index: 1, signature: { dialect: 'anthropic', value: 'opaque' }, redacted: true },
    { type: 'block-end', index: 1 },
    { type: 'block-start', index: 2, kind: 'text' },
    { type: 'block-delta', index: 2, text: 'hi' },
    { type: 'block-end', index: 2 },
    { type: 'block-start', index: 3, kind: 'tool-call', id: 'call_a', name: 'north' },
    { type: 'block-signature', index: 3, signature: { dialect: 'gemini', value: 'Z2Vt' } },
    { type: 'block-end', index: 3 },
    { type: 'block-start', index: 4, kind: 'tool-call', id: 'call_b', name: 'south' },
    { type: 'block-delta', index: 4, text: '{"n":2}' },
    { type: 'block-end', index: 4 },
    { type: 'usage', usage: { input: 3, cachedInput: 4, cacheWrite1h: 5, output: 1, reasoning: 2 } },
    { type: 'finish', finish: 'stop', stopSequence: undefined },
  ]

  it('starts with the role, ends with finish reason, usage and [DONE]', () => {
    const out = rewritten(events)
    const chunks = chunksOf(out)
    expect(chunks[0]).toEqual({ id: 'chatcmpl-r1', object: 'chat.completion.chunk', created: 1_770_000_000, model: 'public-1', choices: [{ index: 0, delta: { role: 'assistant', content: '', refusal: null }, logprobs: null, finish_reason: null }], usage: null })
    expect(chunks.at(-2).choices[0]).toMatchObject({ delta: {}, finish_reason: 'tool_calls' })
    expect(chunks.at(-1)).toMatchObject({
      choices: [],
      usage: {
        prompt_tokens: 12, completion_tokens: 3, total_tokens: 15,
        prompt_tokens_details: { cached_tokens: 4, cache_write_tokens: 5, audio_tokens: 0 },
        completion_tokens_details: { reasoning_tokens: 2, audio_tokens: 0, accepted_prediction_tokens: 0, rejected_prediction_tokens: 0 },
      },
    })
    expect(out.toString('utf8').endsWith('data: [DONE]\n\n')).toBe(true)
  })

  it('numbers calls from 0, gives a call without arguments {}, and puts signatures where they are kept', () => {
    const deltas = chunksOf(rewritten(events)).flatMap(chunk => chunk.choices.map((choice: { delta: unknown }) => choice.delta))
    expect(deltas).toContainEqual({ tool_calls: [{ index: 0, id: 'call_a', type: 'function', function: { name: 'north', arguments: '' } }] })
    expect(deltas).toContainEqual({ tool_calls: [{ index: 0, extra_content: { google: { thought_signature: 'Z2Vt' } } }] })
    expect(deltas).toContainEqual({ tool_calls: [{ index: 0, function: { arguments: '{}' } }] })
    expect(deltas).toContainEqual({ tool_calls: [{ index: 1, function: { arguments: '{"n":2}' } }] })
    const details = deltas.flatMap(delta => delta.reasoning_details ?? [])
    expect(details).toMatchObject([{ type: 'reasoning.text', text: 'hm', index: 0 }, { type: 'reasoning.encrypted', index: 1 }])
    // What the client sends back is what the upstream said.
    const again = contextOf({ messages: [{ role: 'user', content: 'hi' }, { role: 'assistant', content: 'hi', reasoning_content: 'hm', reasoning_details: details }] }).request
    expect(again.messages[1]?.blocks).toEqual([
      { type: 'reasoning', text: 'hm', signature: { dialect: 'anthropic', value: 'EqQB+/=' } },
      { type: 'reasoning', text: '', redacted: true, signature: { dialect: 'anthropic', value: 'opaque' } },
      { type: 'text', text: 'hi' },
    ])
  })

  it('says no usage to a client that did not ask', () => {
    const wire = { stream_options: { include_usage: false } }
    expect(rewritten(events, wire).toString('utf8')).not.toContain('"usage"')
  })

  it('answers the older form in the older form, with one call', () => {
    const wire = { functions: [{ name: 'north' }] }
    const chunks = chunksOf(rewritten(events, wire))
    expect(chunks.flatMap(chunk => chunk.choices.map((choice: { delta: { function_call?: unknown } }) => choice.delta.function_call)).filter(Boolean)).toEqual([{ name: 'north', arguments: '' }, { arguments: '{}' }])
    expect(JSON.stringify(chunks)).not.toContain('tool_calls')
    expect(chunks.at(-2).choices[0].finish_reason).toBe('function_call')
  })

  it.each([
    ['length', 'length'], ['filtered', 'content_filter'], ['stop-sequence', 'stop'], ['refusal', 'content_filter'], ['stop', 'stop'],
  ] as const)('finish %s is %s', (finish, reason) => {
    expect(chunksOf(rewritten([{ type: 'finish', finish, stopSequence: undefined }]))[1].choices[0].finish_reason).toBe(reason)
  })

  it('ends a stream politely when the money is gone', () => {
    const request = clientRequest()
    const metered = { usage: { input: 1, output: 2 }, clamped: false, text: () => '', textBytes: 0, contentFrames: 0, finished: false }
    const chunks = chunksOf(openaiChat.writeLengthEnd(request, metered))
    expect(chunks[0].choices[0].finish_reason).toBe('length')
    expect(chunks[1]).toMatchObject({ choices: [], usage: { total_tokens: 3 } })
    expect(chunksOf(openaiChat.writeLengthEnd(request, { ...metered, usage: undefined }))).toHaveLength(1)
    expect(openaiChat.streamType(request)).toContain('text/event-stream')
    expect(framesOf(openaiChat.keepAlive(request)).map(frame => frame.data)).toEqual([undefined])
    expect(Buffer.from(openaiChat.terminator(request)).toString('utf8')).toBe('data: [DONE]\n\n')
  })
})
