import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Sandbox } from '../../../sandbox/index.ts'
import { startSandbox } from '../../../sandbox/index.ts'
import type { Json } from './dialect-client.ts'
import { anthropic, gemini, readJsonFrames, responses } from './dialect-client.ts'

let sandbox: Sandbox
beforeAll(async () => {
  sandbox = await startSandbox()
})
afterAll(() => sandbox.close())

/** The status and the message a body is answered with. */
async function verdict(client: typeof anthropic, body: object, model = 'sandbox-text'): Promise<string> {
  const response = await client.post(sandbox, model, false, { ...client.question, ...body })
  const { error } = await response.json() as Json
  return `${response.status} ${error?.['message'] ?? ''}`
}

const user = (...content: object[]) => ({ role: 'user', content })
const assistant = (...content: object[]) => ({ role: 'assistant', content })
const text = (words: string) => ({ type: 'text', text: words })
const call = (id: string) => ({ type: 'tool_use', id, name: 'clock', input: {} })
const result = (id: string) => ({ type: 'tool_result', tool_use_id: id, content: 'noon' })

describe('anthropic', () => {
  it.each([
    [{ max_tokens: undefined }, 'max_tokens: Field required'],
    [{ n: 1 }, 'n: Extra inputs are not permitted'],
    [{ temperature: 1.5 }, 'temperature: range: 0..1'],
    [{ temperature: 1, top_p: 0.9 }, 'cannot both be specified'],
    [{ messages: [{ role: 'assistant', content: 'hi' }] }, 'first message must use the "user" role'],
    [{ messages: [user(text(''))] }, 'text content blocks must be non-empty'],
    [{ messages: [{ role: 'user', content: '' }] }, 'must have non-empty content'],
    [{ messages: [{ role: 'system', content: 'x' }] }, 'Unexpected role "system"'],
    [{ messages: [{ role: 'user', content: 'x', name: 'y' }] }, 'messages.0.name: Extra inputs are not permitted'],
    [{ messages: [user({ type: 'image_url', image_url: { url: 'x' } })] }, 'Input tag \'image_url\''],
    [{ messages: [user(result('toolu_1'))] }, 'unexpected `tool_use_id`'],
    [{ messages: [user(text('x')), assistant(call('toolu_1')), user(text('y'))] }, '`tool_use` ids were found without `tool_result`'],
    [{ messages: [user(text('x')), assistant(call('toolu_1')), user(text('y'), result('toolu_1'))] }, '`tool_use` ids were found without `tool_result`'],
    [{ messages: [user(text('x')), assistant(call('a.b'))] }, 'String should match pattern'],
    [{ messages: [user(text('x')), assistant({ ...call('a'), input: '{}' })] }, 'valid dictionary'],
    [{ messages: [user(text('x')), assistant({ type: 'thinking', thinking: 'hm' }, text('y')), user(text('z'))] }, 'signature: Field required'],
    [{ messages: [user(text('x')), assistant({ type: 'thinking', thinking: 'hm', signature: 'vapor' }, text('y')), user(text('z'))] }, 'Invalid `signature` in `thinking` block'],
    [{ messages: [user(text('x')), assistant(text('prefill '))] }, 'trailing whitespace'],
    [{ system: [text('')] }, 'system: text content blocks must be non-empty'],
    [{ tools: [{ type: 'function', function: { name: 'clock' } }] }, 'Input tag \'function\''],
    [{ tools: [{ name: 'clock' }] }, 'tools.0.custom.input_schema: Field required'],
    [{ tool_choice: 'auto' }, 'tool_choice: Input should be an object'],
    [{ tool_choice: { type: 'auto' } }, 'only be specified while providing tools'],
    [{ thinking: { type: 'enabled', budget_tokens: 2000 }, max_tokens: 1500 }, 'must be greater than `thinking.budget_tokens`'],
    [{ thinking: { type: 'adaptive' }, temperature: 0.5 }, 'may only be set to 1'],
    [{ stop_sequences: [' '] }, 'non-whitespace'],
  ])('refuses %j', async (body, message) => {
    expect(await verdict(anthropic, body)).toMatch('400 ')
    expect(await verdict(anthropic, body)).toContain(message)
  })

  it('wants a key and a version, and counts tokens', async () => {
    const { baseUrl, apiKey } = sandbox.upstream.anthropic
    const post = (path: string, headers: Record<string, string>, body: object) => fetch(`${baseUrl}${path}`, { method: 'POST', headers, body: JSON.stringify(body) })
    const version = { 'anthropic-version': '2023-06-01' }
    expect((await post('/messages', version, {})).status).toBe(401)
    expect((await post('/messages', { ...version, 'x-api-key': 'wrong' }, {})).status).toBe(401)
    expect((await post('/messages', { 'x-api-key': apiKey }, {})).status).toBe(400)
    const counted = { model: 'sandbox-text', messages: [{ role: 'user', content: 'hello' }] }
    expect(await (await post('/messages/count_tokens', { ...version, 'x-api-key': apiKey }, counted)).json()).toEqual({ input_tokens: 8 })
    expect((await post('/messages/count_tokens', { ...version, 'x-api-key': apiKey }, { ...counted, max_tokens: 5 })).status).toBe(400)
    expect(await verdict(anthropic, {}, 'claude-nothing')).toBe('404 model: claude-nothing')
  })

  it('takes its own thoughts back, and nothing that was changed', async () => {
    const { content } = await (await anthropic.post(sandbox, 'sandbox-reasoning', false, anthropic.question)).json() as Json
    const again = (blocks: object[]) => verdict(anthropic, { messages: [user(text('x')), assistant(...blocks), user(text('y'))] })
    expect(await again(content!)).toBe('200 ')
    expect(await again([{ ...(content![0] as object), thinking: 'something else' }, content![1]!])).toContain('Invalid `signature`')
  })

  it('streams with the whole grammar', async () => {
    const frames = await readJsonFrames(await anthropic.post(sandbox, 'sandbox-reasoning', true, anthropic.question))
    const types = frames.map(({ type }) => type).filter((type, index, all) => type !== all[index - 1])
    const block = ['content_block_start', 'content_block_delta', 'content_block_stop']
    expect(types).toEqual(['message_start', 'content_block_start', 'ping', ...block.slice(1), ...block, 'message_delta', 'message_stop'])
    expect(frames.filter(({ delta }) => delta?.['type'] === 'signature_delta')).toHaveLength(1)
    const none = await readJsonFrames(await anthropic.post(sandbox, 'sandbox-tools', true, { ...anthropic.question, tools: [{ name: 'clock', input_schema: { type: 'object' } }] }))
    expect(none.flatMap(({ delta }) => delta?.['type'] === 'input_json_delta' ? [delta['partial_json']] : [])).toEqual([''])
  })
})

const part = (...parts: object[]) => ({ role: 'user', parts })
const model = (...parts: object[]) => ({ role: 'model', parts })
const made = { functionCall: { name: 'clock', args: {} } }
const answered = { functionResponse: { name: 'clock', response: { result: 'noon' } } }
const declared = (parameters: object, name = 'f') => ({ tools: [{ functionDeclarations: [{ name, parameters }] }] })

describe('gemini', () => {
  it.each([
    [{ max_tokens: 5 }, 'Unknown name "max_tokens": Cannot find field.'],
    [{ generationConfig: { maxTokens: 5 } }, 'Unknown name "maxTokens" at \'generation_config\': Cannot find field.'],
    [{ generation_config: { thinking_config: { thinkingBudget: 1, thinkingLevel: 'LOW' } } }, 'only one of thinking budget and thinking level'],
    [{ generationConfig: { temperature: 3 } }, 'temperature must be in the range'],
    [{ contents: [] }, 'contents is not specified'],
    [{ contents: [{ role: 'assistant', parts: [{ text: 'x' }] }] }, 'valid role: user, model'],
    [{ contents: [part()] }, 'parts must not be empty'],
    [{ contents: [part({ thought: true })] }, 'must have one initialized field'],
    [{ contents: [part({ type: 'text', text: 'x' })] }, 'Unknown name "type" at \'contents[0].parts[0]\''],
    [{ contents: [part({ text: 'x' }), model(made), part({ text: 'y' })] }, 'number of function response parts'],
    [{ contents: [part({ text: 'x' }), model(made), part({ functionResponse: { name: 'clock', response: ['noon'] } })] }, 'google.protobuf.Struct'],
    [{ systemInstruction: { parts: [] } }, 'must not be empty'],
    [declared({ type: 'object', properties: { a: { type: 'string' } }, additionalProperties: false }), 'Unknown name "additionalProperties" at \'tools[0].function_declarations[0].parameters\''],
    [declared({ type: 'object', properties: { default: { const: 1 } } }), 'Unknown name "const" at \'tools[0].function_declarations[0].parameters.properties[0].value\''],
    [declared({ type: 'object', properties: { a: { type: ['string', 'null'] } } }), 'Proto field is not repeating'],
    [declared({ type: 'object', properties: {} }), 'should be non-empty for OBJECT type'],
    [declared({ type: 'object', properties: { a: { enum: [1] } } }), '(TYPE_STRING), 1'],
    [declared({ type: 'string' }, 'a b'), 'Invalid function name'],
    [{ toolConfig: { functionCallingConfig: { mode: 'AUTO', allowedFunctionNames: ['f'] } } }, 'mode is ANY or VALIDATED'],
  ])('refuses %j', async (body, message) => {
    expect(await verdict(gemini, body)).toMatch('400 ')
    expect(await verdict(gemini, body)).toContain(message)
  })

  it('takes any schema as parametersJsonSchema, and both spellings', async () => {
    const schema = { $schema: 'x', type: 'object', properties: { a: { type: ['string', 'null'], const: 1 } }, additionalProperties: false }
    expect(await verdict(gemini, { tools: [{ function_declarations: [{ name: 'f', parameters_json_schema: schema }] }], system_instruction: { parts: [{ text: 'x' }] }, systemInstruction: undefined })).toBe('200 ')
    expect(await verdict(gemini, declared({ type: 'OBJECT', properties: { additionalProperties: { type: 'STRING' } } }))).toBe('200 ')
  })

  it('wants calls of the turn that is running back with their signatures', async () => {
    const tools = { tools: [{ functionDeclarations: [{ name: 'clock' }] }] }
    const answer = await (await gemini.post(sandbox, 'sandbox-tools', false, { ...gemini.question, ...tools })).json() as Json
    const own = answer['candidates']![0]!['content']!['parts']![0]!
    const go = (calls: object[], last: object[] = []) =>
      verdict(gemini, { ...tools, contents: [part({ text: 'x' }), model(...calls), part(...calls.map(() => answered)), ...last] }, 'sandbox-tools')
    expect(await go([own])).toBe('200 ')
    expect(await go([own, made])).toBe('200 ')
    expect(await go([{ ...made, thoughtSignature: 'skip_thought_signature_validator' }])).toBe('200 ')
    expect(await go([made])).toMatch(/^400 .*missing a thought_signature/)
    expect(await go([{ ...made, thought_signature: 'made up' }])).toBe('400 Thought signature is not valid.')
    expect(await go([made], [model({ text: 'y' }), part({ text: 'z' })])).toBe('200 ')
  })

  it('tells keys apart, streams arrays and counts', async () => {
    const { baseUrl, apiKey } = sandbox.upstream.gemini
    const post = async (path: string, body: object = gemini.question) => fetch(`${baseUrl}/models/${path}`, { method: 'POST', body: JSON.stringify(body) })
    expect((await post('sandbox-text:generateContent')).status).toBe(403)
    const wrong = await post('sandbox-text:generateContent?key=wrong')
    expect([wrong.status, await wrong.json()]).toMatchObject([400, { error: { status: 'INVALID_ARGUMENT', details: [{ reason: 'API_KEY_INVALID' }, {}] } }])
    const array = await (await post(`sandbox-text%3AstreamGenerateContent?key=${apiKey}`)).json() as Json[]
    expect(gemini.streamed(array).text).toBe(gemini.whole(await (await post(`sandbox-text:generateContent?key=${apiKey}`)).json() as Json).text)
    expect(array.every(chunk => chunk['usageMetadata'])).toBe(true)
    expect(await (await post(`sandbox-empty:streamGenerateContent?key=${apiKey}`)).json()).toHaveLength(1)
    expect(await (await post(`sandbox-error-503:streamGenerateContent?key=${apiKey}`)).json()).toMatchObject([{ error: { status: 'UNAVAILABLE' } }])
    expect(await (await post(`sandbox-error-mid:streamGenerateContent?key=${apiKey}`)).json()).toContainEqual({ error: { code: 500, message: expect.any(String), status: 'INTERNAL' } })
    expect(await (await post(`sandbox-text:countTokens?key=${apiKey}`, { contents: [part({ text: 'hello' })] })).json()).toMatchObject({ totalTokens: 8 })
    expect(await verdict(gemini, {}, 'gemini-nothing')).toMatch('404 models/gemini-nothing is not found')
  })
})

const said = (role: string, type: string) => ({ type: 'message', role, content: [{ type, text: 'x' }] })
const functionCall = { type: 'function_call', call_id: 'call_1', name: 'clock', arguments: '{}' }
const output = { type: 'function_call_output', call_id: 'call_1', output: 'noon' }

describe('openai responses', () => {
  it.each([
    [{ messages: [] }, 'Unknown parameter: \'messages\'.'],
    [{ input: undefined }, 'Missing required parameter: \'input\'.'],
    [{ max_output_tokens: 5 }, 'Expected a value >= 16, but got 5 instead.'],
    [{ temperature: 3 }, 'Invalid \'temperature\''],
    [{ stop: ['x'] }, 'Unknown parameter: \'stop\'.'],
    [{ stream_options: { include_usage: true } }, 'Unknown parameter: \'stream_options.include_usage\'.'],
    [{ previous_response_id: 'resp_1' }, 'Previous response with id \'resp_1\' not found.'],
    [{ tools: [{ type: 'function', function: { name: 'clock' } }] }, 'Missing required parameter: \'tools[0].name\'.'],
    [{ tools: [{ type: 'function', name: 'f', strict: true, parameters: { type: 'object', properties: {} } }] }, '\'additionalProperties\' is required'],
    [{ tool_choice: { type: 'function', name: 'f' } }, 'not found in \'tools\' parameter'],
    [{ input: [said('assistant', 'input_text')] }, 'Supported values are: \'output_text\', \'refusal\'.'],
    [{ input: [said('tool', 'input_text')] }, 'Invalid value: \'tool\''],
    [{ input: [functionCall] }, 'No tool output found for function call call_1.'],
    [{ input: [output] }, 'No tool call found for function call output with call_id call_1.'],
    [{ input: [{ ...functionCall, id: 'call_1' }, output] }, 'Expected an ID that begins with \'fc\'.'],
    [{ input: [{ ...functionCall, arguments: {} }, output] }, 'Invalid type for \'input[0].arguments\''],
    [{ input: [{ type: 'reasoning', id: 'rs_1', summary: [], encrypted_content: 'made up' }, said('assistant', 'output_text')] }, 'could not be verified'],
  ])('refuses %j', async (body, message) => {
    expect(await verdict(responses, body)).toMatch('400 ')
    expect(await verdict(responses, body)).toContain(message)
  })

  it('takes its own reasoning back, before what it led to and under its own id', async () => {
    const asked = { ...responses.question, include: ['reasoning.encrypted_content'], store: false }
    const answer = await (await responses.post(sandbox, 'sandbox-reasoning', false, asked)).json() as Json
    const [reasoning, message] = answer['output']!
    const again = (...input: object[]) => verdict(responses, { input: [said('user', 'input_text'), ...input, said('user', 'input_text')] })
    expect(answer['store']).toBe(false)
    expect(await again(reasoning!, message!)).toBe('200 ')
    expect(await again({ ...(reasoning as object), id: undefined }, message!)).toBe('200 ')
    expect(await again(reasoning!)).toContain('without its required following item')
    expect(await again({ ...(reasoning as object), id: 'rs_other' }, message!)).toContain('did not match the target item id')
    expect(await again({ ...(reasoning as object), encrypted_content: undefined }, message!)).toMatch(/^404 Item with id/)
    const without = await (await responses.post(sandbox, 'sandbox-reasoning', false, responses.question)).json() as Json
    expect(without['output']![0]).not.toHaveProperty('encrypted_content')
  })

  it('streams with the whole grammar, numbered without a gap', async () => {
    const tools = { tools: [{ type: 'function', name: 'clock', strict: false }] }
    const frames = await readJsonFrames(await responses.post(sandbox, 'sandbox-tools', true, { ...responses.question, ...tools }))
    expect(frames.map(frame => frame['sequence_number'])).toEqual(frames.map((_, index) => index))
    expect([...new Set(frames.map(({ type }) => type))]).toEqual([
      'response.created', 'response.in_progress', 'response.output_item.added', 'response.function_call_arguments.delta',
      'response.function_call_arguments.done', 'response.output_item.done', 'response.completed',
    ])
    const failed = await readJsonFrames(await responses.post(sandbox, 'sandbox-error-mid', true, responses.question))
    expect(failed.slice(-2).map(({ type }) => type)).toEqual(['error', 'response.failed'])
    const cut = await readJsonFrames(await responses.post(sandbox, 'sandbox-text', true, { ...responses.question, max_output_tokens: 16 }))
    expect(cut.at(-1)).toMatchObject({ type: 'response.incomplete', response: { status: 'incomplete', usage: { output_tokens: expect.any(Number) } } })
    expect(await verdict(responses, {}, 'gpt-nothing')).toContain('400 ')
    expect((await fetch(`${sandbox.upstream.responses.baseUrl}/responses`, { method: 'POST' })).status).toBe(401)
  })
})
