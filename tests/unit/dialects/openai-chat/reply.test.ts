import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { openaiChat } from '#server/dialects/openai-chat'
import { readUsage, writeUsage } from '#server/dialects/openai-chat/usage'
import type { Block, NeutralReply } from '#server/dialects/neutral'
import { runs } from '../../../support/runs'
import { bytesOf, contextOf, fixture, neutral, refusalOf } from './decode'

const read = (name: string) => openaiChat.readNeutralReply(fixture(`${name}.json`))
const reply = (blocks: Block[], more: Partial<NeutralReply> = {}): NeutralReply => ({ id: 'up', model: 'up', choices: [{ blocks, finish: 'stop', stopSequence: undefined }], usage: undefined, ...more })
const write = (answer: NeutralReply, wire = {}) => JSON.parse(Buffer.from(openaiChat.writeNeutralReply(answer, contextOf(wire))).toString('utf8'))
const minted = expect.stringMatching(/^call_[0-9A-Za-z]{24}$/)

describe('reading a whole answer', () => {
  it('mints ids that are missing, and completes empty arguments', () => {
    const { choices } = read('tool-id-missing')
    expect(choices).toEqual([{ blocks: [{ type: 'tool-call', id: minted, name: 'now', args: '{}' }, { type: 'tool-call', id: minted, name: 'now', args: '{}' }], finish: 'tool-calls', stopSequence: undefined }])
  })

  it.each([
    ['reasoning-outside-completion', { input: 10, output: 2, reasoning: 30 }],
    ['cached-beyond-prompt', { cachedInput: 10, output: 2 }],
    ['cache-written', { input: 8, cacheWrite5m: 4012, output: 4 }],
    ['content-filtered', { input: 15 }],
    ['tool-id-missing', { input: 35, output: 12 }],
  ])('reads the usage of %s', (name, usage) => {
    expect(read(name).usage).toEqual(usage)
    expect(openaiChat.readReply(fixture(`${name}.json`)).usage).toEqual(usage)
  })

  it('knows a refusal and a filter from an end', () => {
    expect(read('refusal').choices).toEqual([{ blocks: [{ type: 'refusal', text: 'I cannot help.' }], finish: 'refusal', stopSequence: undefined }])
    expect(read('content-filtered').choices).toEqual([{ blocks: [], finish: 'filtered', stopSequence: undefined }])
  })

  it('takes a signature of the whole message for that of its first call', () => {
    expect(read('signature-on-message').choices[0]).toMatchObject({ finish: 'tool-calls', blocks: [{ type: 'tool-call', signature: { dialect: 'openai-chat', value: 'c2ln' } }] })
  })

  it('remembers the field plain reasoning stood in', () => {
    expect(read('reasoning-outside-completion').choices[0]?.blocks[0]).toEqual({ type: 'reasoning', text: 'hm', signature: { dialect: 'openai-chat', value: 'reasoning_content' } })
  })

  it('meters everything the model produced', () => {
    const message = { content: [{ type: 'thinking', thinking: [{ type: 'text', text: 'hm ' }] }, { type: 'text', text: 'so ' }], refusal: 'no ', tool_calls: [{ function: { name: 'f', arguments: '{}' } }] }
    expect(openaiChat.readReply(bytesOf({ choices: [{ message }] })).text()).toBe('hm so no f{}')
  })

  it.each([
    ['{', 'upstream_malformed'], ['[]', 'upstream_malformed'], ['{}', 'upstream_malformed'], ['{"choices":[]}', 'upstream_malformed'], ['<html>', 'upstream_malformed'],
    ['{"choices":[{"message":{"tool_calls":[{}]}}]}', 'upstream_malformed'], ['{"choices":[{"finish_reason":"error"}]}', 'upstream_cut'], ['{"choices":[{"message":5}]}', 'accepted'],
  ])('%s is %s', (body, code) => {
    expect(refusalOf(() => openaiChat.readNeutralReply(bytesOf(body)))).toBe(code)
  })

  it('does not take an error for an answer', () => {
    expect(refusalOf(() => read('error-in-200'))).toBe('upstream_malformed')
    expect(refusalOf(() => openaiChat.readReply(fixture('error-in-200.json')))).toBe('upstream_malformed')
  })
})

describe('writing a whole answer', () => {
  it('has the vendor\'s shape', () => {
    expect(write(reply([{ type: 'text', text: 'hi' }], { usage: { input: 1, output: 2 } }))).toEqual({
      id: 'chatcmpl-r1',
      object: 'chat.completion',
      created: 1_770_000_000,
      model: 'public-1',
      choices: [{ index: 0, message: { role: 'assistant', content: 'hi', refusal: null }, logprobs: null, finish_reason: 'stop' }],
      usage: writeUsage({ input: 1, output: 2 }),
    })
  })

  it('joins texts, and keeps sources with the text they belong to', () => {
    const { message } = write(reply([{ type: 'text', text: 'ab' }, { type: 'text', text: 'cd', citations: [{ url: 'https://example.org', title: undefined }] }])).choices[0]
    expect(message).toMatchObject({ content: 'abcd', annotations: [{ type: 'url_citation', url_citation: { url: 'https://example.org', title: 'https://example.org', start_index: 2, end_index: 4 } }] })
  })

  it('says null for no content beside calls or a refusal, and an empty text for nothing at all', () => {
    const call: Block = { type: 'tool-call', id: 'a', name: 'f', args: '' }
    expect(write(reply([call])).choices[0]).toMatchObject({ message: { content: null, tool_calls: [{ id: 'a', type: 'function', function: { name: 'f', arguments: '{}' } }] }, finish_reason: 'tool_calls' })
    expect(write(reply([{ type: 'refusal', text: 'no' }])).choices[0].message).toMatchObject({ content: null, refusal: 'no' })
    expect(write(reply([])).choices[0].message.content).toBe('')
  })

  it('answers the older form in the older form', () => {
    const { message, finish_reason } = write(reply([{ type: 'tool-call', id: 'a', name: 'f', args: '{}' }]), { functions: [{ name: 'f' }] }).choices[0]
    expect(message).toMatchObject({ function_call: { name: 'f', arguments: '{}' } })
    expect(message).not.toHaveProperty('tool_calls')
    expect(finish_reason).toBe('function_call')
  })

  it('shows reasoning and pictures where compatible clients look', () => {
    const { message } = write(reply([{ type: 'reasoning', text: 'hm' }, { type: 'media', media: 'image', mime: 'image/png', data: 'AAAA' }])).choices[0]
    expect(message).toMatchObject({ reasoning_content: 'hm', images: [{ type: 'image_url', image_url: { url: 'data:image/png;base64,AAAA' } }] })
  })

  it('gives every signature back to the request that follows', () => {
    const text = fc.string({ minLength: 1, maxLength: 20, unit: 'grapheme' })
    const signature = fc.record({ dialect: fc.constantFrom('anthropic' as const, 'gemini' as const, 'openai-responses' as const), value: text, item: text })
    const reasoning = fc.record({ type: fc.constant('reasoning' as const), text, signature })
    const redacted = fc.record({ type: fc.constant('reasoning' as const), text: fc.constant(''), redacted: fc.constant(true), signature })
    const called = fc.record({ type: fc.constant('tool-call' as const), id: fc.constant('call_a'), name: fc.constant('f'), args: fc.constant('{}'), signature: text.map(value => ({ dialect: 'gemini' as const, value })) })
    const said = fc.record({ type: fc.constant('text' as const), text, signature })
    fc.assert(fc.property(fc.array(fc.oneof(reasoning, redacted), { minLength: 1, maxLength: 3 }), said, called, (thoughts, words, call) => {
      const blocks = [...thoughts, words, call]
      const { message } = write(reply(blocks)).choices[0]
      expect(neutral({ messages: [{ role: 'user', content: 'hi' }, message] }).messages[1]?.blocks).toEqual(blocks)
    }), { numRuns: runs })
  })

  it('is read as it was written', () => {
    const words = fc.string({ minLength: 1, maxLength: 20, unit: 'grapheme' })
    const blocks = fc.record({
      reasoning: fc.option(words.map(text => ({ type: 'reasoning' as const, text, signature: { dialect: 'openai-chat' as const, value: 'reasoning_content' } })), { nil: undefined }),
      text: fc.option(words.map(text => ({ type: 'text' as const, text })), { nil: undefined }),
      calls: fc.uniqueArray(fc.stringMatching(/^[a-z]{1,6}$/), { maxLength: 3 }).map(names => names.map(name => ({ type: 'tool-call' as const, id: `call_${name}`, name, args: '{"a":1}' }))),
    }).map(({ reasoning, text, calls }): Block[] => [...(reasoning ? [reasoning] : []), ...(text ? [text] : []), ...calls])
    fc.assert(fc.property(blocks, fc.constantFrom('stop' as const, 'length' as const, 'filtered' as const), (given, finish) => {
      const called = given.some(block => block.type === 'tool-call')
      const wire = openaiChat.writeNeutralReply(reply(given, { choices: [{ blocks: given, finish, stopSequence: undefined }], usage: { input: 3, output: 2 } }), contextOf())
      expect(openaiChat.readNeutralReply(wire)).toEqual({ id: 'chatcmpl-r1', model: 'public-1', choices: [{ blocks: given, finish: called && finish === 'stop' ? 'tool-calls' : finish, stopSequence: undefined }], usage: { input: 3, output: 2 } })
    }), { numRuns: runs })
  })
})

describe('usage', () => {
  const units = fc.integer({ min: 0, max: 1_000_000 })

  it('is the same in classes and on the wire', () => {
    const classes = fc.record({ input: units, cachedInput: units, cacheWrite5m: units, audioInput: units, output: units, reasoning: units, audioOutput: units })
    fc.assert(fc.property(classes, (usage) => {
      const filled = Object.fromEntries(Object.entries(usage).filter(([, count]) => count > 0))
      expect(readUsage(writeUsage(usage))).toEqual({ usage: filled, clamped: false })
    }), { numRuns: runs })
  })

  it('adds up to what was reported, whatever the parts say', () => {
    fc.assert(fc.property(units, units, units, units, units, (prompt, completion, cached, written, thought) => {
      const read = readUsage({ prompt_tokens: prompt, completion_tokens: completion, total_tokens: prompt + completion, prompt_tokens_details: { cached_tokens: cached, cache_write_tokens: written }, completion_tokens_details: { reasoning_tokens: thought } })
      const { input = 0, cachedInput = 0, cacheWrite5m = 0, output = 0, reasoning = 0 } = read?.usage ?? {}
      expect([input + cachedInput + cacheWrite5m, output + reasoning]).toEqual([prompt, completion])
      expect(read?.clamped).toBe(cached + written > prompt || thought > completion)
    }), { numRuns: runs })
  })

  it('is never lost for a detail that is no number', () => {
    expect(readUsage({ prompt_tokens: 5, completion_tokens: 1, prompt_tokens_details: { cached_tokens: 'many' }, completion_tokens_details: 7 })).toEqual({ usage: { input: 5, output: 1 }, clamped: false })
  })
})
