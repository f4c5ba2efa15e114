import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { dialectIds } from '#shared/schemas/channel'
import type { DialectId } from '#shared/schemas/channel'
import { countsOfRequest } from '../../sandbox/index.ts'
import { costOf, openDialectShop } from '../support/dialect-shop'
import type { Shop } from '../support/shop'

/** Fields that mean the same in all dialects and stand elsewhere in each, and those that cannot be carried. */
let shop: Shop
const MODEL = 'sandbox-text'

beforeAll(async () => { shop = await openDialectShop([MODEL]) })
afterAll(() => shop.close())

type Fields = Record<string, unknown>

const paths: Record<DialectId, (model: string) => string> = {
  'openai-chat': () => '/v1/chat/completions',
  'openai-responses': () => '/v1/responses',
  'anthropic': () => '/v1/messages',
  'gemini': model => `/v1beta/models/${model}:generateContent`,
}

async function send(client: DialectId, channel: DialectId, fields: Fields): Promise<{ response: Response, reply: Fields, sent: Fields, text: string }> {
  shop.sandbox.upstream.clear()
  const model = `${channel}.${MODEL}`
  const response = await fetch(shop.url + paths[client](model), {
    method: 'POST',
    headers: { 'authorization': `Bearer ${shop.key}`, 'content-type': 'application/json', 'anthropic-version': '2023-06-01' },
    body: JSON.stringify(client === 'gemini' ? fields : { model, ...fields }),
  })
  const reply = await response.json() as Fields
  const text = shop.sandbox.upstream.requests().at(-1)?.body.toString('utf8') ?? '{}'
  return { response, reply, sent: JSON.parse(text) as Fields, text }
}

const pairs = dialectIds.flatMap(client => dialectIds.map(channel => ({ client, channel })))
const foreign = pairs.filter(({ client, channel }) => client !== channel)

/** A greeting with whatever fields of the client's own dialect. */
const plain: Record<DialectId, Fields> = {
  'openai-chat': { messages: [{ role: 'user', content: 'Tea?' }] },
  'openai-responses': { input: 'Tea?' },
  'anthropic': { max_tokens: 500, messages: [{ role: 'user', content: 'Tea?' }] },
  'gemini': { contents: [{ role: 'user', parts: [{ text: 'Tea?' }] }] },
}

/** Instructions before everything, and once more in the middle; Anthropic and Gemini have a place for the first alone. */
const instructed: Record<DialectId, Fields> = {
  'openai-chat': {
    messages: [
      { role: 'system', content: 'LEADING-ONE' }, { role: 'developer', content: 'LEADING-TWO' }, { role: 'user', content: 'Tea?' },
      { role: 'assistant', content: 'Yes.' }, { role: 'system', content: 'MIDDLE' }, { role: 'user', content: 'Which?' },
    ],
  },
  'openai-responses': {
    instructions: 'LEADING-ONE',
    input: [
      { role: 'developer', content: 'LEADING-TWO' }, { role: 'user', content: 'Tea?' }, { role: 'assistant', content: 'Yes.' },
      { role: 'system', content: 'MIDDLE' }, { role: 'user', content: 'Which?' },
    ],
  },
  'anthropic': {
    max_tokens: 500,
    system: [{ type: 'text', text: 'LEADING-ONE' }, { type: 'text', text: 'LEADING-TWO' }],
    messages: [{ role: 'user', content: 'Tea?' }, { role: 'assistant', content: 'Yes.' }, { role: 'system', content: 'MIDDLE' }, { role: 'user', content: 'Which?' }],
  },
  'gemini': {
    systemInstruction: { parts: [{ text: 'LEADING-ONE' }, { text: 'LEADING-TWO' }] },
    contents: [{ role: 'user', parts: [{ text: 'Tea?' }] }, { role: 'model', parts: [{ text: 'Yes.' }] }, { role: 'user', parts: [{ text: 'MIDDLE' }, { text: 'Which?' }] }],
  },
}

/** The fields of the upstream's dialect that stand before its messages. */
const leadingOf: Record<DialectId, (body: Fields) => unknown> = {
  'openai-chat': ({ messages }) => (messages as Fields[])[0],
  'openai-responses': ({ instructions }) => instructions,
  'anthropic': ({ system }) => system,
  'gemini': ({ systemInstruction }) => systemInstruction,
}

describe.each(pairs)('instructions of $client on a $channel channel', ({ client, channel }) => {
  // The vendor's model of the sandbox refuses the role, and bytes pass where both speak one dialect.
  const isRefused = client === 'anthropic' && channel === 'anthropic'

  it.skipIf(isRefused)('keep their places', async () => {
    const { response, sent, text } = await send(client, channel, instructed[client])
    expect(response.status, JSON.stringify(sent)).toBe(200)
    const order = ['LEADING-ONE', 'LEADING-TWO', 'Tea?', 'Yes.', 'MIDDLE', 'Which?']
    const behind = channel === 'openai-chat' || client === channel ? order : order.slice(2)
    expect(behind.map(word => text.indexOf(word))).toEqual(behind.map(word => text.indexOf(word)).toSorted((a, b) => a - b))
    for (const word of order) expect(text.split(word)).toHaveLength(2)
    if (client !== channel) {
      expect(JSON.stringify(leadingOf[channel](sent))).toMatch(/LEADING-ONE.*LEADING-TWO/)
      expect(JSON.stringify(leadingOf[channel](sent))).not.toContain('MIDDLE')
    }
    expect(await shop.settled()).toMatchObject({ cost: costOf(countsOfRequest(shop.sandbox.upstream.requests().at(-1)!)) })
  })

  it('alone are a question', async () => {
    const alone: Record<DialectId, Fields | undefined> = {
      'openai-chat': { messages: [{ role: 'system', content: 'Say hello.' }] },
      'openai-responses': { input: [{ role: 'developer', content: 'Say hello.' }] },
      'anthropic': undefined,
      'gemini': undefined,
    }
    const fields = alone[client]
    if (!fields) return
    const { response, text } = await send(client, channel, fields)
    expect(response.status, text).toBe(200)
    expect(text).toContain('Say hello.')
  })
})

/** Words that end an answer; Responses has none on either side. */
const stops: Record<DialectId, Fields> = {
  'openai-chat': { stop: ['STEEP', 'POUR'] },
  'openai-responses': {},
  'anthropic': { stop_sequences: ['STEEP', 'POUR'] },
  'gemini': { generationConfig: { stopSequences: ['STEEP', 'POUR'] } },
}
const stopsOf: Record<DialectId, (body: Fields) => unknown> = {
  'openai-chat': ({ stop }) => stop,
  'openai-responses': () => undefined,
  'anthropic': ({ stop_sequences: words }) => words,
  'gemini': ({ generationConfig: config }) => (config as Fields | undefined)?.stopSequences,
}
const hot: Record<DialectId, Fields> = {
  'openai-chat': { temperature: 2 },
  'openai-responses': { temperature: 2 },
  'anthropic': { temperature: 1 },
  'gemini': { generationConfig: { temperature: 2 } },
}

const namesOf = (response: Response): string[] => (/dropped=(.*)$/.exec(response.headers.get('x-vapor-converted') ?? '')?.[1] ?? '').split(',').filter(Boolean)

describe.each(foreign)('sampling of $client on a $channel channel', ({ client, channel }) => {
  it('stops at the same words, which the shop looks for where the vendor does not', async () => {
    const { response, sent } = await send(client, channel, { ...plain[client], ...stops[client] })
    expect(response.status).toBe(200)
    const cannot = client === 'openai-responses' || channel === 'openai-responses'
    expect(stopsOf[channel](sent)).toEqual(cannot ? undefined : ['STEEP', 'POUR'])
    expect(namesOf(response)).toEqual([])
  })

  it('needs no limit, and has one where the vendor demands it', async () => {
    const { max_tokens: _, ...unlimited } = plain[client]
    if (client === 'anthropic') return
    const { response, sent } = await send(client, channel, unlimited)
    expect(response.status).toBe(200)
    const limits = [sent.max_tokens, sent.max_completion_tokens, sent.max_output_tokens, (sent.generationConfig as Fields | undefined)?.maxOutputTokens]
    expect(limits.filter(limit => limit !== undefined)).toEqual(channel === 'anthropic' ? [32_000] : [])
  })

  it('keeps its temperature, cut to what the vendor takes', async () => {
    const { response, sent } = await send(client, channel, { ...plain[client], ...hot[client] })
    expect(response.status).toBe(200)
    const wished = client === 'anthropic' ? 1 : 2
    const temperature = channel === 'gemini' ? (sent.generationConfig as Fields).temperature : sent.temperature
    expect(temperature).toBe(channel === 'anthropic' ? 1 : wished)
    expect(namesOf(response)).toEqual(channel === 'anthropic' && wished === 2 ? ['temperature'] : [])
  })
})

it('an Anthropic client without max_tokens is told what its vendor says', async () => {
  for (const channel of dialectIds) {
    const { response, reply } = await send('anthropic', channel, { messages: plain.anthropic.messages })
    expect(response.status).toBe(400)
    expect(reply).toMatchObject({ type: 'error', error: { type: 'invalid_request_error', message: expect.stringContaining('max_tokens') as string } })
  }
})

const SOUND = { type: 'input_audio', input_audio: { data: 'UklGRg==', format: 'wav' } }
const video = (mimeType: string): Fields => ({ contents: [{ role: 'user', parts: [{ text: 'Look' }, { inlineData: { mimeType, data: 'AAAA' } }] }] })
const chatParts = (part: Fields): Fields => ({ messages: [{ role: 'user', content: [{ type: 'text', text: 'Look' }, part] }] })
const inputParts = (part: Fields): Fields => ({ input: [{ role: 'user', content: [{ type: 'input_text', text: 'Look' }, part] }] })
const others = (client: DialectId): DialectId[] => dialectIds.filter(id => id !== client)

/** What is asked for, by whom, and the channels that cannot carry it; the error names the field. */
const uncarried: { what: string, client: DialectId, channels: DialectId[], fields: Fields, field: string }[] = [
  { what: 'several answers', client: 'openai-chat', channels: others('openai-chat'), fields: { ...plain['openai-chat'], n: 2 }, field: 'n' },
  { what: 'several answers', client: 'gemini', channels: others('gemini'), fields: { ...plain.gemini, generationConfig: { candidateCount: 2 } }, field: 'n' },
  { what: 'sound', client: 'openai-chat', channels: ['anthropic'], fields: chatParts(SOUND), field: 'messages' },
  { what: 'sound', client: 'openai-chat', channels: ['openai-responses'], fields: chatParts(SOUND), field: 'audio' },
  { what: 'sound', client: 'openai-responses', channels: ['anthropic'], fields: inputParts(SOUND), field: 'messages' },
  { what: 'sound', client: 'gemini', channels: ['anthropic'], fields: video('audio/wav'), field: 'messages' },
  { what: 'sound that is neither wav nor mp3', client: 'gemini', channels: ['openai-chat', 'openai-responses'], fields: video('audio/ogg'), field: '' },
  { what: 'video', client: 'gemini', channels: others('gemini'), fields: video('video/mp4'), field: '' },
  { what: 'a picture of a kind nobody reads', client: 'openai-chat', channels: ['anthropic'], fields: chatParts({ type: 'image_url', image_url: { url: 'data:image/bmp;base64,Qk0=' } }), field: 'messages' },
  { what: 'a document by its address', client: 'anthropic', channels: ['openai-chat'], fields: { max_tokens: 500, messages: [{ role: 'user', content: [{ type: 'document', source: { type: 'url', url: 'https://example.com/tea.pdf' } }] }] }, field: 'messages.content' },
  { what: 'sound in the answer', client: 'openai-chat', channels: others('openai-chat'), fields: { ...plain['openai-chat'], modalities: ['text', 'audio'], audio: { voice: 'alloy', format: 'wav' } }, field: 'modalities' },
  { what: 'pictures in the answer', client: 'gemini', channels: others('gemini'), fields: { ...plain.gemini, generationConfig: { responseModalities: ['TEXT', 'IMAGE'] } }, field: '' },
  { what: 'custom tools', client: 'openai-chat', channels: others('openai-chat'), fields: { ...plain['openai-chat'], tools: [{ type: 'custom', custom: { name: 'pour' } }] }, field: 'tools.0.type' },
  { what: 'tools of one vendor', client: 'openai-responses', channels: others('openai-responses'), fields: { ...plain['openai-responses'], tools: [{ type: 'local_shell' }] }, field: 'tools.local_shell' },
  { what: 'an enumeration as the answer', client: 'gemini', channels: others('gemini'), fields: { ...plain.gemini, generationConfig: { responseMimeType: 'text/x.enum', responseSchema: { type: 'STRING', enum: ['tea'] } } }, field: 'responseMimeType' },
]

const shapes: Record<DialectId, (message: string) => Fields> = {
  'openai-chat': message => ({ error: { message, type: 'invalid_request_error' } }),
  'openai-responses': message => ({ error: { message, type: 'invalid_request_error' } }),
  'anthropic': message => ({ type: 'error', error: { type: 'invalid_request_error', message } }),
  'gemini': message => ({ error: { code: 400, message, status: 'INVALID_ARGUMENT' } }),
}

describe('what cannot be carried is refused in the words of the client, before anybody is asked or paid', () => {
  it.each(uncarried.flatMap(({ channels, ...row }) => channels.map(channel => ({ ...row, channel }))))('$what: $client on a $channel channel', async ({ client, channel, fields, field }) => {
    const before = await shop.ledger.balance(shop.user)
    const { response, reply } = await send(client, channel, fields)
    expect(response.status, JSON.stringify(reply)).toBe(400)
    expect(reply).toMatchObject(shapes[client](expect.stringContaining(field) as unknown as string))
    expect(shop.sandbox.upstream.requests()).toEqual([])
    expect(await shop.ledger.balance(shop.user)).toEqual(before)
  })
})
