import { AppError } from '#server/errors/app-error'
import type { CallTarget, ClientRequest, UpstreamAccess, UpstreamRequest } from '../dialect'
import { jsonFields, patchJson } from '../json-fields'
import { withoutForeign } from './foreign'
import { writeUpstreamTarget } from './upstream'
import type { Fields, WireRequest } from './wire'
import { fieldsOf, isFields, parseJson, textOf, toJson, wireRequest } from './wire'

/** State at the upstream: users share the operator's account there, so nothing stored can be theirs alone. */
const STATEFUL = {
  previous_response_id: 'answers are not stored, send the whole conversation as input',
  conversation: 'conversations are not stored, send the whole conversation as input',
  prompt: 'stored prompts belong to an account at the upstream, send the text itself',
} as const

/** Tools the client runs itself; all others run at the upstream and cost what has no price here. */
const CLIENT_TOOLS = new Set(['function', 'custom', 'namespace', 'local_shell', 'apply_patch'])
const HOSTED = 'hosted tools have no price here'
/** Tools `tool_choice` may name. */
const CHOICES = new Set(['function', 'custom', 'allowed_tools', 'apply_patch', 'shell'])

/** Throws AppError for what is no request of https://platform.openai.com/docs/api-reference/responses/create */
export function readRequest(body: Uint8Array, _target: CallTarget): ClientRequest {
  const request = parseRequest(body)
  refuseTwice(body)
  refuseState(request)
  refuseHostedTools(request)
  // Whoever writes these again later may rely on it.
  toJson([request.tools, request.text, request.metadata])
  const media = mediaOf(request.input)
  return {
    body,
    model: request.model,
    stream: request.stream ?? false,
    wantsUsage: true,
    outputMax: request.max_output_tokens ?? undefined,
    choices: 1,
    textBytes: Math.max(0, body.byteLength - media.bytes),
    mediaParts: media.parts,
    needs: [],
    dropped: [...(request.store ? ['store'] : []), ...(request.service_tier == null ? [] : ['service_tier'])],
    headers: {},
    jsonArray: false,
  }
}

/** The body as far as it is looked at. Throws AppError `invalid_json` or `invalid_request`. */
export function parseRequest(body: Uint8Array): WireRequest {
  let raw: unknown
  try {
    raw = parseJson(body)
  }
  catch (cause) {
    throw new AppError('invalid_json', { problem: body.byteLength === 0 ? 'it is empty' : 'it cannot be parsed' }, { cause })
  }
  const parsed = wireRequest.safeParse(raw)
  if (parsed.success) return parsed.data
  const [issue] = parsed.error.issues
  throw new AppError('invalid_request', { problem: `${issue?.path.join('.') || 'body'}: ${issue?.message ?? 'not a request'}.` })
}

/**
 * The client's bytes for an upstream of this dialect: `store` is forced to false, since its default stores the answer
 * in an account all users share. Reasoning the upstream could only look up there, or that another vendor made, is taken
 * out of the input, which is the only case in which the input is written anew.
 */
export function writeUpstreamRequest(request: ClientRequest, upstream: UpstreamAccess): UpstreamRequest {
  const fields = new Map(jsonFields(request.body).map(({ name, valueStart, end }) => [name, Buffer.from(request.body.subarray(valueStart, end)).toString('utf8')]))
  const set: Record<string, string> = {}
  if (upstream.model !== request.model) set.model = JSON.stringify(upstream.model)
  if (fields.get('store') !== 'false') set.store = 'false'
  const input = withoutForeign(fields.get('input') ?? '')
  if (input) set.input = toJson(input.items)
  const remove = fields.has('service_tier') ? ['service_tier'] : []
  const untouched = Object.keys(set).length === 0 && remove.length === 0
  return {
    ...writeUpstreamTarget({ ...upstream, stream: request.stream }),
    body: untouched ? request.body : patchJson(request.body, { set, remove }),
    dropped: input?.lost ? ['reasoning'] : [],
  }
}

/** Texts that count as input tokens: instructions, messages, calls and their results, and the definitions of tools and schemas. */
export function readInputTexts(request: ClientRequest): { texts: string[], messages: number } {
  const { input, instructions, tools, text } = parseRequest(request.body)
  const texts = instructions ? [instructions] : []
  const items: Fields[] = typeof input === 'string' ? [{ content: input }] : input
  for (const item of items) texts.push(...textsOfItem(item))
  if (tools) texts.push(toJson(tools))
  if (isFields(text) && text.format) texts.push(toJson(text.format))
  return { texts, messages: items.length }
}

function textsOfItem(item: Fields): string[] {
  const texts: string[] = []
  for (const value of [item.content, item.output, item.summary]) {
    if (typeof value === 'string') texts.push(value)
    for (const part of fieldsOf(value)) {
      const text = textOf(part.text) ?? textOf(part.refusal)
      if (text !== undefined) texts.push(text)
    }
  }
  for (const value of [item.name, item.arguments, item.input]) if (typeof value === 'string') texts.push(value)
  return texts
}

/** A parser may take the first or the last of two equal names: what is priced must be what is served. */
function refuseTwice(body: Uint8Array): void {
  const names = jsonFields(body).map(field => field.name)
  const twice = names.find((name, index) => names.indexOf(name) !== index)
  if (twice !== undefined) throw new AppError('invalid_request', { problem: `The field "${twice.slice(0, 60)}" stands in the body twice.` })
}

function refuseState(request: WireRequest): void {
  for (const [field, why] of Object.entries(STATEFUL)) {
    if (request[field] != null) throw new AppError('unsupported_field', { field, why })
  }
  if (request.background) throw new AppError('unsupported_field', { field: 'background', why: 'answers are not stored, so none can be fetched later' })
  if (typeof request.input === 'string') return
  for (const item of request.input) {
    if (item.type === 'item_reference') throw new AppError('unsupported_field', { field: 'input.item_reference', why: 'items are not stored, send the item itself (many SDKs do so with store: false)' })
    for (const part of [...fieldsOf(item.content), ...fieldsOf(item.output), ...(isFields(item.output) ? [item.output] : [])]) {
      if (part.file_id != null) throw new AppError('unsupported_field', { field: 'input.file_id', why: 'uploaded files belong to an account at the upstream, send the data itself' })
    }
    if (item.container_id != null) throw new AppError('unsupported_field', { field: 'input.container_id', why: HOSTED })
  }
}

function refuseHostedTools(request: WireRequest): void {
  refuseHosted(request.tools)
  // Tools may also come in the middle of a conversation.
  if (typeof request.input !== 'string') for (const item of request.input) refuseHosted(item.tools)
  const { tool_choice: choice } = request
  if (isFields(choice) && !CHOICES.has(textOf(choice.type) ?? '')) throw new AppError('unsupported_field', { field: 'tool_choice', why: HOSTED })
}

function refuseHosted(tools: unknown): void {
  for (const tool of fieldsOf(tools)) {
    const type = textOf(tool.type) ?? ''
    const local = type === 'shell' && isFields(tool.environment) && tool.environment.type === 'local'
    if (!CLIENT_TOOLS.has(type) && !local) throw new AppError('unsupported_field', { field: `tools.${type.slice(0, 60)}`, why: HOSTED })
    // A namespace holds functions and custom tools, no further namespace.
    for (const inner of type === 'namespace' ? fieldsOf(tool.tools) : []) {
      if (inner.type !== 'function' && inner.type !== 'custom') throw new AppError('unsupported_field', { field: 'tools.namespace', why: HOSTED })
    }
  }
}

const MEDIA = new Set(['input_image', 'input_file', 'input_audio', 'computer_screenshot'])

/** Images, audio and files inside the input: how many, and the bytes of their data, which are not text. */
function mediaOf(input: WireRequest['input']): { parts: number, bytes: number } {
  const media = { parts: 0, bytes: 0 }
  if (typeof input === 'string') return media
  for (const item of input) {
    for (const part of [...fieldsOf(item.content), ...fieldsOf(item.output)]) {
      if (!MEDIA.has(textOf(part.type) ?? '')) continue
      media.parts++
      const audio = isFields(part.input_audio) ? part.input_audio.data : undefined
      // Of files only a PDF is more than its text.
      const file = textOf(part.file_data)?.startsWith('data:application/pdf') ? part.file_data : undefined
      for (const data of [part.image_url, file, audio]) media.bytes += textOf(data)?.length ?? 0
    }
  }
  return media
}
