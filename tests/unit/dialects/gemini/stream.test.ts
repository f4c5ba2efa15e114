import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { gemini } from '#server/dialects/gemini'
import type { Metered } from '#server/dialects/dialect'
import type { NeutralEvent } from '#server/dialects/neutral'
import { AppError } from '#server/errors/app-error'
import { runs } from '../../../support/runs'
import { array, codeOf, context, events, fixture, frames, read } from './support'

const whole = ['two-finish-reasons.sse', 'finish-behind-the-call.sse', 'signature-on-empty-text.sse', 'usage-restarts.sse', 'partial-arguments.sse']
const textOf = (bytes: Uint8Array) => Buffer.from(bytes).toString('utf8')
const facts = (metered: Metered) => ({ ...metered, text: metered.text() })
/** Minted ids differ from reading to reading. */
const withoutIds = (list: NeutralEvent[]) => list.map(event => event.type === 'block-start' && event.kind === 'tool-call' ? { ...event, id: '' } : event)

describe('watching a stream', () => {
  it.each(whole)('%s passes byte for byte, cut anywhere', (name) => {
    const bytes = fixture(name)
    const meters = Array.from({ length: bytes.length + 1 }, (_, cut) => {
      const meter = gemini.createStreamMeter(events)
      const passed = Buffer.concat(frames(bytes, cut).map(frame => meter.observe(frame).bytes))
      expect(passed.equals(bytes)).toBe(true)
      return facts(meter.metered())
    })
    for (const metered of meters) expect(metered).toEqual(meters[0])
    expect(meters[0]?.finished).toBe(true)
  })

  it('counts on behind the first finish reason', () => {
    const meter = gemini.createStreamMeter(events)
    const kinds = frames(fixture('two-finish-reasons.sse')).map(frame => meter.observe(frame).kind)
    expect(kinds).toEqual(['content', 'content'])
    expect(facts(meter.metered())).toMatchObject({ text: 'Ein Maß genügt 🍻.', usage: { input: 60, output: 9, reasoning: 12 }, clamped: false, contentFrames: 2 })
  })

  it('marks usage that starts anew', () => {
    const meter = gemini.createStreamMeter(events)
    for (const frame of frames(fixture('usage-restarts.sse'))) meter.observe(frame)
    expect(meter.metered()).toMatchObject({ usage: { input: 87, output: 21, reasoning: 71 }, clamped: true })
  })

  it('takes text, calls and thoughts for content, a bare signature not', () => {
    const meter = gemini.createStreamMeter(events)
    expect(frames(fixture('signature-on-empty-text.sse')).map(frame => meter.observe(frame).kind)).toEqual(['content', 'content', 'other'])
  })

  it('hides errors, nonsense and what other dialects end with', () => {
    const meter = gemini.createStreamMeter(events)
    expect(frames(fixture('error-in-stream.sse')).map(frame => meter.observe(frame).kind)).toEqual(['content', 'error'])
    const judge = (text: string) => meter.observe(frames(Buffer.from(text))[0]!)
    expect(judge('data: [{"error":{"code":500}}]\n\n').kind).toBe('error')
    expect(judge('data: {"cand\n\n').kind).toBe('broken')
    expect(judge('data: {"candidates":7}\n\n').kind).toBe('broken')
    expect(judge('data: [DONE]\n\n')).toEqual({ kind: 'end', bytes: new Uint8Array(0) })
    expect(judge(': comment\n\n').kind).toBe('other')
  })

  it('is not finished without a reason, and with every candidate', () => {
    const finished = (...chunks: unknown[]) => {
      const meter = gemini.createStreamMeter(events)
      for (const chunk of chunks) meter.observe(frames(Buffer.from(`data: ${JSON.stringify(chunk)}\n\n`))[0]!)
      return meter.metered().finished
    }
    const candidate = (index: number, finishReason?: string) => ({ candidates: [{ index, content: { parts: [{ text: 'a' }] }, finishReason }] })
    expect(finished(candidate(0))).toBe(false)
    expect(finished(candidate(0, 'STOP'), candidate(1))).toBe(false)
    expect(finished(candidate(0, 'STOP'), candidate(1, 'MAX_TOKENS'))).toBe(true)
    expect(finished({ promptFeedback: { blockReason: 'SAFETY' } })).toBe(true)
    expect(finished(candidate(0, 'STOP'), candidate(0))).toBe(true)
  })
})

describe('a stream as one array', () => {
  const pass = (name: string, request = array()) => {
    const meter = gemini.createStreamMeter(request)
    return { request, meter, bytes: frames(fixture(name)).map(frame => meter.observe(frame).bytes) }
  }

  it.each(whole)('%s keeps the data of every frame', (name) => {
    const { request, bytes } = pass(name)
    const text = textOf(Buffer.concat([...bytes.flatMap(each => [gemini.keepAlive(request), each]), gemini.terminator(request)]))
    expect(JSON.parse(text)).toEqual(frames(fixture(name)).map(({ data }) => JSON.parse(data ?? '') as unknown))
    for (const { data } of frames(fixture(name))) expect(text).toContain(data)
    expect(text).toMatch(/^\n\[\{/)
    expect(gemini.streamType(request)).toMatch(/^application\/json/)
  })

  it('ends with an error or with length as valid JSON, before and behind content', () => {
    const error = new AppError('upstream_cut')
    const before = array()
    expect(JSON.parse(textOf(gemini.writeErrorFrame(error, 'r', before)))).toHaveLength(1)
    const { request, bytes, meter } = pass('two-finish-reasons.sse')
    expect(JSON.parse(textOf(Buffer.concat([...bytes, gemini.writeErrorFrame(error, 'r', request)])))).toHaveLength(3)
    const again = pass('two-finish-reasons.sse')
    const length = JSON.parse(textOf(Buffer.concat([...again.bytes, gemini.writeLengthEnd(again.request, meter.metered()), gemini.terminator(again.request)]))) as unknown[]
    expect(length.at(-1)).toMatchObject({ candidates: [{ finishReason: 'MAX_TOKENS' }], usageMetadata: { promptTokenCount: 60, thoughtsTokenCount: 12 } })
    const none = array()
    gemini.createStreamMeter(none)
    expect(textOf(gemini.terminator(none))).toBe('[]')
  })

  it('begins anew with another attempt, whose error opens the array when nothing had left', () => {
    const { request } = pass('malformed-call.sse')
    expect(JSON.parse(textOf(gemini.writeErrorFrame(new AppError('upstream_cut'), 'r', request)))).toHaveLength(1)
    const second = pass('two-finish-reasons.sse', request)
    expect(JSON.parse(textOf(Buffer.concat([...second.bytes, gemini.terminator(request)])))).toHaveLength(2)
  })
})

describe('reading a stream', () => {
  it.each(whole)('%s tells the same, cut anywhere', (name) => {
    const bytes = fixture(name)
    const expected = withoutIds(read(bytes))
    for (let cut = 1; cut <= bytes.length; cut++) expect(withoutIds(read(bytes, cut))).toEqual(expected)
  })

  it('tells one finish, at the end', () => {
    const list = read(fixture('two-finish-reasons.sse'))
    expect(list.filter(({ type }) => type === 'finish')).toEqual([{ type: 'finish', finish: 'stop', stopSequence: undefined }])
    expect(list.at(-1)?.type).toBe('finish')
    expect(list.flatMap(event => event.type === 'block-delta' ? event.text : []).join('')).toBe('Ein Maß genügt 🍻.')
  })

  it('remembers calls until the finish reason comes, each a block of its own', () => {
    const list = read(fixture('finish-behind-the-call.sse'))
    expect(withoutIds(list).filter(({ type }) => type !== 'usage')).toEqual([
      { type: 'start', id: 'resp-1', model: 'gemini-2.5-flash' },
      { type: 'block-start', index: 0, kind: 'reasoning' },
      { type: 'block-delta', index: 0, text: '**Looking up**\n' },
      { type: 'block-end', index: 0 },
      { type: 'block-start', index: 1, kind: 'tool-call', id: '', name: 'weather' },
      { type: 'block-delta', index: 1, text: '{"city":"Zürich","days":2}' },
      { type: 'block-signature', index: 1, signature: { dialect: 'gemini', value: 'c2lnLW9uZQ==' } },
      { type: 'block-end', index: 1 },
      { type: 'block-start', index: 2, kind: 'tool-call', id: '', name: 'weather' },
      { type: 'block-delta', index: 2, text: '{"city":"Bern"}' },
      { type: 'block-end', index: 2 },
      { type: 'finish', finish: 'tool-calls', stopSequence: undefined },
    ])
  })

  it('keeps the signature of an empty text', () => {
    expect(read(fixture('signature-on-empty-text.sse')).find(({ type }) => type === 'block-signature')).toMatchObject({ index: 1, signature: { value: 'c2lnLXR3bw==' } })
  })

  it('puts arguments together that come in pieces', () => {
    const args = read(fixture('partial-arguments.sse')).flatMap(event => event.type === 'block-delta' ? event.text : [])
    expect(args).toEqual(['{"trip":{"city":"Luzern","days":[{"n":3}]},"firm":true}'])
  })

  it('takes a broken call, an error and nonsense for what they are', () => {
    expect(codeOf(() => read(fixture('malformed-call.sse')))).toBe('upstream_cut')
    expect(codeOf(() => read(fixture('error-in-stream.sse')))).toBe('upstream_cut')
    expect(codeOf(() => gemini.createStreamReader().read('{'))).toBe('upstream_malformed')
    expect(read(Buffer.from('data: {"promptFeedback":{"blockReason":"SAFETY"}}\n\n')).at(-1)).toMatchObject({ finish: 'filtered' })
  })
})

describe('writing a stream', () => {
  const write = (list: NeutralEvent[], request = events) => {
    const writer = gemini.createStreamWriter(request, context)
    return Buffer.concat([...list.map(event => writer.write(event)), writer.end()])
  }
  const told = (list: NeutralEvent[]) => list.filter(({ type }) => type !== 'usage' && type !== 'start')

  it.each(whole)('%s comes back as it was read', (name) => {
    const list = read(fixture(name))
    expect(told(read(write(list)))).toEqual(told(list))
    expect(read(write(list)).findLast(({ type }) => type === 'usage')).toEqual(list.findLast(({ type }) => type === 'usage'))
    expect(JSON.parse(textOf(write(list, array())))).toHaveLength(frames(write(list)).length)
  })

  it('says nothing before there is content', () => {
    const writer = gemini.createStreamWriter(events, context)
    expect(writer.write({ type: 'start', id: 'x', model: 'y' })).toHaveLength(0)
    expect(writer.write({ type: 'usage', usage: { input: 1 } })).toHaveLength(0)
  })

  it('writes overlapping calls whole, one behind the other', () => {
    const list: NeutralEvent[] = [
      { type: 'block-start', index: 0, kind: 'tool-call', id: 'a', name: 'f' },
      { type: 'block-start', index: 1, kind: 'tool-call', id: 'b', name: 'g' },
      { type: 'block-delta', index: 1, text: '{"y":2}' },
      { type: 'block-delta', index: 0, text: '{"x":' },
      { type: 'block-delta', index: 0, text: '1}' },
      { type: 'block-end', index: 0 },
      { type: 'block-end', index: 1 },
      { type: 'finish', finish: 'tool-calls', stopSequence: undefined },
    ]
    const chunks = frames(write(list)).map(({ data }) => JSON.parse(data ?? '') as { responseId: string, modelVersion: string, candidates: [{ content: { parts: unknown[] }, finishReason?: string }] })
    expect(chunks.map(({ candidates: [{ content, finishReason }] }) => [content.parts[0], finishReason])).toEqual([
      [{ functionCall: { id: 'a', name: 'f', args: { x: 1 } } }, undefined],
      [{ functionCall: { id: 'b', name: 'g', args: { y: 2 } } }, undefined],
      [{ text: '' }, 'STOP'],
    ])
    for (const chunk of chunks) expect(chunk).toMatchObject({ responseId: 'req-1', modelVersion: 'public-name' })
  })

  it('gives back any text, reasoning and call', () => {
    const block = fc.oneof(
      fc.record({ kind: fc.constantFrom('text' as const, 'reasoning' as const), pieces: fc.array(fc.string({ unit: 'grapheme', minLength: 1 }), { minLength: 1, maxLength: 3 }), signed: fc.boolean() }),
      fc.record({ kind: fc.constant('tool-call' as const), pieces: fc.dictionary(fc.string(), fc.jsonValue(), { maxKeys: 3, noNullPrototype: true }).map(args => [JSON.stringify(args)]), signed: fc.boolean() }),
    )
    fc.assert(fc.property(fc.array(block, { maxLength: 5 }), (blocks) => {
      const list = blocks.flatMap(({ kind, pieces, signed }, index): NeutralEvent[] => [
        kind === 'tool-call' ? { type: 'block-start', index, kind, id: `call_${index}`, name: 'f' } : { type: 'block-start', index, kind },
        ...pieces.map(text => ({ type: 'block-delta', index, text }) as const),
        ...(signed ? [{ type: 'block-signature', index, signature: { dialect: 'anthropic', value: `s${index}` } } as const] : []),
        { type: 'block-end', index },
      ])
      const said = (all: NeutralEvent[]) => all.flatMap(event => event.type === 'block-delta' ? event.text : event.type === 'block-signature' ? `<${event.signature.dialect} ${event.signature.value}>` : event.type === 'block-start' && event.kind === 'tool-call' ? event.id : []).join('')
      expect(said(read(write([...list, { type: 'finish', finish: 'length', stopSequence: undefined }])))).toBe(said(list))
    }), { numRuns: runs })
  })
})
