import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { gemini } from '#server/dialects/gemini'
import { createUsageTally, readUsage, writeUsage } from '#server/dialects/gemini/usage'
import type { NeutralReply } from '#server/dialects/neutral'
import { AppError } from '#server/errors/app-error'
import { runs } from '../../../support/runs'
import { array, body, codeOf, context, events, fixture } from './support'

const textOf = (bytes: Uint8Array) => Buffer.from(bytes).toString('utf8')

describe('usage', () => {
  it('adds thoughts and prompts of tools, takes cached tokens and audio out', () => {
    const { usageMetadata } = JSON.parse(textOf(fixture('audio-in-and-out.json'))) as { usageMetadata: unknown }
    expect(readUsage(usageMetadata)).toEqual({ usage: { input: 90, cachedInput: 50, audioInput: 100, reasoning: 10, audioOutput: 90 }, clamped: false })
  })

  it('cuts a part larger than its whole and says so', () => {
    expect(readUsage({ promptTokenCount: 10, cachedContentTokenCount: 60 })).toEqual({ usage: { cachedInput: 10 }, clamped: true })
  })

  it.each([undefined, null, {}, { trafficType: 'ON_DEMAND' }, { candidatesTokenCount: 3 }, { promptTokenCount: -1 }, { promptTokenCount: '1' }, { promptTokenCount: 1.5 }])('%j is no usage', (raw) => {
    expect(readUsage(raw)).toBeUndefined()
  })

  it('keeps the largest count of a stream that starts anew, and marks it', () => {
    const tally = createUsageTally()
    for (const raw of [{ promptTokenCount: 89, candidatesTokenCount: 15 }, { promptTokenCount: 121 }, { promptTokenCount: 121, candidatesTokenCount: 7, thoughtsTokenCount: 5 }]) tally.add(raw)
    expect(tally.read()).toEqual({ usage: { input: 121, output: 15, reasoning: 5 }, clamped: true })
  })

  it('reads what it wrote; a cache write is prompt', () => {
    const units = fc.integer({ min: 0, max: 1e9 })
    fc.assert(fc.property(units, units, units, units, units, units, units, (input, cachedInput, cacheWrite5m, audioInput, output, reasoning, audioOutput) => {
      const wire = writeUsage({ input, cachedInput, cacheWrite5m, audioInput, output, reasoning, audioOutput })
      const expected = Object.fromEntries(Object.entries({ input: input + cacheWrite5m, cachedInput, audioInput, output, reasoning, audioOutput }).filter(([, count]) => count))
      expect(readUsage(wire)).toEqual({ usage: expected, clamped: false })
      expect(wire.totalTokenCount).toBe(input + cachedInput + cacheWrite5m + audioInput + output + reasoning + audioOutput)
    }), { numRuns: runs })
  })

  it('writes zeros rather than nothing', () => {
    expect(writeUsage({ input: 3 })).toMatchObject({ promptTokenCount: 3, candidatesTokenCount: 0, cachedContentTokenCount: 0, thoughtsTokenCount: 0, totalTokenCount: 3, promptTokensDetails: [{ modality: 'TEXT', tokenCount: 3 }] })
  })
})

describe('a whole answer', () => {
  it('is metered: thoughts without content, a blocked prompt', () => {
    expect(gemini.readReply(fixture('tokens-without-content.json'))).toMatchObject({ usage: { input: 15, reasoning: 2 }, textBytes: 0, finished: true })
    expect(gemini.readReply(fixture('prompt-blocked.json'))).toMatchObject({ usage: undefined, finished: true })
    const answer = { candidates: [{ content: { parts: [{ text: 'a', thought: true }, { text: 'b' }, { functionCall: { name: 'f', args: { x: 1 } } }] } }] }
    expect(gemini.readReply(body(answer)).text()).toBe('abf{"x":1}')
  })

  it.each(['', '<html>', '[]', '{}', '"x"', '{"error":{"code":500}}', '{"candidates":5}'])('%j cannot be read', (text) => {
    expect(codeOf(() => gemini.readReply(body(text)))).toBe('upstream_malformed')
    expect(codeOf(() => gemini.readNeutralReply(body(text)))).toBe('upstream_malformed')
  })

  it('tells finish reasons apart', () => {
    const finish = (finishReason: string, parts: unknown[] = []) => gemini.readNeutralReply(body({ candidates: [{ content: { parts }, finishReason }] })).choices[0]?.finish
    const call = [{ functionCall: { name: 'f', args: {} } }]
    expect(finish('STOP')).toBe('stop')
    expect(finish('STOP', call)).toBe('tool-calls')
    expect(finish('MAX_TOKENS', call)).toBe('length')
    expect(finish('RECITATION')).toBe('filtered')
    expect(finish('SOMETHING_NEW')).toBe('stop')
    expect(codeOf(() => finish('MALFORMED_FUNCTION_CALL'))).toBe('upstream_cut')
    expect(gemini.readNeutralReply(fixture('prompt-blocked.json')).choices).toEqual([{ blocks: [], finish: 'filtered', stopSequence: undefined }])
  })

  it('mints ids for calls that have none', () => {
    const { choices } = gemini.readNeutralReply(body({ candidates: [{ content: { parts: [{ functionCall: { name: 'f' } }, { functionCall: { name: 'f', id: '' } }] } }] }))
    const ids = choices[0]?.blocks.map(block => block.type === 'tool-call' ? block.id : '') ?? []
    expect(ids).toEqual([expect.stringMatching(/^call_\w{24}$/), expect.stringMatching(/^call_\w{24}$/)])
    expect(ids[0]).not.toBe(ids[1])
  })

  it('comes back as it was written, foreign signatures too', () => {
    const reply: NeutralReply = {
      id: 'req-1', model: 'public-name', usage: { input: 5, output: 7 },
      choices: [{
        finish: 'tool-calls', stopSequence: undefined,
        blocks: [
          { type: 'reasoning', text: '', redacted: true, signature: { dialect: 'anthropic', value: 'opaque+/=' } },
          { type: 'reasoning', text: 'because', signature: { dialect: 'openai-responses', value: 'enc', item: 'rs_1' } },
          { type: 'text', text: 'so', citations: [{ url: 'https://a.example', title: 'A' }] },
          { type: 'tool-call', id: 'call_1', name: 'f', args: '{"x":1}', signature: { dialect: 'gemini', value: 'c2ln' } },
          { type: 'tool-call', id: 'call_2', name: 'f', args: '{}' },
          { type: 'media', media: 'image', mime: 'image/png', data: 'iVBORw0KGgo=' },
        ],
      }],
    }
    const wire = gemini.writeNeutralReply(reply, context)
    expect(gemini.readNeutralReply(wire)).toEqual(reply)
    // SDKs decode the field: it must be base64 whoever made it.
    for (const [, signature = ''] of textOf(wire).matchAll(/"thoughtSignature":"([^"]+)"/g)) expect(signature).toMatch(/^[\w+/-]+=*$/)
  })

  it('wraps arguments that are no object rather than losing them', () => {
    const wire = (args: string) => (JSON.parse(textOf(gemini.writeNeutralReply({ id: undefined, model: undefined, usage: undefined, choices: [{ blocks: [{ type: 'tool-call', id: 'c', name: 'f', args }], finish: 'length', stopSequence: undefined }] }, context))) as { candidates: [{ content: { parts: [{ functionCall: { args: unknown } }] } }] }).candidates[0].content.parts[0].functionCall.args
    expect(wire('')).toEqual({})
    expect(wire('{"a":')).toEqual({ input: '{"a":' })
    expect(wire('[1]')).toEqual({ input: '[1]' })
  })
})

describe('errors', () => {
  it('speaks like Google, to an array client in an array', () => {
    const error = new AppError('upstream_busy', { model: 'm' }, { retryAfterSeconds: 9 })
    const wire = gemini.writeError(error, 'req-1')
    expect(wire).toMatchObject({ status: 429, headers: { 'retry-after': '9' } })
    expect(JSON.parse(textOf(wire.body))).toMatchObject({ error: { code: 429, status: 'RESOURCE_EXHAUSTED', details: [{ reason: 'UPSTREAM_BUSY' }, { requestId: 'req-1' }, { retryDelay: '9s' }] } })
    const asked = (path: string, query = '') => JSON.parse(textOf(gemini.writeError(error, 'req-1', { path: `/v1beta/models/m:${path}`, query: new URLSearchParams(query), headers: {} }).body)) as unknown
    for (const query of ['', 'alt=json', 'key=k']) expect(asked('streamGenerateContent', query)).toMatchObject([{ error: { code: 429 } }])
    for (const told of [asked('streamGenerateContent', 'alt=sse'), asked('streamGenerateContent', '$alt=sse;charset=utf-8'), asked('generateContent')]) expect(told).toMatchObject({ error: { code: 429 } })
    expect(textOf(gemini.writeErrorFrame(error, 'req-1', events))).toMatch(/^data: \{"error":\{.*\}\}\r\n\r\n$/)
    expect(JSON.parse(textOf(gemini.writeErrorFrame(error, 'req-1', array())))).toMatchObject([{ error: { code: 429 } }])
    expect(textOf(gemini.writeError(new AppError('invalid_key'), 'r').body)).toContain('API_KEY_INVALID')
  })

  it('says in Google\'s words that a prompt is too long', () => {
    const told = (problem: string) => textOf(gemini.writeError(new AppError('upstream_rejected', { problem }), 'r').body)
    expect(told('prompt is too long: 210000 tokens > 200000 maximum')).toContain('The input token count (210000) exceeds the maximum number of tokens allowed (200000).')
    expect(told('Wrong temperature.')).toContain('Wrong temperature.')
  })

  it('knows who is to blame', () => {
    const blame = (status: number, error: unknown) => gemini.readUpstreamFailure(status, body(error)).blame
    expect(gemini.readUpstreamFailure(400, fixture('bad-key.json'))).toMatchObject({ blame: 'credential', message: 'API key not valid. Please pass a valid API key.' })
    expect(gemini.readUpstreamFailure(429, fixture('rate-limit-array.json'))).toMatchObject({ blame: 'busy', retryAfterSeconds: 48 })
    expect(blame(400, { error: { message: 'The input token count (1200000) exceeds the maximum number of tokens allowed (1048576).', status: 'INVALID_ARGUMENT' } })).toBe('client')
    expect(blame(400, { error: { message: 'User location is not supported for the API use.', status: 'FAILED_PRECONDITION' } })).toBe('upstream')
    expect(blame(400, { error: { message: 'Invalid value', status: 'INVALID_ARGUMENT' } })).toBe('client')
    expect([401, 402, 403].map(status => blame(status, {}))).toEqual(['credential', 'credential', 'credential'])
    expect([404, 408, 499, 500, 503].map(status => blame(status, '<html>'))).toEqual(Array(5).fill('upstream'))
    expect(gemini.readUpstreamFailure(500, body('{"error":"text"}'))).toMatchObject({ message: 'text' })
    expect(gemini.readUpstreamFailure(500, body('{"error":{"details":"odd","message":"m"}}'))).toMatchObject({ message: 'm' })
  })
})
