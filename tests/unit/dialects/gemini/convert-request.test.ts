import { describe, expect, it } from 'vitest'
import { gemini } from '#server/dialects/gemini'
import { jsonSchemaOfOpenApi } from '#server/dialects/json-schema'
import type { Block, Message, NeutralRequest, ToolCallBlock, ToolResultBlock } from '#server/dialects/neutral'
import { body, codeOf, fixture, hello, neutral, target } from './support'

const readNeutral = (value: unknown) => gemini.readNeutralRequest(gemini.readRequest(Buffer.isBuffer(value) ? value : body(value), target()))
const write = (request: Partial<NeutralRequest>, model = 'gemini-2.5-flash') => gemini.writeNeutralRequest({ ...neutral, ...request }, { model })
const contentsOf = (messages: Message[], model?: string) => write({ messages }, model).body.contents as { role: string, parts: Record<string, Record<string, unknown>>[] }[]

const user: Message = { role: 'user', blocks: [{ type: 'text', text: 'hi' }] }
const call = (id: string, name = 'f', more: Partial<ToolCallBlock> = {}): ToolCallBlock => ({ type: 'tool-call', id, name, args: '{}', ...more })
const result = (id: string, text = 'ok', more: Partial<ToolResultBlock> = {}): ToolResultBlock => ({ type: 'tool-result', id, name: undefined, blocks: [{ type: 'text', text }], isError: false, ...more })
const calls = (...blocks: Block[]): Message => ({ role: 'assistant', blocks })
const results = (...blocks: Block[]): Message => ({ role: 'tool', blocks })

describe('reading a request into neutral words', () => {
  it('reads snake_case at every depth and leaves the client\'s own names alone', () => {
    const request = readNeutral(fixture('snake-case-request.json'))
    expect(request.system).toEqual([{ type: 'text', text: 'Be brief.' }])
    expect(request.messages.map(({ role }) => role)).toEqual(['user', 'assistant', 'tool', 'user'])
    expect(request.messages[0]?.blocks[1]).toEqual({ type: 'media', media: 'image', mime: 'image/jpeg', data: '/9j/4AAQSkZJRg==' })
    const [first, second] = request.messages[1]?.blocks as ToolCallBlock[]
    expect(first).toMatchObject({ name: 'look_up', args: '{"snake_key":1,"default":"x"}', signature: { dialect: 'gemini', value: 'c2lnLXRocmVl' } })
    // Two calls of one name without ids: the results belong to them in their order.
    expect(request.messages[2]?.blocks).toEqual([
      { type: 'tool-result', id: first?.id, name: 'look_up', blocks: [{ type: 'text', text: 'a heron' }], isError: false },
      { type: 'tool-result', id: second?.id, name: 'look_up', blocks: [{ type: 'text', text: 'no such page' }], isError: true },
    ])
    expect(first?.id).not.toBe(second?.id)
    expect(request.toolChoice).toEqual({ type: 'tool', name: 'look_up' })
    expect(request.sampling).toEqual({ outputMax: 400, choices: 1, stop: ['END'] })
    expect(request.reasoning).toEqual({ effort: undefined, budget: 2048, visible: true })
    expect(request.extra.gemini).toEqual({ 'safetySettings': [{ category: 'HARM_CATEGORY_HARASSMENT', threshold: 'BLOCK_NONE' }], 'generationConfig.mediaResolution': 'MEDIA_RESOLUTION_LOW' })
    // The same history gives the same ids: a cache of the upstream lives on it.
    expect(readNeutral(fixture('snake-case-request.json'))).toEqual(request)
  })

  it('reads OpenAPI as JSON schema, properties by their own names', () => {
    expect(readNeutral(fixture('snake-case-request.json')).tools[0]?.parameters).toEqual({
      type: 'object',
      properties: {
        snake_key: { type: ['integer', 'null'] },
        default: { type: 'string', enum: ['x', 'y'] },
        list: { type: 'array', items: { anyOf: [{ type: 'string' }, { type: 'number' }] }, minItems: 1 },
      },
      required: ['snake_key'],
    })
    expect(jsonSchemaOfOpenApi({ type: 'object', properties: { format: { type: 'string', format: 'date' }, nullable: { type: 'BOOLEAN' } }, additionalProperties: false }))
      .toEqual({ type: 'object', properties: { format: { type: 'string', format: 'date' }, nullable: { type: 'boolean' } }, additionalProperties: false })
    expect(readNeutral({ ...hello, tools: [{ functionDeclarations: [{ name: 'now' }] }] }).tools[0]?.parameters).toEqual({ type: 'object', properties: {} })
  })

  it('joins pieces a client streamed, up to a signature', () => {
    const parts = [{ text: 'a', thought: true }, { text: 'b', thought: true }, { text: '', thought: true, thoughtSignature: 'c2ln' }, { text: 'c' }, { text: 'd' }, { text: '' }]
    expect(readNeutral({ contents: [...hello.contents, { role: 'model', parts }] }).messages[1]?.blocks).toEqual([
      { type: 'reasoning', text: 'ab', signature: { dialect: 'gemini', value: 'c2ln' } },
      { type: 'text', text: 'cd' },
    ])
  })

  it('takes contents of the model in a row for one turn, and a result for its latest call', () => {
    const model = (...parts: unknown[]) => ({ role: 'model', parts })
    const called = { functionCall: { name: 'f', args: {} } }
    const { messages } = readNeutral({ contents: [...hello.contents, model(called), { role: 'user', parts: [{ text: 'never mind' }] }, model({ text: 'Let ' }), model({ text: 'me see' }), model(called), { role: 'function', parts: [{ functionResponse: { name: 'f', response: { result: 'x' } } }] }] })
    expect(messages.map(({ role }) => role)).toEqual(['user', 'assistant', 'user', 'assistant', 'tool'])
    expect(messages[3]?.blocks[0]).toEqual({ type: 'text', text: 'Let me see' })
    expect((messages[4]?.blocks[0] as ToolResultBlock).id).toBe((messages[3]?.blocks[1] as ToolCallBlock).id)
  })

  it('reads formats, choices and levels', () => {
    const config = (generationConfig: unknown) => readNeutral({ ...hello, generationConfig })
    expect(config({ responseMimeType: 'application/json' }).format).toEqual({ type: 'json' })
    expect(config({ responseMimeType: 'application/json', responseSchema: { type: 'OBJECT', properties: { a: { type: 'STRING' } } } }).format).toMatchObject({ type: 'schema', schema: { type: 'object', properties: { a: { type: 'string' } } } })
    expect(config({ thinkingConfig: { thinkingLevel: 'HIGH' } }).reasoning).toEqual({ effort: 'high', budget: undefined, visible: undefined })
    expect(codeOf(() => config({ responseMimeType: 'text/x.enum' }))).toBe('unsupported_field')
    expect(codeOf(() => config({ responseModalities: ['TEXT', 'IMAGE'] }))).toBe('unsupported_field')
    expect(codeOf(() => config({ temperature: 'hot' }))).toBe('invalid_request')
    const choice = (functionCallingConfig: unknown) => readNeutral({ ...hello, toolConfig: { functionCallingConfig } }).toolChoice
    expect(choice({ mode: 'ANY' })).toEqual({ type: 'required' })
    expect(choice({ mode: 'VALIDATED', allowedFunctionNames: ['a'] })).toEqual({ type: 'subset', names: ['a'], required: false })
    expect(codeOf(() => readNeutral({ contents: [{ role: 'model', parts: [{ executableCode: { code: '1' } }] }] }))).toBe('unsupported_field')
  })

  it('unwraps results out of the usual wrappers and keeps every other object whole', () => {
    const text = (response: unknown) => {
      const block = readNeutral({ contents: [{ role: 'user', parts: [{ functionResponse: { name: 'f', response } }] }] }).messages[0]?.blocks[0] as ToolResultBlock
      return block.blocks[0]?.type === 'text' ? block.blocks[0].text : undefined
    }
    expect(text({ result: 'a' })).toBe('a')
    expect(text({ result: { b: 1 } })).toBe('{"b":1}')
    expect(text({ a: 1, b: 2 })).toBe('{"a":1,"b":2}')
    expect(text({ temperature: 20 })).toBe('{"temperature":20}')
    expect(text({})).toBe('')
  })
})

describe('writing a request', () => {
  it('comes back as it was', () => {
    const request: NeutralRequest = {
      ...neutral,
      model: 'gemini-2.5-pro',
      system: [{ type: 'text', text: 'Be brief.' }],
      messages: [
        { role: 'user', blocks: [{ type: 'text', text: 'look' }, { type: 'media', media: 'image', mime: 'image/png', data: 'iVBORw0KGgo=' }, { type: 'media', media: 'document', mime: 'text/plain', text: 'größe' }, { type: 'media', media: 'video', mime: 'video/mp4', url: 'https://youtu.be/x' }] },
        calls({ type: 'reasoning', text: 'hm' }, { type: 'text', text: 'one moment' }, call('c1', 'f', { args: '{"a":1}', signature: { dialect: 'gemini', value: 'c2ln' } }), call('c2', 'g')),
        results(result('c1', 'yes', { name: 'f' }), result('c2', 'gone', { name: 'g', isError: true })),
        { role: 'user', blocks: [{ type: 'text', text: 'and now?' }] },
      ],
      tools: [{ name: 'f', description: 'does', parameters: { type: 'object', properties: { a: { type: 'integer' } }, additionalProperties: false }, strict: undefined }, { name: 'g', description: undefined, parameters: { type: 'object', properties: {} }, strict: undefined }],
      toolChoice: { type: 'subset', names: ['f', 'g'], required: true },
      sampling: { outputMax: 100, temperature: 0.5, topP: 0.9, topK: 40, stop: ['END'], seed: 7, frequencyPenalty: 0.1, presencePenalty: -0.1, logprobs: true, topLogprobs: 3 },
      format: { type: 'schema', name: 'response', schema: { type: 'object', properties: { a: { type: 'string' } } }, strict: undefined, description: undefined },
      reasoning: { effort: undefined, budget: 2048, visible: true },
      extra: { gemini: { 'safetySettings': [], 'generationConfig.mediaResolution': 'LOW' } },
    }
    const { body: wire, dropped } = write(request)
    const [, turn] = request.messages
    turn?.blocks.shift()
    expect(readNeutral(wire)).toEqual(request)
    expect(dropped).toEqual(['reasoning'])
  })

  it('answers every call in order, right behind the turn that called', () => {
    const contents = contentsOf([user, calls(call('a'), call('b', 'g')), { role: 'system', blocks: [{ type: 'text', text: 'hurry' }] }, results(result('b', 'two')), results(result('a', '{"one":1}')), user])
    expect(contents.map(({ role }) => role)).toEqual(['user', 'model', 'user', 'user'])
    expect(contents[2]?.parts).toEqual([
      { functionResponse: { id: 'a', name: 'f', response: { one: 1 } } },
      { functionResponse: { id: 'b', name: 'g', response: { result: 'two' } } },
    ])
    expect(contents[3]?.parts).toEqual([{ text: '<system>\nhurry\n</system>' }, { text: 'hi' }])
  })

  it('fills in missing results and tells orphans as text', () => {
    const contents = contentsOf([user, calls(call('a'), call('b')), results(result('a'), result('zzz', 'lost', { name: 'old' })), calls({ type: 'text', text: 'well' })])
    expect(contents[2]?.parts.map(part => part.functionResponse?.id)).toEqual(['a', 'b'])
    expect(contents[3]?.parts).toEqual([{ text: 'Result of old: lost' }])
    expect(contentsOf([user, calls(call('a'))])).toHaveLength(2)
  })

  it('merges turns of one side, drops empty ones and begins with the user', () => {
    const contents = contentsOf([calls({ type: 'text', text: '' }), calls({ type: 'text', text: 'a' }), calls({ type: 'text', text: 'b' }), user, user])
    expect(contents).toEqual([{ role: 'user', parts: [{ text: ' ' }] }, { role: 'model', parts: [{ text: 'a' }, { text: 'b' }] }, { role: 'user', parts: [{ text: 'hi' }, { text: 'hi' }] }])
    const alone = write({ messages: [], system: [{ type: 'text', text: 'only this' }] }).body
    expect(alone).toEqual({ contents: [{ role: 'user', parts: [{ text: 'only this' }] }] })
    const billed = write({ system: [{ type: 'text', text: 'x-anthropic-billing-header: v=1' }] }).body
    expect(billed.systemInstruction).toBeUndefined()
  })

  it('signs the first foreign call of a turn with the word for none', () => {
    const signatures = (...blocks: Block[]) => contentsOf([user, calls(...blocks)])[1]?.parts.map(part => part.thoughtSignature)
    const native = { dialect: 'gemini', value: 'c2ln' } as const
    expect(signatures(call('a'), call('b'))).toEqual(['skip_thought_signature_validator', undefined])
    expect(signatures(call('a', 'f', { signature: native }), call('b'))).toEqual(['c2ln', undefined])
    expect(signatures(call('a', 'f', { signature: { dialect: 'anthropic', value: 'x' } }))).toEqual(['skip_thought_signature_validator'])
    // A dialect without a place for it kept the signature with the reasoning before the call.
    expect(signatures({ type: 'reasoning', text: '', signature: native }, call('a'))).toEqual(['c2ln'])
    expect(signatures({ type: 'text', text: 'a' }, { type: 'text', text: '', signature: native })).toEqual([undefined, 'c2ln'])
    const { dropped, body: wire } = write({ messages: [user, calls({ type: 'reasoning', text: 'secret', signature: { dialect: 'anthropic', value: 'x' } }, { type: 'text', text: 'a' })] })
    expect(dropped).toEqual(['reasoning'])
    expect(JSON.stringify(wire)).not.toContain('secret')
  })

  it('puts pictures of a result where the model takes them', () => {
    const image: Block = { type: 'media', media: 'image', mime: undefined, data: 'iVBORw0KGgo' }
    const messages = [user, calls(call('a')), results(result('a', 'seen', { blocks: [{ type: 'text', text: 'seen' }, image] }))]
    const inline = { inlineData: { mimeType: 'image/png', data: 'iVBORw0KGgo=' } }
    expect(contentsOf(messages, 'gemini-2.5-pro')[2]?.parts).toEqual([{ functionResponse: { id: 'a', name: 'f', response: { result: 'seen' } } }, inline])
    expect(contentsOf(messages, 'gemini-3-pro-preview')[2]?.parts).toEqual([{ functionResponse: { id: 'a', name: 'f', response: { result: 'seen' }, parts: [inline] } }])
  })

  it('takes pictures by address or data URL, and nothing that is neither', () => {
    const part = (url: string) => contentsOf([{ role: 'user', blocks: [{ type: 'media', media: 'image', mime: undefined, url }] }])[0]?.parts[0]
    expect(part('https://a.example/x.PNG?y')).toEqual({ fileData: { mimeType: 'image/png', fileUri: 'https://a.example/x.PNG?y' } })
    expect(part('data:image/gif;base64,R0lGOD')).toEqual({ inlineData: { mimeType: 'image/gif', data: 'R0lGOD==' } })
    expect(codeOf(() => part('file:///etc/passwd'))).toBe('unsupported_field')
  })

  it('cuts what is out of range and says so', () => {
    const { body: wire, dropped, stops } = write({ sampling: { temperature: 3, seed: 2 ** 40, stop: ['1', '2', '3', '4', '5', '6'], topP: 1 }, parallelTools: false, tools: [{ name: 'f', description: undefined, parameters: {}, strict: true, cache: { ttl: '5m' } }], extra: { 'openai-chat': { logit_bias: {} } } })
    expect(wire.generationConfig).toEqual({ temperature: 2, topP: 1, stopSequences: ['1', '2', '3', '4', '5'] })
    expect(dropped.sort()).toEqual(['cache_control', 'logit_bias', 'parallel_tool_calls', 'seed', 'strict', 'temperature'])
    expect(stops).toEqual(['6'])
    expect(codeOf(() => write({ sampling: { choices: 2 } }))).toBe('unsupported_field')
  })

  it('leaves the choice of a tool out when there are none', () => {
    expect(write({ toolChoice: { type: 'required' } }).body.toolConfig).toBeUndefined()
  })

  it.each([
    ['gemini-2.5-flash', 'none', { thinkingBudget: 0 }], ['gemini-2.5-pro', 'none', { thinkingBudget: 128 }], ['gemini-2.5-flash', 'max', { thinkingBudget: -1 }], ['gemini-2.5-flash', 'xhigh', { thinkingBudget: 24_576 }],
    ['gemini-3-pro-preview', 'medium', { thinkingLevel: 'HIGH' }], ['gemini-3-flash-preview', 'none', { thinkingLevel: 'MINIMAL' }], ['gemini-3.1-pro', 'minimal', { thinkingLevel: 'LOW' }],
    ['gemini-flash-latest', 'low', { thinkingLevel: 'LOW' }], ['gemini-2.0-flash', 'high', undefined], ['gemma-3', 'high', undefined],
  ] as const)('%s thinks with effort %s as %j', (model, effort, thinkingConfig) => {
    const config = write({ reasoning: { effort, budget: undefined, visible: undefined } }, model).body.generationConfig as { thinkingConfig?: unknown } | undefined
    expect(config?.thinkingConfig).toEqual(thinkingConfig)
  })
})
