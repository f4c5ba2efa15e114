import { describe, expect, it } from 'vitest'
import { openaiChat } from '#server/dialects/openai-chat'
import { readUsage } from '#server/dialects/openai-chat/usage'
import { openaiResponses } from '#server/dialects/openai-responses'
import type { Quirks } from '#shared/schemas/quirks'
import { vendors } from '#shared/schemas/vendors'
import type { VendorId } from '#shared/schemas/vendors'
import { bytesOf, fixture, framesOf, neutral, target } from './decode'

const messages = [{ role: 'user', content: 'hi' }]
const access = (vendor: VendorId) => ({ model: 'm', credential: 'sk-up', quirks: vendors[vendor].quirks })
const passed = (vendor: VendorId, body: object) => Buffer.from(openaiChat.writeUpstreamRequest(openaiChat.readRequest(bytesOf({ model: 'm', messages, ...body }), target), access(vendor)).body).toString()
const converted = (vendor: VendorId, body: object) => openaiChat.writeNeutralRequest(neutral({ model: 'm', messages, ...body }), access(vendor)).body

describe('the name of the output limit', () => {
  it.each([
    ['openai', 'max_completion_tokens'], ['azure', 'max_completion_tokens'], ['deepseek', 'max_tokens'], ['mistral', 'max_tokens'],
    ['ollama', 'max_tokens'], ['generic', 'max_completion_tokens'],
  ] as const)('%s is sent %s on conversion', (vendor, name) => {
    const { max_tokens, max_completion_tokens } = converted(vendor, { max_tokens: 7 })
    expect({ max_tokens, max_completion_tokens }).toEqual({ max_tokens: undefined, max_completion_tokens: undefined, [name]: 7 })
  })

  it('is changed in passing only where the client\'s would be no limit', () => {
    const start = '{"model":"m","messages":[{"role":"user","content":"hi"}]'
    expect(passed('deepseek', { max_completion_tokens: 7 })).toBe(`${start},"max_tokens":7}`)
    expect(passed('deepseek', { max_tokens: 99, max_completion_tokens: 7 })).toBe(`${start},"max_tokens":7}`)
    expect(passed('mistral', { max_completion_tokens: null, top_p: 1 })).toBe(`${start},"top_p":1}`)
    for (const vendor of ['generic', 'openai', 'xai'] as const) expect(passed(vendor, { max_completion_tokens: 7 })).toBe(`${start},"max_completion_tokens":7}`)
    expect(passed('openai', { max_tokens: 7 })).toBe(`${start},"max_tokens":7}`)
  })

  it('is that of the probe too', () => {
    expect(String(openaiChat.writeProbe('m', vendors.openai.quirks))).toContain('"max_completion_tokens":16')
    expect(String(openaiChat.writeProbe('m', vendors.mistral.quirks))).toContain('"max_tokens":16')
  })
})

describe('usage in a stream', () => {
  it('is not asked of who refuses the question, neither for the client', () => {
    for (const asked of [{}, { stream_options: { include_usage: true } }]) expect(passed('mistral', { stream: true, ...asked })).not.toContain('stream_options')
    expect(converted('mistral', { stream: true })).not.toHaveProperty('stream_options')
    expect(passed('generic', { stream: true })).toContain('"stream_options":{"include_usage":true}')
    expect(converted('generic', { stream: true })).toMatchObject({ stream_options: { include_usage: true } })
  })
})

describe('the credential', () => {
  it('goes where Azure looks for it', () => {
    for (const dialect of [openaiChat, openaiResponses]) {
      const all = [dialect.writeUpstreamTarget({ ...access('azure'), stream: false }), dialect.writeModelsRequest('sk-up', vendors.azure.quirks)]
      for (const { headers } of all) {
        expect(headers).toMatchObject({ 'api-key': 'sk-up' })
        expect(headers).not.toHaveProperty('authorization')
      }
      expect(dialect.writeUpstreamTarget({ ...access('openai'), stream: false }).headers).toMatchObject({ authorization: 'Bearer sk-up' })
    }
  })
})

describe('the role developer', () => {
  it('becomes system where it is unknown, and stays elsewhere', () => {
    const told = [{ role: 'developer', content: 'be brief' }, { role: 'user', content: 'say "developer"' }]
    expect(JSON.parse(passed('deepseek', { messages: told }))).toEqual({ model: 'm', messages: [{ role: 'system', content: 'be brief' }, told[1]] })
    expect(JSON.parse(passed('openai', { messages: told }))).toEqual({ model: 'm', messages: told })
    expect(passed('deepseek', { messages: [told[1]] })).toBe(JSON.stringify({ model: 'm', messages: [told[1]] }))
  })
})

describe('reported usage', () => {
  const details = (reasoning_tokens: number) => ({ completion_tokens_details: { reasoning_tokens } })
  const beside: Quirks = vendors.vercel.quirks

  it.each([
    ['xAI says how much', vendors.xai.quirks, { total_tokens: 42, ...details(30) }, { input: 10, output: 2, reasoning: 30 }],
    ['Gemini shows it in the total alone', vendors.gemini.quirks, { total_tokens: 42 }, { input: 10, output: 2, reasoning: 30 }],
    ['the total says more than the details', vendors.xai.quirks, { total_tokens: 42, ...details(20) }, { input: 10, output: 2, reasoning: 30 }],
    ['nobody is known to hide it', {}, { total_tokens: 42 }, { input: 10, output: 2 }],
    ['nothing is missing', vendors.xai.quirks, { total_tokens: 12, ...details(1) }, { input: 10, output: 1, reasoning: 1 }],
    ['no total is said', vendors.xai.quirks, {}, { input: 10, output: 2 }],
    ['reasoning stands beside', beside, { total_tokens: 12, ...details(30) }, { input: 10, output: 2, reasoning: 30 }],
    ['reasoning may be inside', beside, { total_tokens: 12, ...details(2) }, { input: 10, reasoning: 2 }],
    ['cached tokens stand beside', vendors.azure.quirks, { prompt_tokens_details: { cached_tokens: 64 } }, { input: 10, cachedInput: 64, output: 2 }],
    ['cached tokens are inside', vendors.azure.quirks, { prompt_tokens_details: { cached_tokens: 4 } }, { input: 6, cachedInput: 4, output: 2 }],
  ])('is put right when %s', (_, quirks, more, usage) => {
    expect(readUsage({ prompt_tokens: 10, completion_tokens: 2, ...more }, quirks)).toEqual({ usage, clamped: false })
  })

  it('is put right in whole answers and in streams, passed and converted', () => {
    const { quirks } = vendors.azure
    const usage = { input: 10, cachedInput: 64, output: 2 }
    const whole = fixture('cached-beyond-prompt.json')
    expect(openaiChat.readReply(whole, quirks)).toMatchObject({ usage, clamped: false })
    expect(openaiChat.readNeutralReply(whole, quirks).usage).toEqual(usage)

    const [frame] = framesOf(bytesOf(`data: ${whole.toString().replace(/\n/g, '')}\n\n`))
    const meter = openaiChat.createStreamMeter(openaiChat.readRequest(bytesOf({ model: 'm', messages, stream: true }), target), quirks)
    meter.observe(frame!)
    expect(meter.metered().usage).toEqual(usage)
    expect(openaiChat.createStreamReader(quirks).read(frame!.data!)).toContainEqual({ type: 'usage', usage })
  })
})
