import { describe, expect, it } from 'vitest'
import { dialectOf } from '#server/dialects/index'
import { dialectIds } from '#shared/schemas/channel'
import type { DialectId } from '#shared/schemas/channel'
import { fixtures } from '../../support/fixtures'
import { targetOf } from '../../support/wires'

/** Requests that hold a trap, written for the dialects in which it lies. */
type Fields = Record<string, unknown>

const models: Record<DialectId, string> = { 'openai-chat': 'gpt-4.1', 'openai-responses': 'gpt-5', 'anthropic': 'claude-sonnet-4-5', 'gemini': 'gemini-3-pro-preview' }

/** The body an upstream of `to` is sent, as JSON and as text. */
function writtenFor(to: DialectId, name: string): { body: Fields, text: string } {
  const one = fixtures.find(fixture => fixture.name === name)!
  const { readRequest, readNeutralRequest, writeUpstreamRequest } = dialectOf(one.dialect)
  const request = readRequest(one.bytes, targetOf(one.dialect))
  const text = to === one.dialect
    ? Buffer.from(writeUpstreamRequest(request, { model: models[to], credential: 'sk', quirks: {} }).body).toString('utf8')
    : JSON.stringify(dialectOf(to).writeNeutralRequest(readNeutralRequest(request), { model: models[to], quirks: {} }).body)
  return { body: JSON.parse(text) as Fields, text }
}

const isFields = (value: unknown): value is Fields => typeof value === 'object' && value !== null && !Array.isArray(value)
const list = (value: unknown): Fields[] => Array.isArray(value) ? value.filter(isFields) : []

/** Every object in a value, in the order of its text. */
function* objectsIn(value: unknown): Generator<Fields> {
  if (isFields(value)) yield value
  if (typeof value === 'object' && value !== null) for (const inner of Object.values(value)) yield* objectsIn(inner)
}

describe('results of parallel calls stand together', () => {
  it.each(['openai-chat/request-parallel-results.json', 'anthropic/results-in-two-messages-request.json'])('%s', (name) => {
    const roles = list(writtenFor('openai-chat', name).body.messages).map(message => message.role)
    expect(roles).toEqual(['user', 'assistant', 'tool', 'tool', 'user'])
    const items = list(writtenFor('openai-responses', name).body.input).map(item => item.type ?? item.role)
    expect(items.filter(type => type !== 'message')).toEqual(expect.arrayContaining(['function_call', 'function_call', 'function_call_output', 'function_call_output']))
    const contents = list(writtenFor('gemini', name).body.contents)
    expect(contents.map(content => content.role).slice(0, 3)).toEqual(['user', 'model', 'user'])
    expect(contents.map(content => list(content.parts).filter(part => part.functionResponse !== undefined).length)).toEqual(contents.map((_, index) => index === 2 ? 2 : 0))
    if (name.startsWith('anthropic')) return
    const messages = list(writtenFor('anthropic', name).body.messages)
    expect(messages.map(message => message.role)).toEqual(['user', 'assistant', 'user'])
    expect(list(messages[2]!.content).map(block => block.type)).toEqual(['tool_result', 'tool_result', 'text'])
  })
})

describe('schemas', () => {
  it('reach Gemini with every property, by the field that takes any keyword', () => {
    const [plan, now] = [...objectsIn(writtenFor('gemini', 'openai-chat/request-schema-keys.json').body.tools)].filter(tool => typeof tool.name === 'string')
    expect(plan).not.toHaveProperty('parameters')
    expect(Object.keys((plan!.parametersJsonSchema as Fields).properties as Fields)).toEqual(['default', 'format', 'size', 'either'])
    expect(plan!.parametersJsonSchema).toMatchObject({ required: ['default'], $defs: { kind: { enum: ['long', 'short'] } } })
    expect(now!.name).toBe('now')
  })

  it('are not strict in Responses because nobody said so', () => {
    const tools = list(writtenFor('openai-responses', 'openai-chat/request-schema-keys.json').body.tools)
    expect(tools.map(tool => tool.strict)).toEqual([false, false])
  })

  it('are objects in Messages, even where none was given', () => {
    const tools = list(writtenFor('anthropic', 'openai-chat/request-schema-keys.json').body.tools)
    expect(tools.map(tool => (tool.input_schema as Fields).type)).toEqual(['object', 'object'])
  })
})

describe('reasoning of another vendor', () => {
  it.each(dialectIds.filter(id => id !== 'anthropic'))('stays behind on the way to %s', (to) => {
    const { text } = writtenFor(to, 'anthropic/foreign-thinking-request.json')
    for (const secret of ['Secret steps.', 'bmF0aXZl', 'aGlkZGVu', 'cmVkYWN0ZWQ=']) expect(text).not.toContain(secret)
  })

  it('goes back whole to the vendor that made it', () => {
    const { body } = writtenFor('anthropic', 'anthropic/foreign-thinking-request.json')
    expect(list(list(body.messages)[1]!.content).map(block => block.signature ?? block.data ?? block.type)).toEqual(['bmF0aXZl', 'aGlkZGVu', 'cmVkYWN0ZWQ=', 'tool_use'])
  })

  it.each(['openai-chat/request-parallel-results.json', 'anthropic/foreign-thinking-request.json'])('is excused to Gemini on the first call of a turn: %s', (name) => {
    const calls = [...objectsIn(writtenFor('gemini', name).body.contents)].filter(part => part.functionCall !== undefined)
    expect(calls.map(part => part.thoughtSignature)).toEqual(['skip_thought_signature_validator', ...calls.slice(1).map(() => undefined)])
  })

  it('never becomes text for Messages', () => {
    expect(writtenFor('anthropic', 'openai-chat/request-parallel-results.json').text).not.toContain('I need both.')
    expect(writtenFor('anthropic', 'openai-responses/request-stored-ids.json').text).not.toMatch(/Step\.|c2VhbGVk|rs_/)
  })
})

describe('what is stored at an upstream', () => {
  it('is not asked for by id', () => {
    const { body } = writtenFor('openai-responses', 'openai-responses/request-stored-ids.json')
    const kept = list(body.input).filter(item => item.type === 'reasoning')
    for (const item of kept) expect(item.encrypted_content, String(item.id)).toBeTruthy()
    expect(body.store).toBe(false)
  })
})

describe('cache hints', () => {
  it('are at most four in Messages, those kept for an hour first', () => {
    const marks = [...objectsIn(writtenFor('anthropic', 'openai-chat/request-cache-marks.json').body)].flatMap(block => isFields(block.cache_control) ? [block.cache_control.ttl ?? '5m'] : [])
    expect(marks.length).toBeGreaterThan(0)
    expect(marks.length).toBeLessThanOrEqual(4)
    expect(marks.lastIndexOf('1h')).toBeLessThanOrEqual(marks.includes('5m') ? marks.indexOf('5m') : marks.length)
  })
})

describe('thinking', () => {
  it('has room, and no heat, in Messages', () => {
    const { body } = writtenFor('anthropic', 'openai-chat/request-hot-thinking.json')
    const thinking = body.thinking as Fields
    expect(thinking.type).toBe('enabled')
    expect(thinking.budget_tokens).toBeGreaterThanOrEqual(1024)
    expect(body.max_tokens).toBeGreaterThan(thinking.budget_tokens as number)
    expect(body).not.toHaveProperty('temperature')
    expect(body.top_p ?? 1).toBeGreaterThanOrEqual(0.95)
  })
})

describe('pictures', () => {
  it('of Gemini clients come in the alphabet everyone reads', () => {
    expect(writtenFor('openai-chat', 'gemini/snake-case-request.json').text).toContain('data:image/jpeg;base64,/9j/4AAQSkZJRg==')
    expect(writtenFor('anthropic', 'gemini/snake-case-request.json').text).toContain('"/9j/4AAQSkZJRg=="')
  })

  it('in results follow all results where results are text', () => {
    const messages = list(writtenFor('openai-chat', 'anthropic/coding-tool-request.json').body.messages)
    const roles = messages.map(message => message.role)
    expect(roles.lastIndexOf('tool') - roles.indexOf('tool')).toBe(1)
    expect(JSON.stringify(messages.slice(roles.lastIndexOf('tool') + 1))).toContain('data:image/png;base64,iVBORw0KGgo=')
    expect(messages[roles.lastIndexOf('tool')]!.content).toBe('Error: no such file')
  })
})

describe('lines of a client for its own vendor', () => {
  it.each(dialectIds.filter(id => id !== 'anthropic'))('do not break the cache of %s', (to) => {
    expect(writtenFor(to, 'anthropic/coding-tool-request.json').text).not.toContain('x-anthropic-billing-header')
  })
})

describe('functions from before tools', () => {
  it('are calls and results with ids of their own', () => {
    const messages = list(writtenFor('anthropic', 'openai-chat/request-functions.json').body.messages)
    const blocks = messages.flatMap(message => list(message.content))
    const [call, result] = [blocks.find(block => block.type === 'tool_use'), blocks.find(block => block.type === 'tool_result')]
    expect(call!.id).toMatch(/^[\w-]{1,64}$/)
    expect(result!.tool_use_id).toBe(call!.id)
  })
})
