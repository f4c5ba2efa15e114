import { z } from 'zod'
import type { Quirks } from '#shared/schemas/quirks'
import { AppError } from '#server/errors/app-error'
import type { CallTarget, ClientRequest, UpstreamAccess, UpstreamRequest } from '../dialect'
import { jsonFields, patchJson } from '../json-fields'
import type { JsonPatch } from '../json-fields'
import { hasForeign, withoutForeign } from './foreign'
import { writeUpstreamTarget } from './upstream'
import { filled, parseJson, recordOf, recordsOf, textOf } from './wire'
import type { Wire } from './wire'

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
type WireRequest = z.output<typeof wire>

/**
 * Users share the operator's upstream account: state stored there and fields that change its price or its model stay
 * behind. The last three are OpenRouter's.
 */
const DROPPED = ['store', 'metadata', 'service_tier', 'models', 'route', 'provider'] as const
const SEARCH = 'hosted tools have no price here'
const STORED = 'files and answers stored at the upstream belong to no single user here; send the data itself'
/** Searching under the names of OpenAI, xAI, OpenRouter, Qwen and Perplexity's likes. */
const REFUSED: Record<string, string> = { web_search_options: SEARCH, search_parameters: SEARCH, plugins: SEARCH, enable_search: SEARCH, previous_response_id: STORED, conversation: STORED }

/** Throws AppError `invalid_json`, `invalid_request` or `unsupported_field`. */
export function readRequest(body: Uint8Array, _target: CallTarget): ClientRequest {
  const parsed = wire.safeParse(parseObject(body))
  if (!parsed.success) {
    const [issue] = parsed.error.issues
    throw new AppError('invalid_request', { problem: `${issue?.path.join('.') || 'body'}: ${issue?.message ?? 'not a request'}.` })
  }
  const request = parsed.data
  refuseUnsold(request)
  refuseTwins(body)
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
    headers: {},
    jsonArray: false,
  }
}

export function writeUpstreamRequest(request: ClientRequest, upstream: UpstreamAccess): UpstreamRequest {
  const { patch, renamed } = quirkPatch(request, upstream.quirks ?? {})
  const { set, remove } = patch
  if (upstream.model !== request.model) set.model = JSON.stringify(upstream.model)
  if (request.stream && !request.wantsUsage && upstream.quirks?.streamUsage !== false) set.stream_options = JSON.stringify({ ...recordOf(fieldOf(request.body, 'stream_options')), include_usage: true })
  remove.push(...request.dropped)
  const cleaned = hasForeign(request.body) ? withoutForeign(recordsOf(set.messages ? JSON.parse(set.messages) : fieldOf(request.body, 'messages'))) : undefined
  if (cleaned) set.messages = JSON.stringify(cleaned)
  const untouched = Object.keys(set).length === 0 && remove.length === 0
  return {
    ...writeUpstreamTarget({ ...upstream, stream: request.stream }),
    body: untouched ? request.body : patchJson(request.body, patch),
    dropped: cleaned ? ['reasoning'] : [],
    renamed,
  }
}

/** What this upstream would refuse, or not know: a limit under an unknown name would be none. */
function quirkPatch({ body }: ClientRequest, quirks: Quirks): { patch: JsonPatch, renamed: string[] } {
  const patch: JsonPatch = { set: {}, remove: [] }
  const renamed: string[] = []
  if (quirks.streamUsage === false && fieldOf(body, 'stream_options') !== undefined) patch.remove.push('stream_options')
  const limit = quirks.maxTokens === 'max_tokens' ? fieldOf(body, 'max_completion_tokens') : undefined
  if (limit !== undefined) {
    patch.remove.push('max_completion_tokens')
    if (limit !== null) {
      patch.set.max_tokens = JSON.stringify(limit)
      renamed.push('max_completion_tokens')
    }
  }
  const messages = quirks.developerRole === false && Buffer.from(body.buffer, body.byteOffset, body.byteLength).includes('"developer"') ? recordsOf(fieldOf(body, 'messages')) : []
  if (messages.some(message => message.role === 'developer')) {
    patch.set.messages = JSON.stringify(messages.map(message => message.role === 'developer' ? { ...message, role: 'system' } : message))
    renamed.push('messages.role')
  }
  return { patch, renamed }
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
    return parseJson(body)
  }
  catch (cause) {
    throw new AppError('invalid_json', { problem: body.byteLength === 0 ? 'it is empty' : 'it cannot be parsed' }, { cause })
  }
}

function refuse(field: string, why: string): never {
  throw new AppError('unsupported_field', { field, why })
}

function refuseUnsold(request: WireRequest): void {
  for (const [field, why] of Object.entries(REFUSED)) {
    const value = request[field]
    if (value !== undefined && value !== null && value !== false) refuse(field, why)
  }
  recordsOf(request.tools).forEach((tool, index) => {
    // A tool without a type but with a function is one that compatible clients send.
    const type = filled(tool.type) ?? 'function'
    if (type !== 'function' && type !== 'custom') refuse(`tools.${index}.type`, SEARCH)
  })
  request.messages.forEach((message, index) => {
    if (filled(recordOf(message.audio).id)) refuse(`messages.${index}.audio.id`, STORED)
    recordsOf(message.content).forEach((part, at) => {
      if (filled(recordOf(part.file).file_id)) refuse(`messages.${index}.content.${at}.file.file_id`, STORED)
    })
  })
}

/** A parser may take the first or the last of two equal names: what is priced must be what is served. */
function refuseTwins(body: Uint8Array): void {
  const seen = new Set<string>()
  for (const { name } of jsonFields(body)) {
    if (seen.has(name)) throw new AppError('invalid_request', { problem: `The field "${name.slice(0, 60)}" stands in the body twice.` })
    seen.add(name)
  }
}

/** The value of a top-level field; undefined when it is not there. */
function fieldOf(body: Uint8Array, wanted: string): unknown {
  const field = jsonFields(body).find(({ name }) => name === wanted)
  return field && parseJson(body.subarray(field.valueStart, field.end))
}

type WireMessage = WireRequest['messages'][number]

function textsOfMessage(message: WireMessage): string[] {
  const texts = [textOf(message.content), textOf(message.refusal), textOf(message.reasoning_content) || textOf(message.reasoning)]
  for (const part of recordsOf(message.content)) texts.push(textOf(part.text), textOf(part.refusal))
  for (const calls of [message.tool_calls, message.function_call]) if (calls) texts.push(JSON.stringify(calls))
  return texts.filter(text => text !== '')
}

/** Images, audio and files inside messages: how many, and the bytes of their data, which are not text. */
function mediaOf(messages: WireMessage[]): { parts: number, bytes: number } {
  let parts = 0
  let bytes = 0
  for (const { content } of messages) {
    for (const part of recordsOf(content)) {
      if (typeof part.text === 'string' || typeof part.refusal === 'string' || part.type === 'thinking') continue
      parts++
      // Data is base64 or a URL, one byte a character; writing it out again would copy megabytes to count them.
      for (const inner of [recordOf(part.image_url), recordOf(part.file), recordOf(part.input_audio), recordOf(part.video_url)]) bytes += lengthOfTexts(inner)
      bytes += lengthOfTexts(part)
    }
  }
  return { parts, bytes }
}

function lengthOfTexts(part: Wire): number {
  return Object.values(part).reduce<number>((length, value) => length + textOf(value).length, 0)
}
