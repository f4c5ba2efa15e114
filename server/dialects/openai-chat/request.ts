import { z } from 'zod'
import { AppError } from '#server/errors/app-error'
import type { ClientRequest, UpstreamRequest } from '../dialect'
import { jsonFields, patchJson } from '../json-fields'

const positiveInt = z.number().int().min(1).max(10_000_000)

/**
 * The fields the gateway reads; everything else is for the upstream to judge.
 * https://platform.openai.com/docs/api-reference/chat/create
 */
const wire = z.looseObject({
  model: z.string().min(1).max(200),
  messages: z.array(z.looseObject({ role: z.string() })).min(1),
  stream: z.boolean().nullish(),
  stream_options: z.looseObject({ include_usage: z.boolean().nullish() }).nullish(),
  max_tokens: positiveInt.nullish(),
  max_completion_tokens: positiveInt.nullish(),
  n: z.number().int().min(1).max(128).nullish(),
  modalities: z.array(z.string()).nullish(),
})

/** Users share the operator's upstream account: state stored there and fields that change its price stay behind. */
const DROPPED = ['store', 'metadata', 'service_tier'] as const
const REFUSED = { web_search_options: 'searching has no price here' } as const

export function readRequest(body: Uint8Array): ClientRequest {
  const parsed = wire.safeParse(parseObject(body))
  if (!parsed.success) {
    const [issue] = parsed.error.issues
    throw new AppError('invalid_request', { problem: `${issue?.path.join('.') || 'body'}: ${issue?.message ?? 'not a request'}.` })
  }
  const request = parsed.data
  refuseUnsold(body, request)
  const choices = request.n ?? 1
  const outputPerChoice = request.max_completion_tokens ?? request.max_tokens ?? undefined
  const media = mediaOf(request.messages)
  return {
    body,
    model: request.model,
    stream: request.stream ?? false,
    wantsUsage: request.stream_options?.include_usage ?? false,
    outputMax: outputPerChoice === undefined ? undefined : outputPerChoice * choices,
    choices,
    textBytes: Math.max(0, body.byteLength - media.bytes),
    mediaParts: media.parts,
    needs: request.modalities?.includes('audio') ? ['audioOutput'] : [],
    dropped: DROPPED.filter(field => request[field] !== undefined),
  }
}

export function writeUpstreamRequest(request: ClientRequest, upstream: { model: string, credential: string }): UpstreamRequest {
  const set: Record<string, string> = {}
  if (upstream.model !== request.model) set.model = JSON.stringify(upstream.model)
  if (request.stream && !request.wantsUsage) set.stream_options = JSON.stringify({ ...streamOptionsOf(request.body), include_usage: true })
  const untouched = Object.keys(set).length === 0 && request.dropped.length === 0
  return {
    path: '/chat/completions',
    headers: { 'authorization': `Bearer ${upstream.credential}`, 'content-type': 'application/json', 'accept': request.stream ? 'text/event-stream' : 'application/json' },
    body: untouched ? request.body : patchJson(request.body, { set, remove: request.dropped }),
  }
}

/** Texts that count as input tokens: messages, tool calls in them, and the definitions of tools and schemas. */
export function readInputTexts(request: ClientRequest): { texts: string[], messages: number } {
  const { messages, tools, functions, response_format } = wire.parse(parseObject(request.body))
  const texts = messages.flatMap(message => textsOfMessage(message))
  for (const definition of [tools, functions, response_format]) {
    if (definition) texts.push(JSON.stringify(definition))
  }
  return { texts, messages: messages.length }
}

function parseObject(body: Uint8Array): unknown {
  try {
    return JSON.parse(Buffer.from(body.buffer, body.byteOffset, body.byteLength).toString('utf8')) as unknown
  }
  catch (cause) {
    throw new AppError('invalid_json', { problem: body.byteLength === 0 ? 'it is empty' : 'it cannot be parsed' }, { cause })
  }
}

function refuseUnsold(body: Uint8Array, request: Record<string, unknown>): void {
  for (const [field, why] of Object.entries(REFUSED)) {
    if (request[field] !== undefined && request[field] !== null) throw new AppError('unsupported_field', { field, why })
  }
  // A parser may take the first or the last of two equal names: what is priced must be what is served.
  const names = jsonFields(body).map(field => field.name)
  const twice = names.find((name, index) => names.indexOf(name) !== index)
  if (twice !== undefined) throw new AppError('invalid_request', { problem: `The field "${twice.slice(0, 60)}" stands in the body twice.` })
}

function streamOptionsOf(body: Uint8Array): Record<string, unknown> {
  const field = jsonFields(body).find(({ name }) => name === 'stream_options')
  if (!field) return {}
  const value = JSON.parse(Buffer.from(body).toString('utf8', field.valueStart, field.end)) as unknown
  return typeof value === 'object' && value !== null ? value as Record<string, unknown> : {}
}

type WireMessage = z.output<typeof wire>['messages'][number]

function textsOfMessage(message: WireMessage): string[] {
  const texts: string[] = []
  if (typeof message.content === 'string') texts.push(message.content)
  else if (Array.isArray(message.content)) {
    for (const part of message.content as Record<string, unknown>[]) if (typeof part?.text === 'string') texts.push(part.text)
  }
  if (message.tool_calls) texts.push(JSON.stringify(message.tool_calls))
  return texts
}

/** Images, audio and files inside messages: how many, and the bytes of their data, which are not text. */
function mediaOf(messages: WireMessage[]): { parts: number, bytes: number } {
  let parts = 0
  let bytes = 0
  for (const { content } of messages) {
    if (!Array.isArray(content)) continue
    for (const part of content as Record<string, unknown>[]) {
      if (typeof part !== 'object' || part === null || part.type === 'text') continue
      parts++
      bytes += JSON.stringify(part).length
    }
  }
  return { parts, bytes }
}
