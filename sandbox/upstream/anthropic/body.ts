import { isRecord } from '../talk.ts'
import { problemInMessages } from './messages.ts'
import type { AnthropicBody } from './reply.ts'
import { blocksOf } from './reply.ts'

const fields = new Set([
  'model', 'messages', 'max_tokens', 'cache_control', 'container', 'inference_geo', 'metadata', 'output_config', 'service_tier',
  'stop_sequences', 'stream', 'system', 'temperature', 'thinking', 'tool_choice', 'tools', 'top_k', 'top_p',
])
/** Known only to requests that come with an `anthropic-beta` header. */
const betaFields = new Set(['context_management', 'mcp_servers', 'output_format', 'speed', 'diagnostics', 'fallbacks'])
const countedFields = new Set(['model', 'messages', 'cache_control', 'output_config', 'system', 'thinking', 'tool_choice', 'tools'])
const toolFields = new Set([
  'type', 'name', 'description', 'input_schema', 'cache_control', 'strict', 'eager_input_streaming', 'defer_loading', 'allowed_callers', 'input_examples',
])

export interface Asking {
  /** Whether tokens are only to be counted. */
  counting: boolean
  beta: boolean
}

/** Returns the body, or the sentence Anthropic refuses it with. */
export function parseAnthropicBody(value: unknown, asking: Asking): { body: AnthropicBody } | { problem: string } {
  if (!isRecord(value)) return { problem: 'The request body is not valid JSON: it has to be an object.' }
  const problem = problemIn(value, asking)
  return problem === undefined ? { body: value as AnthropicBody } : { problem }
}

function problemIn(body: Record<string, unknown>, { counting, beta }: Asking): string | undefined {
  const known = counting ? countedFields : fields
  const extra = Object.keys(body).find(name => !known.has(name) && !(beta && betaFields.has(name)))
  if (extra !== undefined) return `${extra}: Extra inputs are not permitted`
  const missing = ['model', 'messages', ...(counting ? [] : ['max_tokens'])].find(name => body[name] === undefined)
  if (missing !== undefined) return `${missing}: Field required`
  if (typeof body['model'] !== 'string') return 'model: Input should be a valid string'
  return (counting ? undefined : problemInSampling(body))
    ?? problemInTools(body)
    ?? problemInThinking(body)
    ?? problemInSystem(body)
    ?? problemInMessages(body['messages'])
    ?? problemInCacheHints(body)
}

function problemInSampling(body: Record<string, unknown>): string | undefined {
  const { max_tokens: limit, temperature, top_p: topP, stop_sequences: stops, metadata } = body
  if (!Number.isInteger(limit)) return 'max_tokens: Input should be a valid integer'
  if (Number(limit) < 1) return 'max_tokens: Input should be greater than or equal to 1'
  if (temperature != null && !inUnitRange(temperature)) return 'temperature: range: 0..1'
  if (topP != null && !inUnitRange(topP)) return 'top_p: range: 0..1'
  if (temperature != null && topP != null) return '`temperature` and `top_p` cannot both be specified for this model. Please use only one.'
  if (stops != null) {
    if (!Array.isArray(stops)) return 'stop_sequences: Input should be a valid list'
    if (stops.some(stop => typeof stop !== 'string' || stop.trim() === '')) return 'stop_sequences: each stop sequence must contain non-whitespace'
  }
  const extra = isRecord(metadata) ? Object.keys(metadata).find(name => name !== 'user_id') : undefined
  if (extra !== undefined) return `metadata.${extra}: Extra inputs are not permitted`
  return body['stream'] === undefined || typeof body['stream'] === 'boolean' ? undefined : 'stream: Input should be a valid boolean'
}

function inUnitRange(value: unknown): boolean {
  return typeof value === 'number' && value >= 0 && value <= 1
}

function problemInTools({ tools = [], tool_choice: choice }: Record<string, unknown>): string | undefined {
  if (!Array.isArray(tools)) return 'tools: Input should be a valid list'
  for (const [index, tool] of tools.entries()) {
    const problem = problemInTool(tool, `tools.${index}`)
    if (problem !== undefined) return problem
  }
  const names = tools.filter(isRecord).map(({ name }) => name)
  if (new Set(names).size < names.length) return 'tools: Tool names must be unique.'
  if (choice == null) return undefined
  if (!isRecord(choice)) return 'tool_choice: Input should be an object'
  const { type, name } = choice
  if (!['auto', 'any', 'tool', 'none'].includes(String(type))) {
    return `tool_choice: Input tag '${String(type)}' found using 'type' does not match any of the expected tags: 'any', 'auto', 'none', 'tool'`
  }
  if (tools.length === 0) return 'tool_choice may only be specified while providing tools.'
  return type === 'tool' && !names.includes(name) ? `Tool '${String(name)}' not found in provided tools` : undefined
}

function problemInTool(tool: unknown, path: string): string | undefined {
  if (!isRecord(tool)) return `${path}: Input should be an object`
  // Tools the vendor runs itself are told apart by their type and have fields of their own.
  if (tool['type'] != null && tool['type'] !== 'custom') {
    return tool['type'] === 'function'
      ? `${path}: Input tag 'function' found using 'type' does not match any of the expected tags: 'bash_20250124', 'custom', 'text_editor_20250124', 'web_search_20250305'`
      : undefined
  }
  const at = `${path}.custom`
  const extra = Object.keys(tool).find(name => !toolFields.has(name))
  if (extra !== undefined) return `${at}.${extra}: Extra inputs are not permitted`
  const { name, input_schema: schema } = tool
  if (name === undefined) return `${at}.name: Field required`
  if (typeof name !== 'string' || !/^[\w-]{1,128}$/.test(name)) return `${at}.name: String should match pattern '^[a-zA-Z0-9_-]{1,128}$'`
  if (schema === undefined) return `${at}.input_schema: Field required`
  if (!isRecord(schema)) return `${at}.input_schema: Input should be an object`
  if (schema['type'] === undefined) return `${at}.input_schema.type: Field required`
  return schema['type'] === 'object' ? undefined : `${at}.input_schema.type: Input should be 'object'`
}

function problemInThinking(body: Record<string, unknown>): string | undefined {
  const { thinking, temperature, tool_choice: choice, max_tokens: limit } = body
  if (thinking == null) return undefined
  if (!isRecord(thinking)) return 'thinking: Input should be an object'
  const { type, budget_tokens: budget } = thinking
  if (type === 'disabled') return undefined
  if (type !== 'enabled' && type !== 'adaptive') {
    return `thinking: Input tag '${String(type)}' found using 'type' does not match any of the expected tags: 'adaptive', 'disabled', 'enabled'`
  }
  if (type === 'enabled') {
    if (budget === undefined) return 'thinking.enabled.budget_tokens: Field required'
    if (typeof budget !== 'number' || budget < 1024) return 'thinking.enabled.budget_tokens: Input should be greater than or equal to 1024'
    if (typeof limit === 'number' && limit <= budget) return '`max_tokens` must be greater than `thinking.budget_tokens`.'
  }
  if (type === 'adaptive' && budget !== undefined) return 'thinking.adaptive.budget_tokens: Extra inputs are not permitted'
  if (temperature != null && temperature !== 1) return '`temperature` may only be set to 1 when thinking is enabled.'
  if (body['top_k'] != null) return '`top_k` must be unset when thinking is enabled.'
  return isRecord(choice) && (choice['type'] === 'any' || choice['type'] === 'tool')
    ? 'Thinking may not be enabled when tool_choice forces tool use.'
    : undefined
}

function problemInSystem({ system }: Record<string, unknown>): string | undefined {
  if (system == null || typeof system === 'string') return undefined
  if (!Array.isArray(system)) return 'system: Input should be a valid list'
  const wrong = system.findIndex(block => !isRecord(block) || block['type'] !== 'text' || typeof block['text'] !== 'string')
  if (wrong >= 0) return `system.${wrong}.type: Input should be 'text'`
  return system.some(block => isRecord(block) && block['text'] === '') ? 'system: text content blocks must be non-empty' : undefined
}

/** Counts the marks on tools, system and messages, as they are all in one budget. */
function problemInCacheHints(body: Record<string, unknown>): string | undefined {
  const messages: unknown[] = Array.isArray(body['messages']) ? body['messages'] : []
  const lists: unknown[] = [body['tools'], body['system'], ...messages.map(message => isRecord(message) ? blocksOf(message['content']) : [])]
  const marks = lists.flatMap(list => Array.isArray(list) ? list as unknown[] : []).filter(block => isRecord(block) && block['cache_control'] != null)
  return marks.length > 4 ? `A maximum of 4 blocks with cache_control may be provided. Found ${marks.length}.` : undefined
}
