import { AppError } from '#server/errors/app-error'
import type { CallTarget, ClientRequest, UpstreamRequest } from '../dialect'
import { jsonFields, patchJson } from '../json-fields'
import { isForeignLoop, withoutForeign } from './foreign'
import { headersFor } from './upstream'
import { everyBlock, parseBody, recordIn, requireWire, stringIn, wireCount, wireRequest } from './wire'
import type { Json, WireBlock, WireMessage, WireTool } from './wire'

/** Users share the operator's upstream account: fields that change its price or name things stored there stay behind. */
export const DROPPED = ['service_tier', 'speed', 'inference_geo', 'billing_policy', 'fallbacks', 'fallback_credit_token', 'diagnostics', 'user_profile_id', 'workspace_id'] as const

const HOSTED = 'hosted tools have no price here'
const STORED = 'what is stored at the upstream cannot be told apart by user; send it as data'
const refusedFields: Record<string, string> = { mcp_servers: HOSTED, container: STORED, thread: STORED }
const refusedBlocks: Record<string, string> = { container_upload: STORED, mcp_tool_use: HOSTED, mcp_tool_result: HOSTED }
/** Tools with a name of the vendor's that run at the client or cost nothing but tokens. */
const tokenOnlyTools = /^(?:custom|bash_\d+|text_editor_\d+|memory_\d+|tool_search_tool_\w+)$/

/** Betas, without their date, that change the price, store state, or switch on hosted tools. */
const refusedBetas = [
  'context-1m', 'fast-mode', 'files-api', 'code-execution', 'mcp-client', 'mcp-tunnels', 'skills', 'advisor-tool', 'server-side-fallback',
  'fallback-credit', 'user-profiles', 'user-profiles-billing', 'managed-agents', 'message-threads', 'agent-memory', 'cache-diagnosis',
  'message-batches', 'computer-use', 'web-search', 'web-fetch', 'dreaming',
]

/**
 * A request to create a message. `max_tokens` is required, as the vendor has it. Throws AppError invalid_json,
 * invalid_request, and unsupported_field for stored state and hosted tools.
 * https://docs.anthropic.com/en/api/messages
 */
export function readRequest(body: Uint8Array, target: CallTarget): ClientRequest {
  const request = requireWire(wireRequest, parseBody(body))
  return { ...toClientRequest(body, request, target), outputMax: request.max_tokens }
}

/**
 * A request to count tokens: the same without `max_tokens`, answered by `writeTokenCount`.
 * https://docs.anthropic.com/en/api/messages-count-tokens
 */
export function readCountRequest(body: Uint8Array, target: CallTarget): ClientRequest {
  return toClientRequest(body, requireWire(wireCount, parseBody(body)), target)
}

interface Request extends Json { model: string, stream?: boolean | null, messages: WireMessage[], tools?: WireTool[] | null, system?: unknown }

function toClientRequest(body: Uint8Array, request: Request, target: CallTarget): ClientRequest {
  refuseUnsold(request)
  refuseDoubles(body)
  const media = mediaOf(request.messages)
  const betas = readBetas(target.headers['anthropic-beta'])
  const version = target.headers['anthropic-version']
  return {
    body,
    model: request.model,
    stream: request.stream ?? false,
    // Usage is part of every stream here.
    wantsUsage: true,
    outputMax: undefined,
    choices: 1,
    textBytes: Math.max(0, body.byteLength - media.bytes),
    mediaParts: media.parts,
    needs: [],
    dropped: [
      ...DROPPED.filter(field => request[field] !== undefined),
      ...betas.refused.map(name => `anthropic-beta:${name}`),
    ],
    headers: {
      ...(version !== undefined && /^[\w.-]{1,40}$/.test(version) ? { 'anthropic-version': version } : {}),
      ...(betas.passed.length > 0 ? { 'anthropic-beta': betas.passed.join(',') } : {}),
    },
    jsonArray: false,
  }
}

/** The body as it came, but for the model's name, what must not leave the house, and reasoning of other dialects. */
export function writeUpstreamRequest(request: ClientRequest, upstream: { model: string, credential: string }): UpstreamRequest {
  const remove = DROPPED.filter(field => request.dropped.includes(field))
  const set: Record<string, string> = {}
  if (upstream.model !== request.model) set.model = JSON.stringify(upstream.model)
  const messages = withoutForeign(request.body)
  if (messages) set.messages = JSON.stringify(messages)
  const loops = isForeignLoop(request.body, messages)
  if (loops) set.thinking = JSON.stringify({ type: 'disabled' })
  const untouched = Object.keys(set).length === 0 && remove.length === 0
  return {
    path: '/messages',
    headers: { ...headersFor(upstream.credential, request.stream), ...request.headers },
    body: untouched ? request.body : patchJson(request.body, { set, remove }),
    dropped: [...(messages ? ['reasoning'] : []), ...(loops ? ['thinking'] : [])],
  }
}

/** Texts that count as input tokens: instructions, messages, calls and results in them, tools and schemas. */
export function readInputTexts(request: ClientRequest): { texts: string[], messages: number } {
  const { messages, system, tools, output_config: config, output_format: format } = requireWire(wireCount, parseBody(request.body))
  const texts = [system, ...messages.map(message => message.content)].flatMap(content => [...everyBlock(content)].flatMap(textsOfBlock))
  for (const definition of [tools, recordIn({ config }, 'config')?.format, format]) {
    if (definition) texts.push(JSON.stringify(definition))
  }
  return { texts, messages: messages.length }
}

function textsOfBlock(block: WireBlock): string[] {
  const source = recordIn(block, 'source')
  const texts = [stringIn(block, 'text'), stringIn(block, 'thinking'), stringIn(block, 'title'), stringIn(block, 'context')]
  if (block.type === 'tool_use' || block.type === 'server_tool_use') texts.push(stringIn(block, 'name'), JSON.stringify(block.input ?? {}))
  if (source?.type === 'text') texts.push(stringIn(source, 'data'))
  return texts.filter((text): text is string => Boolean(text))
}

function refuseUnsold(request: Request): void {
  for (const [field, why] of Object.entries(refusedFields)) {
    if (request[field] !== undefined && request[field] !== null && !isEmptyList(request[field])) throw new AppError('unsupported_field', { field, why })
  }
  request.tools?.forEach(({ type }, index) => {
    if (type !== undefined && type !== null && !tokenOnlyTools.test(type)) throw new AppError('unsupported_field', { field: `tools.${index}.type`, why: HOSTED })
  })
  request.messages.forEach((message, index) => {
    for (const block of everyBlock(message.content)) {
      const why = refusedBlocks[block.type]
      if (why !== undefined) throw new AppError('unsupported_field', { field: `messages.${index}.content`, why })
      if (recordIn(block, 'source')?.type === 'file') throw new AppError('unsupported_field', { field: `messages.${index}.content.source.file_id`, why: STORED })
    }
  })
}

const isEmptyList = (value: unknown): boolean => Array.isArray(value) && value.length === 0

/** A parser may take the first or the last of two equal names: what is priced must be what is served. */
function refuseDoubles(body: Uint8Array): void {
  const seen = new Set<string>()
  for (const { name } of jsonFields(body)) {
    if (seen.has(name)) throw new AppError('invalid_request', { problem: `The field "${name.slice(0, 60)}" stands in the body twice.` })
    seen.add(name)
  }
}

function readBetas(header: string | undefined): { passed: string[], refused: string[] } {
  const names = [...new Set((header ?? '').split(',').map(name => name.trim()).filter(name => /^[\w.:-]{1,100}$/.test(name)))].slice(0, 64)
  const isRefused = (name: string): boolean => refusedBetas.includes(name.replace(/-\d{4}-\d{2}-\d{2}$/, ''))
  return { passed: names.filter(name => !isRefused(name)), refused: names.filter(isRefused) }
}

/** Images and documents: how many, and the bytes of their data, which are not text. */
function mediaOf(messages: WireMessage[]): { parts: number, bytes: number } {
  let parts = 0
  let bytes = 0
  for (const block of messages.flatMap(message => [...everyBlock(message.content)])) {
    const source = recordIn(block, 'source')
    if (source === undefined || source.type === 'text' || source.type === 'content') continue
    parts++
    bytes += stringIn(source, 'data')?.length ?? 0
  }
  return { parts, bytes }
}
