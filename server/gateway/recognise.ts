import type { CallTarget, Dialect } from '#server/dialects/dialect'
import { dialectOf } from '#server/dialects/index'
import type { DialectId } from '#shared/schemas/channel'

export interface Recognised {
  dialect: Dialect
  /** Where the call belongs: for a Gemini body at another path, the path its dialect would have used. */
  target: CallTarget
}

type Shape = Record<string, unknown>

/**
 * Which dialect a body speaks: the path says it. Only a body that cannot be of the path's dialect, or a path that says
 * nothing, is decided by headers (`anthropic-version`, `x-goog-api-key`) and then by shape. A body that fits nowhere
 * else stays with its path, whose dialect then explains what is wrong.
 */
export function recognise(path: DialectId | undefined, target: CallTarget, body: Uint8Array): Recognised {
  const shape = parse(body)
  const id = shape ? dialectOfShape(path, target, shape) : path ?? 'openai-chat'
  return { dialect: dialectOf(id), target: id === 'gemini' && path !== 'gemini' ? geminiTarget(target, shape ?? {}) : target }
}

function dialectOfShape(path: DialectId | undefined, { headers }: CallTarget, body: Shape): DialectId {
  const told: DialectId | undefined = headers['anthropic-version'] ? 'anthropic' : headers['x-goog-api-key'] ? 'gemini' : undefined
  const candidates: DialectId[] = [...(path ? [path] : []), ...(told ? [told] : []), ...order]
  return candidates.find(id => fits[id](body)) ?? path ?? told ?? 'openai-chat'
}

/** Tried in this order when neither path nor headers fit: what two of them could be is Chat Completions, the commonest. */
const order: DialectId[] = ['gemini', 'openai-responses', 'openai-chat', 'anthropic']

/** What only a body of the dialect has, or must not have to be one. */
const fits: Record<DialectId, (body: Shape) => boolean> = {
  'gemini': body => Array.isArray(body.contents) || isObject(body.generateContentRequest),
  'openai-responses': body => body.input !== undefined && body.messages === undefined,
  'anthropic': body => Array.isArray(body.messages) && !has(body, chatFields) && !beginsWithSystem(body.messages) && !body.messages.some(isChatMessage) && !list(body.tools).some(isChatTool),
  'openai-chat': body => Array.isArray(body.messages) && !has(body, anthropicFields) && !body.messages.some(isAnthropicMessage) && !list(body.tools).some(isAnthropicTool),
}

/** Fields only one of the two that have `messages` knows, and no compatible server has taken over from the other. */
const chatFields = ['max_completion_tokens', 'response_format', 'stream_options', 'reasoning_effort', 'functions', 'parallel_tool_calls', 'frequency_penalty', 'presence_penalty', 'logit_bias', 'logprobs', 'n', 'seed', 'modalities', 'prediction', 'prompt_cache_key', 'safety_identifier', 'verbosity', 'web_search_options']
const anthropicFields = ['system', 'stop_sequences', 'mcp_servers', 'anthropic_version']

const has = (body: Shape, fields: string[]): boolean => fields.some(field => body[field] !== undefined)
/** Messages takes instructions in `system`; inside `messages` only behind others. */
const beginsWithSystem = ([first]: unknown[]): boolean => isObject(first) && first.role === 'system'

function isChatMessage(message: unknown): boolean {
  if (!isObject(message)) return false
  if (message.role === 'developer' || message.role === 'tool' || message.role === 'function') return true
  return message.tool_calls !== undefined || message.function_call !== undefined || blocksOf(message).some(block => block.type === 'image_url' || block.type === 'input_audio')
}

function isAnthropicMessage(message: unknown): boolean {
  return isObject(message) && blocksOf(message).some(block => ['tool_use', 'tool_result', 'thinking', 'redacted_thinking', 'image', 'document'].includes(String(block.type)))
}

const isChatTool = (tool: unknown): boolean => isObject(tool) && isObject(tool.function)
/** Tools of its own end in the day they are from, such as `bash_20250124`. */
const isAnthropicTool = (tool: unknown): boolean => isObject(tool) && (isObject(tool.input_schema) || /_\d{8}$/.test(String(tool.type)))

function blocksOf(message: Shape): Shape[] {
  return list(message.content).filter(isObject)
}

function list(value: unknown): unknown[] {
  return Array.isArray(value) ? value : []
}

function isObject(value: unknown): value is Shape {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** The model and the verb, which a Gemini client that posts elsewhere must have put into the body. */
function geminiTarget(target: CallTarget, body: Shape): CallTarget {
  const model = typeof body.model === 'string' ? body.model : ''
  const stream = body.stream === true
  const query = new URLSearchParams(target.query)
  if (stream) query.set('alt', 'sse')
  return { ...target, query, path: `/v1beta/models/${model}:${stream ? 'streamGenerateContent' : 'generateContent'}` }
}

/** Undefined for what is no JSON object: the path's dialect says so in its own words. */
function parse(body: Uint8Array): Shape | undefined {
  try {
    const value = JSON.parse(Buffer.from(body.buffer, body.byteOffset, body.byteLength).toString('utf8')) as unknown
    return isObject(value) ? value : undefined
  }
  catch { return undefined }
}
