import type { ErrorBody } from '../openai-chat/errors.ts'
import { errorBody } from '../openai-chat/errors.ts'
import { isRecord } from '../talk.ts'
import { problemInItems } from './items.ts'
import type { ResponsesBody } from './reply.ts'

const fields = new Set([
  'background', 'context_management', 'conversation', 'include', 'input', 'instructions', 'max_output_tokens', 'max_tool_calls', 'metadata', 'model',
  'moderation', 'parallel_tool_calls', 'previous_response_id', 'prompt', 'prompt_cache_key', 'prompt_cache_options', 'prompt_cache_retention',
  'reasoning', 'safety_identifier', 'service_tier', 'store', 'stream', 'stream_options', 'temperature', 'text', 'tool_choice', 'tools', 'top_logprobs',
  'top_p', 'truncation', 'user',
])
const streamFields = new Set(['include_obfuscation'])
const textFields = new Set(['format', 'verbosity'])
const reasoningFields = new Set(['effort', 'summary', 'generate_summary', 'context', 'mode'])
const functionFields = new Set(['type', 'name', 'description', 'parameters', 'strict', 'defer_loading', 'output_schema', 'allowed_callers'])

export interface Problem {
  status: number
  body: ErrorBody
}

/** A refusal in OpenAI's words. */
export function problem(message: string, code: string | null, parameter: string | null, status = 400): Problem {
  return { status, body: errorBody(message, 'invalid_request_error', code, parameter) }
}

/** Returns the body, or what OpenAI refuses it with. */
export function parseResponsesBody(value: unknown): { body: ResponsesBody } | { problem: Problem } {
  if (!isRecord(value)) return { problem: problem('The body has to be a JSON object.', null, null) }
  const found = problemInFields(value) ?? problemInRanges(value) ?? problemInState(value) ?? problemInTools(value) ?? problemInItems(value['input'])
  return found ? { problem: found } : { body: value as ResponsesBody }
}

function unknownIn(value: unknown, known: ReadonlySet<string>, path: string): Problem | undefined {
  const name = isRecord(value) ? Object.keys(value).find(key => !known.has(key)) : undefined
  return name === undefined ? undefined : problem(`Unknown parameter: '${path}${name}'.`, 'unknown_parameter', path + name)
}

export function missing(path: string): Problem {
  return problem(`Missing required parameter: '${path}'.`, 'missing_required_parameter', path)
}

function problemInFields(body: Record<string, unknown>): Problem | undefined {
  const { text } = body
  const unknown = unknownIn(body, fields, '')
    ?? unknownIn(body['stream_options'], streamFields, 'stream_options.')
    ?? unknownIn(text, textFields, 'text.')
    ?? unknownIn(body['reasoning'], reasoningFields, 'reasoning.')
  if (unknown) return unknown
  if (typeof body['model'] !== 'string') return missing('model')
  if (body['input'] === undefined) return missing('input')
  const format = isRecord(text) ? text['format'] : undefined
  if (!isRecord(format) || format['type'] !== 'json_schema') return undefined
  return format['name'] === undefined ? missing('text.format.name') : format['schema'] === undefined ? missing('text.format.schema') : undefined
}

function problemInRanges(body: Record<string, unknown>): Problem | undefined {
  const { max_output_tokens: limit, temperature, top_p: topP, stream_options: options, include } = body
  if (limit != null && !Number.isInteger(limit)) return problem('Invalid type for \'max_output_tokens\': expected an integer.', 'invalid_type', 'max_output_tokens')
  if (typeof limit === 'number' && limit < 16) {
    return problem(`Invalid 'max_output_tokens': integer below minimum value. Expected a value >= 16, but got ${limit} instead.`, 'integer_below_min_value', 'max_output_tokens')
  }
  if (temperature != null && !inRange(temperature, 2)) return outOfRange('temperature', 2)
  if (topP != null && !inRange(topP, 1)) return outOfRange('top_p', 1)
  if (options != null && body['stream'] !== true) return problem('The \'stream_options\' parameter is only allowed when \'stream\' is enabled.', null, 'stream_options')
  if (include != null && !Array.isArray(include)) return problem('Invalid type for \'include\': expected an array.', 'invalid_type', 'include')
  return undefined
}

function inRange(value: unknown, most: number): boolean {
  return typeof value === 'number' && value >= 0 && value <= most
}

function outOfRange(name: string, most: number): Problem {
  return problem(`Invalid '${name}': expected a number between 0 and ${most}.`, 'decimal_out_of_range', name)
}

/** Nothing is stored here, so nothing that was stored can be found. */
function problemInState({ previous_response_id: previous, conversation }: Record<string, unknown>): Problem | undefined {
  if (previous != null) return problem(`Previous response with id '${String(previous)}' not found.`, 'previous_response_not_found', 'previous_response_id')
  const id = isRecord(conversation) ? conversation['id'] : conversation
  return id == null ? undefined : problem(`Conversation with id '${String(id)}' not found.`, null, null, 404)
}

function problemInTools({ tools = [], tool_choice: choice }: Record<string, unknown>): Problem | undefined {
  if (!Array.isArray(tools)) return problem('Invalid type for \'tools\': expected an array.', 'invalid_type', 'tools')
  for (const [index, tool] of tools.entries()) {
    const path = `tools[${index}]`
    if (!isRecord(tool) || tool['type'] === undefined) return missing(`${path}.type`)
    if (tool['type'] !== 'function') continue
    const { name, parameters, strict } = tool
    if (name === undefined) return missing(`${path}.name`)
    const unknown = unknownIn(tool, functionFields, `${path}.`)
    if (unknown) return unknown
    if (typeof name !== 'string' || !/^[\w-]{1,64}$/.test(name)) {
      return problem(`Invalid '${path}.name': string does not match pattern. Expected a string that matches the pattern '^[a-zA-Z0-9_-]+$'.`, 'invalid_value', `${path}.name`)
    }
    const wrong = strict === true ? problemInStrictSchema(parameters) : undefined
    if (wrong !== undefined) return problem(`Invalid schema for function '${name}': In context=(), ${wrong}`, 'invalid_function_parameters', `${path}.parameters`)
  }
  if (isRecord(choice) && choice['type'] === 'function') {
    const { name } = choice
    if (name === undefined) return missing('tool_choice.name')
    if (!tools.some(tool => isRecord(tool) && tool['name'] === name)) return problem(`Tool choice '${String(name)}' not found in 'tools' parameter.`, null, 'tool_choice')
  }
  if (choice === 'required' && tools.length === 0) return problem('Tool choice \'required\' must be specified with \'tools\' parameter.', null, 'tool_choice')
  return undefined
}

/** Strict schemas close their objects and require every property; only the outermost object is looked at. */
function problemInStrictSchema(schema: unknown): string | undefined {
  if (!isRecord(schema)) return undefined
  if (schema['additionalProperties'] !== false) return '\'additionalProperties\' is required to be supplied and to be false.'
  const required: unknown[] = Array.isArray(schema['required']) ? schema['required'] : []
  const left = Object.keys(isRecord(schema['properties']) ? schema['properties'] : {}).find(name => !required.includes(name))
  return left === undefined ? undefined : `'required' is required to be supplied and to be an array including every key in properties. Missing '${left}'.`
}
