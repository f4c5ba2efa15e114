import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest'
import type { Sandbox } from '../../../sandbox/index.ts'
import { countsOfRequest, listedModels, replyOf, replyToRequest, startSandbox, usageOfAnthropic, usageOfGemini, usageOfResponses } from '../../../sandbox/index.ts'
import { question, readUntil } from './chat-client.ts'
import type { Json } from './dialect-client.ts'
import { clients, readJsonFrames } from './dialect-client.ts'

const tools = [
  { name: 'weather', schema: { type: 'object', properties: { city: { type: 'string' }, days: { type: 'integer' } } } },
  { name: 'clock', schema: { type: 'object', properties: {} } },
]
const chatTools = tools.map(({ name, schema }) => ({ type: 'function', function: { name, parameters: schema } }))
const talkative = [
  'sandbox-text', 'sandbox-echo', 'sandbox-tools', 'sandbox-parallel-tools', 'sandbox-reasoning', 'sandbox-cached', 'sandbox-long-50',
  'sandbox-paced-1-5', 'sandbox-slow-headers-5', 'sandbox-crlf', 'sandbox-bytes', 'sandbox-big-frame', 'sandbox-refusal',
  'sandbox-content-filter', 'sandbox-empty', 'sandbox-flaky-0', 'sandbox-models-slash/like-this', 'sandbox-no-done', 'sandbox-usage-in-finish',
]
const usages = { anthropic: usageOfAnthropic, gemini: usageOfGemini, responses: usageOfResponses }

let sandbox: Sandbox
beforeAll(async () => {
  sandbox = await startSandbox()
})
beforeEach(() => sandbox.upstream.clear())
afterAll(() => sandbox.close())

describe.each(clients)('$name', (client) => {
  const ask = (model: string, stream = false, body: object = {}) => client.post(sandbox, model, stream, { ...client.question, ...body })
  const lastCounts = () => countsOfRequest(sandbox.upstream.requests().at(-1)!)

  it('says what chat completions say, whole and streamed, for the same price', async () => {
    for (const model of talkative) {
      const chat = replyOf(model, { messages: question, tools: chatTools })
      const expected = {
        text: chat.text,
        reasoning: chat.reasoning,
        calls: chat.toolCalls.map(call => ({ name: call.function.name, args: JSON.parse(call.function.arguments) as unknown })),
      }
      const whole = client.whole(await (await ask(model, false, client.tools(tools))).json() as Json)
      const streamed = client.streamed(await readJsonFrames(await ask(model, true, client.tools(tools))))
      expect(whole, model).toMatchObject(expected)
      expect(streamed, model).toMatchObject(expected)
      const counts = lastCounts()
      const usage = usages[client.name as keyof typeof usages](counts)
      expect(whole.usage, model).toEqual(usage)
      expect(usage, model).toMatchObject(streamed.usage as object)
      const unpaid = client.name === 'gemini' && chat.refusal !== ''
      expect(counts, model).toEqual({ input: chat.promptTokens, cached: chat.cachedTokens, output: unpaid ? 0 : chat.completionTokens, reasoning: chat.reasoningTokens })
    }
  })

  it('fails with its own errors', async () => {
    for (const status of [400, 401, 402, 403, 404, 408, 413, 422, 429, 500, 502, 503, 529]) {
      const response = await ask(`sandbox-error-${status}`, true)
      expect(response.status).toBe(status)
      const { type, error } = await response.json() as Json
      expect(error!['message']).toContain('sandbox')
      if (client.name === 'anthropic') expect(type).toBe('error')
      if (client.name === 'gemini') expect(error).toMatchObject({ code: status, status: expect.stringMatching(/^[A-Z_]+$/) })
      if (client.name === 'gemini' && status === 429) expect(error!['details']![0]).toMatchObject({ retryDelay: '2s' })
      else expect(response.headers.get('retry-after')).toBe(status === 429 ? '2' : null)
    }
    expect((await ask('sandbox-html-502')).headers.get('content-type')).toContain('text/html')
    expect((await ask('sandbox-redirect')).status).toBe(302)
    const { error } = await (await ask('sandbox-secretive-error')).json() as Json
    expect(error!['message']).toContain(sandbox.upstream.apiKey)
    expect([(await ask('sandbox-flaky-1')).status, (await ask('sandbox-flaky-1')).status]).toEqual([500, 200])
  })

  it('breaks where the name says', async () => {
    await expect(ask('sandbox-reset')).rejects.toThrow()
    const before = await readUntil(await ask('sandbox-cut-before', true), () => false)
    const middle = await readUntil(await ask('sandbox-cut-mid', true), () => false)
    expect([before.broke, middle.broke]).toEqual([true, true])
    expect(middle.text.length).toBeGreaterThan(before.text.length + 500)
    await expect((await ask('sandbox-cut-mid')).text()).rejects.toThrow()
    for (const model of ['sandbox-error-first', 'sandbox-error-mid']) {
      const frames = await readJsonFrames(await ask(model, true))
      expect(JSON.stringify(frames.slice(model.endsWith('mid') ? -2 : 0))).toContain('broke down')
      expect(JSON.stringify(await (await ask(model)).json())).toContain('broke down')
    }
    await expect(readJsonFrames(await ask('sandbox-badjson', true))).rejects.toThrow(SyntaxError)
    await expect((await ask('sandbox-badjson')).json()).rejects.toThrow(SyntaxError)
  })

  it('lies about usage, or says nothing of it', async () => {
    const reported = async (model: string) => {
      const whole = client.whole(await (await ask(model)).json() as Json).usage
      const streamed = client.streamed(await readJsonFrames(await ask(model, true))).usage
      return JSON.stringify([whole, streamed])
    }
    expect((await reported('sandbox-usage-absurd')).split('1000000000000').length).toBeGreaterThan(2)
    expect((await reported('sandbox-usage-negative')).split(':-50').length).toBe(3)
    expect(await reported('sandbox-no-usage')).toMatch(/^\[null,null\]$/)
    const { input } = lastCounts()
    expect((await reported('sandbox-usage-cached-over')).split(`:${input + 100}`).length).toBe(3)
    expect(await reported('sandbox-usage-string')).toMatch(/:"\d+"/)
  })

  it('notices that a client has left a silence', async () => {
    const gone = new AbortController()
    await readUntil(await ask('sandbox-stall-mid', true), text => text.length > 100).then(() => gone.abort())
    await vi.waitFor(() => expect(sandbox.upstream.requests()[0]).toMatchObject({ model: 'sandbox-stall-mid', closed: 'aborted' }), { interval: 5 })
  })

  it('keeps to a limit', async () => {
    const limit = { anthropic: { max_tokens: 20 }, gemini: { generationConfig: { max_output_tokens: 20 } }, responses: { max_output_tokens: 20 } }[client.name]!
    const answer = await (await ask('sandbox-long-500', false, limit)).json() as Json
    expect(JSON.stringify(answer)).toMatch(/"max_tokens"|"MAX_TOKENS"|"reason":"max_output_tokens"/)
    expect(lastCounts().output).toBe(20)
    expect(replyToRequest(sandbox.upstream.requests().at(-1)!)).toMatchObject({ finishReason: 'length' })
  })
})

describe('lists of models', () => {
  it('are cut into pages where the vendor cuts them', async () => {
    const { anthropic, gemini, responses } = sandbox.upstream
    const read = async (url: string, headers: Record<string, string>) => await (await fetch(url, { headers })).json() as Json
    const ids: string[] = []
    for (let after = '', more = true; more;) {
      const page = await read(`${anthropic.baseUrl}/models${after}`, { 'x-api-key': anthropic.apiKey, 'anthropic-version': '2023-06-01' })
      ids.push(...page['data']!.map(({ id }) => String(id)))
      after = `?after_id=${encodeURIComponent(String(page['last_id']))}`
      more = Boolean(page['has_more'])
    }
    const names: string[] = []
    for (let token: string | undefined = ''; token !== undefined;) {
      const page: Json = await read(`${gemini.baseUrl}/models?key=${gemini.apiKey}&${token === '' ? '' : `pageToken=${encodeURIComponent(token)}`}`.replace(/&$/, ''), {})
      names.push(...page['models']!.map(({ name }) => String(name).replace('models/', '')))
      token = page['nextPageToken'] as string | undefined
    }
    const { data } = await read(`${responses.baseUrl}/models`, { authorization: `Bearer ${responses.apiKey}` })
    expect([ids, names, data!.map(({ id }) => id)]).toEqual([listedModels(), listedModels(), listedModels()])
  })
})
