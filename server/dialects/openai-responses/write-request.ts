import { createHash } from 'node:crypto'
import { AppError } from '#server/errors/app-error'
import { effortOf } from '../effort'
import { TOP_LOGPROBS_MAX } from '../logprobs'
import { leftBehind, mediaIn } from '../left-behind'
import type { Block, MediaBlock, Message, NeutralRequest, OutputFormat, TextBlock, ToolChoice, ToolResultBlock, WriteTarget, WrittenRequest } from '../neutral'
import type { Fields } from './wire'
import { isFields, reasons } from './wire'

const OUTPUT_MIN = 16

interface WriteState {
  dropped: Set<string>
  stops: string[]
}

/**
 * A request of another dialect for an upstream of this one: stateless, and asking for sealed reasoning so that it can
 * come back. Throws AppError `unsupported_field` for several answers, and for media the API does not take.
 * https://platform.openai.com/docs/api-reference/responses/create
 */
export function writeNeutralRequest(request: NeutralRequest, target: WriteTarget): WrittenRequest {
  if ((request.sampling.choices ?? 1) > 1) throw new AppError('unsupported_field', { field: 'n', why: 'the model behind this name gives one answer a call' })
  // This API has no stop sequences at all.
  const state: WriteState = { dropped: new Set(leftBehind(request, 'openai-responses')), stops: request.sampling.stop ?? [] }
  // A file at an address goes without its name.
  if (mediaIn(request).some(({ media, url, name }) => media === 'document' && url !== undefined && name)) state.dropped.add('filename')
  const thinks = reasons(target.model)
  const system = request.system.filter(isWorthSending)
  const body: Fields = {
    model: target.model,
    ...(system.length > 0 ? { instructions: system.map(block => block.text).join('\n\n') } : {}),
    input: request.messages.flatMap(message => writeMessage(state, message)),
    ...writeTools(state, request),
    ...writeSampling(state, request, thinks),
    ...writeText(request),
    ...writeReasoning(state, request, thinks),
    ...writeInclude(request, thinks),
    ...writeIdentity(state, request),
    store: false,
    ...(request.stream ? { stream: true } : {}),
  }
  return { body, dropped: [...state.dropped], stops: state.stops }
}

/** A billing line one client puts first changes with its every build and would spoil the prompt cache. */
function isWorthSending(block: TextBlock): boolean {
  return block.text !== '' && !block.text.startsWith('x-anthropic-billing-header:')
}

function writeMessage(state: WriteState, message: Message): Fields[] {
  if (message.role === 'assistant') return writeTurn(state, message.blocks)
  // A result may stand beside words of the user; the results come first, as they answer the turn before.
  const results = message.blocks.filter(block => block.type === 'tool-result')
  const content = message.blocks.flatMap(block => block.type === 'text' || block.type === 'media' ? writePart(block) : [])
  const role = message.role === 'system' ? 'developer' : 'user'
  return [
    ...results.map(block => writeResult(block)),
    ...(content.length > 0 ? [{ type: 'message', role, content }] : []),
  ]
}

/** A turn of the assistant: neighbouring texts are one message, all else is an item of its own. */
function writeTurn(state: WriteState, blocks: Block[]): Fields[] {
  const items: Fields[] = []
  for (const block of blocks) {
    if (block.type === 'text' || block.type === 'refusal') addWords(items, block)
    if (block.type === 'tool-call') items.push({ type: 'function_call', call_id: legalId(block.id), name: block.name, arguments: block.args.trim() || '{}' })
    if (block.type === 'media') items.push({ type: 'message', role: 'user', content: writePart(block) })
    if (block.type === 'tool-result') items.push(writeResult(block))
    if (block.type === 'reasoning') {
      const { signature } = block
      if (signature?.dialect !== 'openai-responses') state.dropped.add('reasoning')
      else items.push({ type: 'reasoning', ...(signature.item ? { id: signature.item } : {}), summary: block.text ? [{ type: 'summary_text', text: block.text }] : [], encrypted_content: signature.value })
    }
  }
  // Reasoning without the item it led to is refused.
  while (items.at(-1)?.type === 'reasoning') {
    items.pop()
    state.dropped.add('reasoning')
  }
  return items
}

function addWords(items: Fields[], block: { type: 'text' | 'refusal', text: string }): void {
  if (!block.text) return
  const part = block.type === 'text' ? { type: 'output_text', text: block.text, annotations: [] } : { type: 'refusal', refusal: block.text }
  const last = items.at(-1)
  if (last?.role === 'assistant' && Array.isArray(last.content)) last.content.push(part)
  else items.push({ type: 'message', role: 'assistant', content: [part] })
}

function writeResult(block: ToolResultBlock): Fields {
  const prefix = block.isError ? 'Error: ' : ''
  const call = { type: 'function_call_output', call_id: legalId(block.id) }
  if (block.blocks.every(inner => inner.type === 'text')) return { ...call, output: prefix + block.blocks.map(inner => inner.text).join('\n') }
  const parts = block.blocks.flatMap(inner => writePart(inner))
  return { ...call, output: prefix ? [{ type: 'input_text', text: prefix.trim() }, ...parts] : parts }
}

function writePart(block: TextBlock | MediaBlock): Fields[] {
  if (block.type === 'text') return block.text ? [{ type: 'input_text', text: block.text }] : []
  const writer = mediaWriters[block.media]
  return [writer(block)]
}

const mediaWriters: Record<MediaBlock['media'], (block: MediaBlock) => Fields> = {
  image: block => ({ type: 'input_image', detail: block.detail ?? 'auto', image_url: block.url ?? dataUrl(block, 'image/png') }),
  document: (block) => {
    if (block.text !== undefined) return { type: 'input_text', text: block.name ? `${block.name}:\n${block.text}` : block.text }
    if (block.url !== undefined) return { type: 'input_file', file_url: block.url }
    return { type: 'input_file', filename: block.name ?? 'document.pdf', file_data: dataUrl(block, 'application/pdf') }
  },
  // The vendor's SDK describes such a part, but no message may have one.
  audio: () => {
    throw new AppError('unsupported_field', { field: 'audio', why: 'the model behind this name takes no sound' })
  },
  video: () => {
    throw new AppError('unsupported_field', { field: 'video', why: 'the model behind this name takes no video' })
  },
}

/** First letters of base64 by which a file's type is known when nobody named it. */
const MAGIC: [string, string][] = [['iVBOR', 'image/png'], ['/9j/', 'image/jpeg'], ['R0lGOD', 'image/gif'], ['UklGR', 'image/webp'], ['JVBERi', 'application/pdf']]

function dataUrl(block: MediaBlock, otherwise: string): string {
  const data = block.data ?? ''
  const mime = block.mime ?? MAGIC.find(([letters]) => data.startsWith(letters))?.[1] ?? otherwise
  return `data:${mime};base64,${data}`
}

const ID_MAX = 64

/** Longer ids are refused; the same id becomes the same short one in call and result. */
function legalId(id: string): string {
  if (id.length > 0 && id.length <= ID_MAX) return id
  return `call_${createHash('sha256').update(id).digest('hex').slice(0, 24)}`
}

function writeTools(state: WriteState, request: NeutralRequest): Fields {
  if (request.tools.length === 0) return {}
  const tools = request.tools.map(tool => ({
    type: 'function',
    name: tool.name,
    ...(tool.description === undefined ? {} : { description: tool.description }),
    parameters: isFields(tool.parameters) && tool.parameters.type !== undefined ? tool.parameters : { type: 'object', properties: {}, ...tool.parameters },
    // Left out it would be true here, which makes optional parameters required.
    strict: tool.strict ?? false,
  }))
  return {
    tools,
    ...(request.toolChoice ? { tool_choice: writeToolChoice(request.toolChoice) } : {}),
    ...(request.parallelTools === undefined ? {} : { parallel_tool_calls: request.parallelTools }),
  }
}

function writeToolChoice(choice: ToolChoice): unknown {
  if (choice.type === 'tool') return { type: 'function', name: choice.name }
  if (choice.type === 'subset') return { type: 'allowed_tools', mode: choice.required ? 'required' : 'auto', tools: choice.names.map(name => ({ type: 'function', name })) }
  return choice.type
}

function writeSampling(state: WriteState, request: NeutralRequest, thinks: boolean | undefined): Fields {
  const { outputMax, temperature, topP, topK, seed, frequencyPenalty, presencePenalty, logprobs, topLogprobs } = request.sampling
  const sampling: Fields = {}
  const clamp = (field: string, value: number | undefined, low: number, high: number): void => {
    if (value === undefined) return
    sampling[field] = Math.min(high, Math.max(low, value))
    if (sampling[field] !== value) state.dropped.add(field)
  }
  clamp('max_output_tokens', outputMax, OUTPUT_MIN, Number.MAX_SAFE_INTEGER)
  if (isThinking(request, thinks)) {
    // Models that think refuse all three.
    if (temperature !== undefined) state.dropped.add('temperature')
    if (topP !== undefined) state.dropped.add('top_p')
    if (logprobs) state.dropped.add('logprobs')
  }
  else {
    clamp('temperature', temperature, 0, 2)
    clamp('top_p', topP, 0, 1)
    if (logprobs) clamp('top_logprobs', topLogprobs, 0, TOP_LOGPROBS_MAX)
  }
  if (topK !== undefined) state.dropped.add('top_k')
  if (seed !== undefined) state.dropped.add('seed')
  if (frequencyPenalty !== undefined) state.dropped.add('frequency_penalty')
  if (presencePenalty !== undefined) state.dropped.add('presence_penalty')
  return sampling
}

/** A model that thinks does so unless it is told not to. */
function isThinking({ reasoning }: NeutralRequest, thinks: boolean | undefined): boolean {
  return thinks === true && (reasoning === undefined || effortOf(reasoning) !== 'none')
}

function writeText(request: NeutralRequest): Fields {
  const own = request.extra['openai-responses']?.text
  const text: Fields = { ...(request.format ? { format: writeFormat(request.format) } : {}), ...(isFields(own) ? own : {}) }
  return Object.keys(text).length > 0 ? { text } : {}
}

function writeFormat(format: OutputFormat): Fields {
  if (format.type === 'text') return { type: 'text' }
  if (format.type === 'json') return { type: 'json_object' }
  const name = format.name.replace(/[^a-zA-Z0-9_-]/g, '_').slice(0, 64) || 'answer'
  return { type: 'json_schema', name, schema: format.schema, strict: format.strict ?? false, ...(format.description === undefined ? {} : { description: format.description }) }
}

function writeReasoning(state: WriteState, request: NeutralRequest, thinks: boolean | undefined): Fields {
  if (!request.reasoning) return {}
  const effort = effortOf(request.reasoning)
  const reasoning = { ...(effort === undefined ? {} : { effort }), ...(request.reasoning.visible && effort !== 'none' ? { summary: 'auto' } : {}) }
  if (Object.keys(reasoning).length === 0) return {}
  if (thinks !== false) return { reasoning }
  // Not to think is what such a model does anyway.
  if (effort !== 'none') state.dropped.add('reasoning')
  return {}
}

function writeInclude(request: NeutralRequest, thinks: boolean | undefined): Fields {
  const include = [
    ...(thinks === false ? [] : ['reasoning.encrypted_content']),
    ...(request.sampling.logprobs && !isThinking(request, thinks) ? ['message.output_text.logprobs'] : []),
  ]
  return include.length > 0 ? { include } : {}
}

/** Who asks, as a hash; and a key that leads calls with the same beginning to the same cache. */
function writeIdentity(state: WriteState, request: NeutralRequest): Fields {
  const hinted = hasCacheHint(request)
  // The cache works by itself here, points in it cannot be set.
  if (hinted) state.dropped.add('cache_control')
  const start = JSON.stringify([request.userId, request.system.filter(isWorthSending).map(block => block.text), request.tools])
  return {
    ...(request.userId ? { safety_identifier: createHash('sha256').update(request.userId).digest('hex') } : {}),
    ...(hinted ? { prompt_cache_key: createHash('sha256').update(start).digest('hex').slice(0, 32) } : {}),
  }
}

function hasCacheHint(request: NeutralRequest): boolean {
  const blocks = [...request.system, ...request.tools, ...request.messages.flatMap(message => message.blocks)]
  return blocks.some(block => 'cache' in block && block.cache !== undefined)
}
