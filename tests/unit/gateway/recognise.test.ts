import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { recognise } from '#server/gateway/recognise'
import { dialectIds } from '#shared/schemas/channel'
import type { DialectId } from '#shared/schemas/channel'
import { dialectsOfAnswer, firstOf } from '../../support/answer-shape'
import { fixtures } from '../../support/fixtures'
import type { Fixture } from '../../support/fixtures'
import { openShop } from '../../support/shop'
import type { Shop } from '../../support/shop'

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

/** What only fits one dialect is that dialect's wherever it arrives. These fit two, so the path or the headers decide. */
const either: Record<string, DialectId[]> = {
  'openai-chat/request-plain.json': ['openai-chat', 'anthropic'],
  'anthropic/plain-request.json': ['openai-chat', 'anthropic'],
}

/** Every path a client may post to, `@` for the model; the dialect it says, if it says one. */
const everyPath: [path: string, says: DialectId | undefined][] = [
  ['/v1/chat/completions', 'openai-chat'], ['/chat/completions', 'openai-chat'], ['/v1/v1/chat/completions', 'openai-chat'], ['/v1/chat/completions/chat/completions', 'openai-chat'],
  ['/v1/responses', 'openai-responses'], ['/responses', 'openai-responses'], ['/v1/v1/responses', 'openai-responses'], ['/v1/chat/completions/responses', 'openai-responses'],
  ['/v1/messages', 'anthropic'], ['/messages', 'anthropic'], ['/v1/messages/v1/messages', 'anthropic'], ['/v1/v1/messages', 'anthropic'],
  ['/v1beta/models/@:generateContent', 'gemini'], ['/v1/models/@:generateContent', 'gemini'], ['/v1beta/models/@:streamGenerateContent?alt=sse', 'gemini'],
  ['/v1', undefined], ['/v1/', undefined],
]
const someHeaders: Record<string, string>[] = [{}, { 'anthropic-version': '2023-06-01' }, { 'x-goog-api-key': 'unused' }]

/** Refused wherever it arrives: the channel here speaks Chat Completions, which has no documents by URL. */
const refusedAtHome = new Set(['openai-responses/request-agent.json'])

/** The path's dialect if the body fits it, else the one the headers name, else Chat Completions as the commonest. */
function expectedOf({ name, dialect }: Fixture, says: DialectId | undefined, headers: Record<string, string>): DialectId {
  const fitting = either[name] ?? [dialect]
  const named: DialectId | undefined = headers['anthropic-version'] ? 'anthropic' : headers['x-goog-api-key'] ? 'gemini' : undefined
  return [says, named, 'openai-chat' as const].find(id => id !== undefined && fitting.includes(id)) ?? fitting[0]!
}

describe('requests of every dialect at every path', () => {
  let shop: Shop
  beforeAll(async () => {
    shop = await openShop({ available: 9_000_000_000_000 })
    await shop.sell('sandbox-text')
  })
  afterAll(() => shop.close())

  async function post(path: string, body: Buffer, headers: Record<string, string>) {
    const request = { ...JSON.parse(body.toString('utf8')) as Record<string, unknown>, model: 'sandbox-text' }
    const response = await fetch(shop.url + path.replace('@', 'sandbox-text'), { method: 'POST', headers: { 'authorization': `Bearer ${shop.key}`, 'content-type': 'application/json', ...headers }, body: JSON.stringify(request) })
    const text = await response.text()
    return { status: response.status, body: firstOf(text) }
  }

  it.each(fixtures.filter(one => one.kind === 'request'))('$name', async (one) => {
    for (const [path, says] of everyPath) {
      for (const headers of someHeaders) {
        const expected = expectedOf(one, says, headers)
        const { status, body } = await post(path, one.bytes, headers)
        const where = `${path} ${JSON.stringify(headers)}: ${status} ${JSON.stringify(body).slice(0, 200)}`
        expect(dialectsOfAnswer(body), where).toContain(expected)
        if (expected !== one.dialect || refusedAtHome.has(one.name)) expect([200, 400], where).toContain(status)
        else expect(status, where).toBe(200)
      }
    }
  })
})
