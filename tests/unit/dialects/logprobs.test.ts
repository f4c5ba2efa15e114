import { describe, expect, it } from 'vitest'
import type { ClientRequest, Dialect } from '#server/dialects/dialect'
import { dialectOf } from '#server/dialects/index'
import { createSseDecoder } from '#server/dialects/sse'
import type { AnswerContext, NeutralRequest, TokenLogprob } from '#server/dialects/neutral'
import type { DialectId } from '#shared/schemas/channel'

type Told = Extract<DialectId, 'openai-chat' | 'openai-responses' | 'gemini'>
const told: Told[] = ['openai-chat', 'openai-responses', 'gemini']
const pairs = told.flatMap(client => told.filter(id => id !== client).map(upstream => ({ client, upstream })))

/** Two tokens, the likeliest two at each place. */
const tokens: TokenLogprob[] = [
  { token: 'Grüße', logprob: -0.25, top: [{ token: 'Grüße', logprob: -0.25 }, { token: 'Hi', logprob: -1.5 }] },
  { token: ', du', logprob: 0, top: [{ token: ', du', logprob: 0 }, { token: '!', logprob: -9 }] },
]

function call(id: DialectId, body: unknown, stream = false): { request: ClientRequest, neutral: NeutralRequest } {
  const dialect = dialectOf(id)
  const path = `/v1beta/models/m:${stream ? 'streamGenerateContent' : 'generateContent'}`
  const request = dialect.readRequest(Buffer.from(JSON.stringify(body)), { path, query: new URLSearchParams('alt=sse'), headers: {} })
  return { request, neutral: dialect.readNeutralRequest(request) }
}

const asked: Record<Told, (top: number) => unknown> = {
  'openai-chat': top => ({ model: 'm', messages: [{ role: 'user', content: 'Tea?' }], logprobs: true, top_logprobs: top }),
  'openai-responses': top => ({ model: 'm', input: 'Tea?', include: ['message.output_text.logprobs'], top_logprobs: top }),
  'gemini': top => ({ contents: [{ role: 'user', parts: [{ text: 'Tea?' }] }], generationConfig: { responseLogprobs: true, logprobs: top } }),
}
const wished: Record<Told, (body: Record<string, unknown>) => unknown> = {
  'openai-chat': body => [body.logprobs, body.top_logprobs],
  'openai-responses': body => [(body.include as string[]).includes('message.output_text.logprobs'), body.top_logprobs],
  'gemini': (body) => {
    const { responseLogprobs, logprobs } = body.generationConfig as { responseLogprobs: boolean, logprobs: number }
    return [responseLogprobs, logprobs]
  },
}

const contextOf = (request: NeutralRequest): AnswerContext => ({ requestId: 'req_1', model: 'm', created: 1, wantsUsage: true, request })

describe.each(pairs)('$client asks an upstream of $upstream for probabilities', ({ client, upstream }) => {
  const { request, neutral } = call(client, asked[client](2))

  it('in its words, at most twenty', () => {
    const written = dialectOf(upstream).writeNeutralRequest(neutral, { model: 'm' })
    expect(wished[upstream](written.body)).toEqual([true, 2])
    expect(written.dropped).toEqual([])
    const many = dialectOf(upstream).writeNeutralRequest(call(client, asked[client](50)).neutral, { model: 'm' })
    expect(wished[upstream](many.body)).toEqual([true, 20])
    expect(many.dropped).toContain('top_logprobs')
  })

  it('and gets them beside the whole text', () => {
    const wire = dialectOf(upstream).writeNeutralReply(answer(tokens), contextOf(neutral))
    const read = dialectOf(upstream).readNeutralReply(Buffer.from(wire))
    expect(read.choices[0]!.blocks).toMatchObject([{ type: 'text', text: 'Grüße, du', logprobs: tokens }])
    const back = dialectOf(client).readNeutralReply(Buffer.from(dialectOf(client).writeNeutralReply(read, contextOf(neutral))))
    expect(back.choices[0]!.blocks).toMatchObject([{ type: 'text', logprobs: tokens }])
  })

  it('and each beside the piece of a stream it belongs to', () => {
    const sent = through(dialectOf(upstream), write(dialectOf(upstream), streamOf(tokens), request, neutral))
    const deltas = sent.filter(event => event.type === 'block-delta')
    expect(deltas).toMatchObject([{ text: 'Grüße', logprobs: [tokens[0]] }, { text: ', du', logprobs: [tokens[1]] }])
    const heard = through(dialectOf(client), write(dialectOf(client), sent, request, neutral))
    expect(heard.flatMap(event => event.type === 'block-delta' ? event.logprobs ?? [] : [])).toMatchObject(tokens)
  })
})

const answer = (logprobs: TokenLogprob[]) => ({ id: 'x', model: 'm', usage: { input: 1, output: 2 }, choices: [{ blocks: [{ type: 'text' as const, text: 'Grüße, du', logprobs }], finish: 'stop' as const, stopSequence: undefined }] })
type Events = ReturnType<ReturnType<Dialect['createStreamReader']>['read']>

const streamOf = (list: TokenLogprob[]): Events => [
  { type: 'start', id: 'x', model: 'm' },
  { type: 'block-start', index: 0, kind: 'text' },
  ...list.map(token => ({ type: 'block-delta' as const, index: 0, text: token.token, logprobs: [token] })),
  { type: 'block-end', index: 0 },
  { type: 'usage', usage: { input: 1, output: 2 } },
  { type: 'finish', finish: 'stop', stopSequence: undefined },
]

function write(dialect: Dialect, events: Events, request: ClientRequest, neutral: NeutralRequest): Buffer {
  const writer = dialect.createStreamWriter({ ...request, wantsUsage: true, jsonArray: false }, contextOf(neutral))
  return Buffer.concat([...events.map(event => writer.write(event)), writer.end()])
}

function through(dialect: Dialect, bytes: Buffer): Events {
  const decoder = createSseDecoder()
  const reader = dialect.createStreamReader()
  const events = [...decoder.push(bytes), ...decoder.end()].flatMap(frame => frame.data === undefined || frame.data === '[DONE]' ? [] : reader.read(frame.data))
  return [...events, ...reader.end()]
}

describe('who has none', () => {
  it.each(told)('Anthropic: %s is told that they were dropped', (client) => {
    const written = dialectOf('anthropic').writeNeutralRequest(call(client, asked[client](2)).neutral, { model: 'claude-sonnet-4-5' })
    expect(written.dropped).toEqual(['logprobs', 'top_logprobs'])
  })

  it('models that always think, which refuse the fields', () => {
    for (const upstream of ['openai-chat', 'openai-responses'] as const) {
      const written = dialectOf(upstream).writeNeutralRequest(call('gemini', asked.gemini(2)).neutral, { model: 'o3' })
      expect(written.body).not.toHaveProperty('top_logprobs')
      expect(written.body.logprobs ?? written.body.include).not.toEqual(expect.arrayContaining(['message.output_text.logprobs']))
      expect(written.dropped).toContain('logprobs')
    }
  })

  it('nobody asks for, nobody gets', () => {
    const { neutral, request } = call('openai-chat', { model: 'm', messages: [{ role: 'user', content: 'Tea?' }] })
    const whole = JSON.parse(Buffer.from(dialectOf('openai-chat').writeNeutralReply(answer([]), contextOf(neutral))).toString()) as { choices: { logprobs: unknown }[] }
    expect(whole.choices[0]!.logprobs).toBeNull()
    expect(write(dialectOf('openai-chat'), streamOf([]), request, neutral).toString()).not.toContain('"content":[')
  })
})

it('a token that is a part of a letter waits for it, with its bytes', () => {
  const part = (bytes: number[]) => ({ token: `\\x${bytes.map(byte => byte.toString(16)).join('\\x')}`, logprob: -1, bytes, top_logprobs: [] })
  const chunk = (content: string, tokens: unknown[]) => JSON.stringify({ id: 'c', model: 'm', choices: [{ index: 0, delta: { content }, logprobs: { content: tokens }, finish_reason: null }] })
  const reader = dialectOf('openai-chat').createStreamReader()
  const events = [...reader.read(chunk('', [part([0xE8, 0x8C])])), ...reader.read(chunk('茶', [part([0xB6])]))]
  const deltas = events.filter(event => event.type === 'block-delta')
  expect(deltas).toMatchObject([{ text: '茶', logprobs: [{ bytes: [0xE8, 0x8C] }, { bytes: [0xB6] }] }])
})
