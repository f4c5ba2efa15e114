import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { LEGACY } from '#server/dialects/left-behind'
import type { Block, MediaBlock, Message, NeutralRequest, Sampling } from '#server/dialects/neutral'
import { openaiChat } from '#server/dialects/openai-chat'
import { runs } from '../../../support/runs'
import { bytesOf, fixture, neutral, refusalOf, target } from './decode'

const blank = neutral({})
const write = (request: Partial<NeutralRequest>) => openaiChat.writeNeutralRequest({ ...blank, ...request }, { model: 'up-1' })
const written = (blocks: Message[]) => write({ messages: blocks }).body.messages as Record<string, unknown>[]
const user = (...blocks: Block[]): Message => ({ role: 'user', blocks })
const again = (request: NeutralRequest) => openaiChat.readNeutralRequest(openaiChat.readRequest(bytesOf(openaiChat.writeNeutralRequest(request, { model: 'm' }).body), target))
const media = (kind: MediaBlock['media'], more: Partial<MediaBlock>): MediaBlock => ({ type: 'media', media: kind, mime: undefined, ...more })
const tool = { name: 'read', description: undefined, parameters: { type: 'object', properties: {} }, strict: undefined }

describe('reading a neutral request', () => {
  it('takes an agent\'s request apart', () => {
    const request = openaiChat.readNeutralRequest(openaiChat.readRequest(fixture('request-agent.json'), target))
    expect(request).toEqual({
      model: 'm',
      stream: false,
      system: [{ type: 'text', text: 'Be brief.' }, { type: 'text', text: 'Use tools.' }],
      messages: [
        { role: 'user', blocks: [{ type: 'text', text: 'Read both.' }, { type: 'media', media: 'image', mime: 'image/png', data: 'iVBORw0KGgo=', detail: 'low' }] },
        { role: 'assistant', blocks: [{ type: 'tool-call', id: 'call_a', name: 'read', args: '{"path":"a"}' }, { type: 'tool-call', id: 'call_b', name: 'read', args: '{"path":"b"}' }] },
        { role: 'tool', blocks: [{ type: 'tool-result', id: 'call_a', name: 'read', blocks: [{ type: 'text', text: 'A' }], isError: false }, { type: 'tool-result', id: 'call_b', name: 'read', blocks: [{ type: 'text', text: 'B' }], isError: false }] },
        { role: 'system', blocks: [{ type: 'text', text: 'Hurry.' }] },
        { role: 'user', blocks: [{ type: 'text', text: 'Go on.' }] },
      ],
      tools: [{ name: 'read', description: 'Reads a file.', parameters: { type: 'object', properties: { path: { type: 'string' } }, required: ['path'] }, strict: true }],
      toolChoice: { type: 'auto' },
      parallelTools: undefined,
      sampling: { outputMax: 100, temperature: 0.5, stop: ['END'] },
      format: { type: 'schema', name: 'out', schema: { type: 'object' }, strict: true, description: undefined },
      reasoning: { effort: 'low', budget: undefined, visible: undefined },
      userId: 'somebody',
      extra: { 'openai-chat': {} },
    })
  })

  it('takes the older functions for tools, with ids of its own', () => {
    const request = openaiChat.readNeutralRequest(openaiChat.readRequest(fixture('request-functions.json'), target))
    const [call] = request.messages[1]?.blocks ?? []
    expect(call).toMatchObject({ type: 'tool-call', name: 'weather', args: '{}', id: expect.stringMatching(/^call_[0-9A-Za-z]{24}$/) })
    expect(request.messages[2]?.blocks[0]).toMatchObject({ type: 'tool-result', name: 'weather', id: call?.type === 'tool-call' ? call.id : '' })
    expect(request).toMatchObject({ tools: [{ name: 'weather' }], toolChoice: { type: 'tool', name: 'weather' }, parallelTools: false, extra: { 'openai-chat': { [LEGACY]: true } } })
  })

  it('gives calls and results without ids the same one, in order', () => {
    const calls = [{ id: '', function: { name: 'f', arguments: '' } }, { function: { name: 'f', arguments: { a: 1 } } }]
    const { messages } = neutral({ messages: [{ role: 'assistant', content: '', tool_calls: calls }, { role: 'tool', tool_call_id: '', content: '1' }, { role: 'tool', content: '2' }] })
    const ids = messages.flatMap(({ blocks }) => blocks.map(block => 'id' in block ? block.id : ''))
    expect(ids.slice(0, 2)).toEqual(ids.slice(2))
    expect(messages[0]?.blocks).toMatchObject([{ args: '{}' }, { args: '{"a":1}' }])
  })

  it('leaves empty texts out', () => {
    expect(neutral({ messages: [{ role: 'user', content: [{ type: 'text', text: '' }, { type: 'text', text: 'hi' }] }, { role: 'assistant', content: '' }, { role: 'user', content: 'there' }] }).messages)
      .toEqual([user({ type: 'text', text: 'hi' }), user({ type: 'text', text: 'there' })])
  })

  it.each([
    [{ type: 'image_url', image_url: { url: 'https://example.org/a.png' } }, { media: 'image', url: 'https://example.org/a.png' }],
    [{ type: 'image_url', image_url: 'data:;base64,_9j_4AAQ' }, { media: 'image', mime: 'image/jpeg', data: '/9j/4AAQ' }],
    [{ type: 'image_url', image_url: { url: 'data:image/jpeg;charset=utf-8;base64,_9j_4A' } }, { media: 'image', mime: 'image/jpeg', data: '/9j/4A==' }],
    [{ type: 'input_audio', input_audio: { data: 'AAAA', format: 'mp3' } }, { media: 'audio', mime: 'audio/mpeg', data: 'AAAA' }],
    [{ type: 'file', file: { filename: 'a.pdf', file_data: 'JVBERi0xLjQ=' } }, { media: 'document', mime: 'application/pdf', data: 'JVBERi0xLjQ=', name: 'a.pdf' }],
    [{ type: 'file', file: { file_data: 'data:text/plain;base64,aGk=' } }, { media: 'document', mime: 'text/plain', text: 'hi' }],
    [{ type: 'video_url', video_url: { url: 'https://example.org/v.mp4' } }, { media: 'video', url: 'https://example.org/v.mp4' }],
  ])('reads the part %j', (part, block) => {
    expect(neutral({ messages: [{ role: 'user', content: [part] }] }).messages[0]?.blocks).toEqual([{ type: 'media', mime: undefined, ...block }])
  })

  it.each([
    ['required', { type: 'required' }], ['any', { type: 'required' }], ['none', { type: 'none' }], [{ type: 'function', function: { name: 'f' } }, { type: 'tool', name: 'f' }],
    [{ type: 'allowed_tools', allowed_tools: { mode: 'required', tools: [{ type: 'function', function: { name: 'f' } }] } }, { type: 'subset', names: ['f'], required: true }],
  ])('reads the tool choice %j', (choice, expected) => {
    expect(neutral({ tool_choice: choice }).toolChoice).toEqual(expected)
  })

  it.each([
    [{ reasoning_effort: 'xhigh' }, { effort: 'xhigh', budget: undefined, visible: undefined }],
    [{ reasoning: { max_tokens: 2000, exclude: true } }, { effort: undefined, budget: 2000, visible: false }],
    [{ reasoning: { enabled: false } }, { effort: 'none', budget: undefined, visible: undefined }],
    [{ thinking: { type: 'enabled' } }, { effort: undefined, budget: -1, visible: undefined }],
    [{ thinking: { type: 'disabled' } }, { effort: 'none', budget: undefined, visible: undefined }],
    [{}, undefined],
  ])('reads reasoning from %j', (wire, expected) => {
    expect(neutral(wire).reasoning).toEqual(expected)
  })

  it('keeps fields without a neutral word, and the markers of a cache', () => {
    const request = neutral({ logit_bias: { 5: 1 }, verbosity: 'low', seed: 1, store: false, messages: [{ role: 'user', content: [{ type: 'text', text: 'hi', cache_control: { type: 'ephemeral', ttl: '1h' } }] }] })
    expect(request.extra['openai-chat']).toEqual({ logit_bias: { 5: 1 }, verbosity: 'low' })
    expect(request.messages[0]?.blocks).toEqual([{ type: 'text', text: 'hi', cache: { ttl: '1h' } }])
    expect(write(request).dropped).toEqual(['cache_control'])
  })

  it('takes a signature of Gemini from a tool call', () => {
    const call = { id: 'c', type: 'function', function: { name: 'f', arguments: '{}' }, extra_content: { google: { thought_signature: 'Z2Vt' } } }
    expect(neutral({ messages: [{ role: 'assistant', content: null, tool_calls: [call] }] }).messages[0]?.blocks[0]).toMatchObject({ signature: { dialect: 'gemini', value: 'Z2Vt' } })
  })

  it.each([
    [{ modalities: ['text', 'audio'] }, 'unsupported_field modalities'],
    [{ tools: [{ type: 'custom', custom: { name: 'x' } }] }, 'unsupported_field tools.0.type'],
    [{ tools: [{ type: 'web_search' }] }, 'unsupported_field tools.0.type'],
    [{ previous_response_id: 'r' }, 'unsupported_field previous_response_id'],
    [{ search_parameters: {} }, 'unsupported_field search_parameters'],
    [{ plugins: [{ id: 'web' }] }, 'unsupported_field plugins'],
    [{ messages: [{ role: 'user', content: [{ type: 'file', file: { file_id: 'file-1' } }] }] }, 'unsupported_field messages.0.content.0.file.file_id'],
    [{ messages: [{ role: 'assistant', audio: { id: 'a' } }] }, 'unsupported_field messages.0.audio.id'],
    [{ messages: [{ role: 'robot', content: 'x' }] }, 'invalid_request'],
    [{ messages: [{ role: 'constructor', content: 'x' }] }, 'invalid_request'],
    [{ messages: [{ role: 'user', content: 5 }] }, 'invalid_request'],
    [{ messages: [{ role: 'user', content: [{ type: 'hologram' }] }] }, 'invalid_request'],
    [{ messages: [{ role: 'user', content: [{ type: 'image_url' }] }] }, 'invalid_request'],
    [{ messages: [{ role: 'assistant', tool_calls: [{}] }] }, 'invalid_request'],
    [{ messages: [{ role: 'tool', content: 'x' }] }, 'invalid_request'],
    [{ tools: [{ type: 'function' }] }, 'invalid_request'],
    [{ tool_choice: 'maybe' }, 'invalid_request'], [{ tool_choice: {} }, 'invalid_request'], [{ temperature: 'hot' }, 'invalid_request'],
    [{ reasoning_effort: 'heroic' }, 'invalid_request'], [{ response_format: { type: 'xml' } }, 'invalid_request'],
  ])('%j is %s', (wire, code) => {
    expect(refusalOf(() => neutral(wire))).toBe(code)
  })
})

describe('writing a neutral request', () => {
  it('asks for usage in a stream, and names the upstream\'s model', () => {
    expect(write({ stream: true, sampling: { outputMax: 5 } }).body).toMatchObject({ model: 'up-1', stream: true, stream_options: { include_usage: true }, max_completion_tokens: 5 })
    expect(openaiChat.writeUpstreamTarget({ model: 'm', credential: 'sk-up', stream: true })).toEqual({ path: '/chat/completions', headers: { 'authorization': 'Bearer sk-up', 'content-type': 'application/json', 'accept': 'text/event-stream' } })
  })

  it('puts pictures of results behind all results', () => {
    const picture = media('image', { mime: 'image/png', data: 'AAAA' })
    const messages = written([
      { role: 'assistant', blocks: [{ type: 'tool-call', id: 'a', name: 'f', args: '' }] },
      { role: 'assistant', blocks: [{ type: 'tool-call', id: 'b', name: 'f', args: '{}' }] },
      { role: 'tool', blocks: [{ type: 'tool-result', id: 'a', name: 'f', blocks: [picture], isError: false }] },
      { role: 'tool', blocks: [{ type: 'tool-result', id: 'b', name: 'f', blocks: [{ type: 'text', text: 'no' }], isError: true }] },
      user({ type: 'text', text: 'And?' }),
    ])
    expect(messages.map(({ role }) => role)).toEqual(['assistant', 'tool', 'tool', 'user', 'user'])
    expect(messages[0]).toMatchObject({ content: null, tool_calls: [{ id: 'a', function: { arguments: '{}' } }, { id: 'b' }] })
    expect(messages[2]).toEqual({ role: 'tool', tool_call_id: 'b', content: 'Error: no' })
    expect(messages[3]?.content).toContainEqual({ type: 'image_url', image_url: { url: 'data:image/png;base64,AAAA' } })
  })

  it('drops foreign reasoning and sends its own back where it came from', () => {
    const assistant: Block[] = [
      { type: 'reasoning', text: 'foreign', signature: { dialect: 'anthropic', value: 'x' } },
      { type: 'reasoning', text: 'unsigned' },
      { type: 'reasoning', text: 'mine', signature: { dialect: 'openai-chat', value: 'reasoning_content' } },
      { type: 'reasoning', text: 'theirs', signature: { dialect: 'openai-chat', value: '{"type":"reasoning.text","signature":"s","index":0}' } },
      { type: 'text', text: 'so' },
      { type: 'tool-call', id: 'a', name: 'f', args: '{}', signature: { dialect: 'gemini', value: 'Z' } },
      { type: 'tool-call', id: 'b', name: 'f', args: '{}', signature: { dialect: 'openai-chat', value: 'Y' } },
    ]
    const { body, dropped } = write({ messages: [{ role: 'assistant', blocks: assistant }] })
    expect(dropped).toEqual(['reasoning'])
    expect(body.messages).toEqual([{
      role: 'assistant',
      content: 'so',
      reasoning_content: 'mine',
      reasoning_details: [{ type: 'reasoning.text', text: 'theirs', signature: 's', index: 0 }],
      tool_calls: [
        { id: 'a', type: 'function', function: { name: 'f', arguments: '{}' } },
        { id: 'b', type: 'function', function: { name: 'f', arguments: '{}' }, extra_content: { google: { thought_signature: 'Y' } } },
      ],
    }])
    expect(written([{ role: 'assistant', blocks: assistant.slice(0, 2) }])).toEqual([])
  })

  it('makes ids legal, the same for call and result', () => {
    const id = `toolu:${'x'.repeat(80)}`
    const [call, result] = written([{ role: 'assistant', blocks: [{ type: 'tool-call', id, name: 'f', args: '{}' }] }, { role: 'tool', blocks: [{ type: 'tool-result', id, name: 'f', blocks: [], isError: false }] }])
    expect(result?.tool_call_id).toMatch(/^call_[0-9A-Za-z]{24}$/)
    expect((call?.tool_calls as { id: string }[])[0]?.id).toBe(result?.tool_call_id)
  })

  it('keeps system prompts where they stand, without the line that changes with every build', () => {
    const { body } = write({ system: [{ type: 'text', text: 'x-anthropic-billing-header: v=1' }, { type: 'text', text: 'A' }, { type: 'text', text: 'B' }], messages: [user({ type: 'text', text: 'hi' }), { role: 'system', blocks: [{ type: 'text', text: 'C' }] }] })
    expect(body.messages).toEqual([{ role: 'system', content: 'A\n\nB' }, { role: 'user', content: 'hi' }, { role: 'system', content: 'C' }])
  })

  it('clamps what is out of range and says what was lost', () => {
    const { body, dropped, stops } = write({ sampling: { temperature: 3, topP: 2, topK: 5, frequencyPenalty: -3, presencePenalty: 3, stop: ['1', '2', '3', '4', '5'], logprobs: true }, reasoning: { effort: 'none', budget: undefined, visible: undefined }, extra: { anthropic: { context_management: {} } } })
    expect(body).toMatchObject({ temperature: 2, top_p: 1, frequency_penalty: -2, presence_penalty: 2, stop: ['1', '2', '3', '4'], logprobs: true })
    expect(stops).toEqual(['5'])
    expect([...dropped].sort()).toEqual(['context_management', 'frequency_penalty', 'presence_penalty', 'reasoning', 'temperature', 'top_k', 'top_p'])
    expect(body).not.toHaveProperty('reasoning_effort')
    expect(write({ reasoning: { effort: undefined, budget: 5000, visible: true } }).body).toMatchObject({ reasoning_effort: 'medium' })
  })

  it('leaves out what models that always reason refuse', () => {
    const request = { ...blank, sampling: { temperature: 0.5, topP: 1, stop: ['x'], seed: 1 } }
    for (const model of ['o3-mini', 'gpt-5', 'gpt-5-mini-2025-08-07']) {
      const { body, dropped, stops } = openaiChat.writeNeutralRequest(request, { model })
      expect([dropped, body.seed, body.top_p, body.temperature, body.stop, stops]).toEqual([['temperature'], 1, 1, undefined, undefined, ['x']])
    }
    for (const model of ['gpt-4o', 'gpt-5.1', 'gpt-5-chat-latest', 'deepseek-chat']) expect(openaiChat.writeNeutralRequest(request, { model }).dropped).toEqual([])
  })

  it('never names the user in clear', () => {
    const { body } = write({ userId: 'somebody@example.org' })
    expect(body.safety_identifier).toMatch(/^[0-9a-f]{64}$/)
    expect(JSON.stringify(body)).not.toContain('somebody')
  })

  it('says tools, their choice and their number', () => {
    const other = { ...tool, name: 'other' }
    expect(write({ tools: [tool, other], toolChoice: { type: 'subset', names: ['read'], required: true }, parallelTools: false }).body).toMatchObject({ tools: [{ function: { name: 'read' } }], tool_choice: 'required', parallel_tool_calls: false })
    expect(write({ tools: [tool], toolChoice: { type: 'tool', name: 'read' } }).body.tool_choice).toEqual({ type: 'function', function: { name: 'read' } })
    expect(write({ toolChoice: { type: 'auto' } }).body).not.toHaveProperty('tool_choice')
  })

  it.each<[string, Partial<NeutralRequest>]>([
    ['n', { sampling: { choices: 2 } }],
    ['tool_choice', { toolChoice: { type: 'required' } }],
    ['messages.content', { messages: [user(media('video', { url: 'https://example.org/v' }))] }],
    ['messages.content', { messages: [user(media('document', { mime: 'application/pdf', url: 'https://example.org/a.pdf' }))] }],
    ['messages.content', { messages: [user(media('audio', { mime: 'audio/ogg', data: 'AAAA' }))] }],
  ])('refuses %s in %j', (field, request) => {
    expect(refusalOf(() => write(request))).toBe(`unsupported_field ${field}`)
  })

  it('carries documents as data or as text', () => {
    expect(written([user(media('document', { mime: 'application/pdf', data: 'JVBE', name: 'a.pdf' }), media('document', { mime: 'text/plain', text: 'words', name: 'b.txt' }))])[0]?.content)
      .toEqual([{ type: 'file', file: { filename: 'a.pdf', file_data: 'data:application/pdf;base64,JVBE' } }, { type: 'text', text: 'b.txt:\nwords' }])
  })
})

describe('round trips', () => {
  const word = fc.string({ minLength: 1, maxLength: 12, unit: 'grapheme' })
  const name = fc.stringMatching(/^[a-z_]{1,10}$/)
  const textBlock = word.map(text => ({ type: 'text' as const, text }))
  const image = fc.constantFrom<MediaBlock>(media('image', { mime: 'image/png', data: 'AAAA' }), media('image', { url: 'https://example.org/a.png', detail: 'low' }), media('audio', { mime: 'audio/wav', data: 'AAAA' }), media('document', { mime: 'application/pdf', data: 'JVBE', name: 'a.pdf' }))
  const turn = fc.array(fc.record({ name, args: fc.constantFrom('{}', '{"a":1}', '{"cut":'), result: word }), { maxLength: 3 }).chain(calls => fc.record({
    said: fc.array(fc.oneof(textBlock, image), { minLength: 1, maxLength: 3 }),
    answer: calls.length > 0 ? fc.option(textBlock, { nil: undefined }) : textBlock,
    calls: fc.constant(calls),
  }))
  const messages = fc.array(turn, { minLength: 1, maxLength: 4 }).map(turns => turns.flatMap(({ said, answer, calls }, at): Message[] => [
    { role: 'user', blocks: said },
    { role: 'assistant', blocks: [...(answer ? [answer] : []), ...calls.map((call, index) => ({ type: 'tool-call' as const, id: `call_${at}_${index}`, name: call.name, args: call.args }))] },
    ...(calls.length > 0 ? [{ role: 'tool' as const, blocks: calls.map((call, index) => ({ type: 'tool-result' as const, id: `call_${at}_${index}`, name: call.name, blocks: [{ type: 'text' as const, text: call.result }], isError: false })) }] : []),
  ]))
  const sampling = fc.record<Sampling>({ outputMax: fc.integer({ min: 1, max: 9999 }), temperature: fc.integer({ min: 0, max: 20 }).map(tenths => tenths / 10), stop: fc.array(word, { minLength: 1, maxLength: 4 }), seed: fc.integer() }, { requiredKeys: [] })
  const request = fc.record<NeutralRequest>({
    model: fc.constant('m'),
    stream: fc.boolean(),
    system: fc.array(textBlock, { maxLength: 1 }),
    messages,
    tools: fc.uniqueArray(name, { minLength: 1, maxLength: 3 }).map(names => names.map(called => ({ ...tool, name: called, strict: true }))),
    toolChoice: fc.constantFrom(undefined, { type: 'auto' as const }, { type: 'required' as const }, { type: 'tool' as const, name: 'f' }),
    parallelTools: fc.constantFrom(undefined, false),
    sampling,
    format: fc.constantFrom(undefined, { type: 'json' as const }, { type: 'schema' as const, name: 'out', schema: { type: 'object' }, strict: true, description: undefined }),
    reasoning: fc.constantFrom(undefined, { effort: 'high' as const, budget: undefined, visible: undefined }),
    userId: fc.constant(undefined),
    extra: fc.constant({ 'openai-chat': {} }),
  })

  it('reads what it wrote', () => {
    fc.assert(fc.property(request, (neutralRequest) => {
      expect(again(neutralRequest)).toEqual(neutralRequest)
    }), { numRuns: runs })
  })
})
