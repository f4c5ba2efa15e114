import { describe, expect, it } from 'vitest'
import { AppError } from '#server/errors/app-error'
import { openaiResponses } from '#server/dialects/openai-responses'
import { readUsage, writeUsage } from '#server/dialects/openai-responses/usage'
import { createSseDecoder } from '#server/dialects/sse'
import fc from 'fast-check'
import { runs } from '../../../support/runs'
import { bytes, codeOf, eventsOf, fixture, framesOf, json, request } from './support'

function watch(name: string) {
  const meter = openaiResponses.createStreamMeter(request())
  const verdicts = framesOf(fixture(name)).map(frame => ({ frame, ...meter.observe(frame) }))
  return { verdicts, kinds: verdicts.map(verdict => verdict.kind), metered: meter.metered() }
}

describe('a stream that passes', () => {
  it.each(['whole-grammar.sse', 'item-ids-rotate.sse', 'raw-reasoning-done-late.sse', 'incomplete-mid-call.sse', 'terminal-without-output.sse', 'items-without-deltas.sse', 'refusal.sse', 'custom-call.sse'])('%s: bytes stay, usage and end are seen', (name) => {
    const { verdicts, kinds, metered } = watch(name)
    for (const { frame, bytes: out } of verdicts) if (frame.data !== '[DONE]') expect(out).toBe(frame.bytes)
    expect(kinds.filter(kind => kind !== 'other' && kind !== 'content')).toContain('end')
    expect(metered.finished).toBe(true)
    expect(metered.usage).toBeDefined()
    expect(metered.textBytes).toBe(Buffer.byteLength(metered.text()))
  })

  it('counts everything the model produced, once', () => {
    const text = 'Weigh it.Then call.Grüße, 東京 🙂add{"a":1,"b":"ü"}now{}'
    expect(watch('whole-grammar.sse').metered.text()).toBe(text)
    expect(watch('item-ids-rotate.sse').metered.text()).toBe(text)
    expect(watch('items-without-deltas.sse').metered.text()).toBe('Halfnow{}')
    expect(watch('custom-call.sse').metered.text()).toBe('patch*** "x"\n')
    expect(watch('refusal.sse').metered.text()).toBe('No.')
    expect(watch('raw-reasoning-done-late.sse').metered.text()).toBe('Two and two.4')
    expect(watch('whole-grammar.sse').metered.usage).toEqual({ input: 20, cachedInput: 60, cacheWrite5m: 20, output: 28, reasoning: 12 })
  })

  it('says nothing of the beginning is content', () => {
    expect(watch('whole-grammar.sse').kinds.slice(0, 4)).toEqual(['other', 'other', 'other', 'other'])
  })

  it('reads usage of an incomplete answer', () => {
    expect(watch('incomplete-mid-call.sse').metered).toMatchObject({ usage: { input: 83, output: 16 }, finished: true })
  })

  it('takes an error as an error and shows nothing of it, but keeps what it says of usage', () => {
    const { verdicts, metered } = watch('error-then-failed.sse')
    expect(verdicts.slice(-2).map(({ kind, bytes: out }) => [kind, out.byteLength])).toEqual([['error', 0], ['error', 0]])
    expect(metered).toMatchObject({ finished: false, usage: undefined })
    expect(watch('failed-with-usage.sse').metered).toMatchObject({ finished: false, usage: { input: 10, output: 2 } })
    expect(watch('no-terminal-event.sse').metered.finished).toBe(false)
  })

  it('tolerates [DONE], and calls nonsense broken', () => {
    const meter = openaiResponses.createStreamMeter(request())
    const observe = (data: string) => meter.observe({ bytes: bytes(data), data })
    expect(observe('[DONE]')).toEqual({ kind: 'end', bytes: new Uint8Array(0) })
    for (const data of ['', '{', '5', 'null', '[]']) expect(observe(data).kind).toBe('broken')
    expect(observe('{"type":"response.new_thing","x":1}').kind).toBe('other')
    expect(observe('{"type":"response.output_item.done"}').kind).toBe('other')
    expect(observe('{"error":{"message":"x"}}').kind).toBe('error')
  })

  it('gives the same whatever the cuts between chunks', () => {
    const body = fixture('whole-grammar.sse')
    const whole = watch('whole-grammar.sse').metered.text()
    for (let cut = 0; cut <= body.length; cut += 7) {
      const decoder = createSseDecoder()
      const meter = openaiResponses.createStreamMeter(request())
      for (const frame of [...decoder.push(body.subarray(0, cut)), ...decoder.push(body.subarray(cut)), ...decoder.end()]) meter.observe(frame)
      expect(meter.metered().text()).toBe(whole)
    }
  })
})

describe('ends written here', () => {
  it('ends for length with what was whole, going on with id and counter', () => {
    const meter = openaiResponses.createStreamMeter(request())
    for (const frame of framesOf(fixture('whole-grammar.sse')).slice(0, -8)) meter.observe(frame)
    const [event, ...rest] = eventsOf(openaiResponses.writeLengthEnd(request(), meter.metered()))
    expect(rest).toEqual([])
    expect(event).toMatchObject({ type: 'response.incomplete', response: { id: 'resp_one', status: 'incomplete', incomplete_details: { reason: 'max_output_tokens' }, model: 'gpt-5.6-up', output: [{ type: 'reasoning' }, { type: 'message' }] } })
    expect(event!.sequence_number).toBe(framesOf(fixture('whole-grammar.sse')).length - 8)
    const { trail: _, ...plain } = meter.metered() as never as Record<string, unknown>
    expect(eventsOf(openaiResponses.writeLengthEnd(request(), plain as never))[0]).toMatchObject({ type: 'response.incomplete', response: { model: 'm', output: [], usage: { total_tokens: 0 } } })
  })

  it('has no terminator, and comments keep it alive', () => {
    expect(openaiResponses.terminator(request()).byteLength).toBe(0)
    expect(framesOf(openaiResponses.keepAlive(request()))[0]!.data).toBeUndefined()
    expect(openaiResponses.streamType(request())).toContain('text/event-stream')
  })
})

describe('errors', () => {
  it('writes an error event and then the end that clients wait for', () => {
    const frames = eventsOf(openaiResponses.writeErrorFrame(new AppError('upstream_cut'), 'req_1', request()))
    expect(frames).toMatchObject([
      { type: 'error', code: 'upstream_cut', param: null, error: { code: 'upstream_cut', type: 'server_error' } },
      { type: 'response.failed', response: { status: 'failed', error: { code: 'server_error' }, output: [] } },
    ])
    expect(eventsOf(openaiResponses.writeErrorFrame(new AppError('out_of_credit_midway'), 'req_1', request()))[1]).toMatchObject({ response: { error: { code: 'insufficient_quota' } } })
  })

  it('writes an error as OpenAI does, and a context that is too long in its own words', () => {
    const { status, headers, body } = openaiResponses.writeError(new AppError('upstream_busy', { model: 'm' }, { retryAfterSeconds: 3 }), 'req_1')
    expect({ status, retry: headers['x-should-retry'], after: headers['retry-after'] }).toEqual({ status: 429, retry: 'true', after: '3' })
    expect(json(body)).toMatchObject({ error: { type: 'rate_limit_error', code: 'rate_limit_exceeded', param: null } })
    for (const problem of ['prompt is too long: 210000 tokens > 200000 maximum', 'The input token count (5) exceeds the maximum number of tokens allowed (4).', 'This model\'s maximum context length is 8 tokens.']) {
      const written = json(openaiResponses.writeError(new AppError('upstream_rejected', { problem }), 'r').body).error as Record<string, string>
      expect(written).toMatchObject({ code: 'context_length_exceeded', param: 'input' })
      expect(written.message).toContain('exceeds the context window of this model')
    }
  })

  it.each([
    [400, { error: { code: 'context_length_exceeded', message: 'x' } }, 'client'],
    [500, { error: { message: 'Your input exceeds the context window of this model.' } }, 'client'],
    [400, { error: { message: 'bad', type: 'invalid_request_error' } }, 'client'],
    [400, { error: { message: 'no such', code: 'model_not_found' } }, 'upstream'],
    [429, { error: { message: 'quota', type: 'insufficient_quota', code: 'insufficient_quota' } }, 'credential'],
    [429, { error: { message: 'slow', code: 'rate_limit_exceeded' } }, 'busy'],
    [401, { detail: 'Invalid API Key' }, 'credential'], [402, {}, 'credential'], [403, {}, 'credential'],
    [404, { error: 'gone' }, 'upstream'], [408, {}, 'upstream'], [500, '<html>', 'upstream'], [503, '', 'upstream'], [413, '', 'client'],
  ])('%i %j is the fault of: %s', (status, body, blame) => {
    expect(openaiResponses.readUpstreamFailure(status, bytes(body)).blame).toBe(blame)
  })

  it('finds the message wherever it stands', () => {
    expect(openaiResponses.readUpstreamFailure(400, bytes({ error: 'a' })).message).toBe('a')
    expect(openaiResponses.readUpstreamFailure(400, bytes({ detail: 'b' })).message).toBe('b')
    expect(openaiResponses.readUpstreamFailure(400, bytes('<html>')).message).toBeUndefined()
  })
})

describe('a whole answer that passes', () => {
  it('meters text, calls and usage', () => {
    const metered = openaiResponses.readReply(fixture('reply-whole.json'))
    expect(metered.text()).toBe('Weigh it.\n\nThen call.Hellonow')
    expect(metered).toMatchObject({ usage: { input: 1, cachedInput: 2, cacheWrite5m: 1217, output: 46, reasoning: 54 }, clamped: false, finished: true })
    expect(openaiResponses.readReply(fixture('reply-refusal.json')).text()).toBe('No.')
  })

  it('throws for what is none', () => {
    for (const body of ['', '[]', '{}', 'null', '{"output":5}']) expect(codeOf(() => openaiResponses.readReply(bytes(body)))).toBe('upstream_malformed')
    expect(codeOf(() => openaiResponses.readReply(fixture('reply-failed.json')))).toBe('upstream_malformed')
  })
})

describe('usage', () => {
  const count = fc.nat({ max: 1_000_000 })

  it('is disjoint and adds up, both ways', () => {
    fc.assert(fc.property(count, count, count, count, count, (input, cached, written, output, reasoning) => {
      const read = readUsage({ input_tokens: input, input_tokens_details: { cached_tokens: cached, cache_write_tokens: written }, output_tokens: output, output_tokens_details: { reasoning_tokens: reasoning } })!
      expect(read.clamped).toBe(cached + written > input || reasoning > output)
      const again = writeUsage(read.usage)
      expect(again).toMatchObject({ input_tokens: input, output_tokens: output, total_tokens: input + output })
      expect(readUsage(again)).toEqual({ usage: read.usage, clamped: false })
    }), { numRuns: runs })
  })

  it('has details with zeros, and is undefined when it is nonsense', () => {
    expect(writeUsage({})).toEqual({ input_tokens: 0, input_tokens_details: { cached_tokens: 0, cache_write_tokens: 0 }, output_tokens: 0, output_tokens_details: { reasoning_tokens: 0 }, total_tokens: 0 })
    expect(writeUsage({ input: 1, cacheWrite5m: 2, cacheWrite1h: 3, audioInput: 4, output: 5, audioOutput: 6 })).toMatchObject({ input_tokens: 10, input_tokens_details: { cache_write_tokens: 5 }, output_tokens: 11 })
    for (const raw of [undefined, null, {}, { input_tokens: -1, output_tokens: 1 }, { input_tokens: 1.5, output_tokens: 1 }, { input_tokens: '1', output_tokens: 1 }]) expect(readUsage(raw)).toBeUndefined()
    expect(readUsage({ input_tokens: 3, output_tokens: 4, input_tokens_details: null })).toEqual({ usage: { input: 3, output: 4 }, clamped: false })
  })
})
