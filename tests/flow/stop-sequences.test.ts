import { countTokens } from 'gpt-tokenizer/encoding/o200k_base'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import type { DialectId } from '#shared/schemas/channel'
import { countsOfRequest } from '../../sandbox/index.ts'
import { costOf, openDialectShop } from '../support/dialect-shop'
import type { Shop } from '../support/shop'

/** Stop sequences the channel's dialect has no room for: the shop ends the answer itself, tells the upstream, and charges what was made. */
let shop: Shop
/** Says `tick tick tick …`, a word each 20 ms, for ten seconds. */
const PACED = 'sandbox-paced-20-500'
const SHORT = 'sandbox-paced-0-12'
/** Begins in the middle of a word, and in its own middle again. */
const STOP = 'k tick tick t'

beforeAll(async () => { shop = await openDialectShop([PACED, SHORT]) })
beforeEach(() => shop.sandbox.upstream.clear())
afterAll(() => shop.close())

type Fields = Record<string, unknown>
type Client = 'openai-chat' | 'anthropic' | 'gemini'

const message = { role: 'user', content: 'Tea?' }
const calls: Record<Client, (model: string, stream: boolean, stops: string[]) => { path: string, body: Fields }> = {
  'openai-chat': (model, stream, stop) => ({ path: '/v1/chat/completions', body: { model, stream, stop, messages: [message], ...(stream ? { stream_options: { include_usage: true } } : {}) } }),
  'anthropic': (model, stream, stops) => ({ path: '/v1/messages', body: { model, stream, stop_sequences: stops, max_tokens: 2000, messages: [message] } }),
  'gemini': (model, stream, stopSequences) => ({ path: `/v1beta/models/${model}:${stream ? 'streamGenerateContent?alt=sse' : 'generateContent'}`, body: { contents: [{ role: 'user', parts: [{ text: 'Tea?' }] }], generationConfig: { stopSequences } } }),
}

async function ask(client: Client, channel: DialectId, scenario: string, stream: boolean, stops: string[]): Promise<Fields[]> {
  const { path, body } = calls[client](`${channel}.${scenario}`, stream, stops)
  const response = await fetch(shop.url + path, { method: 'POST', headers: { 'authorization': `Bearer ${shop.key}`, 'content-type': 'application/json' }, body: JSON.stringify(body) })
  expect(response.status).toBe(200)
  expect(response.headers.get('x-vapor-converted')).toBe(`${client}>${channel}`)
  const text = await response.text()
  return stream ? text.split(/\r?\n/).filter(line => line.startsWith('data: {')).map(line => JSON.parse(line.slice(6)) as Fields) : [JSON.parse(text) as Fields]
}

/** What each client reads of an answer: its words, how it ended, what it used. */
const heard: Record<Client, (frames: Fields[]) => { text: string, ended: unknown, usage: { input: number, output: number } }> = {
  'openai-chat': (frames) => {
    const choices = frames.flatMap(frame => frame.choices as { delta?: { content?: string }, message?: { content?: string }, finish_reason: string | null }[])
    const usage = frames.findLast(frame => frame.usage)!.usage as { prompt_tokens: number, completion_tokens: number }
    return { text: choices.map(choice => choice.delta?.content ?? choice.message?.content ?? '').join(''), ended: choices.findLast(choice => choice.finish_reason)?.finish_reason, usage: { input: usage.prompt_tokens, output: usage.completion_tokens } }
  },
  'anthropic': (frames) => {
    const end = (frames.length === 1 ? { ...frames[0], delta: frames[0] } : frames.find(frame => frame.type === 'message_delta')) as { delta: { stop_reason: string, stop_sequence: string }, usage: { input_tokens: number, output_tokens: number } }
    const deltas = frames.length === 1 ? frames[0]!.content as { text?: string }[] : frames.flatMap(frame => frame.type === 'content_block_delta' ? [frame.delta as { text?: string }] : [])
    return { text: deltas.map(delta => delta.text ?? '').join(''), ended: [end.delta.stop_reason, end.delta.stop_sequence], usage: { input: end.usage.input_tokens, output: end.usage.output_tokens } }
  },
  'gemini': (frames) => {
    const candidates = frames.flatMap(frame => frame.candidates as { content: { parts: { text: string }[] }, finishReason?: string }[])
    const usage = frames.at(-1)!.usageMetadata as { promptTokenCount: number, candidatesTokenCount: number }
    return { text: candidates.flatMap(({ content }) => content.parts.map(part => part.text)).join(''), ended: candidates.at(-1)?.finishReason, usage: { input: usage.promptTokenCount, output: usage.candidatesTokenCount } }
  },
}
const ENDED: Record<Client, unknown> = { 'openai-chat': 'stop', 'anthropic': ['stop_sequence', STOP], 'gemini': 'STOP' }
const clients: Client[] = ['openai-chat', 'anthropic', 'gemini']

describe.each(clients)('a stop of %s on a channel without any', (client) => {
  it('ends the stream, aborts the upstream, and costs what was made until then', async () => {
    const answer = heard[client](await ask(client, 'openai-responses', PACED, true, [STOP]))
    expect(answer).toMatchObject({ text: 'tic', ended: ENDED[client] })
    const record = await shop.settled()
    expect(record).toMatchObject({ status: 200, endReason: 'completed', chargeRule: 'counted', error: null, converted: `${client}>openai-responses` })
    // The input as it is counted everywhere: 4 for the message, 3 for the call. The output: the words until the fourth, and those that came while we left.
    expect(record.usage.input).toBe(countTokens('Tea?') + 7)
    expect(record.usage.output).toBeGreaterThanOrEqual(countTokens('tick tick tick tick'))
    expect(record.usage.output).toBeLessThan(50)
    expect(record.cost).toBe(record.usage.input! * 1_000 + record.usage.output! * 2_000)
    expect(answer.usage).toEqual({ input: record.usage.input, output: record.usage.output })
    const [sent, ...more] = shop.sandbox.upstream.requests()
    expect(more).toEqual([])
    await expect.poll(() => sent!.closed).toBe('aborted')
    await shop.requireBooks()
  })

  it('ends a whole answer, which was made to its end and is charged as reported', async () => {
    const answer = heard[client](await ask(client, 'openai-responses', SHORT, false, [STOP]))
    expect(answer).toMatchObject({ text: 'tic', ended: ENDED[client] })
    const counts = countsOfRequest(shop.sandbox.upstream.requests()[0]!)
    expect(await shop.settled()).toMatchObject({ chargeRule: 'reported', cost: costOf(counts) })
    expect(answer.usage).toEqual({ input: counts.input, output: counts.output })
    await shop.requireBooks()
  })

  it('that never comes changes nothing', async () => {
    const answer = heard[client](await ask(client, 'openai-responses', SHORT, true, ['tick tock']))
    expect(answer).toMatchObject({ text: Array.from({ length: 12 }, () => 'tick').join(' '), ended: client === 'anthropic' ? ['end_turn', null] : ENDED[client] })
    expect(await shop.settled()).toMatchObject({ chargeRule: 'reported', cost: costOf(countsOfRequest(shop.sandbox.upstream.requests()[0]!)) })
  })
})

describe('a channel that takes some', () => {
  it('gets as many as it takes; the shop looks for the others', async () => {
    const stops = ['one', 'two', 'three', 'four', 'five', STOP]
    const rows: { client: Client, channel: DialectId, sent: (body: Fields) => unknown, taken: string[] }[] = [
      { client: 'anthropic', channel: 'openai-chat', sent: body => body.stop, taken: stops.slice(0, 4) },
      { client: 'anthropic', channel: 'gemini', sent: body => (body.generationConfig as Fields).stopSequences, taken: stops.slice(0, 5) },
    ]
    for (const { client, channel, sent, taken } of rows) {
      shop.sandbox.upstream.clear()
      const answer = heard[client](await ask(client, channel, PACED, true, stops))
      expect(answer).toMatchObject({ text: 'tic', ended: ENDED[client] })
      const [request] = shop.sandbox.upstream.requests()
      expect(sent(JSON.parse(request!.body.toString('utf8')) as Fields)).toEqual(taken)
      await expect.poll(() => request!.closed).toBe('aborted')
      // Gemini says its numbers in every chunk, so they are known when we leave.
      expect(await shop.settled()).toMatchObject({ endReason: 'completed', chargeRule: channel === 'gemini' ? 'reported_partial' : 'counted' })
      expect(answer.usage.output).toBeLessThan(50)
    }
    await shop.requireBooks()
  })

  it('is not sent white space where the vendor refuses it', async () => {
    const answer = heard['openai-chat'](await ask('openai-chat', 'anthropic', PACED, true, [' ', 'never']))
    expect(answer).toMatchObject({ text: 'tick', ended: 'stop' })
    expect(JSON.parse(shop.sandbox.upstream.requests()[0]!.body.toString('utf8'))).toMatchObject({ stop_sequences: ['never'] })
    const record = await shop.settled()
    // Anthropic says the input first; the output is what the delivered bytes amount to.
    expect(record).toMatchObject({ chargeRule: 'reported_partial', endReason: 'completed', cost: record.usage.input! * 1_000 + record.usage.output! * 2_000 })
    await shop.requireBooks()
  })
})
