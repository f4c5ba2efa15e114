/** Requests of each dialect with what is hard to carry to another, one difficulty each. */
import { readFileSync, readdirSync } from 'node:fs'
import { dialectIds } from '#shared/schemas/channel'
import type { DialectId } from '#shared/schemas/channel'

interface OwnRequest { dialect: DialectId, name: string, body: Record<string, unknown>, stream: boolean }
type Bodies = Record<string, Record<string, unknown>>

const PNG = 'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=='
const PDF = 'JVBERi0xLjQKJcOkw7zDtsOfCg=='
const WAV = 'UklGRiQAAABXQVZFZm10IA=='

const place = { type: 'object', properties: { city: { type: 'string', description: 'Where' }, days: { type: 'integer', minimum: 1, maximum: 7 } }, required: ['city'] }
/** Keys that mean something to a schema are names of properties here, and shapes are said in every way there is. */
const odd = {
  type: 'object',
  properties: {
    default: { type: 'string', default: 'x' },
    format: { enum: ['a', 'b'] },
    $ref: { type: 'string' },
    either: { oneOf: [{ type: 'string', format: 'date' }, { type: 'null' }] },
    maybe: { type: ['number', 'null'], exclusiveMinimum: 0 },
    tree: { $ref: '#/$defs/node' },
    fixed: { const: 'v1' },
  },
  additionalProperties: false,
  $defs: { node: { type: 'object', properties: { next: { $ref: '#/$defs/node' } } } },
}

const hi = { messages: [{ role: 'user', content: 'Hi' }] }
const chatTool = (name: string, parameters: unknown = place) => ({ type: 'function', function: { name, description: `Does ${name}`, parameters } })
const chatCall = (id: string, name: string, args: string) => ({ id, type: 'function', function: { name, arguments: args } })
const chatFormat = { type: 'json_schema', json_schema: { name: 'weather_report', description: 'Tomorrow', schema: { ...place, additionalProperties: false }, strict: true } }

const chat: Bodies = {
  'every sampling field': { ...hi, max_completion_tokens: 300, max_tokens: 200, temperature: 1.7, top_p: 0.4, stop: 'END', seed: 7, frequency_penalty: 0.5, presence_penalty: -0.5, n: 1 },
  'more stops than others take': { ...hi, stop: ['1', '2', '3', '4', '5', '6', ' '] },
  'probabilities': { ...hi, logprobs: true, top_logprobs: 5 },
  'fields of its own': { ...hi, logit_bias: { 50256: -100 }, prompt_cache_key: 'k', verbosity: 'low', prediction: { type: 'content', content: 'x' }, metadata: { a: 'b' }, service_tier: 'flex', store: true },
  'nulls for whatever is not wished': { messages: [{ role: 'user', content: 'Hi', name: null }], temperature: null, tools: null, stop: null, response_format: null, max_tokens: null },
  'no tools but a choice': { ...hi, tool_choice: 'auto', parallel_tool_calls: true },
  'a schema for the answer': { ...hi, response_format: chatFormat },
  'any JSON for the answer': { messages: [{ role: 'system', content: 'Say JSON.' }, { role: 'user', content: 'Hi' }], response_format: { type: 'json_object' } },
  'effort and an asker': { ...hi, reasoning_effort: 'minimal', safety_identifier: 'somebody', user: 'other' },
  'the most effort': { ...hi, reasoning_effort: 'xhigh' },
  'no effort': { ...hi, reasoning_effort: 'none' },
  'a forced call': { ...hi, tools: [chatTool('look_up')], tool_choice: { type: 'function', function: { name: 'look_up' } }, parallel_tool_calls: false, reasoning_effort: 'high' },
  'some of the tools': { ...hi, tools: [chatTool('a'), chatTool('b'), chatTool('c')], tool_choice: { type: 'allowed_tools', allowed_tools: { mode: 'required', tools: [{ type: 'function', function: { name: 'a' } }, { type: 'function', function: { name: 'c' } }] } } },
  'tools without parameters or with odd ones': { ...hi, tools: [{ type: 'function', function: { name: 'ping' } }, chatTool('odd', odd), { type: 'function', function: { name: 'free', parameters: { type: 'object', additionalProperties: true }, strict: false } }], tool_choice: 'required' },
  'names nobody else takes': { ...hi, tools: [chatTool('1st.tool/näme'), chatTool(`${'long_'.repeat(14)}end`)] },
  'instructions in the middle': { messages: [{ role: 'developer', content: [{ type: 'text', text: 'One.' }, { type: 'text', text: 'Two.' }] }, { role: 'user', content: 'Hi' }, { role: 'assistant', content: 'Hello' }, { role: 'system', content: 'Three.' }, { role: 'user', content: 'Go on' }] },
  'instructions alone': { messages: [{ role: 'system', content: 'Say hello.' }] },
  'an assistant who begins and ends': { messages: [{ role: 'assistant', content: 'Welcome!' }, { role: 'user', content: 'Hi' }, { role: 'assistant', content: 'Let me see: ' }] },
  'parallel calls, odd ids, results out of order': {
    messages: [
      { role: 'user', content: 'Both' },
      { role: 'assistant', content: '', tool_calls: [chatCall('functions.look_up:0', 'look_up', ''), chatCall(`call_${'x'.repeat(80)}`, 'look_up', '{"city":"Rome","days":2}')] },
      { role: 'tool', tool_call_id: `call_${'x'.repeat(80)}`, content: '[1,2]' },
      { role: 'tool', tool_call_id: 'functions.look_up:0', content: '' },
      { role: 'user', content: 'And?' },
    ],
    tools: [chatTool('look_up')],
  },
  'cut arguments and a refusal': {
    messages: [
      { role: 'user', content: 'Go' },
      { role: 'assistant', content: null, refusal: 'I will not.' },
      { role: 'user', content: 'Then look' },
      { role: 'assistant', content: 'Looking', tool_calls: [chatCall('call_1', 'look_up', '{"city":"Ro')] },
      { role: 'tool', tool_call_id: 'call_1', content: 'plain words' },
    ],
    tools: [chatTool('look_up')],
  },
  'reasoning of other servers': { messages: [{ role: 'user', content: 'Hi' }, { role: 'assistant', reasoning_content: 'Hm.', content: 'Hello' }, { role: 'user', content: 'Why?' }] },
  'pictures and files': {
    messages: [{ role: 'user', content: [
      { type: 'text', text: 'See' }, { type: 'image_url', image_url: { url: `data:image/png;base64,${PNG}`, detail: 'high' } }, { type: 'image_url', image_url: { url: 'https://example.com/a.jpg' } },
      { type: 'file', file: { filename: 'a.pdf', file_data: `data:application/pdf;base64,${PDF}` } }, { type: 'file', file: { filename: 'a.txt', file_data: 'data:text/plain;base64,aGk=' } },
    ] }],
  },
  'sound': { messages: [{ role: 'user', content: [{ type: 'input_audio', input_audio: { data: WAV, format: 'wav' } }] }] },
}

const askInput = { input: 'Hi' }
const flatTool = (name: string) => ({ type: 'function', name, description: `Does ${name}`, parameters: place, strict: false })
const said = (text: string) => ({ type: 'message', role: 'assistant', id: 'msg_1', status: 'completed', content: [{ type: 'output_text', text, annotations: [{ type: 'url_citation', url: 'https://example.com', title: 'E', start_index: 0, end_index: 1 }] }] })

const responses: Bodies = {
  'every sampling field': { ...askInput, instructions: 'Be kind.', max_output_tokens: 40, temperature: 1.4, top_p: 0.9 },
  'probabilities': { ...askInput, include: ['message.output_text.logprobs'], top_logprobs: 4 },
  'fields of its own': { ...askInput, store: true, metadata: { a: 'b' }, truncation: 'auto', prompt_cache_key: 'k', max_tool_calls: 3, text: { verbosity: 'high' }, service_tier: 'flex' },
  'strict by silence': { ...askInput, tools: [{ type: 'function', name: 'f', parameters: { ...place, required: ['city', 'days'], additionalProperties: false } }], parallel_tool_calls: true },
  'a free-form tool': {
    input: [{ role: 'user', content: 'Patch' }, { type: 'custom_tool_call', call_id: 'call_1', name: 'patch', input: '*** a "b"\n' }, { type: 'custom_tool_call_output', call_id: 'call_1', output: 'done' }],
    tools: [{ type: 'custom', name: 'patch', description: 'Patches', format: { type: 'grammar', syntax: 'lark', definition: 'start: "x"' } }],
  },
  'tools in a room of their own': { ...askInput, tools: [{ type: 'namespace', name: 'crm', description: 'Customers', tools: [{ type: 'function', name: 'find', parameters: place }] }] },
  'some of the tools': { ...askInput, tools: [flatTool('a'), flatTool('b')], tool_choice: { type: 'allowed_tools', mode: 'auto', tools: [{ type: 'function', name: 'b' }] } },
  'a forced call': { ...askInput, tools: [flatTool('a')], tool_choice: { type: 'function', name: 'a' }, parallel_tool_calls: false },
  'a schema for the answer': { ...askInput, text: { format: { type: 'json_schema', name: 'report', description: 'Tomorrow', schema: { ...odd, properties: { ...odd.properties, days: { type: 'integer', maximum: 7 } } }, strict: true } } },
  'any JSON for the answer': { ...askInput, text: { format: { type: 'json_object' } } },
  'effort, thoughts and an asker': { ...askInput, reasoning: { effort: 'high', summary: 'auto' }, include: ['reasoning.encrypted_content'], safety_identifier: 'somebody' },
  'no effort': { ...askInput, reasoning: { effort: 'none' } },
  'a turn of many items': {
    instructions: 'One.',
    input: [
      { role: 'system', content: 'Two.' }, { role: 'user', content: [{ type: 'input_text', text: 'Both' }] },
      { type: 'reasoning', id: 'rs_1', summary: [{ type: 'summary_text', text: 'Hm.' }], encrypted_content: 'sealed' }, said('Sure.'),
      { type: 'function_call', id: 'fc_1', call_id: 'call_1', name: 'a', arguments: '{"city":"Rome"}' }, { type: 'function_call', call_id: 'call_2', name: 'a', arguments: '' },
      { type: 'function_call_output', call_id: 'call_2', output: '' }, { type: 'function_call_output', call_id: 'call_1', output: [{ type: 'input_text', text: '{"sun":true}' }] },
      { role: 'developer', content: 'Three.' }, { role: 'user', content: 'And?' },
    ],
    tools: [flatTool('a')],
  },
  'a refusal': { input: [{ role: 'user', content: 'Go' }, { type: 'message', id: 'msg_1', status: 'completed', role: 'assistant', content: [{ type: 'refusal', refusal: 'No.' }] }, { role: 'user', content: 'Why?' }] },
  'pictures and files': {
    input: [{ role: 'user', content: [
      { type: 'input_text', text: 'See' }, { type: 'input_image', detail: 'low', image_url: `data:image/png;base64,${PNG}` }, { type: 'input_image', detail: 'auto', image_url: 'https://example.com/a.jpg' },
      { type: 'input_file', filename: 'a.pdf', file_data: `data:application/pdf;base64,${PDF}` }, { type: 'input_file', filename: 'a.txt', file_data: 'data:text/plain;base64,aGk=' },
    ] }],
  },
  'a picture from a tool': {
    input: [{ role: 'user', content: 'Draw' }, { type: 'function_call', call_id: 'call_1', name: 'a', arguments: '{}' }, { type: 'function_call_output', call_id: 'call_1', output: [{ type: 'input_text', text: 'Here:' }, { type: 'input_image', detail: 'auto', image_url: `data:image/png;base64,${PNG}` }] }],
    tools: [flatTool('a')],
  },
}

const ask = { max_tokens: 4000, messages: [{ role: 'user', content: 'Hi' }] }
const ownTool = (name: string) => ({ name, description: `Does ${name}`, input_schema: place })
const MARK = { type: 'ephemeral' }
const image = { type: 'image', source: { type: 'base64', media_type: 'image/png', data: PNG } }

const anthropic: Bodies = {
  'every sampling field': { ...ask, temperature: 0.3, top_p: 0.8, top_k: 20, stop_sequences: ['a', 'b', 'c', 'd', 'e', 'f'] },
  'marks of a cache': {
    max_tokens: 50,
    system: [{ type: 'text', text: 'x-anthropic-billing-header: cc_version=1' }, { type: 'text', text: 'Be kind.', cache_control: { type: 'ephemeral', ttl: '1h' } }],
    tools: [{ ...ownTool('a'), cache_control: MARK }],
    messages: [{ role: 'user', content: [{ type: 'text', text: 'Hi', cache_control: MARK }] }],
  },
  'fields of its own': { ...ask, metadata: { user_id: 'somebody' }, service_tier: 'auto', context_management: { edits: [] }, cache_control: MARK, inference_geo: 'us' },
  'a budget for thoughts': { ...ask, max_tokens: 9000, thinking: { type: 'enabled', budget_tokens: 5000 } },
  'thoughts as the model likes': { ...ask, thinking: { type: 'adaptive', display: 'omitted' }, output_config: { effort: 'max' } },
  'no thoughts': { ...ask, thinking: { type: 'disabled' } },
  'a schema for the answer': { ...ask, output_config: { format: { type: 'json_schema', schema: { ...odd, description: 'Tomorrow' } } } },
  'a forced call': { ...ask, tools: [ownTool('a'), { ...ownTool('b'), strict: true }], tool_choice: { type: 'tool', name: 'b', disable_parallel_tool_use: true } },
  'any call': { ...ask, tools: [ownTool('a')], tool_choice: { type: 'any' } },
  'no call': { ...ask, tools: [ownTool('a')], tool_choice: { type: 'none' } },
  'results, pictures and a failure': {
    max_tokens: 100,
    messages: [
      { role: 'user', content: 'Both' },
      { role: 'assistant', content: [{ type: 'thinking', thinking: 'Hm.', signature: 'c2ln' }, { type: 'redacted_thinking', data: 'c2VhbGVk' }, { type: 'text', text: 'Sure.' }, { type: 'tool_use', id: 'toolu_1', name: 'a', input: { city: 'Rome' } }, { type: 'tool_use', id: 'toolu_2', name: 'a', input: {} }] },
      { role: 'user', content: [{ type: 'tool_result', tool_use_id: 'toolu_1', content: [{ type: 'text', text: 'Here:' }, image] }, { type: 'tool_result', tool_use_id: 'toolu_2', content: 'no such city', is_error: true }, { type: 'text', text: 'And?' }] },
    ],
    tools: [ownTool('a')],
  },
  'a result without words': {
    max_tokens: 100,
    messages: [{ role: 'user', content: 'Go' }, { role: 'assistant', content: [{ type: 'tool_use', id: 'toolu_1', name: 'a', input: {} }] }, { role: 'user', content: [{ type: 'tool_result', tool_use_id: 'toolu_1' }] }],
    tools: [ownTool('a')],
  },
  'calls of tools that are gone': {
    max_tokens: 100,
    messages: [{ role: 'user', content: 'Go' }, { role: 'assistant', content: [{ type: 'tool_use', id: 'toolu_1', name: 'a', input: { city: 'Rome' } }] }, { role: 'user', content: [{ type: 'tool_result', tool_use_id: 'toolu_1', content: 'done' }] }],
  },
  'documents': {
    max_tokens: 100,
    messages: [{ role: 'user', content: [
      { type: 'document', source: { type: 'base64', media_type: 'application/pdf', data: PDF }, title: 'Plan' }, { type: 'document', source: { type: 'text', media_type: 'text/plain', data: 'Words.' }, title: 'Notes', citations: { enabled: true } },
      { type: 'document', source: { type: 'content', content: [{ type: 'text', text: 'Inside.' }] } }, { type: 'image', source: { type: 'url', url: 'https://example.com/a.png' } }, { type: 'text', text: 'Compare.' },
    ] }],
  },
  'a file at an address': { max_tokens: 100, messages: [{ role: 'user', content: [{ type: 'document', source: { type: 'url', url: 'https://example.com/a.pdf' }, title: 'Plan' }] }] },
  'quotes and a beginning of the answer': {
    max_tokens: 100,
    messages: [{ role: 'user', content: 'Hi' }, { role: 'assistant', content: [{ type: 'text', text: 'Said.', citations: [{ type: 'web_search_result_location', url: 'https://example.com', title: 'E', cited_text: 'x', encrypted_index: 'i' }] }] }, { role: 'user', content: 'More' }, { role: 'assistant', content: 'Well, ' }],
  },
  'instructions in the middle': { max_tokens: 100, system: 'One.', messages: [{ role: 'user', content: 'Hi' }, { role: 'system', content: 'Two.' }, { role: 'user', content: 'Go on' }] },
}

const say = { contents: [{ role: 'user', parts: [{ text: 'Hi' }] }] }
const declared = (name: string) => ({ name, description: `Does ${name}`, parameters: { type: 'OBJECT', properties: { city: { type: 'STRING', nullable: true }, kind: { type: 'STRING', format: 'enum', enum: ['a', 'b'] } }, required: ['city'] } })

const gemini: Bodies = {
  'every sampling field': { ...say, generationConfig: { maxOutputTokens: 90, temperature: 1.9, topP: 0.5, topK: 30, seed: 3, frequencyPenalty: 0.2, presencePenalty: -0.2, stopSequences: ['1', '2', '3', '4', '5'], candidateCount: 1 } },
  'probabilities': { ...say, generationConfig: { responseLogprobs: true, logprobs: 3 } },
  'fields of its own': { ...say, safetySettings: [{ category: 'HARM_CATEGORY_HARASSMENT', threshold: 'BLOCK_NONE' }], generationConfig: { mediaResolution: 'MEDIA_RESOLUTION_LOW' }, labels: { a: 'b' } },
  'snake case': { contents: [{ parts: [{ text: 'See' }, { inline_data: { mime_type: 'image/png', data: PNG.replaceAll('+', '-').replaceAll('/', '_') } }] }], system_instruction: { parts: [{ text: 'One.' }, { text: 'Two.' }] }, generation_config: { max_output_tokens: 20, thinking_config: { thinking_budget: 0 } } },
  'a budget for thoughts': { ...say, generationConfig: { maxOutputTokens: 9000, thinkingConfig: { includeThoughts: true, thinkingBudget: 2048 } } },
  'a level of thoughts': { ...say, generationConfig: { thinkingConfig: { thinkingLevel: 'HIGH' } } },
  'thoughts as the model likes': { ...say, generationConfig: { thinkingConfig: { thinkingBudget: -1 } } },
  'a schema of its kind': { ...say, generationConfig: { responseMimeType: 'application/json', responseSchema: { type: 'OBJECT', properties: { city: { type: 'STRING' }, list: { type: 'ARRAY', items: { type: 'INTEGER' } } }, propertyOrdering: ['city', 'list'], required: ['city'] } } },
  'a JSON schema': { ...say, generationConfig: { responseMimeType: 'application/json', responseJsonSchema: odd } },
  'any JSON for the answer': { ...say, generationConfig: { responseMimeType: 'application/json' } },
  'a forced call': { ...say, tools: [{ functionDeclarations: [declared('a'), declared('b')] }, { functionDeclarations: [{ name: 'c' }] }], toolConfig: { functionCallingConfig: { mode: 'ANY', allowedFunctionNames: ['a'] } } },
  'some of the tools': { ...say, tools: [{ functionDeclarations: [declared('a'), declared('b'), { name: 'c', parametersJsonSchema: odd }] }], toolConfig: { functionCallingConfig: { mode: 'VALIDATED', allowedFunctionNames: ['a', 'c'] } } },
  'names nobody else takes': { ...say, tools: [{ functionDeclarations: [declared('files.read:all'), declared('x'.repeat(100))] }] },
  'calls without ids': {
    contents: [
      { role: 'user', parts: [{ text: 'Both' }] },
      { role: 'model', parts: [{ text: 'Hm.', thought: true }, { text: 'Sure.' }, { functionCall: { name: 'a', args: { city: 'Rome' } }, thoughtSignature: 'c2ln' }, { functionCall: { name: 'a' } }] },
      { role: 'user', parts: [{ functionResponse: { name: 'a', response: { result: 'sun' } } }, { functionResponse: { name: 'a', response: { error: 'no such city' } } }, { text: 'And?' }] },
    ],
    tools: [{ functionDeclarations: [declared('a')] }],
  },
  'a result that is an object': {
    contents: [{ role: 'user', parts: [{ text: 'Go' }] }, { role: 'model', parts: [{ functionCall: { id: 'k3x', name: 'a', args: {} } }] }, { role: 'function', parts: [{ functionResponse: { id: 'k3x', name: 'a', response: { sun: true, wind: [1, 2] } } }] }],
    tools: [{ functionDeclarations: [declared('a')] }],
  },
  'a picture from a tool': {
    contents: [{ role: 'user', parts: [{ text: 'Draw' }] }, { role: 'model', parts: [{ functionCall: { id: 'k3x', name: 'a', args: {} } }] }, { role: 'user', parts: [{ functionResponse: { id: 'k3x', name: 'a', response: { result: 'Here:' }, parts: [{ inlineData: { mimeType: 'image/png', data: PNG } }] } }] }],
    tools: [{ functionDeclarations: [declared('a')] }],
  },
  'files': { contents: [{ role: 'user', parts: [{ inlineData: { mimeType: 'application/pdf', data: PDF } }, { inlineData: { mimeType: 'text/plain', data: 'aGk=' } }, { fileData: { mimeType: 'image/png', fileUri: 'https://example.com/a.png' } }, { text: 'Compare.' }] }] },
  'sound': { contents: [{ role: 'user', parts: [{ inlineData: { mimeType: 'audio/wav', data: WAV } }] }] },
  'video': { contents: [{ role: 'user', parts: [{ inlineData: { mimeType: 'video/mp4', data: 'AAAA' } }] }] },
}

const bodies: Record<DialectId, Bodies> = { 'openai-chat': chat, 'openai-responses': responses, 'anthropic': anthropic, 'gemini': gemini }

/** Every other one streams. */
export const madeRequests: OwnRequest[] = dialectIds.flatMap(dialect => Object.entries(bodies[dialect]).map(([name, body], index) => {
  const stream = index % 2 === 1
  return { dialect, name, body: dialect === 'gemini' ? body : { model: 'm', ...body, ...(stream ? { stream } : {}) }, stream }
}))

const folder = (dialect: DialectId): URL => new URL(`../fixtures/${dialect}/`, import.meta.url)
const kept: OwnRequest[] = dialectIds.flatMap(dialect => readdirSync(folder(dialect)).filter(file => /request.*\.json$/.test(file)).map((file) => {
  const body = JSON.parse(readFileSync(new URL(file, folder(dialect)), 'utf8')) as Record<string, unknown>
  return { dialect, name: file, body, stream: body['stream'] === true }
}))

export const ownRequests = [...madeRequests, ...kept]
