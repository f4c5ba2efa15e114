/** Answers of one dialect read and written for another, as the gateway does it but without a shop around it. */
import { dialectOf } from '#server/dialects/index'
import type { ClientRequest, Metered } from '#server/dialects/dialect'
import type { AnswerContext, NeutralEvent, NeutralReply, NeutralRequest } from '#server/dialects/neutral'
import { createSseDecoder } from '#server/dialects/sse'
import { AppError } from '#server/errors/app-error'
import type { DialectId } from '#shared/schemas/channel'
import type { Usage } from '#shared/schemas/price'

const bodies: Record<DialectId, Record<string, unknown>> = {
  'openai-chat': { model: 'm', messages: [{ role: 'user', content: 'hi' }], stream_options: { include_usage: true } },
  'openai-responses': { model: 'm', input: 'hi', reasoning: { effort: 'medium', summary: 'auto' } },
  'anthropic': { model: 'm', max_tokens: 9000, messages: [{ role: 'user', content: 'hi' }], thinking: { type: 'enabled', budget_tokens: 4000 } },
  'gemini': { contents: [{ role: 'user', parts: [{ text: 'hi' }] }], generationConfig: { thinkingConfig: { includeThoughts: true } } },
}
const paths: Record<Exclude<DialectId, 'gemini'>, string> = { 'openai-chat': '/v1/chat/completions', 'openai-responses': '/v1/responses', 'anthropic': '/v1/messages' }

/** Where a call of a dialect comes in. */
export function targetOf(id: DialectId, { stream = false, model = 'm' } = {}) {
  const path = id === 'gemini' ? `/v1beta/models/${model}:${stream ? 'streamGenerateContent' : 'generateContent'}` : paths[id]
  return { path, query: new URLSearchParams(id === 'gemini' && stream ? 'alt=sse' : ''), headers: {} }
}

/** The simplest request of a client, its reasoning to be shown. */
export function helloOf(id: DialectId, stream: boolean): ClientRequest {
  const body = id === 'gemini' ? bodies[id] : { ...bodies[id], stream, ...(id === 'openai-chat' && !stream ? { stream_options: undefined } : {}) }
  return dialectOf(id).readRequest(Buffer.from(JSON.stringify(body)), targetOf(id, { stream }))
}

export function contextOf(request: NeutralRequest): AnswerContext {
  return { requestId: 'req_1', model: 'm', created: 1_770_000_000, wantsUsage: true, request }
}

export interface Crossing {
  events: NeutralEvent[]
  /** What the client gets; identical dialects pass bytes. */
  bytes: Buffer
  metered: Metered
  error: AppError | undefined
}

/** A stream in the pieces it came in. Throws what is no AppError. */
export function crossStream(upstreamId: DialectId, clientId: DialectId, chunks: Iterable<Uint8Array>): Crossing {
  const upstream = dialectOf(upstreamId)
  const client = dialectOf(clientId)
  const request = helloOf(clientId, true)
  const direct = upstreamId === clientId
  const meter = upstream.createStreamMeter({ ...request, wantsUsage: true, jsonArray: false })
  const reader = upstream.createStreamReader()
  const writer = client.createStreamWriter(request, contextOf(client.readNeutralRequest(request)))
  const events: NeutralEvent[] = []
  const out: Uint8Array[] = []
  let error: AppError | undefined
  const emit = (more: NeutralEvent[]): void => {
    events.push(...more)
    if (!direct) for (const event of more) out.push(writer.write(event))
  }
  try {
    for (const frame of framesOf(chunks)) {
      const verdict = meter.observe(frame)
      if (verdict.kind === 'error' || verdict.kind === 'broken') throw new AppError(verdict.kind === 'error' ? 'upstream_cut' : 'upstream_malformed')
      if (direct) out.push(verdict.bytes)
      if (frame.data !== undefined) emit(reader.read(frame.data))
      if (verdict.kind === 'end') break
    }
    if (!meter.metered().finished) throw new AppError('upstream_cut')
    emit(reader.end())
    if (!direct) out.push(writer.end())
  }
  catch (caught) {
    if (!(caught instanceof AppError)) throw caught
    error = caught
  }
  return { events, bytes: Buffer.concat(out), metered: meter.metered(), error }
}

function* framesOf(chunks: Iterable<Uint8Array>) {
  const decoder = createSseDecoder()
  for (const chunk of chunks) yield* decoder.push(chunk)
  yield* decoder.end()
}

export function* inPieces(bytes: Uint8Array, cuts: number[] | 'every'): Generator<Uint8Array> {
  const borders = cuts === 'every' ? Array.from(bytes, (_, index) => index + 1) : [...cuts].sort((left, right) => left - right).concat(bytes.length)
  let from = 0
  for (const to of borders) {
    yield bytes.subarray(from, to)
    from = to
  }
}

export interface Told {
  text: string
  reasoning: string
  refusal: string
  tools: { name: string, args: string }[]
  finish: string | undefined
  usage: Usage | undefined
}

/** What the events say. Throws for a block that is not open, is left open, or comes behind the finish. */
export function tell(events: NeutralEvent[]): Told {
  const told: Told = { text: '', reasoning: '', refusal: '', tools: [], finish: undefined, usage: undefined }
  const open = new Map<number, (text: string) => void>()
  for (const event of events) {
    if (event.type === 'usage') told.usage = event.usage
    if (event.type === 'finish') {
      if (told.finish) throw new Error('finished twice')
      told.finish = event.finish
    }
    if (!('index' in event) || event.type === 'media') continue
    if (told.finish) throw new Error(`${event.type} behind the finish`)
    if (event.type === 'block-start') open.set(event.index, append(told, event))
    else if (!open.has(event.index)) throw new Error(`${event.type} for a block that is not open`)
    if (event.type === 'block-delta') open.get(event.index)!(event.text)
    if (event.type === 'block-end') open.delete(event.index)
  }
  if (open.size > 0) throw new Error('a block is left open')
  if (!told.finish) throw new Error('never finished')
  return told
}

function append(told: Told, event: Extract<NeutralEvent, { type: 'block-start' }>): (text: string) => void {
  if (event.kind !== 'tool-call') return (text) => { told[event.kind] += text }
  const call = { name: event.name, args: '' }
  told.tools.push(call)
  return (text) => { call.args += text }
}

/** What a whole answer says, in its first choice. */
export function tellReply({ choices, usage }: NeutralReply): Told {
  const blocks = choices[0]?.blocks ?? []
  const texts = (type: 'text' | 'reasoning' | 'refusal') => blocks.map(block => block.type === type ? block.text : '').join('')
  return { text: texts('text'), reasoning: texts('reasoning'), refusal: texts('refusal'), tools: blocks.flatMap(block => block.type === 'tool-call' ? [{ name: block.name, args: block.args }] : []), finish: choices[0]?.finish, usage }
}

/** Ids that were minted are numbered and times left out, so that two readings can be equal. */
export function withoutIds(bytes: Uint8Array): string {
  const seen = new Map<string, number>()
  return Buffer.from(bytes).toString('utf8').replace(/"completed_at":\d+/g, '"completed_at":0').replace(/\b(?:vapor1\.gemini\.\w+|(?:call|fc|toolu|msg|rs|chatcmpl|resp)_\w+)/g, (id) => {
    if (!seen.has(id)) seen.set(id, seen.size)
    return `id-${seen.get(id)}`
  })
}

export const totalOf = (usage: Usage | undefined): number => Object.values(usage ?? {}).reduce((sum, units) => sum + units, 0)
