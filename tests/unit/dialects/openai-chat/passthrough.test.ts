import { describe, expect, it } from 'vitest'
import { openaiChat } from '#server/dialects/openai-chat'
import { readUsage } from '#server/dialects/openai-chat/usage'
import { createSseDecoder } from '#server/dialects/sse'

const body = (value: unknown) => Buffer.from(typeof value === 'string' ? value : JSON.stringify(value))
const target = { path: '/v1/chat/completions', query: new URLSearchParams(), headers: {} }
const messages = [{ role: 'user', content: 'hi' }]
const codeOf = (value: unknown) => {
  try {
    openaiChat.readRequest(body(value), target)
    return 'accepted'
  }
  catch (error) { return (error as { code: string }).code }
}

describe('reading a request', () => {
  it.each([
    ['', 'invalid_json'], ['{', 'invalid_json'], ['[]', 'invalid_request'], ['null', 'invalid_request'], ['"x"', 'invalid_request'],
    [{ messages }, 'invalid_request'], [{ model: 'm' }, 'invalid_request'], [{ model: 'm', messages: [] }, 'invalid_request'],
    [{ model: 5, messages }, 'invalid_request'], [{ model: 'm', messages, stream: 'yes' }, 'invalid_request'],
    [{ model: 'm', messages, max_tokens: 1e15 }, 'invalid_request'], [{ model: 'm', messages, max_tokens: -1 }, 'invalid_request'],
    [{ model: 'm', messages, max_tokens: 1.5 }, 'invalid_request'], [{ model: 'm', messages, n: 0 }, 'invalid_request'],
    [`{"model":"m","model":"n","messages":[{"role":"user","content":"hi"}]}`, 'invalid_request'],
    [{ model: 'm', messages, web_search_options: {} }, 'unsupported_field'],
    [{ model: 'm', messages, anything: 'else' }, 'accepted'], [{ model: 'm', messages, stream: null, max_tokens: null }, 'accepted'],
  ])('%j is %s', (value, code) => {
    expect(codeOf(value)).toBe(code)
  })

  it('knows the most output over all choices, and which bytes are text', () => {
    const image = { type: 'image_url', image_url: { url: `data:image/png;base64,${'A'.repeat(10_000)}` } }
    const request = openaiChat.readRequest(body({ model: 'm', n: 3, max_completion_tokens: 10, max_tokens: 99, messages: [{ role: 'user', content: [{ type: 'text', text: 'hi' }, image] }] }), target)
    expect(request).toMatchObject({ outputMax: 30, choices: 3, mediaParts: 1 })
    expect(request.textBytes).toBeLessThan(300)
  })
})

describe('writing to the upstream', () => {
  const sent = (value: unknown, model = 'm') => {
    const request = openaiChat.readRequest(body(value), target)
    return Buffer.from(openaiChat.writeUpstreamRequest(request, { model, credential: 'sk-up' }).body).toString('utf8')
  }

  it('passes bytes unchanged when nothing must change', () => {
    const text = '{ "messages" : [{"role":"user","content":"h\\u0069"}], "temperature":1.0, "model":"m"}'
    expect(sent(text)).toBe(text)
  })

  it('changes the model name alone, and asks for usage in a stream', () => {
    expect(sent('{"model":"m","messages":[{"role":"user"}],"seed":1.0}', 'up')).toBe('{"model":"up","messages":[{"role":"user"}],"seed":1.0}')
    expect(sent('{"model":"m","messages":[{"role":"user"}],"stream":true}')).toBe('{"model":"m","messages":[{"role":"user"}],"stream":true,"stream_options":{"include_usage":true}}')
    expect(sent('{"model":"m","messages":[{"role":"user"}],"stream":true,"stream_options":{"include_obfuscation":false}}'))
      .toBe('{"model":"m","messages":[{"role":"user"}],"stream":true,"stream_options":{"include_obfuscation":false,"include_usage":true}}')
  })

  it('keeps back what would be stored at the upstream or change its price, and says so', () => {
    const value = { store: true, model: 'm', service_tier: 'priority', messages, metadata: { a: 'b' } }
    expect(JSON.parse(sent(value))).toEqual({ model: 'm', messages })
    expect(openaiChat.readRequest(body(value), target).dropped).toEqual(['store', 'metadata', 'service_tier'])
  })
})

describe('usage', () => {
  it('splits into disjoint classes whose sum is the total', () => {
    expect(readUsage({ prompt_tokens: 100, completion_tokens: 50, prompt_tokens_details: { cached_tokens: 60, cache_write_tokens: 10 }, completion_tokens_details: { reasoning_tokens: 20 } }))
      .toEqual({ usage: { input: 30, cachedInput: 60, cacheWrite5m: 10, output: 30, reasoning: 20 }, clamped: false })
  })

  it('cuts a part larger than its whole and says so', () => {
    expect(readUsage({ prompt_tokens: 10, completion_tokens: 5, prompt_tokens_details: { cached_tokens: 60 } })).toEqual({ usage: { cachedInput: 10, output: 5 }, clamped: true })
  })

  it.each([undefined, null, {}, { prompt_tokens: 1 }, { prompt_tokens: -1, completion_tokens: 1 }, { prompt_tokens: '1', completion_tokens: 1 }, { prompt_tokens: 1.5, completion_tokens: 1 }, { prompt_tokens: 1e300, completion_tokens: 1 }])('%j is no usage', (raw) => {
    expect(readUsage(raw)).toBeUndefined()
  })
})

describe('watching a stream', () => {
  const chunk = (delta: unknown, finish: string | null = null, extra = {}) => `data: ${JSON.stringify({ id: 'c', choices: [{ index: 0, delta, finish_reason: finish }], ...extra })}\n\n`
  const usage = { prompt_tokens: 7, completion_tokens: 2, total_tokens: 9 }

  function watch(text: string, wantsUsage: boolean) {
    const request = openaiChat.readRequest(body({ model: 'm', messages, stream: true, stream_options: { include_usage: wantsUsage } }), target)
    const meter = openaiChat.createStreamMeter(request)
    const decoder = createSseDecoder()
    const verdicts = [...decoder.push(Buffer.from(text)), ...decoder.end()].map(frame => meter.observe(frame))
    return { kinds: verdicts.map(verdict => verdict.kind), out: Buffer.concat(verdicts.map(verdict => verdict.bytes)).toString('utf8'), metered: meter.metered() }
  }

  const real = chunk({ role: 'assistant', content: '' }, null, { usage: null }) + chunk({ content: 'he' }, null, { usage: null }) + chunk({ content: 'llo' }, null, { usage: null })
    + chunk({}, 'stop', { usage: null }) + `data: ${JSON.stringify({ id: 'c', choices: [], usage })}\n\n` + 'data: [DONE]\n\n'

  it('passes every byte to a client that asked for usage', () => {
    const { out, kinds, metered } = watch(real, true)
    expect(out).toBe(real)
    expect(kinds).toEqual(['other', 'content', 'content', 'other', 'other', 'end'])
    expect(metered).toMatchObject({ usage: { input: 7, output: 2 }, textBytes: 5, contentFrames: 2, finished: true })
    expect(metered.text()).toBe('hello')
  })

  it('hides usage from a client that did not', () => {
    const { out, metered } = watch(real, false)
    expect(out).not.toContain('usage')
    expect(out.match(/data:/g)).toHaveLength(5)
    expect(metered.usage).toEqual({ input: 7, output: 2 })
  })

  it('hides usage in the finish chunk and keeps the finish', () => {
    const { out } = watch(chunk({ content: 'hi, "usage":null' }) + chunk({}, 'stop', { usage }), false)
    expect(out).toContain('hi, \\"usage\\":null')
    expect(out).toContain('"finish_reason":"stop"')
    expect(out).not.toContain('prompt_tokens')
  })

  it('takes the last usage, never the sum', () => {
    expect(watch(chunk({ content: 'a' }, null, { usage }) + chunk({ content: 'b' }, 'stop', { usage: { ...usage, completion_tokens: 3 } }), false).metered.usage).toEqual({ input: 7, output: 3 })
  })

  it('counts reasoning, refusals and tool arguments as produced', () => {
    const { metered } = watch(chunk({ reasoning_content: 'hm' }) + chunk({ refusal: 'no' }) + chunk({ tool_calls: [{ index: 0, function: { name: 'f', arguments: '{}' } }] }), false)
    expect(metered.text()).toBe('hmnof{}')
    expect(metered.finished).toBe(false)
  })

  it('tells errors and broken frames apart from content', () => {
    expect(watch('data: {"error":{"message":"x"}}\n\ndata: {"choices":[\n\ndata: 5\n\n', false).kinds).toEqual(['error', 'broken', 'broken'])
  })
})
