import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { anthropic } from '#server/dialects/anthropic'
import type { Block, Message, NeutralRequest, ToolResultBlock } from '#server/dialects/neutral'
import { wrapSignature } from '#server/dialects/signatures'
import { runs } from '../../../support/runs'
import { asking, basic, codeOf, fixture, read } from './support'

const neutral = (value: unknown) => anthropic.readNeutralRequest(read(value))
const write = (change: Partial<NeutralRequest>, model = 'claude-test-4-5') => anthropic.writeNeutralRequest(asking(change), { model })
interface Turn { role: string, content: Record<string, unknown>[] }
const turns = (messages: Message[], model?: string) => write({ messages }, model).body.messages as Turn[]
const text = (words: string): Block => ({ type: 'text', text: words })
const call = (id: string, args = '{}'): Block => ({ type: 'tool-call', id, name: 'read', args })
const result = (id: string, words = 'ok'): ToolResultBlock => ({ type: 'tool-result', id, name: 'read', blocks: words ? [{ type: 'text', text: words }] : [], isError: false })

describe('reading into neutral words', () => {
  it('reads what a coding tool sends, without its billing line and empty text', () => {
    const request = neutral(fixture('coding-tool-request.json').toString())
    expect(request).toMatchObject({
      model: 'claude-test-4-6',
      stream: true,
      system: [{ text: 'You help.', cache: { ttl: '1h' } }],
      sampling: { outputMax: 32_000 },
      reasoning: { effort: 'medium', visible: true },
      userId: '{"device_id":"d"}',
      extra: { anthropic: { context_management: { edits: [] } } },
      tools: [{ name: 'Read', cache: { ttl: '5m' } }],
    })
    expect(request.messages.map(({ role, blocks }) => [role, blocks.map(({ type }) => type)])).toEqual([
      ['user', ['text']], ['assistant', ['reasoning', 'tool-call', 'tool-call']], ['tool', ['tool-result', 'tool-result']], ['user', ['text']],
    ])
    expect(request.messages[2]!.blocks).toMatchObject([
      { name: 'Read', isError: false, blocks: [{ type: 'text' }, { type: 'media', media: 'image', mime: 'image/png' }] },
      { name: 'Read', isError: true, blocks: [{ text: 'no such file' }] },
    ])
  })

  it('takes the billing line alone out of instructions that follow it', () => {
    expect(neutral({ ...basic, system: 'x-anthropic-billing-header: a\nBe kind.' }).system).toEqual([{ type: 'text', text: 'Be kind.' }])
    expect(neutral({ ...basic, messages: [...basic.messages, { role: 'system', content: 'later' }] }).messages[1]).toEqual({ role: 'system', blocks: [text('later')] })
  })

  it('reads images and documents in every form of source', () => {
    const source = (type: string, value: unknown) => ({ type, source: value })
    const content = [
      source('image', { type: 'url', url: 'https://e.com/a.png' }), source('image', { type: 'base64', media_type: 'image/jpeg', data: '_9j_' }),
      { ...source('document', { type: 'text', media_type: 'text/plain', data: 'abc' }), title: 'T', context: 'C' }, source('document', { type: 'content', content: 'inner' }),
      { type: 'search_result', source: 'https://e.com', title: 'S', content: [{ type: 'text', text: 'found' }] },
    ]
    expect(neutral({ ...basic, messages: [{ role: 'user', content }] }).messages[0]!.blocks).toEqual([
      { type: 'media', media: 'image', mime: undefined, url: 'https://e.com/a.png' }, { type: 'media', media: 'image', mime: 'image/jpeg', data: '/9j/' },
      text('C'), { type: 'media', media: 'document', name: 'T', mime: 'text/plain', text: 'abc' }, text('inner'), text('S\nhttps://e.com\n\nfound'),
    ])
  })

  it.each([
    [{ type: 'auto' }, { type: 'auto' }, undefined], [{ type: 'any' }, { type: 'required' }, undefined], [{ type: 'none' }, { type: 'none' }, undefined],
    [{ type: 'tool', name: 'a', disable_parallel_tool_use: true }, { type: 'tool', name: 'a' }, false],
  ])('reads the tool choice %j', (choice, toolChoice, parallelTools) => {
    expect(neutral({ ...basic, tool_choice: choice })).toMatchObject({ toolChoice, parallelTools })
  })

  it.each([
    [{ thinking: { type: 'disabled' } }, { effort: 'none' }], [{ thinking: { type: 'enabled', budget_tokens: 2000 } }, { budget: 2000, visible: true }],
    [{ thinking: { type: 'adaptive', display: 'omitted' } }, { budget: -1, visible: false }], [{ output_config: { effort: 'max' } }, { effort: 'max' }],
    [{ thinking: { type: 'adaptive' }, output_config: { effort: 'high' } }, { effort: 'high', budget: undefined }],
  ])('reads the thinking of %j', (fields, reasoning) => {
    expect(neutral({ ...basic, ...fields }).reasoning).toMatchObject(reasoning)
  })

  it.each([
    [{ temperature: 'hot' }, 'invalid_request'], [{ tool_choice: { type: 'maybe' } }, 'invalid_request'], [{ output_config: { format: { type: 'xml' } } }, 'invalid_request'],
    [{ tools: [{ type: 'bash_20250124', name: 'bash' }] }, 'unsupported_field tools.0.type'], [{ tools: [{ input_schema: {} }] }, 'invalid_request'],
    [{ messages: [{ role: 'user', content: [{ type: 'image' }] }] }, 'invalid_request'], [{ messages: [{ role: 'user', content: [{ type: 'tool_result' }] }] }, 'invalid_request'],
    [{ messages: [{ role: 'assistant', content: [{ type: 'tool_use', input: null }] }] }, 'invalid_request'],
  ])('%j is %s', (fields, code) => {
    expect(codeOf(() => neutral({ ...basic, ...fields }))).toBe(code)
  })

  it('puts signatures of calls and text back where they were', () => {
    const carrier = (item: string) => ({ type: 'redacted_thinking', data: wrapSignature({ dialect: 'gemini', value: `for ${item}`, item }) })
    const content = [{ type: 'text', text: 'a' }, carrier('text'), { type: 'tool_use', id: 'call_1', name: 'f', input: {} }, carrier('call_1'), { type: 'thinking', thinking: 'b', signature: wrapSignature({ dialect: 'openai-chat', value: '' }) }]
    expect(neutral({ ...basic, messages: [{ role: 'user', content: 'x' }, { role: 'assistant', content }] }).messages[1]!.blocks).toEqual([
      { type: 'text', text: 'a', signature: { dialect: 'gemini', value: 'for text' } },
      { type: 'tool-call', id: 'call_1', name: 'f', args: '{}', signature: { dialect: 'gemini', value: 'for call_1' } },
      { type: 'reasoning', text: 'b' },
    ])
  })
})

describe('writing messages', () => {
  it('puts all results of a turn into the one next message, before any text', () => {
    const messages: Message[] = [
      { role: 'user', blocks: [text('go')] }, { role: 'assistant', blocks: [call('a'), call('b', '{"x":1}')] },
      { role: 'tool', blocks: [result('a')] }, { role: 'user', blocks: [text('and')] }, { role: 'tool', blocks: [result('b', '')] }, { role: 'user', blocks: [text('more')] },
    ]
    expect(turns(messages)).toEqual([
      { role: 'user', content: [{ type: 'text', text: 'go' }] },
      { role: 'assistant', content: [{ type: 'tool_use', id: 'a', name: 'read', input: {} }, { type: 'tool_use', id: 'b', name: 'read', input: { x: 1 } }] },
      { role: 'user', content: [{ type: 'tool_result', tool_use_id: 'a', content: [{ type: 'text', text: 'ok' }] }, { type: 'tool_result', tool_use_id: 'b' }, { type: 'text', text: 'and' }, { type: 'text', text: 'more' }] },
    ])
  })

  it('keeps later instructions in their place, never between a call and its result', () => {
    const messages: Message[] = [
      { role: 'system', blocks: [text('first')] }, { role: 'user', blocks: [text('go')] }, { role: 'assistant', blocks: [call('a')] },
      { role: 'system', blocks: [text('later')] }, { role: 'tool', blocks: [result('a')] },
    ]
    expect(turns(messages, 'claude-opus-4-8').map(({ role }) => role)).toEqual(['user', 'assistant', 'user', 'system'])
    expect(write({ messages }, 'claude-opus-4-8').body.system).toEqual([{ type: 'text', text: 'first' }])
    expect(turns(messages, 'claude-sonnet-4-5').at(-1)!.content).toMatchObject([{ type: 'tool_result' }, { text: '<system>later</system>' }])
  })

  it('begins with the user, drops empty text, and trims what the model shall go on with', () => {
    expect(turns([{ role: 'assistant', blocks: [text('a')] }, { role: 'user', blocks: [text(' '), text('')] }, { role: 'assistant', blocks: [text('b \n')] }])).toEqual([
      { role: 'user', content: [{ type: 'text', text: 'Continue.' }] }, { role: 'assistant', content: [{ type: 'text', text: 'a' }, { type: 'text', text: 'b' }] },
    ])
    expect(write({ system: [{ type: 'text', text: 'alone' }], messages: [] }).body).toMatchObject({ messages: [{ role: 'user', content: [{ text: 'alone' }] }] })
    expect(codeOf(() => write({ messages: [] }))).toBe('invalid_request')
  })

  it('makes arguments an object and ids legal, the same for call and result', () => {
    const [, assistant, user] = turns([{ role: 'user', blocks: [text('x')] }, { role: 'assistant', blocks: [call('a.b:c', '{"cut'), call('d', '[1]')] }, { role: 'tool', blocks: [result('a.b:c')] }])
    expect(assistant!.content).toMatchObject([{ input: { arguments: '{"cut' } }, { input: { arguments: [1] } }])
    expect(assistant!.content[0]!.id).toMatch(/^[\w-]+$/)
    expect(user!.content[0]!.tool_use_id).toBe(assistant!.content[0]!.id)
    expect(write({ messages: [{ role: 'assistant', blocks: [call('a')] }] }).body).toMatchObject({ tools: [{ name: 'read' }], tool_choice: { type: 'none' } })
  })

  it('gives reasoning back only to whom it came from', () => {
    const blocks: Block[] = [
      { type: 'reasoning', text: 'own', signature: { dialect: 'anthropic', value: 's' } }, { type: 'reasoning', text: '', redacted: true, signature: { dialect: 'anthropic', value: 'r' } },
      { type: 'reasoning', text: 'foreign', signature: { dialect: 'gemini', value: 'g' } }, { type: 'reasoning', text: 'bare' }, text('said'),
    ]
    const { body, dropped } = write({ messages: [{ role: 'user', blocks: [text('x')] }, { role: 'assistant', blocks }] })
    expect((body.messages as Turn[])[1]!.content).toEqual([{ type: 'thinking', thinking: 'own', signature: 's' }, { type: 'redacted_thinking', data: 'r' }, { type: 'text', text: 'said' }])
    expect(dropped).toEqual(['reasoning'])
  })

  it('sends files as data or address, and refuses what the model cannot read', () => {
    const media = (block: Partial<Extract<Block, { type: 'media' }>>): Message[] => [{ role: 'user', blocks: [{ type: 'media', media: 'image', mime: undefined, ...block }] }]
    expect(turns(media({ data: 'iVBORw0KGgo=' }))[0]!.content).toEqual([{ type: 'image', source: { type: 'base64', media_type: 'image/png', data: 'iVBORw0KGgo=' } }])
    expect(turns(media({ url: 'https://e.com/a' }))[0]!.content).toEqual([{ type: 'image', source: { type: 'url', url: 'https://e.com/a' } }])
    expect(turns(media({ media: 'document', mime: 'text/csv', data: 'YQ==', name: 'n' }))[0]!.content).toEqual([{ type: 'document', title: 'n', source: { type: 'text', media_type: 'text/plain', data: 'a' } }])
    for (const block of [{ media: 'audio' as const, data: 'A' }, { mime: 'image/tiff', data: 'A' }, { url: 'gs://a' }, { media: 'document' as const, mime: 'application/zip', data: 'A' }]) {
      expect(codeOf(() => turns(media(block)))).toBe('unsupported_field messages')
    }
  })
})

describe('writing everything else', () => {
  it.each([
    ['claude-3-opus-20240229', 4096], ['claude-3-5-haiku-latest', 8192], ['claude-3-7-sonnet-latest', 8192], ['claude-sonnet-4-20250514', 32_000], ['claude-opus-4-1', 32_000],
    ['anthropic/claude-haiku-4.5', 64_000], ['claude-opus-4-5-20251101', 64_000], ['claude-opus-4-6', 32_000], ['claude-sonnet-5', 32_000], ['other', 32_000],
  ])('%s writes at most %i unless asked', (model, most) => {
    expect(write({}, model).body.max_tokens).toBe(most)
  })

  it('keeps to the limits of the model and says what was cut', () => {
    expect(write({ sampling: { outputMax: 100_000, temperature: 1.7, topP: 0.5, topK: 3, seed: 1, stop: ['a', ' '] }, userId: 'u' })).toMatchObject({
      body: { max_tokens: 64_000, temperature: 1, top_k: 3, stop_sequences: ['a'] }, dropped: ['seed', 'user', 'max_tokens', 'temperature', 'top_p'], stops: [' '],
    })
    expect(write({ userId: 'u' }).body).not.toHaveProperty('metadata')
    expect(write({ sampling: { temperature: 0.5, topP: 0.995 } }, 'claude-opus-4-7')).toMatchObject({ body: { top_p: 0.995 }, dropped: ['temperature'] })
    expect(codeOf(() => write({ sampling: { choices: 2 } }))).toBe('unsupported_field n')
  })

  it.each([
    ['claude-sonnet-4-5', 'medium', { thinking: { type: 'enabled', budget_tokens: 8192 } }], ['claude-sonnet-4-5', 'minimal', { thinking: { type: 'enabled', budget_tokens: 1024 } }],
    ['claude-sonnet-4-5', 'none', { thinking: { type: 'disabled' } }], ['claude-opus-4-6', 'xhigh', { thinking: { type: 'adaptive' }, output_config: { effort: 'high' } }],
    ['claude-opus-4-7', 'xhigh', { thinking: { type: 'adaptive' }, output_config: { effort: 'xhigh' } }], ['claude-opus-4-7', 'minimal', { output_config: { effort: 'low' } }],
  ] as const)('%s thinks with effort %s', (model, effort, fields) => {
    expect(write({ reasoning: { effort, budget: undefined, visible: undefined } }, model).body).toMatchObject(fields)
  })

  it('leaves room for the answer, and does not think where it must not', () => {
    const reasoning = { effort: 'high' as const, budget: undefined, visible: true }
    expect(write({ reasoning, sampling: { outputMax: 4000, temperature: 0.3, topK: 5 } })).toMatchObject({ body: { max_tokens: 4000, thinking: { budget_tokens: 3000, display: 'summarized' } }, dropped: ['temperature', 'top_k'] })
    const off = { body: { thinking: { type: 'disabled' } }, dropped: ['reasoning_effort'] }
    expect(write({ reasoning, sampling: { outputMax: 1000 } })).toMatchObject(off)
    expect(write({ reasoning, tools: [{ name: 'f', description: undefined, parameters: {}, strict: undefined }], toolChoice: { type: 'required' } })).toMatchObject(off)
    expect(write({ reasoning, messages: [{ role: 'user', blocks: [text('x')] }, { role: 'assistant', blocks: [call('a')] }, { role: 'tool', blocks: [result('a')] }] })).toMatchObject(off)
    expect(write({ reasoning }, 'claude-3-5-sonnet').body).not.toHaveProperty('thinking')
  })

  it('writes tools, and the choice among them', () => {
    const tools = ['f', 'g'].map(name => ({ name, description: undefined, parameters: {}, strict: true }))
    const chosen = (change: Partial<NeutralRequest>) => write({ tools, ...change }).body
    expect(chosen({}).tools).toEqual(['f', 'g'].map(name => ({ name, input_schema: { type: 'object', properties: {} } })))
    expect(chosen({ toolChoice: { type: 'tool', name: 'f' } }).tool_choice).toEqual({ type: 'tool', name: 'f' })
    expect(chosen({ toolChoice: { type: 'subset', names: ['g'], required: true } })).toMatchObject({ tools: [{ name: 'g' }], tool_choice: { type: 'any' } })
    expect(chosen({ parallelTools: false }).tool_choice).toEqual({ type: 'auto', disable_parallel_tool_use: true })
    expect(write({ toolChoice: { type: 'auto' }, parallelTools: false }).body).not.toHaveProperty('tool_choice')
  })

  it('makes schemas plain, by position and not by name', () => {
    const schema = { type: 'object', properties: { minimum: { type: 'integer', minimum: 1, description: 'n' }, list: { type: 'array', minItems: 2, items: { oneOf: [{ type: 'string', format: 'uuid', maxLength: 3 }] } } } }
    const format = { type: 'schema' as const, name: 'a', schema, strict: true, description: 'all' }
    expect(write({ format }).body.output_config).toEqual({ format: { type: 'json_schema', schema: {
      type: 'object',
      description: 'all',
      additionalProperties: false,
      properties: {
        minimum: { type: 'integer', description: 'n\n\n{minimum: 1}' },
        list: { type: 'array', description: '{minItems: 2}', items: { anyOf: [{ type: 'string', format: 'uuid', description: '{maxLength: 3}' }] } },
      },
    } } })
    let deep: Record<string, unknown> = {}
    for (let depth = 0; depth < 500; depth++) deep = { items: deep }
    expect(codeOf(() => write({ format: { ...format, schema: deep } }))).toBe('invalid_request')
    expect(codeOf(() => write({ format }, 'claude-3-5-sonnet'))).toBe('unsupported_field response_format')
    expect(write({ format: { type: 'json' } }).body.system).toMatchObject([{ text: expect.stringContaining('JSON') }])
  })

  it('has four breakpoints at most, none of an hour behind one of five minutes', () => {
    const system = (['5m', '1h', '1h', '5m', '1h'] as const).map((ttl, index) => ({ type: 'text' as const, text: String(index), cache: { ttl } }))
    const { body, dropped } = write({ system })
    expect((body.system as { cache_control?: unknown }[]).map(block => block.cache_control)).toEqual([undefined, { type: 'ephemeral', ttl: '1h' }, { type: 'ephemeral', ttl: '1h' }, { type: 'ephemeral' }, { type: 'ephemeral' }])
    expect(dropped).toEqual(['cache_control'])
  })

  it('says which fields of other dialects stay behind', () => {
    expect(write({ extra: { 'openai-chat': { logit_bias: {} }, 'anthropic': { context_management: {}, odd: 1 } } })).toMatchObject({ body: { context_management: {} }, dropped: ['logit_bias', 'odd'] })
  })
})

describe('reading what was written', () => {
  const words = fc.string({ minLength: 1 }).filter(value => value.trim() !== '' && !value.startsWith('x-anthropic'))
  const block = words.map(text)
  const exchange = fc.record({ ask: fc.array(block, { minLength: 1, maxLength: 3 }), say: fc.array(block, { minLength: 1, maxLength: 2 }), args: fc.array(fc.dictionary(words, fc.integer()), { maxLength: 3 }) })

  it('gives the same back', () => {
    fc.assert(fc.property(fc.array(exchange, { minLength: 1, maxLength: 4 }), words, (exchanges, system) => {
      const messages = exchanges.flatMap(({ ask, say, args }, turn): Message[] => {
        const ids = args.map((_, index) => `call_${turn}_${index}`)
        const calls = args.map((value, index) => call(ids[index]!, JSON.stringify(JSON.parse(JSON.stringify(value)))))
        return [{ role: 'user', blocks: ask }, { role: 'assistant', blocks: [...say, ...calls] }, ...(ids.length > 0 ? [{ role: 'tool' as const, blocks: ids.map(id => result(id)) }] : [])]
      })
      const request = asking({ model: 'claude-test-4-5', messages: [...messages, { role: 'user', blocks: [text('last')] }], system: [{ type: 'text', text: system }], tools: [{ name: 'read', description: 'r', parameters: { type: 'object', properties: {} }, strict: undefined }], sampling: { outputMax: 100, temperature: 0.5 } })
      const { body, dropped } = anthropic.writeNeutralRequest(request, { model: request.model })
      expect(dropped).toEqual([])
      expect(neutral(body)).toEqual(request)
    }), { numRuns: Math.min(runs, 200) })
  })
})
