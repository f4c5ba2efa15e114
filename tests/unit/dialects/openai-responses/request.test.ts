import { describe, expect, it } from 'vitest'
import { openaiResponses } from '#server/dialects/openai-responses'
import { wrapSignature } from '#server/dialects/signatures'
import { bytes, codeOf, fixture, json, request } from './support'

const input = 'hi'
const sent = (text: string, model = 'm') => Buffer.from(openaiResponses.writeUpstreamRequest(request(text), { model, credential: 'sk-up' }).body).toString('utf8')
const sentJson = (value: unknown) => json(openaiResponses.writeUpstreamRequest(request(value), { model: 'm', credential: 'sk-up' }).body)

describe('reading a request', () => {
  it.each([
    ['', 'invalid_json'], ['{', 'invalid_json'], ['[]', 'invalid_request'], ['null', 'invalid_request'], [{ input }, 'invalid_request'], [{ model: 'm' }, 'invalid_request'],
    [{ model: 'm', input: 5 }, 'invalid_request'], [{ model: 'm', input: ['x'] }, 'invalid_request'], [{ model: 'm', input, stream: 'yes' }, 'invalid_request'],
    [{ model: 'm', input, max_output_tokens: 0 }, 'invalid_request'], [{ model: 'm', input, max_output_tokens: 1e15 }, 'invalid_request'],
    ['{"model":"m","model":"n","input":"hi"}', 'invalid_request'],
    [{ model: 'm', input, previous_response_id: 'resp_1' }, 'unsupported_field previous_response_id'],
    [{ model: 'm', input, conversation: 'conv_1' }, 'unsupported_field conversation'],
    [{ model: 'm', input, prompt: { id: 'pmpt_1' } }, 'unsupported_field prompt'],
    [{ model: 'm', input, background: true }, 'unsupported_field background'],
    [{ model: 'm', input, background: false, previous_response_id: null, conversation: null }, 'accepted'],
    [{ model: 'm', input: [{ type: 'item_reference', id: 'msg_1' }] }, 'unsupported_field input.item_reference'],
    [{ model: 'm', input: [{ role: 'user', content: [{ type: 'input_image', file_id: 'file-1' }] }] }, 'unsupported_field input.file_id'],
    [{ model: 'm', input: [{ type: 'function_call_output', call_id: 'c', output: [{ type: 'input_file', file_id: 'file-1' }] }] }, 'unsupported_field input.file_id'],
    [{ model: 'm', input, tools: [{ type: 'web_search' }] }, 'unsupported_field tools.web_search'],
    [{ model: 'm', input, tools: [{ type: 'mcp', server_label: 'x' }] }, 'unsupported_field tools.mcp'],
    [{ model: 'm', input, tools: [{ type: 'image_generation' }] }, 'unsupported_field tools.image_generation'],
    [{ model: 'm', input, tools: [{ type: 'shell' }] }, 'unsupported_field tools.shell'],
    [{ model: 'm', input, tools: [{ type: 'namespace', name: 'n', tools: [{ type: 'web_search' }] }] }, 'unsupported_field tools.namespace'],
    [`{"model":"m","input":"hi","tools":[{"type":"function","name":"f","parameters":${'['.repeat(90_000)}${']'.repeat(90_000)}}]}`, 'invalid_json'],
    [{ model: 'm', input: [{ type: 'additional_tools', role: 'developer', tools: [{ type: 'file_search' }] }] }, 'unsupported_field tools.file_search'],
    [{ model: 'm', input, tool_choice: { type: 'web_search_preview' } }, 'unsupported_field tool_choice'],
    [{ model: 'm', input, tools: [{ type: 'function', name: 'f' }, { type: 'custom', name: 'c' }, { type: 'local_shell' }, { type: 'apply_patch' }, { type: 'shell', environment: { type: 'local' } }] }, 'accepted'],
    [{ model: 'm', input, anything: 'else', stream: null, max_output_tokens: null }, 'accepted'],
  ])('%.200j is %s', (value, code) => {
    expect(codeOf(() => request(value))).toBe(code)
  })

  it('knows the limit, and which bytes are text', () => {
    const image = { type: 'input_image', image_url: `data:image/png;base64,${'A'.repeat(10_000)}` }
    const read = request({ model: 'm', max_output_tokens: 40, input: [{ role: 'user', content: [{ type: 'input_text', text: 'hi' }, image] }] })
    expect(read).toMatchObject({ outputMax: 40, choices: 1, mediaParts: 1, wantsUsage: true, stream: false })
    expect(read.textBytes).toBeLessThan(300)
    const file = { type: 'input_file', filename: 'a.txt', file_data: `data:text/plain;base64,${'A'.repeat(10_000)}` }
    expect(request({ model: 'm', input: [{ role: 'user', content: [file] }] }).textBytes).toBeGreaterThan(10_000)
  })

  it('finds every text that counts', () => {
    const { texts, messages } = openaiResponses.readInputTexts(request(fixture('request-agent.json')))
    expect(texts).toEqual(expect.arrayContaining(['Be brief.', 'Rules.', 'Hi', 'Sure.', '{"city":"Rome"}', 'x"y', 'sunny', 'done', 'Later rule.']))
    expect(texts.join('')).toContain('lark')
    expect(messages).toBe(12)
    expect(openaiResponses.readInputTexts(request({ model: 'm', input: 'alone' }))).toEqual({ texts: ['alone'], messages: 1 })
  })
})

describe('writing to the upstream', () => {
  it('passes bytes unchanged when nothing must change', () => {
    const text = '{ "input" : "h\\u0069", "temperature":1.0, "store" : false, "model":"m", "unknown": {"a" : 1.50}}'
    expect(sent(text)).toBe(text)
    const whole = fixture('request-agent.json')
    expect(sent(whole.toString())).toBe(whole.toString())
  })

  it('forces store to false, whatever was said, and changes nothing beside', () => {
    expect(sent('{"model":"m","input":"hi","seed":1.0}', 'up')).toBe('{"model":"up","input":"hi","seed":1.0,"store":false}')
    expect(sent('{"model":"m","store": true ,"input":"hi"}')).toBe('{"model":"m","store": false ,"input":"hi"}')
    expect(sent('{"store":null,"model":"m","input":"hi"}')).toBe('{"store":false,"model":"m","input":"hi"}')
    expect(request({ model: 'm', input, store: true, service_tier: 'priority' }).dropped).toEqual(['store', 'service_tier'])
    expect(request({ model: 'm', input }).dropped).toEqual([])
  })

  it('keeps back what changes the price', () => {
    expect(sentJson({ model: 'm', input, service_tier: 'priority' })).toEqual({ model: 'm', input, store: false })
    expect(sent('{"model":"m","input":"hi","service_tier":null,"store":false}')).toBe('{"model":"m","input":"hi","store":false}')
  })

  it('drops reasoning that could only be looked up, and the ids of the items it led to', () => {
    const call = { type: 'function_call', call_id: 'call_1', name: 'f', arguments: '{}' }
    const items = [{ role: 'user', content: 'hi' }, { type: 'reasoning', id: 'rs_1', summary: [] }, { ...call, id: 'fc_1' }]
    expect(sentJson({ model: 'm', input: items, store: true }).input).toEqual([items[0], call])
    const sealed = [items[0], { type: 'reasoning', id: 'rs_1', summary: [], encrypted_content: 'x' }, { ...call, id: 'fc_1' }]
    expect(sentJson({ model: 'm', input: sealed }).input).toEqual(sealed)
  })

  it('never sends another vendor\'s reasoning, nor ids made here', () => {
    const foreign = { type: 'reasoning', id: 'rs_vapor_1_0', summary: [], encrypted_content: wrapSignature({ dialect: 'anthropic', value: 'sig' }) }
    const own = { type: 'reasoning', id: 'rs_vapor_1_0', summary: [], encrypted_content: wrapSignature({ dialect: 'openai-responses', value: 'sig', item: 'rs_7' }) }
    const message = { id: 'msg_vapor_1_1', type: 'message', role: 'assistant', status: 'completed', content: [] }
    const { id: _, ...anonymous } = message
    expect(sentJson({ model: 'm', input: [foreign, message] }).input).toEqual([anonymous])
    expect(sentJson({ model: 'm', input: [own, message] }).input).toEqual([{ ...own, id: 'rs_7', encrypted_content: 'sig' }, anonymous])
  })

  it('sends its own credential to the one path', () => {
    const { path, headers } = openaiResponses.writeUpstreamRequest(request({ model: 'm', input, stream: true }), { model: 'm', credential: 'sk-up' })
    expect({ path, headers }).toEqual({ path: '/responses', headers: { 'authorization': 'Bearer sk-up', 'content-type': 'application/json', 'accept': 'text/event-stream' } })
    expect(openaiResponses.writeUpstreamTarget({ model: 'm', credential: 'sk-up', stream: true })).toEqual({ path, headers })
  })
})

describe('asking a channel', () => {
  it('lists and probes', () => {
    expect(openaiResponses.writeModelsRequest('k')).toEqual({ path: '/models', headers: { authorization: 'Bearer k', accept: 'application/json' } })
    expect(openaiResponses.readModels(bytes({ data: [{ id: 'a' }, { id: 'b', extra: 1 }] }))).toEqual(['a', 'b'])
    for (const body of ['', 'x', '{}', '{"data":[{"id":5}]}']) expect(codeOf(() => openaiResponses.readModels(bytes(body)))).toBe('upstream_malformed')
    expect(codeOf(() => request(openaiResponses.writeProbe('m')))).toBe('accepted')
  })
})
