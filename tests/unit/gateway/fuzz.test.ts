import * as fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { dialectIds } from '#shared/schemas/channel'
import { openDialectShop } from '../../support/dialect-shop'
import { byteChanges, changeBytes, changeJson, changes } from '../../support/mutations'
import { runs } from '../../support/runs'
import type { Shop } from '../../support/shop'

/** Requests made wrong, at every path and over every channel: an answer or an error of the path's shape, and the books stay right. */
let shop: Shop
beforeAll(async () => { shop = await openDialectShop(['sandbox-text']) })
afterAll(() => shop.close())

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

async function requireAnswer(path: string, channel: string, body: Buffer | string): Promise<void> {
  const response = await fetch(`${shop.url}${path.replace('@', `${channel}.sandbox-text`)}`, { method: 'POST', headers: { 'authorization': `Bearer ${shop.key}`, 'content-type': 'application/json' }, body: new Uint8Array(Buffer.from(body)), signal: AbortSignal.timeout(8_000) })
  const text = await response.text()
  const said = `${path} over ${channel}: ${response.status} ${text.slice(0, 300)}\n${String(body).slice(0, 600)}`
  if (response.status === 200) return void expect(text, said).not.toContain('"internal')
  expect([400, 401, 402, 404, 413, 415, 422, 425, 429, 502], said).toContain(response.status)
  const { error, type } = JSON.parse(text) as { error: { message: string, code: unknown, status?: string, type?: string }, type?: string }
  expect(error.message, said).toBeTruthy()
  if (path.startsWith('/v1/messages')) expect(type, said).toBe('error')
  else if (path.startsWith('/v1beta')) expect(error.code, said).toBe(response.status)
  else expect(typeof error.type, said).toBe('string')
}

describe.each(Object.entries(bodies))('%s', (path, good) => {
  const whole = (channel: string) => JSON.stringify({ model: `${channel}.sandbox-text`, ...good })

  it('with other values', async () => {
    await fc.assert(fc.asyncProperty(fc.constantFrom(...dialectIds), changes, (channel, list) => {
      const body = changeJson(whole(channel), list)
      return requireAnswer(path, channel, body)
    }), { numRuns: Math.ceil(runs / 4), seed })
  })

  it('with other bytes', async () => {
    await fc.assert(fc.asyncProperty(fc.constantFrom(...dialectIds), byteChanges, (channel, list) => requireAnswer(path, channel, changeBytes(Buffer.from(whole(channel)), list))), { numRuns: Math.ceil(runs / 10), seed })
  })
})

it('leaves the books right, nothing held, nothing in the log', async () => {
  for (let tries = 0; tries < 200 && (await shop.ledger.balance(shop.user)).open > 0; tries++) await new Promise(resolve => setTimeout(resolve, 25))
  expect((await shop.ledger.balance(shop.user)).open).toBe(0)
  expect(shop.errors.map(what)).toEqual([])
  expect(shop.logged.map(what)).toEqual([])
  expect(({} as Record<string, unknown>)['polluted']).toBeUndefined()
})
