import * as fc from 'fast-check'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { dialectIds } from '#shared/schemas/channel'
import type { DialectId } from '#shared/schemas/channel'
import type { Prices } from '#shared/schemas/price'
import { dialectsOfAnswer, firstOf } from '../../support/answer-shape'
import { channelOf, openDialectShop } from '../../support/dialect-shop'
import { CREDENTIAL, SOUND, startEndpointsUpstream } from '../../support/endpoints-upstream'
import { byteChanges, changeBytes, changeFields, changeJson, changes, fieldChanges } from '../../support/mutations'
import { runs } from '../../support/runs'
import type { Shop } from '../../support/shop'

/** Requests made wrong, at every path and over every channel: an answer or an error of the path's shape, and the books stay right. */
let shop: Shop
let upstream: Awaited<ReturnType<typeof startEndpointsUpstream>>
/** A price for every unit, so that nothing is refused for want of one. */
const prices: Prices = { input: '1', output: '2', characters: '15', audioSeconds: '100', image: '40000', search: '2000' }

beforeAll(async () => {
  shop = await openDialectShop(['sandbox-text'])
  upstream = await startEndpointsUpstream()
  await shop.addChannel('endpoints', { baseUrl: upstream.baseUrl, credentials: [CREDENTIAL] })
  await shop.sell('up', { name: 'endpoints.sandbox-text', prices, routes: [{ channel: 'endpoints', upstream: 'up' }] })
})
afterAll(async () => {
  await shop.close()
  await upstream.close()
})

/** Whatever was sent, nothing stays held and every charge has its entry. */
afterEach(async () => {
  for (let tries = 0; tries < 200 && (await shop.ledger.balance(shop.user)).open > 0; tries++) await new Promise(resolve => setTimeout(resolve, 25))
  expect(await shop.ledger.balance(shop.user)).toMatchObject({ held: 0, open: 0 })
  await shop.requireBooks()
})

const seed = 20_261_122
const what = (thrown: unknown): string => thrown instanceof Error ? String(thrown.stack).slice(0, 700) : String(thrown)
const schema = { type: 'object', properties: { word: { type: 'string', enum: ['a', 'b'] }, more: { type: 'array', items: { $ref: '#/$defs/x' } } }, required: ['word'], $defs: { x: { type: 'number', minimum: 1 } } }
const PIXEL = 'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=='
const bodies: Record<string, Record<string, unknown>> = {
  '/v1/chat/completions': {
    messages: [{ role: 'system', content: 'short' }, { role: 'user', content: [{ type: 'text', text: 'hi' }, { type: 'image_url', image_url: { url: `data:image/png;base64,${PIXEL}` } }] }, { role: 'assistant', content: null, tool_calls: [{ id: 'call_1', type: 'function', function: { name: 'f', arguments: '{"word":"a"}' } }] }, { role: 'tool', tool_call_id: 'call_1', content: 'x' }],
    tools: [{ type: 'function', function: { name: 'f', description: 'd', parameters: schema } }], tool_choice: 'auto', stream: true, stream_options: { include_usage: true }, temperature: 1, max_tokens: 100, n: 1, stop: ['x'], response_format: { type: 'json_schema', json_schema: { name: 'a', schema } }, reasoning_effort: 'low', user: 'u',
  },
  '/v1/responses': {
    instructions: 'short', input: [{ role: 'user', content: [{ type: 'input_text', text: 'hi' }, { type: 'input_image', image_url: `data:image/png;base64,${PIXEL}` }] }, { type: 'reasoning', id: 'rs_1', summary: [{ type: 'summary_text', text: 'x' }], encrypted_content: 'vapor1.gemini.x' }, { type: 'function_call', call_id: 'call_1', name: 'f', arguments: '{}' }, { type: 'function_call_output', call_id: 'call_1', output: 'x' }],
    tools: [{ type: 'function', name: 'f', strict: false, parameters: schema }], tool_choice: { type: 'function', name: 'f' }, stream: true, max_output_tokens: 100, text: { format: { type: 'json_schema', name: 'a', schema } }, reasoning: { effort: 'low', summary: 'auto' }, include: ['reasoning.encrypted_content'],
  },
  '/v1/messages': {
    max_tokens: 3000, system: [{ type: 'text', text: 'short', cache_control: { type: 'ephemeral' } }], messages: [{ role: 'user', content: [{ type: 'text', text: 'hi' }, { type: 'image', source: { type: 'base64', media_type: 'image/png', data: PIXEL } }] }, { role: 'assistant', content: [{ type: 'thinking', thinking: 'x', signature: 's' }, { type: 'tool_use', id: 'toolu_1', name: 'f', input: { word: 'a' } }] }, { role: 'user', content: [{ type: 'tool_result', tool_use_id: 'toolu_1', content: [{ type: 'text', text: 'x' }] }] }],
    tools: [{ name: 'f', description: 'd', input_schema: schema }], tool_choice: { type: 'auto' }, stream: true, thinking: { type: 'enabled', budget_tokens: 1024 }, stop_sequences: ['x'], metadata: { user_id: 'u' },
  },
  '/v1beta/models/@:streamGenerateContent?alt=sse': {
    systemInstruction: { parts: [{ text: 'short' }] }, contents: [{ role: 'user', parts: [{ text: 'hi' }, { inlineData: { mimeType: 'image/png', data: PIXEL } }] }, { role: 'model', parts: [{ text: 'x', thought: true }, { functionCall: { name: 'f', args: { word: 'a' } }, thoughtSignature: 'c2ln' }] }, { role: 'user', parts: [{ functionResponse: { name: 'f', response: { result: 'x' } } }] }],
    tools: [{ functionDeclarations: [{ name: 'f', description: 'd', parameters: { ...schema, type: 'OBJECT' } }] }], toolConfig: { functionCallingConfig: { mode: 'AUTO' } }, generationConfig: { temperature: 1, maxOutputTokens: 3000, stopSequences: ['x'], thinkingConfig: { includeThoughts: true, thinkingBudget: 100 } },
  },
  '/v1/messages/count_tokens': { messages: [{ role: 'user', content: 'hi' }], system: 'short' },
  '/v1beta/models/@:countTokens': { contents: [{ role: 'user', parts: [{ text: 'hi' }] }] },
  '/v1/completions': { prompt: ['hi'], max_tokens: 10, stop: ['x'] },
  '/v1/embeddings': { input: ['hi', 'there'], dimensions: 8, encoding_format: 'float' },
  '/v1/moderations': { input: [{ type: 'text', text: 'hi' }] },
  '/v1/rerank': { query: 'hi', documents: ['a', { text: 'b' }], top_n: 1 },
  '/v1/images/generations': { prompt: 'hi', n: 1, size: '1024x1024' },
  '/v1/audio/speech': { input: 'hi', voice: 'alloy', response_format: 'mp3' },
}

/** Endpoints pass bytes only: beside a channel that has them, one of another dialect and one without them are enough. */
const conversations = /chat|responses|messages|models/
const channelsOf = (path: string): string[] => conversations.test(path) ? [...dialectIds] : ['endpoints', 'endpoints', 'endpoints', 'openai-chat', 'anthropic']

/** The dialect of an answer's first words. */
const speaking: Record<string, DialectId> = { '/v1/chat/completions': 'openai-chat', '/v1/responses': 'openai-responses', '/v1/messages': 'anthropic', '/v1beta/models/@:streamGenerateContent?alt=sse': 'gemini' }

/** An answer or an error of the path's shape, within the deadline. */
async function requireAnswer(path: string, channel: string, body: Buffer | string, type = 'application/json'): Promise<void> {
  for (const id of ['endpoints', ...dialectIds.map(channelOf)]) shop.gateway.health.forget(id)
  const response = await fetch(`${shop.url}${path.replace('@', `${channel}.sandbox-text`)}`, { method: 'POST', headers: { 'authorization': `Bearer ${shop.key}`, 'content-type': type }, body: new Uint8Array(Buffer.from(body)), signal: AbortSignal.timeout(8_000) })
  const text = await response.text()
  const said = `${path} over ${channel}: ${response.status} ${text.slice(0, 300)}\n${String(body).slice(0, 600)}`
  const speaks = speaking[path]
  if (response.status === 200) {
    expect(text, said).not.toContain('"internal')
    if (speaks) expect(dialectsOfAnswer(firstOf(text)), said).toContain(speaks)
    return
  }
  expect([400, 401, 402, 404, 413, 415, 422, 425, 429, 502], said).toContain(response.status)
  const { error, type: kind } = JSON.parse(text) as { error: { message: string, code: unknown, status?: string, type?: string }, type?: string }
  expect(error.message, said).toBeTruthy()
  if (path.startsWith('/v1/messages')) expect(kind, said).toBe('error')
  else if (path.startsWith('/v1beta')) expect(error.code, said).toBe(response.status)
  else expect(typeof error.type, said).toBe('string')
}

describe.each(Object.entries(bodies))('%s', (path, good) => {
  const whole = (channel: string) => JSON.stringify({ model: `${channel}.sandbox-text`, ...good })
  const channel = fc.constantFrom(...channelsOf(path))

  it('with other values', async () => {
    await fc.assert(fc.asyncProperty(channel, changes, (channel, list) => requireAnswer(path, channel, changeJson(whole(channel), list))), { numRuns: Math.ceil(runs / 4), seed })
  })

  it('with other bytes', async () => {
    await fc.assert(fc.asyncProperty(channel, byteChanges, (channel, list) => requireAnswer(path, channel, changeBytes(Buffer.from(whole(channel)), list))), { numRuns: Math.ceil(runs / 10), seed })
  })
})

type Fields = [name: string, value: string][]

/** Forms: the file's name and the fields beside it. */
const forms: Record<string, { file: string, fields: Fields }> = {
  '/v1/images/edits': { file: 'image', fields: [['prompt', 'a cup of 茶'], ['n', '1'], ['size', '1024x1024'], ['quality', 'low']] },
  '/v1/audio/transcriptions': { file: 'file', fields: [['language', 'en'], ['response_format', 'json'], ['stream', 'false'], ['temperature', '0'], ['timestamp_granularities[]', 'word']] },
  '/v1/audio/translations': { file: 'file', fields: [['response_format', 'text'], ['prompt', 'tea']] },
}
const BOUNDARY = '----vapor7MA4YWxk'
const types = [`multipart/form-data; boundary=${BOUNDARY}`, `multipart/form-data; boundary="${BOUNDARY}"`, 'multipart/form-data', 'multipart/form-data; boundary=other', 'multipart/form-data; boundary=', 'application/json', 'application/x-www-form-urlencoded']

function formOf(file: string, fields: Fields): Buffer {
  const part = (disposition: string, data: Uint8Array) => [Buffer.from(`--${BOUNDARY}\r\nContent-Disposition: form-data; ${disposition}\r\n\r\n`), data, Buffer.from('\r\n')]
  return Buffer.concat([
    ...part(`name="${file}"; filename="茶.wav"\r\nContent-Type: audio/wav`, SOUND.subarray(0, 300)),
    ...fields.flatMap(([name, value]) => part(`name="${name}"`, Buffer.from(value))),
    Buffer.from(`--${BOUNDARY}--\r\n`),
  ])
}

describe.each(Object.entries(forms))('%s', (path, { file, fields }) => {
  const whole = (channel: string): Fields => [['model', `${channel}.sandbox-text`], ...fields]
  const channel = fc.constantFrom(...channelsOf(path))

  it('is answered when nothing is wrong', async () => {
    await requireAnswer(path, 'endpoints', formOf(file, whole('endpoints')), types[0]!)
    expect(await shop.settled()).toMatchObject({ status: 200, endReason: 'completed', model: { name: 'endpoints.sandbox-text' } })
  })

  it('with other fields', async () => {
    await fc.assert(fc.asyncProperty(channel, fieldChanges, (channel, list) => requireAnswer(path, channel, formOf(file, changeFields(whole(channel), list)), types[0]!)), { numRuns: Math.ceil(runs / 4), seed })
  })

  it('with other bytes, and other words for what it is', async () => {
    await fc.assert(fc.asyncProperty(channel, byteChanges, fc.constantFrom(types[0]!, types[0]!, ...types), (channel, list, type) => requireAnswer(path, channel, changeBytes(formOf(file, whole(channel)), list), type)), { numRuns: Math.ceil(runs / 4), seed })
  })
})

it('leaves nothing in the log', () => {
  expect(shop.errors.map(what)).toEqual([])
  expect(shop.logged.map(what)).toEqual([])
  expect(({} as Record<string, unknown>)['polluted']).toBeUndefined()
})
