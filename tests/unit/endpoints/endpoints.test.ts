import { describe, expect, it } from 'vitest'
import type { CallTarget, Endpoint } from '#server/dialects/dialect'
import { completions, embeddings, imageGenerations, moderations, rerank, speech, transcriptions } from '#server/endpoints/index'
import { readTokens } from '#server/endpoints/usage'
import { holdFor } from '#server/gateway/quote'

const target = (headers: CallTarget['headers'] = {}): CallTarget => ({ path: '/v1/x', query: new URLSearchParams(), headers })
const bytesOf = (value: unknown): Buffer => Buffer.from(typeof value === 'string' ? value : JSON.stringify(value))
const read = (endpoint: Endpoint, body: unknown) => endpoint.readRequest(bytesOf(body), target())

function readSound(size: number, fields: Record<string, string> = {}) {
  const parts = Object.entries({ model: 'ear', ...fields }).map(([name, value]) => `--b\r\nContent-Disposition: form-data; name="${name}"\r\n\r\n${value}\r\n`).join('')
  const body = bytesOf(`${parts}--b\r\nContent-Disposition: form-data; name="file"; filename="a.mp3"\r\n\r\n${'x'.repeat(size)}\r\n--b--\r\n`)
  return transcriptions.readRequest(body, target({ 'content-type': 'multipart/form-data; boundary=b' }))
}

describe('what is known before the call', () => {
  it('characters are code points', () => {
    expect(read(speech, { model: 'm', input: '茶🍵👨‍👩‍👧', voice: 'v' }).units?.most).toEqual({ characters: 7 })
  })

  it('seconds are held for the longest sound the bytes can be, and charged by the usual', () => {
    expect(readSound(40_000).units).toEqual({ most: { audioSeconds: 10 }, expected: { audioSeconds: 3 } })
    expect(readSound(1).units).toEqual({ most: { audioSeconds: 1 }, expected: { audioSeconds: 1 } })
  })

  it('searches are held for long documents', () => {
    const units = (documents: string[]) => read(rerank, { model: 'm', query: 'q', documents }).units
    expect(units(['a', 'b'])).toEqual({ most: { search: 1 }, expected: { search: 1 } })
    expect(units(['a'.repeat(60_000)])).toEqual({ most: { search: 2 }, expected: { search: 1 } })
  })

  it('pictures are as many as were asked for', () => {
    expect(read(imageGenerations, { model: 'm', prompt: 'p', n: 4 })).toMatchObject({ choices: 4, needs: ['image'], units: { most: { image: 4 } } })
  })

  it('a hold covers them', () => {
    const price = { prices: { input: 1_000_000, output: 0, image: 5_000_000 }, discount: 0 }
    expect(holdFor(price, 10, 0, { image: 3 })).toBe(10 + 15)
    expect(holdFor(price, 10, 0)).toBe(10)
  })

  it('legacy prompts multiply the output', () => {
    expect(read(completions, { model: 'm', prompt: ['a', 'b'], n: 2, best_of: 3, max_tokens: 10 })).toMatchObject({ choices: 6, outputMax: 60 })
    expect(read(completions, { model: 'm', prompt: [1, 2, 3] })).toMatchObject({ choices: 1, outputMax: undefined })
  })
})

describe('what is refused', () => {
  it.each<[string, Endpoint, unknown, string]>([
    ['no JSON', embeddings, '{', 'invalid_json'],
    ['no input', embeddings, { model: 'm' }, 'invalid_request'],
    ['two models', embeddings, '{"model":"cheap","model":"dear","input":"a"}', 'invalid_request'],
    ['a voice of the operator\'s account', speech, { model: 'm', input: 'a', voice: { id: 'voice_1' } }, 'invalid_request'],
    ['too many pictures', imageGenerations, { model: 'm', prompt: 'p', n: 11 }, 'invalid_request'],
    ['hidden answers without a limit', completions, { model: 'm', prompt: 'p', best_of: 5 }, 'invalid_request'],
  ])('%s', (_, endpoint, body, code) => {
    expect(() => read(endpoint, body)).toThrow(expect.objectContaining({ code }))
  })

  it('sound by URL', () => {
    expect(() => readSound(1, { url: 'https://example.com/a.mp3' })).toThrow(expect.objectContaining({ code: 'unsupported_field' }))
  })
})

describe('what an answer says', () => {
  const request = read(imageGenerations, { model: 'm', prompt: 'p', n: 2 })
  const json = { contentType: 'application/json' }

  it('more pictures than asked for are a gift', () => {
    const { metered } = imageGenerations.readReply(bytesOf({ data: [{}, {}, {}] }), { request, ...json })
    expect(metered).toMatchObject({ usage: undefined, units: { usage: { image: 2 } }, contentFrames: 1 })
  })

  it.each<[string, Endpoint, unknown]>([
    ['an error in the clothes of a 200', imageGenerations, { error: { message: 'no' } }],
    ['no list', embeddings, { data: {} }],
    ['a page', moderations, '<html>'],
  ])('%s is no answer', (_, endpoint, body) => {
    expect(() => endpoint.readReply(bytesOf(body), { request, ...json })).toThrow(expect.objectContaining({ code: 'upstream_malformed' }))
  })

  it('a duration beyond what the bytes can be is cut', () => {
    const sound = readSound(1000)
    const { metered } = transcriptions.readReply(bytesOf({ text: 'a', usage: { type: 'duration', seconds: 1e6 } }), { request: sound, ...json })
    expect(metered.clamped).toBe(true)
    expect(metered.units?.usage.audioSeconds).toBeLessThan(5)
  })

  it.each([[404, 'endpoint'], [405, 'endpoint'], [400, 'client'], [429, 'busy'], [500, 'upstream']])('status %i means %s', (status, blame) => {
    expect(rerank.readUpstreamFailure(status, bytesOf({ error: { message: 'x' } })).blame).toBe(blame)
  })

  it('tokens in every form', () => {
    expect(readTokens({ prompt_tokens: 5, total_tokens: 5 })?.usage).toEqual({ input: 5 })
    expect(readTokens({ total_tokens: 8 })?.usage).toEqual({ input: 8 })
    expect(readTokens({ input_tokens: 5, output_tokens: 2, input_token_details: { audio_tokens: 9 } })).toEqual({ usage: { audioInput: 5, output: 2 }, clamped: true })
    expect(readTokens({ input_tokens: 50, output_tokens: 2, input_tokens_details: { text_tokens: 12, image_tokens: 38 } })).toEqual({ usage: { input: 12, imageInput: 38, output: 2 }, clamped: false })
    expect(readTokens({ input_tokens: 50, output_tokens: 2, input_tokens_details: { image_tokens: 51 } })).toEqual({ usage: { imageInput: 50, output: 2 }, clamped: true })
    for (const nothing of [undefined, {}, { prompt_tokens: 0, total_tokens: 0 }, { prompt_tokens: -1 }, { prompt_tokens: 'x' }, { type: 'duration', seconds: 7 }]) expect(readTokens(nothing)).toBeUndefined()
  })
})

describe('the bytes', () => {
  it('stay as they are when nothing must change', () => {
    const request = read(embeddings, '{ "input" : "a",\n"model": "m" }')
    expect(embeddings.writeUpstreamRequest(request, { model: 'm', credential: 'c' }).body).toBe(request.body)
    expect(Buffer.from(embeddings.writeUpstreamRequest(request, { model: 'other', credential: 'c' }).body).toString()).toBe('{ "input" : "a",\n"model": "other" }')
  })

  it('lose what must not pass', () => {
    const request = read(embeddings, '{"store":true,"model":"m","input":"a","provider":{"order":["x"]},"user":"u"}')
    expect(Buffer.from(embeddings.writeUpstreamRequest(request, { model: 'm', credential: 'c' }).body).toString()).toBe('{"model":"m","input":"a","user":"u"}')
    expect(request.dropped).toEqual(['store', 'provider'])
  })
})
