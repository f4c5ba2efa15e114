import { describe, expect, it } from 'vitest'
import type { Block, NeutralRequest } from '#server/dialects/neutral'
import { openaiResponses } from '#server/dialects/openai-responses'
import { wrapSignature } from '#server/dialects/signatures'
import type { Fields } from './support'
import { bytes, codeOf, context, fixture, json, neutral, request } from './support'

const read = (value: unknown) => openaiResponses.readNeutralRequest(request(value))
const write = (over: Partial<NeutralRequest>, model = 'gpt-5.6') => openaiResponses.writeNeutralRequest(neutral(over), { model })
const codeOfWrite = (over: Partial<NeutralRequest>) => codeOf(() => write(over))
const turns = (...blocks: Block[]): Partial<NeutralRequest> => ({ messages: [{ role: 'assistant', blocks }] })

describe('a request for another dialect', () => {
  it('is read whole: turns are put together, custom and namespaced tools become functions', () => {
    const agent = read(fixture('request-agent.json'))
    expect(agent.system.map(block => block.text)).toEqual(['Be brief.', 'Rules.'])
    expect(agent.messages.map(message => [message.role, message.blocks.map(block => block.type)])).toEqual([
      ['user', ['text']],
      ['assistant', ['reasoning', 'text', 'tool-call', 'tool-call', 'tool-call']],
      ['tool', ['tool-result', 'tool-result', 'tool-result']],
      ['system', ['text']],
      ['user', ['media', 'media', 'media']],
    ])
    expect(agent.messages[1]!.blocks).toEqual([
      { type: 'reasoning', text: '', redacted: true, signature: { dialect: 'openai-responses', value: 'sealed', item: 'rs_1' } },
      { type: 'text', text: 'Sure.' },
      { type: 'tool-call', id: 'call_1', name: 'weather', args: '{"city":"Rome"}' },
      { type: 'tool-call', id: 'call_2', name: 'patch', args: '{"input":"x\\"y"}' },
      { type: 'tool-call', id: 'call_3', name: 'crm__find', args: '{}' },
    ])
    expect(agent.messages[2]!.blocks).toMatchObject([
      { id: 'call_1', name: 'weather', blocks: [{ type: 'text', text: 'sunny' }] },
      { id: 'call_2', name: 'patch', blocks: [{ type: 'text', text: 'done' }, { type: 'media', mime: 'image/png', data: 'iVBORw0KGgo=' }] },
      { id: 'call_3', name: 'crm__find', blocks: [] },
    ])
    expect(agent.messages[4]!.blocks).toMatchObject([
      { media: 'image', url: 'https://example.com/a.png', detail: 'low' },
      { media: 'document', mime: 'application/pdf', data: 'JVBERi0x', name: 'a.pdf' },
      { media: 'document', url: 'https://example.com/b.pdf' },
    ])
    // Left out, strict is true where the schema allows it.
    expect(agent.tools.map(tool => [tool.name, tool.strict])).toEqual([['weather', true], ['maybe', undefined], ['patch', undefined], ['crm__find', false]])
    expect(agent.tools[2]).toMatchObject({ parameters: { properties: { input: { type: 'string' } } }, description: expect.stringContaining('start: "x"') })
    expect(agent).toMatchObject({ toolChoice: { type: 'auto' }, parallelTools: false, sampling: { outputMax: 900 }, reasoning: { effort: 'high', visible: true }, stream: true })
    expect(agent.extra['openai-responses']).toMatchObject({ prompt_cache_key: 'k', text: { verbosity: 'low' } })
  })

  it.each<[string, Fields, Fields]>([
    ['text input', { input: 'x' }, { messages: [{ role: 'user', blocks: [{ type: 'text', text: 'x' }] }] }],
    ['a format', { text: { format: { type: 'json_schema', name: 'a', schema: { type: 'object' }, strict: true } } }, { format: { type: 'schema', name: 'a', schema: { type: 'object' }, strict: true } }],
    ['an object', { text: { format: { type: 'json_object' } } }, { format: { type: 'json' } }],
    ['a choice', { tool_choice: { type: 'function', name: 'f' } }, { toolChoice: { type: 'tool', name: 'f' } }],
    ['a subset', { tool_choice: { type: 'allowed_tools', mode: 'required', tools: [{ type: 'function', name: 'f' }] } }, { toolChoice: { type: 'subset', names: ['f'], required: true } }],
    ['logprobs', { include: ['message.output_text.logprobs'], top_logprobs: 3 }, { sampling: { logprobs: true, topLogprobs: 3 } }],
    ['a user', { user: 'u', safety_identifier: 's' }, { userId: 's' }],
    ['a wrapped signature', { input: [{ type: 'reasoning', id: 'rs_vapor_1_0', summary: [], encrypted_content: wrapSignature({ dialect: 'anthropic', value: 'sig' }) }] }, { messages: [{ role: 'assistant', blocks: [{ type: 'reasoning', signature: { dialect: 'anthropic', value: 'sig' } }] }] }],
    ['URL-safe base64', { input: [{ role: 'user', content: [{ type: 'input_image', image_url: 'data:image/JPEG;charset=x;base64,_9j-4A' }] }] }, { messages: [{ blocks: [{ mime: 'image/jpeg', data: '/9j+4A==' }] }] }],
    ['a text file', { input: [{ role: 'user', content: [{ type: 'input_file', filename: 'a.txt', file_data: 'data:text/plain;base64,aGk=' }] }] }, { messages: [{ blocks: [{ media: 'document', text: 'hi', name: 'a.txt' }] }] }],
    ['empty texts', { input: [{ role: 'user', content: '' }, { role: 'user', content: [{ type: 'input_text', text: '' }, { type: 'input_text', text: 'x' }] }] }, { messages: [{ role: 'user', blocks: [{ type: 'text', text: 'x' }] }] }],
  ])('%s', (_, wire, expected) => {
    expect(read({ model: 'm', input: 'hi', ...wire })).toMatchObject(expected)
  })

  it.each<[unknown, string]>([
    [{ input: [{ type: 'compaction', encrypted_content: 'x' }] }, 'unsupported_field input.compaction'],
    [{ input: [{ type: 'local_shell_call' }] }, 'unsupported_field input.local_shell_call'],
    [{ input: 'x', tools: [{ type: 'apply_patch' }] }, 'unsupported_field tools.apply_patch'],
    [{ input: [{ role: 'robot', content: 'x' }] }, 'invalid_request'], [{ input: [{ type: 'function_call', call_id: 'c' }] }, 'invalid_request'],
    [{ input: [{ type: 'function_call_output', output: 'x' }] }, 'invalid_request'], [{ input: 'x', reasoning: { effort: 'huge' } }, 'invalid_request'],
    [{ input: 'x', tool_choice: 5 }, 'unsupported_field tool_choice'], [{ input: [{ role: 'user', content: [{ type: 'input_hologram' }] }] }, 'unsupported_field input.input_hologram'],
    [{ input: [{ type: 'web_search_call' }, { role: 'user', content: 'x' }] }, 'accepted'],
  ])('%j is %s', (wire, code) => {
    expect(codeOf(() => read({ model: 'm', ...wire as Fields }))).toBe(code)
  })

  it('gives an id to a call that has none', () => {
    expect(read({ model: 'm', input: [{ type: 'function_call', name: 'f', arguments: '{}' }] }).messages[0]!.blocks[0]).toMatchObject({ id: expect.stringMatching(/^call_[0-9A-Za-z]{24}$/) })
  })
})

describe('a request from another dialect', () => {
  it('is stateless and asks for sealed reasoning', () => {
    expect(write({ stream: true }).body).toEqual({ model: 'gpt-5.6', input: [{ type: 'message', role: 'user', content: [{ type: 'input_text', text: 'hi' }] }], include: ['reasoning.encrypted_content'], store: false, stream: true })
    // A model that cannot think refuses to be asked.
    expect(write({ reasoning: { effort: 'high', budget: undefined, visible: true } }, 'gpt-4o')).toMatchObject({ body: expect.not.objectContaining({ include: expect.anything() }), dropped: ['reasoning'] })
  })

  it('says strict: false, since leaving it out means true', () => {
    const tools = [{ name: 'f', description: undefined, parameters: {}, strict: undefined }]
    expect(write({ tools, toolChoice: { type: 'required' }, parallelTools: false }).body).toMatchObject({ tools: [{ type: 'function', name: 'f', parameters: { type: 'object', properties: {} }, strict: false }], tool_choice: 'required', parallel_tool_calls: false })
    // Without tools a choice is refused.
    expect(write({ toolChoice: { type: 'none' }, parallelTools: true }).body).not.toHaveProperty('tool_choice')
    expect(write({ tools, toolChoice: { type: 'subset', names: ['f'], required: false } }).body.tool_choice).toEqual({ type: 'allowed_tools', mode: 'auto', tools: [{ type: 'function', name: 'f' }] })
  })

  it('puts own reasoning before its item with its own id, and drops foreign and lone reasoning', () => {
    const native: Block = { type: 'reasoning', text: 'why', signature: { dialect: 'openai-responses', value: 'sealed', item: 'rs_1' } }
    const foreign: Block = { type: 'reasoning', text: 'why', signature: { dialect: 'anthropic', value: 'sig' } }
    const call: Block = { type: 'tool-call', id: 'call_1', name: 'f', args: '' }
    const item = { type: 'reasoning', id: 'rs_1', summary: [{ type: 'summary_text', text: 'why' }], encrypted_content: 'sealed' }
    expect(write(turns(native, call))).toMatchObject({ body: { input: [item, { type: 'function_call', call_id: 'call_1', name: 'f', arguments: '{}' }] }, dropped: [] })
    expect(write(turns(foreign, call))).toMatchObject({ body: { input: [{ type: 'function_call' }] }, dropped: ['reasoning'] })
    expect(write(turns(call, native))).toMatchObject({ body: { input: [{ type: 'function_call' }] }, dropped: ['reasoning'] })
  })

  it('writes words, empty words, refusals and later rules where they stand', () => {
    const messages: NeutralRequest['messages'] = [
      { role: 'user', blocks: [{ type: 'text', text: '' }] },
      { role: 'assistant', blocks: [{ type: 'text', text: 'a' }, { type: 'text', text: '' }, { type: 'refusal', text: 'no' }] },
      { role: 'system', blocks: [{ type: 'text', text: 'rule' }] },
    ]
    const system: NeutralRequest['system'] = [{ type: 'text', text: 'x-anthropic-billing-header: cc_version=1' }, { type: 'text', text: 'one' }, { type: 'text', text: 'two' }]
    expect(write({ system, messages }).body).toMatchObject({
      instructions: 'one\n\ntwo',
      input: [
        { role: 'assistant', content: [{ type: 'output_text', text: 'a' }, { type: 'refusal', refusal: 'no' }] },
        { role: 'developer', content: [{ type: 'input_text', text: 'rule' }] },
      ],
    })
  })

  it('writes results as text, with pictures as parts, errors said in words, ids legal and equal', () => {
    const id = 'x'.repeat(90)
    const result = (blocks: (Block & { type: 'text' | 'media' })[], isError = false): Block => ({ type: 'tool-result', id, name: 'f', blocks, isError })
    const image: Block & { type: 'media' } = { type: 'media', media: 'image', mime: undefined, data: 'iVBORw0KGgo=' }
    const { input } = write({ messages: [
      { role: 'assistant', blocks: [{ type: 'tool-call', id, name: 'f', args: '{"a":' }] },
      { role: 'tool', blocks: [result([{ type: 'text', text: 'a' }, { type: 'text', text: 'b' }], true), result([]), result([{ type: 'text', text: 'see' }, image]), { type: 'text', text: 'beside' }] },
    ] }).body as { input: Fields[] }
    const call_id = input[0]!.call_id
    expect(call_id).toMatch(/^call_[0-9a-f]{24}$/)
    expect(input).toEqual([
      { type: 'function_call', call_id, name: 'f', arguments: '{"a":' },
      { type: 'function_call_output', call_id, output: 'Error: a\nb' },
      { type: 'function_call_output', call_id, output: '' },
      { type: 'function_call_output', call_id, output: [{ type: 'input_text', text: 'see' }, { type: 'input_image', detail: 'auto', image_url: 'data:image/png;base64,iVBORw0KGgo=' }] },
      { type: 'message', role: 'user', content: [{ type: 'input_text', text: 'beside' }] },
    ])
  })

  it('clamps what is out of range and lists what it left out', () => {
    const sampling = { outputMax: 3, temperature: 3, topP: 0.5, topK: 4, stop: ['x'], seed: 1, frequencyPenalty: 1, presencePenalty: 1, logprobs: true, topLogprobs: 50 }
    expect(write({ sampling }, 'some-model')).toMatchObject({ body: { max_output_tokens: 16, temperature: 2, top_p: 0.5, top_logprobs: 20, include: ['reasoning.encrypted_content', 'message.output_text.logprobs'] }, dropped: ['max_output_tokens', 'temperature', 'top_logprobs', 'top_k', 'seed', 'frequency_penalty', 'presence_penalty'], stops: ['x'] })
    const thinking = write({ sampling: { temperature: 1, topP: 1 } })
    expect(thinking.dropped).toEqual(['temperature', 'top_p'])
    expect(thinking.body).not.toHaveProperty('temperature')
  })

  it('carries reasoning, formats and who asks, the last not in clear', () => {
    expect(write({ reasoning: { effort: undefined, budget: 8000, visible: true } }).body.reasoning).toEqual({ effort: 'medium', summary: 'auto' })
    expect(write({ reasoning: { effort: undefined, budget: -1, visible: undefined } }).body).not.toHaveProperty('reasoning')
    expect(write({ format: { type: 'schema', name: 'my answer', schema: {}, strict: undefined, description: undefined } }).body.text).toEqual({ format: { type: 'json_schema', name: 'my_answer', schema: {}, strict: false } })
    expect(write({ format: { type: 'json' } }).body.text).toEqual({ format: { type: 'json_object' } })
    expect(write({ userId: 'ann@example.com' }).body.safety_identifier).toMatch(/^[0-9a-f]{64}$/)
    const cached = write({ system: [{ type: 'text', text: 'x', cache: { ttl: '5m' } }] })
    expect(cached).toMatchObject({ body: { prompt_cache_key: expect.stringMatching(/^[0-9a-f]{32}$/) }, dropped: ['cache_control'] })
  })

  it('refuses what it cannot carry', () => {
    const media = (block: Fields) => codeOfWrite({ messages: [{ role: 'user', blocks: [{ type: 'media', mime: undefined, ...block } as Block] }] })
    expect(codeOfWrite({ sampling: { choices: 2 } })).toBe('unsupported_field n')
    expect(media({ media: 'video', data: 'x' })).toBe('unsupported_field video')
    expect(media({ media: 'audio', mime: 'audio/ogg', data: 'x' })).toBe('unsupported_field audio')
    expect(media({ media: 'audio', mime: 'audio/wav', data: 'x' })).toBe('unsupported_field audio')
  })

  it('reads back what it wrote', () => {
    const original = read(fixture('request-agent.json'))
    const { body, dropped } = openaiResponses.writeNeutralRequest(original, { model: 'm' })
    const again = read(body)
    expect(dropped).toEqual([])
    expect({ ...again, tools: again.tools.map(tool => ({ ...tool, strict: tool.strict || undefined })), system: again.system.map(block => block.text).join('\n\n'), extra: {} })
      .toEqual({ ...original, tools: original.tools.map(tool => ({ ...tool, strict: tool.strict || undefined })), system: original.system.map(block => block.text).join('\n\n'), extra: {} })
  })
})

describe('a whole answer', () => {
  it('is read with its seals, citations and calls', () => {
    expect(openaiResponses.readNeutralReply(fixture('reply-whole.json'))).toEqual({
      id: 'resp_one',
      model: 'gpt-5.6-up',
      usage: { input: 1, cachedInput: 2, cacheWrite5m: 1217, output: 46, reasoning: 54 },
      choices: [{ finish: 'tool-calls', stopSequence: undefined, blocks: [
        { type: 'reasoning', text: 'Weigh it.\n\nThen call.', signature: { dialect: 'openai-responses', value: 'sealed-whole', item: 'rs_a' } },
        { type: 'text', text: 'Hello', citations: [{ url: 'https://example.com/a', title: 'A' }] },
        { type: 'tool-call', id: 'call_z', name: 'now', args: '{}' },
      ] }],
    })
    expect(openaiResponses.readNeutralReply(fixture('reply-refusal.json')).choices[0]).toMatchObject({ finish: 'refusal', blocks: [{ type: 'refusal', text: 'No.' }] })
    expect(openaiResponses.readNeutralReply(fixture('reply-filtered.json')).choices[0]).toMatchObject({ finish: 'filtered', blocks: [] })
    for (const body of [fixture('reply-failed.json'), bytes('<html>'), bytes('{}')]) expect(codeOf(() => openaiResponses.readNeutralReply(body))).toBe('upstream_malformed')
  })

  it('is written and reads back the same', () => {
    const blocks: Block[] = [
      { type: 'reasoning', text: 'why' },
      { type: 'text', text: 'a', citations: [{ url: 'https://example.com', title: 'T' }] },
      { type: 'text', text: 'b' },
      { type: 'tool-call', id: 'toolu_1', name: 'f', args: '{"a":1}' },
      { type: 'media', media: 'image', mime: 'image/png', data: 'AAAA' },
    ]
    const reply = { id: undefined, model: undefined, usage: { input: 1, cacheWrite5m: 2, output: 3, reasoning: 4 }, choices: [{ blocks, finish: 'tool-calls' as const, stopSequence: undefined }] }
    const written = openaiResponses.writeNeutralReply(reply, context())
    expect(openaiResponses.readNeutralReply(written)).toEqual({ ...reply, id: 'resp_vapor_req01abc', model: 'm' })
    expect(json(written)).toMatchObject({ object: 'response', status: 'completed', error: null, incomplete_details: null, store: false, usage: { total_tokens: 10 }, output: [{ type: 'reasoning' }, { type: 'message', content: [{}, {}] }, { type: 'function_call', status: 'completed' }, { type: 'image_generation_call' }] })
  })

  it.each([
    ['stop', 'completed', undefined], ['stop-sequence', 'completed', undefined], ['tool-calls', 'completed', undefined],
    ['length', 'incomplete', 'max_output_tokens'], ['filtered', 'incomplete', 'content_filter'], ['refusal', 'incomplete', 'content_filter'],
  ] as const)('that ended by %s is %s', (finish, status, reason) => {
    const written = json(openaiResponses.writeNeutralReply({ id: undefined, model: undefined, usage: undefined, choices: [{ blocks: [], finish, stopSequence: undefined }] }, context()))
    expect(written).toMatchObject({ status, incomplete_details: reason ? { reason } : null, output: [], usage: { total_tokens: 0 } })
  })

  it('answers a custom tool in the custom form, a namespaced one in its namespace, and wraps foreign seals', () => {
    const { extra } = read(fixture('request-agent.json'))
    const blocks: Block[] = [
      { type: 'reasoning', text: '', redacted: true, signature: { dialect: 'gemini', value: 'g' } },
      { type: 'tool-call', id: 'c1', name: 'patch', args: '{"input":"a\\nb"}' }, { type: 'tool-call', id: 'c2', name: 'patch', args: 'bare' },
      { type: 'tool-call', id: 'c3', name: 'crm__find', args: '' },
    ]
    const { output } = json(openaiResponses.writeNeutralReply({ id: undefined, model: undefined, usage: undefined, choices: [{ blocks, finish: 'tool-calls', stopSequence: undefined }] }, context({ extra })))
    expect(output).toMatchObject([
      { type: 'reasoning', summary: [], encrypted_content: wrapSignature({ dialect: 'gemini', value: 'g' }) },
      { type: 'custom_tool_call', id: expect.stringMatching(/^ctc_/), call_id: 'c1', name: 'patch', input: 'a\nb' }, { input: 'bare' },
      { type: 'function_call', name: 'find', namespace: 'crm', arguments: '{}' },
    ])
  })
})
