import { describe, expect, it } from 'vitest'
import { recognise } from '#server/gateway/recognise'
import { dialectIds } from '#shared/schemas/channel'
import type { DialectId } from '#shared/schemas/channel'

const paths: Record<DialectId, string> = { 'openai-chat': '/v1/chat/completions', 'openai-responses': '/v1/responses', 'anthropic': '/v1/messages', 'gemini': '/v1beta/models/m:generateContent' }

/** Bodies that can be of one dialect only. */
const bodies: [dialect: DialectId, why: string, body: unknown][] = [
  ['openai-chat', 'a tool message', { model: 'm', messages: [{ role: 'user', content: 'hi' }, { role: 'tool', tool_call_id: 'a', content: 'b' }] }],
  ['openai-chat', 'a function tool', { model: 'm', messages: [{ role: 'user', content: 'hi' }], tools: [{ type: 'function', function: { name: 'f' } }] }],
  ['openai-chat', 'an image_url part', { model: 'm', messages: [{ role: 'user', content: [{ type: 'image_url', image_url: { url: 'x' } }] }] }],
  ['openai-responses', 'an input text', { model: 'm', input: 'hi' }],
  ['openai-responses', 'input items', { model: 'm', input: [{ role: 'user', content: 'hi' }], instructions: 'x' }],
  ['anthropic', 'a system text', { model: 'm', max_tokens: 1, system: 'x', messages: [{ role: 'user', content: 'hi' }] }],
  ['anthropic', 'a tool result', { model: 'm', max_tokens: 1, messages: [{ role: 'user', content: [{ type: 'tool_result', tool_use_id: 'a' }] }] }],
  ['anthropic', 'an input_schema tool', { model: 'm', max_tokens: 1, messages: [{ role: 'user', content: 'hi' }], tools: [{ name: 'f', input_schema: {} }] }],
  ['gemini', 'contents', { model: 'm', contents: [{ role: 'user', parts: [{ text: 'hi' }] }] }],
]

const target = (path: string, headers: Record<string, string> = {}) => ({ path, query: new URLSearchParams(), headers })
const read = (path: DialectId | undefined, body: unknown, headers: Record<string, string> = {}) => recognise(path, target(path ? paths[path] : '/v1', headers), Buffer.from(JSON.stringify(body)))

describe('recognising the dialect of a call', () => {
  it.each(bodies.flatMap(([dialect, why, body]) => [...dialectIds, undefined].map(path => ({ dialect, why, body, path }))))('$dialect by $why, posted to the path of $path', ({ dialect, body, path }) => {
    expect(read(path, body).dialect.id).toBe(dialect)
  })

  it('leaves a body that fits several to its path, and at a bare /v1 to the headers', () => {
    const both = { model: 'm', max_tokens: 5, messages: [{ role: 'user', content: 'hi' }] }
    expect(read('openai-chat', both).dialect.id).toBe('openai-chat')
    expect(read('anthropic', both).dialect.id).toBe('anthropic')
    expect(read(undefined, both, { 'anthropic-version': '2023-06-01' }).dialect.id).toBe('anthropic')
    expect(read('openai-chat', both, { 'anthropic-version': '2023-06-01' }).dialect.id).toBe('openai-chat')
  })

  it('leaves what is no request at all to its path, whose dialect explains', () => {
    for (const id of dialectIds) {
      expect(read(id, { model: 'm' }).dialect.id).toBe(id)
      expect(recognise(id, target(paths[id]), Buffer.from('{"broken":')).dialect.id).toBe(id)
    }
  })

  it('gives a Gemini body posted elsewhere the path its dialect would have used', () => {
    expect(read('openai-chat', { model: 'a/b', stream: true, contents: [] }).target).toMatchObject({ path: '/v1beta/models/a/b:streamGenerateContent' })
  })
})
