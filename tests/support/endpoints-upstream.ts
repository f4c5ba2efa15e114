/** An OpenAI-compatible upstream of the endpoints that are no conversation. It reads forms with the platform's own parser. */
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'

export interface Seen {
  path: string
  headers: IncomingMessage['headers']
  body: Buffer
}

interface Answer {
  status?: number
  type: string
  body: string | Uint8Array
}

interface Asked {
  path: string
  json: Record<string, unknown>
  form: FormData
  model: string
}

export const CREDENTIAL = 'sk-endpoints-upstream'
/** Every byte there is, so that none can be mistaken for text. */
export const SOUND = Buffer.from(Array.from({ length: 4096 }, (_, index) => (index * 7 + (index >> 8)) % 256))
export const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex')

const json = (value: unknown, status = 200): Answer => ({ status, type: 'application/json', body: JSON.stringify(value) })
const events = (list: unknown[], end = ''): Answer => ({ type: 'text/event-stream', body: list.map(event => `data: ${JSON.stringify(event)}\n\n`).join('') + end })
const listOf = (value: unknown): unknown[] => Array.isArray(value) ? value : []
/** Models whose name says so do not report what they used. */
const isSilent = (model: string): boolean => model.includes('silent')
const reporting = (model: string, usage: unknown) => isSilent(model) ? {} : { usage }

function complete({ json: request, model }: Asked): Answer {
  const chunk = (text: string, finish: string | null) => ({ id: 'cmpl-1', object: 'text_completion', model, choices: [{ index: 0, text, logprobs: null, finish_reason: finish }] })
  // Some leave thinking out of what they call the completion.
  const usage = { prompt_tokens: 7, completion_tokens: 3, total_tokens: model.includes('outside') ? 25 : 10 }
  if (!request.stream) return json({ ...chunk('Once upon a time', 'stop'), ...reporting(model, usage) })
  return events([chunk('Once upon', null), chunk(' a time', 'stop'), { ...chunk('', null), choices: [], usage }], 'data: [DONE]\n\n')
}

function embed({ model }: Asked): Answer {
  return json({ object: 'list', model, data: [{ object: 'embedding', index: 0, embedding: [0.1, -0.25] }], ...reporting(model, { prompt_tokens: 5, total_tokens: 5 }) })
}

function rank({ json: request, model }: Asked): Answer {
  const documents = listOf(request.documents)
  const meta = model.includes('absurd') ? { billed_units: { search_units: 1_000_000 } } : { billed_units: { search_units: Math.ceil(documents.length / 100) } }
  return json({ results: documents.map((_, index) => ({ index, relevance_score: 0.5 })), ...(isSilent(model) ? {} : { meta }) })
}

function draw({ json: request, form, model }: Asked): Answer {
  const n = Number(request.n ?? form.get('n') ?? 1)
  const usage = { input_tokens: 12, output_tokens: 4160 * n, total_tokens: 12 + 4160 * n, input_tokens_details: { text_tokens: 12, image_tokens: 0 } }
  const b64 = SOUND.toString('base64')
  const made = model.includes('telling') ? { size: '1536x1024', quality: 'high' } : {}
  if (request.stream) {
    return events([{ type: 'image_generation.partial_image', b64_json: b64, partial_image_index: 0 }, { type: 'image_generation.completed', b64_json: b64, ...made, usage }])
  }
  return json({ created: 1, ...made, data: Array.from({ length: n }, () => ({ b64_json: b64 })), ...reporting(model, usage) })
}

async function edit(asked: Asked): Promise<Answer> {
  const image = asked.form.get('image')
  if (!(image instanceof File)) return json({ error: { message: 'no image' } }, 400)
  const answer = JSON.parse(String(draw(asked).body)) as Record<string, unknown>
  return json({ ...answer, sha256: sha256(new Uint8Array(await image.arrayBuffer())), name: image.name })
}

function speak({ json: request }: Asked): Answer {
  if (request.voice === 'page') return { type: 'text/html', body: '<html>busy</html>' }
  if (request.stream_format !== 'sse') return { type: 'audio/mpeg', body: SOUND }
  const usage = { input_tokens: 4, output_tokens: 33, total_tokens: 37 }
  return events([{ type: 'speech.audio.delta', audio: SOUND.toString('base64') }, { type: 'speech.audio.done', usage }])
}

async function listen({ path, form, model }: Asked): Promise<Answer> {
  const file = form.get('file')
  if (!(file instanceof File)) return json({ error: { message: 'no file' } }, 400)
  const text = `heard ${sha256(new Uint8Array(await file.arrayBuffer()))}`
  const usage = model.includes('tokens')
    ? { type: 'tokens', input_tokens: 24, output_tokens: 9, total_tokens: 33, input_token_details: { text_tokens: 4, audio_tokens: 20 } }
    : { type: 'duration', seconds: 7 }
  if (form.get('stream') === 'true') return events([{ type: 'transcript.text.delta', delta: text }, { type: 'transcript.text.done', text, ...reporting(model, usage) }])
  switch (form.get('response_format')) {
    case 'text': return { type: 'text/plain; charset=utf-8', body: `${text}\n` }
    case 'vtt': return { type: 'text/vtt', body: `WEBVTT\n\n00:00.000 --> 00:06.200\n${text}\n` }
    case 'verbose_json': return json({ task: path.endsWith('translations') ? 'translate' : 'transcribe', duration: 6.2, text, segments: [] })
    default: return json({ text, ...reporting(model, usage) })
  }
}

const answers: Record<string, (asked: Asked) => Answer | Promise<Answer>> = {
  '/v1/completions': complete,
  '/v1/embeddings': embed,
  '/v1/moderations': ({ model }) => json({ id: 'modr-1', model, results: [{ flagged: false }] }),
  '/v1/rerank': rank,
  '/v1/images/generations': draw,
  '/v1/images/edits': edit,
  '/v1/audio/speech': speak,
  '/v1/audio/transcriptions': listen,
  '/v1/audio/translations': listen,
}

async function answer({ path, headers, body }: Seen): Promise<Answer> {
  if (headers.authorization !== `Bearer ${CREDENTIAL}`) return json({ error: { message: 'wrong key' } }, 401)
  const type = headers['content-type'] ?? ''
  const form = type.startsWith('multipart/') ? await new Response(new Uint8Array(body), { headers: { 'content-type': type } }).formData() : new FormData()
  const request = type.startsWith('application/json') ? JSON.parse(body.toString('utf8')) as Record<string, unknown> : {}
  const model = String(request.model ?? form.get('model'))
  const respond = answers[path]
  if (model.includes('broken')) return json({ error: { message: 'Oops' } }, 500)
  if (model.includes('hanging')) return new Promise(() => {})
  if (!respond || model.includes('absent')) return json({ error: { message: 'Not Found' } }, 404)
  return respond({ path, json: request, form, model })
}

export type EndpointsUpstream = Awaited<ReturnType<typeof startEndpointsUpstream>>

export async function startEndpointsUpstream() {
  const seen: Seen[] = []

  async function serve(req: IncomingMessage, res: ServerResponse): Promise<void> {
    const chunks: Buffer[] = []
    for await (const chunk of req as AsyncIterable<Buffer>) chunks.push(chunk)
    const call = { path: req.url ?? '', headers: req.headers, body: Buffer.concat(chunks) }
    seen.push(call)
    const { status = 200, type, body } = await answer(call)
    res.writeHead(status, { 'content-type': type }).end(body)
  }

  const server = createServer((req, res) => {
    serve(req, res).catch((error: unknown) => res.writeHead(500).end(String(error)))
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    baseUrl: `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1`,
    seen,
    async close() {
      server.closeAllConnections()
      server.close()
      await once(server, 'close')
    },
  }
}
