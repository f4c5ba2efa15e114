import fc from 'fast-check'
import { accumulateResponse } from 'openai/lib/responses/ResponseAccumulator'
import { describe, expect, it } from 'vitest'
import type { Finish, NeutralEvent } from '#server/dialects/neutral'
import { openaiResponses } from '#server/dialects/openai-responses'
import { unwrapSignature } from '#server/dialects/signatures'
import { createSseDecoder } from '#server/dialects/sse'
import { runs } from '../../../support/runs'
import type { Fields } from './support'
import { bytes, codeOf, eventsOf, fixture, framesOf, readStream, request, writeStream } from './support'

interface Told { kind: string, text: string, id?: string, name?: string, signature?: unknown, citations?: unknown[] }

/** Blocks of a stream put together, and how it ended. */
function tell(events: NeutralEvent[]): { blocks: Told[], usage: unknown, finish: Finish | undefined } {
  const blocks = new Map<number, Told>()
  const open = new Set<number>()
  let usage: unknown
  let finish: Finish | undefined
  for (const event of events) {
    expect(finish).toBeUndefined()
    if (event.type === 'block-start') {
      blocks.set(event.index, { kind: event.kind, text: '', ...(event.kind === 'tool-call' ? { id: event.id, name: event.name } : {}) })
      open.add(event.index)
    }
    else if ('index' in event && event.type !== 'media') expect(open).toContain(event.index)
    if (event.type === 'block-delta') blocks.get(event.index)!.text += event.text
    if (event.type === 'block-signature') blocks.get(event.index)!.signature = event.signature
    if (event.type === 'block-citation') (blocks.get(event.index)!.citations ??= []).push(event.citation)
    if (event.type === 'block-end') open.delete(event.index)
    if (event.type === 'usage') ({ usage } = event)
    if (event.type === 'finish') ({ finish } = event)
  }
  expect([...open]).toEqual([])
  return { blocks: [...blocks.values()], usage, finish }
}

const readTold = (name: string) => tell(readStream(framesOf(fixture(name))))
const sealed = { dialect: 'openai-responses', value: 'sealed-whole', item: 'rs_a' }
const whole = {
  blocks: [
    { kind: 'reasoning', text: 'Weigh it.\n\nThen call.', signature: sealed },
    { kind: 'text', text: 'Grüße, 東京 🙂', citations: [{ url: 'https://example.com/a', title: 'A' }] },
    { kind: 'tool-call', text: '{"a":1,"b":"ü"}', id: 'call_one', name: 'add' },
    { kind: 'tool-call', text: '{}', id: 'call_two', name: 'now' },
  ],
  usage: { input: 20, cachedInput: 60, cacheWrite5m: 20, output: 28, reasoning: 12 },
  finish: 'tool-calls',
}

describe('reading a stream', () => {
  it('reads the whole grammar; ids that change with every event do not matter', () => {
    expect(readTold('whole-grammar.sse')).toEqual(whole)
    expect(readTold('item-ids-rotate.sse')).toEqual(whole)
    expect(readStream(framesOf(fixture('whole-grammar.sse')))[0]).toEqual({ type: 'start', id: 'resp_one', model: 'gpt-5.6-up' })
  })

  it('gives the same whatever the cuts between chunks', () => {
    const body = fixture('whole-grammar.sse')
    for (let cut = 0; cut <= body.length; cut++) {
      const decoder = createSseDecoder()
      const frames = [...decoder.push(body.subarray(0, cut)), ...decoder.push(body.subarray(cut)), ...decoder.end()]
      expect(tell(readStream(frames))).toEqual(whole)
    }
  })

  it('does not make an answer wait for reasoning that is ended late', () => {
    const events = readStream(framesOf(fixture('raw-reasoning-done-late.sse')))
    expect(tell(events)).toMatchObject({ blocks: [{ kind: 'reasoning', text: 'Two and two.' }, { kind: 'text', text: '4' }], finish: 'stop' })
    expect(events.findIndex(event => event.type === 'block-end')).toBeLessThan(events.findIndex(event => event.type === 'block-start' && event.kind === 'text'))
  })

  it.each([
    ['incomplete-mid-call.sse', { blocks: [{ kind: 'tool-call', text: '{"x":48', id: 'call_cut' }], usage: { input: 83, output: 16 }, finish: 'length' }],
    ['terminal-without-output.sse', { blocks: [{ kind: 'text', text: 'Half' }], usage: { input: 5, output: 2 }, finish: 'stop' }],
    ['items-without-deltas.sse', { blocks: [{ kind: 'text', text: 'Half' }, { kind: 'tool-call', text: '{}' }], finish: 'tool-calls' }],
    ['call-without-arguments.sse', { blocks: [{ kind: 'tool-call', text: '{}', name: 'now' }], finish: 'tool-calls' }],
    ['terminal-event-alone.sse', { blocks: [{ kind: 'reasoning', signature: sealed }, { kind: 'text', text: 'Half' }], finish: 'stop' }],
    ['refusal.sse', { blocks: [{ kind: 'refusal', text: 'No.' }], finish: 'refusal' }],
    ['custom-call.sse', { blocks: [{ kind: 'tool-call', text: '{"input":"*** \\"x\\"\\n"}', name: 'patch' }], finish: 'tool-calls' }],
  ])('%s', (name, expected) => {
    expect(readTold(name)).toMatchObject(expected)
  })

  it('throws for an error in the stream, for one that stops in the middle, and for nonsense', () => {
    for (const name of ['error-then-failed.sse', 'failed-with-usage.sse', 'no-terminal-event.sse']) expect(codeOf(() => readTold(name))).toBe('upstream_cut')
    for (const data of ['', '{', '5', 'null']) expect(codeOf(() => openaiResponses.createStreamReader().read(data))).toBe('upstream_malformed')
    expect(codeOf(() => openaiResponses.createStreamReader().end())).toBe('upstream_cut')
    expect(openaiResponses.createStreamReader().read('[DONE]')).toEqual([])
  })

  it('never throws anything else, whatever comes', () => {
    const type = fc.constantFrom('response.created', 'response.output_item.added', 'response.output_item.done', 'response.output_text.delta', 'response.output_text.done', 'response.function_call_arguments.delta', 'response.function_call_arguments.done', 'response.reasoning_summary_text.delta', 'response.reasoning_summary_part.added', 'response.output_text.annotation.added', 'response.custom_tool_call_input.done', 'response.completed', 'response.failed', 'error', 'toString', '__proto__')
    const item = fc.record({ type: fc.constantFrom('message', 'reasoning', 'function_call', 'custom_tool_call', 'image_generation_call', 'constructor'), content: fc.jsonValue(), summary: fc.jsonValue(), call_id: fc.jsonValue(), arguments: fc.jsonValue(), encrypted_content: fc.jsonValue() }, { requiredKeys: ['type'] })
    const event = fc.record({ type, output_index: fc.oneof(fc.nat(2), fc.jsonValue()), item: fc.oneof(item, fc.jsonValue()), response: fc.jsonValue(), delta: fc.oneof(fc.string(), fc.jsonValue()), text: fc.jsonValue() }, { requiredKeys: ['type'] })
    fc.assert(fc.property(fc.array(event, { maxLength: 12 }), (events) => {
      const frames = events.map(one => ({ bytes: bytes(one), data: JSON.stringify(one) }))
      expect(['accepted', 'upstream_cut', 'upstream_malformed']).toContain(codeOf(() => tell(readStream(frames))))
      const meter = openaiResponses.createStreamMeter(request())
      for (const frame of frames) meter.observe(frame)
      meter.metered().text()
    }), { numRuns: runs })
  })
})

const block = (index: number, kind: 'text' | 'reasoning' | 'refusal', ...texts: string[]): NeutralEvent[] => [
  { type: 'block-start', index, kind },
  ...texts.map(text => ({ type: 'block-delta' as const, index, text })),
  { type: 'block-end', index },
]
const call = (index: number, id: string, name: string, ...texts: string[]): NeutralEvent[] => [
  { type: 'block-start', index, kind: 'tool-call', id, name },
  ...texts.map(text => ({ type: 'block-delta' as const, index, text })),
  { type: 'block-end', index },
]
const begin: NeutralEvent = { type: 'start', id: 'x', model: 'y' }
const finish = (how: Finish): NeutralEvent[] => [{ type: 'usage', usage: { input: 7, output: 3 } }, { type: 'finish', finish: how, stopSequence: undefined }]
const typesOf = (body: Uint8Array) => eventsOf(body).map(event => String(event.type).replace('response.', ''))

/** The grammar every stream obeys; the vendor's own client puts it together to the same answer as the last event tells. */
function checkGrammar(body: Uint8Array): Fields {
  const events = eventsOf(body)
  expect(events.map(event => event.sequence_number)).toEqual(events.map((_, index) => index))
  for (const frame of framesOf(body)) expect(Buffer.from(frame.bytes).toString()).toMatch(new RegExp(`^event: ${String(JSON.parse(frame.data!).type).replaceAll('.', '\\.')}\ndata: `))
  expect(events.slice(0, 2).map(event => event.type)).toEqual(['response.created', 'response.in_progress'])
  let snapshot: unknown
  for (const event of events.slice(0, -1)) snapshot = accumulateResponse(event as never, snapshot as never)
  const last = events.at(-1)!.response as Fields
  expect((snapshot as Fields).output).toEqual(last.output)
  expect((snapshot as Fields).id).toBe(last.id)
  const added = events.filter(event => event.type === 'response.output_item.added')
  const done = events.filter(event => event.type === 'response.output_item.done')
  expect(done.map(event => [event.output_index, (event.item as Fields).id])).toEqual(added.map(event => [event.output_index, (event.item as Fields).id]))
  expect(added.map(event => event.output_index)).toEqual(added.map((_, index) => index))
  return last
}

describe('writing a stream', () => {
  it('writes the whole grammar', () => {
    const body = writeStream([begin, ...block(0, 'reasoning', 'wh', 'y'), ...block(1, 'text', 'a', 'ü'), ...call(2, 'call_1', 'f', '{"a"', ':1}'), ...finish('tool-calls')])
    expect(typesOf(body)).toEqual([
      'created', 'in_progress',
      'output_item.added', 'reasoning_summary_part.added', 'reasoning_summary_text.delta', 'reasoning_summary_text.delta', 'reasoning_summary_text.done', 'reasoning_summary_part.done', 'output_item.done',
      'output_item.added', 'content_part.added', 'output_text.delta', 'output_text.delta', 'output_text.done', 'content_part.done', 'output_item.done',
      'output_item.added', 'function_call_arguments.delta', 'function_call_arguments.delta', 'function_call_arguments.done', 'output_item.done',
      'completed',
    ])
    expect(checkGrammar(body)).toMatchObject({
      status: 'completed',
      model: 'm',
      usage: { input_tokens: 7, output_tokens: 3, total_tokens: 10 },
      output: [{ type: 'reasoning', summary: [{ text: 'why' }] }, { type: 'message', status: 'completed', content: [{ type: 'output_text', text: 'aü', annotations: [] }] }, { type: 'function_call', call_id: 'call_1', name: 'f', arguments: '{"a":1}', status: 'completed' }],
    })
  })

  it('begins once, even without a start or with two', () => {
    expect(typesOf(writeStream([]))).toEqual(['created', 'in_progress', 'completed'])
    expect(typesOf(writeStream([begin, begin, ...block(0, 'text', 'a'), ...finish('stop')])).filter(type => type === 'created')).toHaveLength(1)
    expect(typesOf(writeStream([...block(0, 'text', 'a'), ...finish('stop')]))[0]).toBe('created')
  })

  it('says nothing of empty blocks, keeps neighbouring texts in one message, and cites', () => {
    const cited: NeutralEvent[] = [{ type: 'block-start', index: 2, kind: 'text' }, { type: 'block-delta', index: 2, text: 'b' }, { type: 'block-citation', index: 2, citation: { url: 'https://example.com', title: undefined } }, { type: 'block-end', index: 2 }]
    const last = checkGrammar(writeStream([begin, ...block(0, 'text'), ...block(1, 'text', '', 'a'), ...cited, ...block(3, 'reasoning'), ...block(4, 'text', ''), ...finish('stop')]))
    expect(last.output).toMatchObject([{ type: 'message', content: [{ text: 'a' }, { text: 'b', annotations: [{ type: 'url_citation', url: 'https://example.com', start_index: 0, end_index: 1 }] }] }])
    expect(last.output).toHaveLength(1)
  })

  it('puts overlapping calls one behind the other, with arguments that are at least an empty object', () => {
    const [one, two] = [call(0, 'call_1', 'f', '{"a"', ':1}'), call(1, 'call_2', 'g')]
    const last = checkGrammar(writeStream([begin, one[0]!, two[0]!, one[1]!, two[1]!, one[2]!, one[3]!, ...finish('tool-calls')]))
    expect(last.output).toMatchObject([{ call_id: 'call_1', arguments: '{"a":1}' }, { call_id: 'call_2', arguments: '{}' }])
  })

  it('says of what was cut that it is incomplete', () => {
    const body = writeStream([begin, ...block(0, 'text', 'a'), ...call(1, 'call_1', 'f', '{"a":'), ...finish('length')])
    expect(typesOf(body).at(-1)).toBe('incomplete')
    expect(checkGrammar(body)).toMatchObject({ status: 'incomplete', incomplete_details: { reason: 'max_output_tokens' }, output: [{ status: 'completed' }, { status: 'incomplete', arguments: '{"a":' }] })
    expect(checkGrammar(writeStream([begin, ...block(0, 'refusal', 'No.'), ...finish('refusal')]))).toMatchObject({ status: 'completed', output: [{ content: [{ type: 'refusal', refusal: 'No.' }] }] })
    expect(checkGrammar(writeStream([begin, ...finish('filtered')]))).toMatchObject({ status: 'incomplete', incomplete_details: { reason: 'content_filter' }, output: [] })
  })

  it('answers custom and namespaced tools as the client knows them', () => {
    const { extra } = openaiResponses.readNeutralRequest(request(fixture('request-agent.json')))
    const body = writeStream([begin, ...call(0, 'c1', 'patch', '{"inp', 'ut":"a\\nb"}'), ...call(1, 'c2', 'crm__find', '{}'), ...finish('tool-calls')], { extra })
    expect(typesOf(body).filter(type => type.startsWith('custom'))).toEqual(['custom_tool_call_input.delta', 'custom_tool_call_input.done'])
    expect((eventsOf(body).at(-1)!.response as Fields).output).toMatchObject([{ type: 'custom_tool_call', call_id: 'c1', name: 'patch', input: 'a\nb' }, { type: 'function_call', name: 'find', namespace: 'crm' }])
  })

  it('wraps seals and shows pictures', () => {
    const signature = { dialect: 'anthropic' as const, value: 'sig' }
    const last = checkGrammar(writeStream([begin, { type: 'block-start', index: 0, kind: 'reasoning' }, { type: 'block-signature', index: 0, signature, redacted: true }, { type: 'block-end', index: 0 }, { type: 'media', index: 1, mime: 'image/png', data: 'AAAA' }, { type: 'media', index: 2, mime: 'audio/wav', data: 'AAAA' }, ...finish('stop')]))
    const output = last.output as Fields[]
    expect(output).toMatchObject([{ type: 'reasoning', summary: [] }, { type: 'image_generation_call', result: 'AAAA' }])
    expect(unwrapSignature(String(output[0]!.encrypted_content), 'openai-responses')).toEqual(signature)
  })

  it('reads back what it wrote', () => {
    const text = fc.string({ unit: 'grapheme', minLength: 1, maxLength: 6 })
    const one = fc.oneof(
      fc.record({ kind: fc.constantFrom('text' as const, 'refusal' as const, 'reasoning' as const), texts: fc.array(text, { minLength: 1, maxLength: 3 }) }),
      fc.record({ kind: fc.constant('tool-call' as const), id: fc.stringMatching(/^[a-z_]{1,12}$/), name: fc.stringMatching(/^[a-z]{1,8}$/), texts: fc.array(text, { minLength: 1, maxLength: 3 }) }),
    )
    fc.assert(fc.property(fc.array(one, { maxLength: 6 }), fc.boolean(), (blocks, cut) => {
      const events = blocks.flatMap((made, index) => made.kind === 'tool-call' ? call(index, made.id, made.name, ...made.texts) : block(index, made.kind, ...made.texts))
      const body = writeStream([begin, ...events, ...finish(cut ? 'length' : 'stop')])
      checkGrammar(body)
      const told = tell(readStream(framesOf(body)))
      expect(told.blocks).toEqual(tell(events).blocks)
      expect(told.usage).toEqual({ input: 7, output: 3 })
      const kinds = blocks.map(({ kind }) => kind)
      expect(told.finish).toBe(cut ? 'length' : kinds.includes('tool-call') ? 'tool-calls' : kinds.includes('refusal') ? 'refusal' : 'stop')
    }), { numRuns: runs })
  })
})
