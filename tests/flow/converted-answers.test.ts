import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import OpenAI from 'openai'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { costOfTokens, openShop } from '../support/shop'
import type { Shop } from '../support/shop'

/** Answers the sandbox never gives, on their way to a client of another dialect. */
const seen: Record<string, unknown>[] = []
const token = (text: string, logprob: number) => ({ token: text, logprob, bytes: [...Buffer.from(text)], top_logprobs: [{ token: text, logprob, bytes: [...Buffer.from(text)] }] })
const WORDS = ['Green', ' tea']
const TOKENS = WORDS.map((word, index) => token(word, -0.5 * index))
const chatUsage = { prompt_tokens: 9, completion_tokens: 2, total_tokens: 11 }
const claudeUsage = { input_tokens: 9, output_tokens: 4 }

const eventsOf = (list: unknown[], named = false): string => list.map(event => `${named ? `event: ${(event as { type: string }).type}\n` : ''}data: ${JSON.stringify(event)}\n\n`).join('')

function chat(stream: boolean): string {
  const choice = { index: 0, finish_reason: 'stop', logprobs: { content: TOKENS, refusal: null } }
  if (!stream) return JSON.stringify({ id: 'c', object: 'chat.completion', created: 1, model: 'm', choices: [{ ...choice, message: { role: 'assistant', content: WORDS.join('') } }], usage: chatUsage })
  const chunk = (rest: object, usage: unknown = null) => ({ id: 'c', object: 'chat.completion.chunk', created: 1, model: 'm', ...rest, usage })
  return eventsOf([
    ...WORDS.map((content, index) => chunk({ choices: [{ index: 0, delta: { content }, logprobs: { content: [TOKENS[index]] }, finish_reason: null }] })),
    chunk({ choices: [{ index: 0, delta: {}, finish_reason: 'stop' }] }),
    chunk({ choices: [] }, chatUsage),
  ]) + 'data: [DONE]\n\n'
}

/** Paused in the middle of a turn, as the vendor does for tools of its own. */
function claude(stream: boolean): string {
  const text = 'Let me look'
  const message = { id: 'msg_1', type: 'message', role: 'assistant', model: 'm', stop_sequence: null }
  if (!stream) return JSON.stringify({ ...message, content: [{ type: 'text', text }], stop_reason: 'pause_turn', usage: claudeUsage })
  return eventsOf([
    { type: 'message_start', message: { ...message, content: [], stop_reason: null, usage: { input_tokens: 9, output_tokens: 1 } } },
    { type: 'content_block_start', index: 0, content_block: { type: 'text', text: '' } },
    { type: 'content_block_delta', index: 0, delta: { type: 'text_delta', text } },
    { type: 'content_block_stop', index: 0 },
    { type: 'message_delta', delta: { stop_reason: 'pause_turn', stop_sequence: null }, usage: claudeUsage },
    { type: 'message_stop' },
  ], true)
}

const upstream = createServer(async (req, res) => {
  const parts: Buffer[] = []
  for await (const part of req) parts.push(part as Buffer)
  const body = JSON.parse(Buffer.concat(parts).toString('utf8')) as Record<string, unknown>
  seen.push(body)
  const stream = body.stream === true
  res.writeHead(200, { 'content-type': stream ? 'text/event-stream' : 'application/json' }).end(req.url === '/v1/messages' ? claude(stream) : chat(stream))
}).listen(0, '127.0.0.1')

let shop: Shop
let sdk: OpenAI
beforeAll(async () => {
  if (!upstream.listening) await once(upstream, 'listening')
  shop = await openShop()
  const baseUrl = `http://127.0.0.1:${(upstream.address() as AddressInfo).port}/v1`
  await shop.addChannel('chat', { baseUrl, credentials: ['chat-credential'] })
  await shop.addChannel('claude', { dialect: 'anthropic', baseUrl, credentials: ['claude-credential'] })
  for (const channel of ['chat', 'claude']) await shop.sell(channel, { routes: [{ channel, upstream: `up-${channel}` }] })
  sdk = new OpenAI({ apiKey: shop.key, baseURL: `${shop.url}/v1`, maxRetries: 0 })
})
afterAll(async () => {
  await shop.close()
  upstream.close()
})

describe('probabilities of tokens, asked for with Responses on a chat channel', () => {
  const ask = { model: 'chat', input: 'Tea?', include: ['message.output_text.logprobs' as const], top_logprobs: 1 }
  const wanted = [expect.objectContaining({ token: 'Green', logprob: 0 }), expect.objectContaining({ token: ' tea', logprob: -0.5 })]

  it('whole', async () => {
    const answer = await sdk.responses.create(ask)
    expect(answer.output).toMatchObject([{ type: 'message', content: [{ text: 'Green tea', logprobs: wanted }] }])
    expect(seen.at(-1)).toMatchObject({ logprobs: true, top_logprobs: 1 })
    expect(await shop.settled()).toMatchObject({ chargeRule: 'reported', cost: costOfTokens(9, 2), converted: 'openai-responses>openai-chat' })
    await shop.requireBooks()
  })

  it('streamed, beside each piece and once more at the end', async () => {
    const told: unknown[] = []
    let final: OpenAI.Responses.Response | undefined
    for await (const event of await sdk.responses.create({ ...ask, stream: true })) {
      if (event.type === 'response.output_text.delta') told.push(...event.logprobs)
      if (event.type === 'response.completed') final = event.response
    }
    expect(told).toEqual(wanted)
    expect(final!.output).toMatchObject([{ content: [{ text: 'Green tea', logprobs: wanted }] }])
    expect(await shop.settled()).toMatchObject({ chargeRule: 'reported', cost: costOfTokens(9, 2) })
    await shop.requireBooks()
  })

  it('are named as lost where the vendor has none', async () => {
    const asked = await sdk.chat.completions.create({ model: 'claude', messages: [{ role: 'user', content: 'Tea?' }], logprobs: true, top_logprobs: 1 }).withResponse()
    expect(asked.response.headers.get('x-vapor-converted')).toBe('openai-chat>anthropic; dropped=logprobs,top_logprobs')
    expect(asked.data.choices[0]!.logprobs).toBeNull()
  })
})

describe('a turn the upstream only paused', () => {
  it('is not told as a whole answer', async () => {
    const messages = [{ role: 'user' as const, content: 'Tea?' }]
    const whole = await sdk.chat.completions.create({ model: 'claude', messages })
    expect(whole.choices[0]).toMatchObject({ finish_reason: 'length', message: { content: 'Let me look' } })
    expect(await shop.settled()).toMatchObject({ chargeRule: 'reported', cost: costOfTokens(9, 4) })

    const response = await sdk.responses.create({ model: 'claude', input: 'Tea?' })
    expect(response).toMatchObject({ status: 'incomplete', incomplete_details: { reason: 'max_output_tokens' } })
    let finish: string | null = null
    for await (const chunk of await sdk.chat.completions.create({ model: 'claude', messages, stream: true })) finish = chunk.choices[0]?.finish_reason ?? finish
    expect(finish).toBe('length')
    expect(await shop.settled()).toMatchObject({ chargeRule: 'reported', cost: costOfTokens(9, 4) })
    await shop.requireBooks()
  })
})
