import { describe, expect, it } from 'vitest'
import { gemini } from '#server/dialects/gemini'
import { readCountRequest } from '#server/dialects/gemini/request'
import { writeTokenCount } from '#server/dialects/gemini/upstream'
import { body, codeOf, fixture, hello, target } from './support'

const accept = (value: unknown, verb = 'generateContent') => codeOf(() => gemini.readRequest(body(value), target(verb)))
const { contents } = hello

describe('reading the path', () => {
  it.each([
    ['/v1beta/models/gemini-2.5-pro', 'gemini-2.5-pro'], ['/v1/models/gemini-2.5-pro', 'gemini-2.5-pro'], ['/v1beta/models/models/gemini-2.5-pro', 'gemini-2.5-pro'],
    ['/v1beta/tunedModels/mine', 'mine'], ['/v1beta/models/publishers/google/models/gemini-2.5-pro', 'gemini-2.5-pro'], ['/v1/publishers/google/models/x', 'x'],
    ['/v1beta1/projects/p/locations/l/publishers/google/models/x', 'x'], ['/v1beta/models/deep/seek:free', 'deep/seek:free'],
  ])('%s is %s', (path, model) => {
    expect(gemini.readRequest(body(hello), target('generateContent', '', path)).model).toBe(model)
  })

  it.each([['/v1beta/models/x:embedContent'], ['/v1beta/models/x'], ['/v1beta/files/x:generateContent'], ['/models/x:generateContent']])('%s is nothing here', (path) => {
    expect(codeOf(() => gemini.readRequest(body(hello), { path, query: new URLSearchParams(), headers: {} }))).toBe('not_found')
  })

  it('takes a stream without alt=sse for an array', () => {
    const kind = (verb: string, query: string) => {
      const { stream, jsonArray } = gemini.readRequest(body(hello), target(verb, query))
      return { stream, jsonArray }
    }
    expect(kind('streamGenerateContent', '')).toEqual({ stream: true, jsonArray: true })
    expect(kind('streamGenerateContent', 'alt=sse&key=k')).toEqual({ stream: true, jsonArray: false })
    expect(kind('streamGenerateContent', '$alt=sse;enum-encoding=int')).toEqual({ stream: true, jsonArray: false })
    expect(kind('generateContent', 'alt=sse')).toEqual({ stream: false, jsonArray: false })
  })
})

describe('reading a request', () => {
  it.each([
    ['', 'invalid_json'], ['{', 'invalid_json'], ['[]', 'invalid_request'], ['null', 'invalid_request'], [{}, 'invalid_request'], [{ contents: [] }, 'invalid_request'], [{ contents: 'hi' }, 'invalid_request'],
    [{ contents, generationConfig: { maxOutputTokens: 1e15 } }, 'invalid_request'], [{ contents, generation_config: { candidate_count: 0 } }, 'invalid_request'],
    [{ contents, generationConfig: { maxOutputTokens: 1 }, generation_config: { max_output_tokens: 9 } }, 'invalid_request'],
    [{ contents, generationConfig: { maxOutputTokens: 1, max_output_tokens: 9 } }, 'invalid_request'],
    ['{"contents":[{"parts":[{"text":"a"}]}],"generationConfig":{"candidateCount":1,"candidateCount":8}}', 'invalid_request'],
    ['{"contents":[{"parts":[{"text":"a"}]}],"contents":[{"parts":[{"text":"b"}]}]}', 'invalid_request'],
    [`{"contents":[{"parts":[{"functionCall":{"name":"x","args":{"a":${'['.repeat(5000)}${']'.repeat(5000)}}}}]}]}`, 'invalid_request'],
    [{ contents, cachedContent: 'cachedContents/x' }, 'unsupported_field'], [{ contents, cached_content: 'cachedContents/x' }, 'unsupported_field'],
    [{ contents, tools: [{ googleSearch: {} }] }, 'unsupported_field'], [{ contents, tools: [{ code_execution: {} }] }, 'unsupported_field'], [{ contents, tools: [{ functionDeclarations: [{ name: 'x' }], urlContext: {} }] }, 'unsupported_field'],
    [{ contents: [{ parts: [{ file_data: { file_uri: 'https://generativelanguage.googleapis.com/v1beta/files/abc' } }] }] }, 'unsupported_field'],
    [{ contents: [{ parts: [{ fileData: { fileUri: 'gs://bucket/x.pdf' } }] }] }, 'unsupported_field'],
    [{ contents: [{ parts: [{ fileData: { fileUri: 'https://youtu.be/abc' } }] }] }, 'accepted'],
    [{ contents, systemInstruction: null, tools: null, generationConfig: null, anything: 'else' }, 'accepted'], [{ contents: [{}] }, 'accepted'],
  ])('%j is %s', (value, code) => {
    expect(accept(value)).toBe(code)
  })

  it('reads both cases, the most output, media and what is dropped', () => {
    const request = gemini.readRequest(fixture('snake-case-request.json'), target())
    expect(request).toMatchObject({ model: 'gemini-2.5-pro', outputMax: 400, choices: 1, mediaParts: 1, wantsUsage: true, dropped: ['service_tier'] })
    const spoken = gemini.readRequest(body({ contents, generationConfig: { candidateCount: 3, maxOutputTokens: 10, responseModalities: ['audio'] } }), target())
    expect(spoken).toMatchObject({ outputMax: 30, choices: 3, needs: ['audioOutput'] })
    const picture = gemini.readRequest(body({ contents: [{ parts: [{ inlineData: { mimeType: 'image/png', data: 'A'.repeat(9000) } }] }] }), target())
    expect(picture.textBytes).toBeLessThan(200)
  })

  it('counts instructions, calls, results and tools as text', () => {
    const { texts, messages } = gemini.readInputTexts(gemini.readRequest(fixture('snake-case-request.json'), target()))
    const all = texts.join('\n')
    for (const word of ['Be brief.', 'What is this?', 'snake_key', 'a heron', 'Go on.', 'Looks up']) expect(all).toContain(word)
    expect(all).not.toContain('_9j_')
    expect(messages).toBe(3)
  })
})

describe('writing to an upstream of the same dialect', () => {
  const sent = (text: string, stream = false) => gemini.writeUpstreamRequest(gemini.readRequest(body(text), target(stream ? 'streamGenerateContent' : 'generateContent')), { model: 'up-model', credential: 'k' })

  it('passes bytes unchanged', () => {
    const text = '{ "contents" : [{"role":"user","parts":[{"text":"h\\u0069"}]}], "generation_config":{"temperature":1.0} }'
    expect(Buffer.from(sent(text).body).toString()).toBe(text)
    expect(sent(text)).toMatchObject({ path: '/models/up-model:generateContent', headers: { 'x-goog-api-key': 'k' } })
  })

  it('always asks for events', () => {
    expect(sent(JSON.stringify(hello), true).path).toBe('/models/up-model:streamGenerateContent?alt=sse')
  })

  it('cuts out what is not passed on, and the name of the model', () => {
    const text = '{"model":"models/x","contents":[{"parts":[{"text":"a"}]}],"service_tier":"flex","store":true,"safetySettings":[]}'
    expect(Buffer.from(sent(text).body).toString()).toBe('{"contents":[{"parts":[{"text":"a"}]}],"safetySettings":[]}')
  })

  it('keeps slashes of a name and escapes the rest', () => {
    const path = (model: string) => gemini.writeUpstreamTarget({ model, credential: 'k', stream: false }).path
    expect(path('tunedModels/mine')).toBe('/tunedModels/mine:generateContent')
    expect(path('a/b?c')).toBe('/models/a/b%3Fc:generateContent')
  })
})

describe('counting tokens', () => {
  it('reads contents, bare or in a request', () => {
    expect(readCountRequest(body(hello), target('countTokens'))).toMatchObject({ model: 'gemini-2.5-pro', stream: false })
    const wrapped = readCountRequest(body({ generate_content_request: { model: 'models/x', ...hello, systemInstruction: { parts: [{ text: 'Be brief.' }] } } }), target('countTokens'))
    expect(gemini.readInputTexts(wrapped)).toEqual({ texts: ['Be brief.', 'hi'], messages: 1 })
    expect(codeOf(() => readCountRequest(body({}), target('countTokens')))).toBe('invalid_request')
    expect(codeOf(() => readCountRequest(body(hello), target('generateContent')))).toBe('not_found')
    expect(Buffer.from(writeTokenCount(7)).toString()).toBe('{"totalTokens":7}')
  })
})

describe('asking a channel', () => {
  it('lists the models that generate', () => {
    const list = { models: [{ name: 'models/gemini-2.5-pro', supportedGenerationMethods: ['generateContent'] }, { name: 'models/embed', supportedGenerationMethods: ['embedContent'] }, { name: 'models/plain' }] }
    expect(gemini.readModels(body(list))).toEqual(['gemini-2.5-pro', 'plain'])
    expect(codeOf(() => gemini.readModels(body('<html>')))).toBe('upstream_malformed')
    expect(accept(Buffer.from(gemini.writeProbe('m')).toString())).toBe('accepted')
  })
})
