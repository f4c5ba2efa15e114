/** Everything beside the conversation, through the same relay: bytes unharmed both ways, money to the nano. */
import OpenAI, { toFile } from 'openai'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { Prices } from '#shared/schemas/price'
import { CREDENTIAL, sha256, SOUND, startEndpointsUpstream } from '../support/endpoints-upstream'
import type { EndpointsUpstream } from '../support/endpoints-upstream'
import { openShop } from '../support/shop'
import type { Shop } from '../support/shop'

const START = 1_000_000_000

let shop: Shop
let upstream: EndpointsUpstream

beforeEach(async () => {
  upstream = await startEndpointsUpstream()
  shop = await openShop({ available: START })
  await shop.addChannel('endpoints', { baseUrl: upstream.baseUrl, credentials: [CREDENTIAL] })
})
afterEach(async () => {
  await shop.close()
  await upstream.close()
})

/** 1 and 2 credits per million tokens: 1,000 and 2,000 nano each. */
const tokens: Prices = { input: '1', output: '2' }
/** Nothing for tokens, so many nano for each unit of the others. */
const free = (other: Partial<Prices>): Prices => ({ input: '0', output: '0', ...other })

const sell = (name: string, prices: Prices, upstreamModel = `up-${name}`) => shop.sell(upstreamModel, { name, prices, routes: [{ channel: 'endpoints', upstream: upstreamModel }] })

function post(path: string, body: unknown, headers: Record<string, string> = {}): Promise<Response> {
  return fetch(`${shop.url}/v1${path}`, { method: 'POST', headers: { 'authorization': `Bearer ${shop.key}`, 'content-type': 'application/json', ...headers }, body: body instanceof Uint8Array ? new Uint8Array(body) : JSON.stringify(body) })
}

const errorOf = async (response: Response) => (await response.json() as { error: { code: string, message: string } }).error

async function requireCharged(cost: number): Promise<void> {
  expect(await shop.settled()).toMatchObject({ cost, status: 200, endReason: 'completed' })
  expect(await shop.ledger.balance(shop.user)).toEqual({ available: START - cost, held: 0, open: 0 })
  await shop.requireBooks()
}

const BOUNDARY = '----vapor7MA4YWxk'

/** A form written by hand, so that its bytes are known: fields first or last, a file with every byte there is. */
function form(fields: [string, string][], files: [name: string, filename: string, data: Uint8Array][]): Buffer {
  const parts = [
    ...files.map(([name, filename, data]) => [`Content-Disposition: form-data; name="${name}"; filename="${filename}"\r\nContent-Type: application/octet-stream`, data] as const),
    ...fields.map(([name, value]) => [`Content-Disposition: form-data; name="${name}"`, Buffer.from(value)] as const),
  ]
  return Buffer.concat([...parts.flatMap(([headers, data]) => [Buffer.from(`--${BOUNDARY}\r\n${headers}\r\n\r\n`), data, Buffer.from('\r\n')]), Buffer.from(`--${BOUNDARY}--\r\n`)])
}

const postForm = (path: string, body: Uint8Array) => post(path, body, { 'content-type': `multipart/form-data; boundary=${BOUNDARY}` })

describe('text beside the conversation', () => {
  it('completes legacy prompts, whole', async () => {
    const model = await sell('legacy', tokens)
    const response = await post('/completions', { model, prompt: 'Tell', max_tokens: 20, store: true, user: 'u' })
    expect(await response.json()).toMatchObject({ object: 'text_completion', choices: [{ text: 'Once upon a time' }] })
    expect(response.headers.get('x-vapor-cost')).toBe('0.000013')
    expect(JSON.parse(upstream.seen[0]!.body.toString('utf8'))).toEqual({ model: 'up-legacy', prompt: 'Tell', max_tokens: 20, user: 'u' })
    await requireCharged(7 * 1000 + 3 * 2000)
  })

  it('completes legacy prompts, streamed, with usage asked for and hidden', async () => {
    const model = await sell('legacy', tokens)
    const text = await (await post('/completions', { model, prompt: 'Tell', stream: true })).text()
    expect(text).toContain('"text":" a time"')
    expect(text).not.toContain('"usage"')
    expect(text.endsWith('data: [DONE]\n\n')).toBe(true)
    expect(upstream.seen[0]!.path).toBe('/v1/completions')
    await requireCharged(7 * 1000 + 3 * 2000)
  })

  it.each([false, true])('charges what a vendor leaves out of the completion (stream: %s)', async (stream) => {
    await shop.channels.create({ id: 'vendor', name: 'vendor', dialect: 'openai-chat', vendor: 'xai', baseUrl: upstream.baseUrl, enabled: true, priority: 0, weight: 1, credentials: [CREDENTIAL] })
    const model = await shop.sell('thinks-outside', { prices: tokens, routes: [{ channel: 'vendor', upstream: 'thinks-outside' }] })
    await (await post('/completions', { model, prompt: 'Tell', stream })).text()
    await requireCharged(7 * 1000 + (3 + 15) * 2000)
  })

  it('counts legacy completions when nothing is reported', async () => {
    const model = await sell('legacy', tokens, 'silent')
    await (await post('/completions', { model, prompt: 'Tell me more' })).text()
    const record = await shop.settled()
    expect(record).toMatchObject({ chargeRule: 'counted', usage: { output: 4 } })
    expect(record.cost).toBe(record.usage.input! * 1000 + 4 * 2000)
  })

  it('embeds texts by reported tokens', async () => {
    const model = await sell('vectors', tokens)
    const response = await post('/embeddings', { model, input: ['tea', '茶'] })
    expect(await response.json()).toMatchObject({ data: [{ embedding: [0.1, -0.25] }] })
    await requireCharged(5 * 1000)
    expect(await shop.settled()).toMatchObject({ chargeRule: 'reported', usage: { input: 5, request: 1 } })
  })

  it('embeds tokens by their number when nothing is reported', async () => {
    const model = await sell('vectors', tokens, 'silent')
    await (await post('/embeddings', { model, input: [[1, 2, 3], [4]] })).text()
    await requireCharged(4 * 1000)
    expect(await shop.settled()).toMatchObject({ chargeRule: 'counted' })
  })

  it('moderates with the vendor\'s default model, which costs nothing', async () => {
    await sell('omni-moderation-latest', free({}), 'up-moderation')
    const response = await post('/moderations', { input: 'tea' })
    expect(await response.json()).toMatchObject({ results: [{ flagged: false }] })
    expect(JSON.parse(upstream.seen[0]!.body.toString('utf8'))).toEqual({ input: 'tea', model: 'up-moderation' })
    await requireCharged(0)
  })

  it.each([['ranker', 2], ['silent', 2]])('reranks by searches: %s', async (name, searches) => {
    const model = await sell('rank', free({ search: '2000' }), name)
    const documents = Array.from({ length: 101 }, (_, index) => `document ${index}`)
    const response = await post('/rerank', { model, query: 'tea', documents })
    expect((await response.json() as { results: unknown[] }).results).toHaveLength(101)
    await requireCharged(searches * 2_000_000)
    expect((await shop.settled()).chargeRule).toBe(name === 'silent' ? 'counted' : 'reported')
  })

  it('cuts an absurd number of searches to what the documents can be', async () => {
    const model = await sell('rank', free({ search: '2000' }), 'absurd')
    await (await post('/rerank', { model, query: 'tea', documents: ['a', 'b'] })).text()
    await requireCharged(2_000_000)
    expect(await shop.settled()).toMatchObject({ clamped: true })
  })
})

describe('pictures', () => {
  it('are charged one by one', async () => {
    const model = await sell('draw', free({ image: '40000' }), 'silent')
    const response = await post('/images/generations', { model, prompt: 'tea', n: 3, size: '1024x1024' })
    expect((await response.json() as { data: unknown[] }).data).toHaveLength(3)
    await requireCharged(3 * 40_000_000)
    expect(await shop.settled()).toMatchObject({ chargeRule: 'counted', usage: { image: 3, request: 1 }, hold: 3 * 40_000_000 })
  })

  it('are charged by reported tokens where those have the price', async () => {
    const model = await sell('draw', { ...tokens, image: '0' })
    await (await post('/images/generations', { model, prompt: 'tea' })).text()
    await requireCharged(12 * 1000 + 4160 * 2000)
    expect(await shop.settled()).toMatchObject({ chargeRule: 'reported', clamped: false })
  })

  it('stream as events, partial ones too', async () => {
    const model = await sell('draw', { ...tokens, image: '40000' })
    const text = await (await post('/images/generations', { model, prompt: 'tea', stream: true, partial_images: 1 })).text()
    expect(text.match(/"type":"[\w.]+"/g)).toEqual(['"type":"image_generation.partial_image"', '"type":"image_generation.completed"'])
    await requireCharged(12 * 1000 + 4160 * 2000 + 40_000_000)
  })

  it('are edited: the form arrives byte for byte, but for the model and what must not pass', async () => {
    const model = await sell('edit', free({ image: '40000' }))
    const sent = form([['model', model], ['prompt', '加一杯茶'], ['store', 'true'], ['n', '2']], [['image', 'tea "cup".png'.replaceAll('"', '%22'), SOUND]])
    const response = await postForm('/images/edits', sent)
    expect(await response.json()).toMatchObject({ sha256: sha256(SOUND) })
    const expected = form([['model', 'up-edit'], ['prompt', '加一杯茶'], ['n', '2']], [['image', 'tea %22cup%22.png', SOUND]])
    expect(upstream.seen[0]!.body.equals(expected)).toBe(true)
    await requireCharged(2 * 40_000_000)
  })
})

describe('sound', () => {
  it('is spoken by the character, and passes as the bytes it is', async () => {
    const model = await sell('voice', free({ characters: '15' }))
    const response = await post('/audio/speech', { model, input: '茶 🍵 tea', voice: 'alloy' })
    expect(response.headers.get('content-type')).toBe('audio/mpeg')
    expect(Buffer.from(await response.arrayBuffer()).equals(SOUND)).toBe(true)
    await requireCharged(7 * 15_000)
    expect(await shop.settled()).toMatchObject({ usage: { characters: 7 }, hold: 7 * 15_000 })
  })

  it('is spoken as events, by tokens where those have the price', async () => {
    const model = await sell('voice', { ...tokens, characters: '0' })
    const text = await (await post('/audio/speech', { model, input: 'tea', voice: 'alloy', stream_format: 'sse' })).text()
    expect(text).toContain('speech.audio.done')
    await requireCharged(4 * 1000 + 33 * 2000)
  })

  it('is not a page: nothing is charged', async () => {
    const model = await sell('voice', free({ characters: '15' }))
    expect((await errorOf(await post('/audio/speech', { model, input: 'tea', voice: 'page' }))).code).toBe('upstream_malformed')
    expect(await shop.ledger.balance(shop.user)).toEqual({ available: START, held: 0, open: 0 })
  })

  it.each([
    ['/audio/transcriptions', 'json', 'application/json', 7, 'reported'],
    ['/audio/transcriptions', 'verbose_json', 'application/json', 7, 'reported'],
    ['/audio/translations', 'verbose_json', 'application/json', 7, 'reported'],
    // 40,000 bytes at 16,000 a second.
    ['/audio/transcriptions', 'text', 'text/plain; charset=utf-8', 3, 'counted'],
    ['/audio/transcriptions', 'vtt', 'text/vtt', 3, 'counted'],
  ])('is written down by the second: %s as %s', async (path, format, type, seconds, chargeRule) => {
    const model = await sell('ear', free({ audioSeconds: '100' }))
    const file = Buffer.concat(Array.from({ length: 10 }, () => SOUND)).subarray(0, 40_000)
    const sent = form([['model', model], ['response_format', format]], [['file', 'tea.mp3', file]])
    const response = await postForm(path, sent)
    expect(response.headers.get('content-type')).toBe(type)
    expect(await response.text()).toContain(sha256(file))
    expect(upstream.seen[0]!.path).toBe(`/v1${path}`)
    expect(upstream.seen[0]!.body.equals(form([['model', 'up-ear'], ['response_format', format]], [['file', 'tea.mp3', file]]))).toBe(true)
    await requireCharged(seconds * 100_000)
    expect(await shop.settled()).toMatchObject({ chargeRule, hold: 10 * 100_000, usage: { audioSeconds: seconds } })
  })

  it('passes untouched when the names are the same', async () => {
    const model = await sell('same', free({ audioSeconds: '100' }), 'same')
    const sent = form([['model', model]], [['file', 'tea.mp3', SOUND]])
    await (await postForm('/audio/transcriptions', sent)).text()
    expect(upstream.seen[0]!.body.equals(sent)).toBe(true)
  })

  it('is written down as events, by tokens where those have the price', async () => {
    const model = await sell('ear', { ...tokens, audioInput: '6', audioSeconds: '0' }, 'tokens')
    const text = await (await postForm('/audio/transcriptions', form([['model', model], ['stream', 'true']], [['file', 'tea.mp3', SOUND]]))).text()
    expect(text).toContain('transcript.text.done')
    await requireCharged(4 * 1000 + 20 * 6000 + 9 * 2000)
    expect(await shop.settled()).toMatchObject({ chargeRule: 'reported', stream: true })
  })
})

describe('the vendor\'s own client', () => {
  it('is served at every endpoint', async () => {
    const model = await sell('all', { ...tokens, image: '1', characters: '1', audioSeconds: '1' })
    const client = new OpenAI({ baseURL: `${shop.url}/v1`, apiKey: shop.key, maxRetries: 0 })
    const file = await toFile(SOUND, '茶.mp3')
    expect((await client.embeddings.create({ model, input: 'tea', encoding_format: 'float' })).data[0]?.embedding).toEqual([0.1, -0.25])
    let text = ''
    for await (const chunk of await client.completions.create({ model, prompt: 'Tell', stream: true })) text += chunk.choices[0]?.text ?? ''
    expect(text).toBe('Once upon a time')
    expect((await client.moderations.create({ model, input: 'tea' })).results).toHaveLength(1)
    const drawn: string[] = []
    for await (const event of await client.images.generate({ model, prompt: 'tea', stream: true })) drawn.push(event.type)
    expect(drawn).toEqual(['image_generation.partial_image', 'image_generation.completed'])
    expect(await client.images.edit({ model, prompt: 'tea', image: file })).toMatchObject({ sha256: sha256(SOUND), name: '茶.mp3' })
    const spoken = await client.audio.speech.create({ model, input: 'tea', voice: 'alloy' })
    expect(Buffer.from(await spoken.arrayBuffer()).equals(SOUND)).toBe(true)
    let heard = ''
    for await (const event of await client.audio.transcriptions.create({ model, file, stream: true })) if (event.type === 'transcript.text.done') heard = event.text
    expect(heard).toContain(sha256(SOUND))
    expect((await client.audio.translations.create({ model, file })).text).toBe(heard)
    await shop.requireBooks()
  })
})

describe('what is not offered', () => {
  it.each([
    ['/images/generations', { prompt: 'tea' }],
    ['/audio/speech', { input: 'tea', voice: 'alloy' }],
    ['/rerank', { query: 'tea', documents: ['a'] }],
  ])('%s has a unit without a price: refused before anything is sent', async (path, body) => {
    const model = await sell('plain', tokens)
    const response = await post(path, { model, ...body })
    expect(response.status).toBe(400)
    expect(await errorOf(response)).toMatchObject({ code: 'unsupported_endpoint', message: expect.stringContaining(`/v1${path}`) })
    expect(upstream.seen).toEqual([])
  })

  it('skips channels of other dialects, and says so when none is left', async () => {
    await shop.addChannel('claude', { baseUrl: upstream.baseUrl, credentials: [CREDENTIAL], dialect: 'anthropic' })
    await shop.sell('only', { name: 'only', routes: [{ channel: 'claude', upstream: 'only' }] })
    await shop.sell('both', { name: 'both', routes: [{ channel: 'claude', upstream: 'x', priority: 9 }, { channel: 'endpoints', upstream: 'both' }] })
    expect((await errorOf(await post('/embeddings', { model: 'only', input: 'tea' }))).code).toBe('unsupported_endpoint')
    expect((await post('/embeddings', { model: 'both', input: 'tea' })).status).toBe(200)
    expect((await shop.settled()).attempts).toMatchObject([{ channel: 'endpoints', status: 200 }])
  })

  it('asks the next channel when one does not have the endpoint, and does not call it ill', async () => {
    await shop.addChannel('second', { baseUrl: upstream.baseUrl, credentials: [CREDENTIAL] })
    await shop.sell('two', { name: 'two', routes: [{ channel: 'endpoints', upstream: 'absent', priority: 9 }, { channel: 'second', upstream: 'here' }] })
    expect((await post('/embeddings', { model: 'two', input: 'tea' })).status).toBe(200)
    expect((await shop.settled()).attempts).toMatchObject([{ status: 404, error: 'unsupported_endpoint' }, { status: 200, error: null }])
    expect(shop.gateway.health.of('endpoints', 1).state).not.toBe('cooling')
  })

  it('says so when no channel has it, and speaks of the other failure when one has', async () => {
    const model = await sell('none', tokens, 'absent')
    expect((await errorOf(await post('/embeddings', { model, input: 'tea' }))).code).toBe('unsupported_endpoint')
    await shop.sell('mixed', { name: 'mixed', routes: [{ channel: 'endpoints', upstream: 'absent', priority: 9 }, { channel: 'endpoints', upstream: 'broken' }] })
    expect((await errorOf(await post('/embeddings', { model: 'mixed', input: 'tea' }))).code).toBe('upstream_unavailable')
    expect(await shop.ledger.balance(shop.user)).toEqual({ available: START, held: 0, open: 0 })
  })

  it('is found behind a base URL typed twice', async () => {
    const model = await sell('vectors', tokens)
    expect((await post('/v1/embeddings', { model, input: 'tea' })).status).toBe(200)
    await requireCharged(5 * 1000)
  })

  it('charges what was known before when the client leaves after the upstream has it', async () => {
    const model = await sell('voice', free({ characters: '15' }), 'hanging')
    const leave = new AbortController()
    const call = fetch(`${shop.url}/v1/audio/speech`, { method: 'POST', signal: leave.signal, headers: { authorization: `Bearer ${shop.key}` }, body: JSON.stringify({ model, input: 'tea', voice: 'alloy' }) }).catch(() => {})
    while (upstream.seen.length === 0) await new Promise(resolve => setTimeout(resolve, 10))
    leave.abort()
    await call
    expect(await shop.settled()).toMatchObject({ chargeRule: 'client_left', cost: 3 * 15_000, usage: { characters: 3 } })
    await shop.requireBooks()
  })

  it('refuses with what is there and what is needed when the hold cannot be paid', async () => {
    const model = await sell('draw', free({ image: '400000' }))
    const response = await post('/images/generations', { model, prompt: 'tea', n: 3 })
    expect(response.status).toBe(402)
    expect((await errorOf(response)).message).toContain('1.2')
    expect(upstream.seen).toEqual([])
  })
})
