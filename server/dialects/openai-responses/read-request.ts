import { AppError } from '#server/errors/app-error'
import type { ClientRequest } from '../dialect'
import type { Block, MediaBlock, Message, NeutralRequest, OutputFormat, ReasoningControl, Sampling, Signature, TextBlock, Tool, ToolChoice } from '../neutral'
import { efforts } from '../neutral'
import { unwrapSignature } from '../signatures'
import { parseRequest } from './request'
import type { Fields, WireItem, WireRequest } from './wire'
import { clientTools, customParameters, entryOf, fieldsOf, flatName, isFields, mintCallId, reasoningText, textOf, wrapCustomInput } from './wire'
import { TEXT_ITEM } from './write-reply'

/** Fields with no word in the neutral request; `tools` joins them when some are more than plain functions. */
const EXTRA = ['metadata', 'truncation', 'max_tool_calls', 'context_management', 'moderation', 'prompt_cache_key', 'prompt_cache_retention', 'prompt_cache_options', 'stream_options'] as const

/**
 * A request for an upstream of another dialect. Throws AppError `unsupported_field` for items that cannot be carried
 * there, `invalid_request` for what is none. Hosted tools and stored state were refused by `readRequest`.
 */
export function readNeutralRequest(request: ClientRequest): NeutralRequest {
  const wire = parseRequest(request.body)
  const state: ReadState = { messages: [], names: new Map() }
  const items: WireItem[] = typeof wire.input === 'string' ? [{ role: 'user', content: wire.input }] : wire.input
  for (const item of items) readItem(state, item)
  const leading = state.messages.findIndex(message => message.role !== 'system')
  const first = leading === -1 ? state.messages.length : leading
  const instructions: TextBlock[] = wire.instructions ? [{ type: 'text', text: wire.instructions }] : []
  const system = [...instructions, ...state.messages.slice(0, first).flatMap(message => message.blocks.filter(block => block.type === 'text'))]
  const include = Array.isArray(wire.include) ? wire.include : []
  return {
    model: wire.model,
    stream: wire.stream ?? false,
    system,
    messages: state.messages.slice(first),
    tools: readTools(wire),
    toolChoice: readToolChoice(wire.tool_choice),
    parallelTools: typeof wire.parallel_tool_calls === 'boolean' ? wire.parallel_tool_calls : undefined,
    sampling: readSampling(wire, include.includes('message.output_text.logprobs')),
    format: readFormat(wire.text),
    reasoning: readReasoning(wire.reasoning),
    userId: textOf(wire.safety_identifier) ?? textOf(wire.user),
    extra: readExtra(wire),
  }
}

interface ReadState {
  messages: Message[]
  /** Names of the calls so far by their ids, for results, which carry the id alone. */
  names: Map<string, string>
}

/** Items that are nothing to an upstream that did not make them. */
const IGNORED = new Set(['web_search_call', 'file_search_call', 'code_interpreter_call', 'mcp_list_tools', 'mcp_call', 'mcp_approval_request', 'mcp_approval_response'])

type ItemReader = (state: ReadState, item: WireItem) => void

const readers: Record<string, ItemReader> = {
  message: readMessage,
  reasoning: readReasoningItem,
  function_call: (state, item) => readCall(state, item, textOf(item.arguments) || '{}'),
  custom_tool_call: (state, item) => readCall(state, item, wrapCustomInput(textOf(item.input) ?? '')),
  function_call_output: readOutput,
  custom_tool_call_output: readOutput,
  image_generation_call: (state, item) => {
    const data = textOf(item.result)
    if (data) append(state, 'assistant', { type: 'media', media: 'image', mime: `image/${textOf(item.output_format) ?? 'png'}`, data })
  },
}

function readItem(state: ReadState, item: WireItem): void {
  const type = item.type ?? (item.role ? 'message' : '')
  const reader = entryOf(readers, type)
  if (reader) reader(state, item)
  else if (!IGNORED.has(type)) throw new AppError('unsupported_field', { field: `input.${type.slice(0, 60) || 'type'}`, why: 'the model behind this name does not know such items' })
}

/** Adds to the open turn: items of one assistant turn are one message, and so are the results that follow it. */
function append(state: ReadState, role: 'assistant' | 'tool', block: Block): void {
  const last = state.messages.at(-1)
  if (last?.role === role) last.blocks.push(block)
  else state.messages.push({ role, blocks: [block] })
}

function readMessage(state: ReadState, item: WireItem): void {
  const blocks = readContent(item.content)
  if (item.role === 'assistant') {
    for (const block of blocks) append(state, 'assistant', block)
    return
  }
  if (item.role !== 'user' && item.role !== 'system' && item.role !== 'developer') throw new AppError('invalid_request', { problem: 'input: a message has the role user, assistant, system or developer.' })
  if (blocks.length > 0) state.messages.push({ role: item.role === 'user' ? 'user' : 'system', blocks })
}

function readReasoningItem(state: ReadState, item: WireItem): void {
  const text = reasoningText(item)
  const sealed = textOf(item.encrypted_content)
  if (!sealed) {
    if (text) append(state, 'assistant', { type: 'reasoning', text })
    return
  }
  const signature = unwrapSignature(sealed, 'openai-responses')
  if (!text && putBack(state, signature)) return
  const id = textOf(item.id)
  // Sealed reasoning is bound to the id it came with.
  const bound = signature.item ?? (signature.dialect === 'openai-responses' ? id : undefined)
  append(state, 'assistant', { type: 'reasoning', text, ...(text ? {} : { redacted: true }), signature: { ...signature, ...(bound ? { item: bound } : {}) } })
}

/** Another vendor's proof of a call or of text, which travelled behind it; false when it is none. */
function putBack({ messages }: ReadState, { item, ...signature }: Signature): boolean {
  const last = messages.at(-1)
  if (item === undefined || signature.dialect === 'openai-responses' || last?.role !== 'assistant') return false
  const home = last.blocks.findLast(block => block.type === 'tool-call' ? block.id === item : block.type === 'text' && item === TEXT_ITEM)
  if (home?.type !== 'tool-call' && home?.type !== 'text') return false
  home.signature = signature
  return true
}

function readCall(state: ReadState, item: WireItem, args: string): void {
  const id = textOf(item.call_id) || mintCallId()
  const name = flatName(textOf(item.namespace), textOf(item.name) ?? '')
  if (!name) throw new AppError('invalid_request', { problem: 'input: a call has no name.' })
  state.names.set(id, name)
  append(state, 'assistant', { type: 'tool-call', id, name, args })
}

function readOutput(state: ReadState, item: WireItem): void {
  const id = textOf(item.call_id)
  if (!id) throw new AppError('invalid_request', { problem: `input: a ${item.type ?? 'result'} has no call_id.` })
  const blocks = readContent(item.output).filter(block => block.type === 'text' || block.type === 'media')
  append(state, 'tool', { type: 'tool-result', id, name: state.names.get(id), blocks, isError: false })
}

function readContent(content: unknown): Block[] {
  if (typeof content === 'string') return content ? [{ type: 'text', text: content }] : []
  return fieldsOf(content).flatMap(readPart)
}

function readPart(part: Fields): Block[] {
  const type = textOf(part.type) ?? ''
  if (type === 'input_image') return [readImage(part)]
  if (type === 'input_file') return [readFile(part)]
  if (type === 'input_audio') return [readAudio(part)]
  if (type === 'refusal') {
    const refusal = textOf(part.refusal)
    return refusal ? [{ type: 'refusal', text: refusal }] : []
  }
  const text = textOf(part.text)
  if (text === undefined) throw new AppError('unsupported_field', { field: `input.${type.slice(0, 60)}`, why: 'the model behind this name does not know such parts' })
  return text ? [{ type: 'text', text }] : []
}

const DATA_URL = /^data:([^;,]*)((?:;[^;,]*)*);base64,/i

/** A data URL as its type and its data in standard base64; undefined for any other URL. */
function readDataUrl(url: string): { mime: string | undefined, data: string } | undefined {
  const match = DATA_URL.exec(url.slice(0, 500))
  if (!match) return undefined
  return { mime: match[1] ? match[1].toLowerCase() : undefined, data: standardBase64(url.slice(match[0].length)) }
}

function standardBase64(data: string): string {
  const standard = data.replaceAll('-', '+').replaceAll('_', '/').replace(/=+$/, '')
  return standard.padEnd(Math.ceil(standard.length / 4) * 4, '=')
}

function readImage(part: Fields): MediaBlock {
  const url = textOf(part.image_url)
  if (!url) throw new AppError('invalid_request', { problem: 'input: an input_image has no image_url.' })
  const detail = textOf(part.detail)
  return { type: 'media', media: 'image', mime: undefined, ...(readDataUrl(url) ?? { url }), ...(detail ? { detail } : {}) }
}

function readFile(part: Fields): MediaBlock {
  const name = textOf(part.filename)
  const named = name ? { name } : {}
  const url = textOf(part.file_url)
  if (url) return { type: 'media', media: 'document', mime: undefined, url, ...named }
  const data = textOf(part.file_data)
  if (!data) throw new AppError('invalid_request', { problem: 'input: an input_file has neither file_data nor file_url.' })
  const file = readDataUrl(data) ?? { mime: undefined, data: standardBase64(data) }
  const mime = file.mime ?? (file.data.startsWith('JVBERi') ? 'application/pdf' : undefined)
  if (mime?.startsWith('text/')) return { type: 'media', media: 'document', mime, text: Buffer.from(file.data, 'base64').toString('utf8'), ...named }
  return { type: 'media', media: 'document', mime, data: file.data, ...named }
}

function readAudio(part: Fields): MediaBlock {
  const audio = isFields(part.input_audio) ? part.input_audio : {}
  const data = textOf(audio.data)
  if (!data) throw new AppError('invalid_request', { problem: 'input: an input_audio has no data.' })
  return { type: 'media', media: 'audio', mime: audio.format === 'mp3' ? 'audio/mpeg' : `audio/${textOf(audio.format) ?? 'wav'}`, data: standardBase64(data) }
}

function readTools(wire: WireRequest): Tool[] {
  for (const tool of wire.tools ?? []) {
    // These are formats of calls one vendor's models were trained on; a function of another shape is no stand-in.
    if (!['function', 'custom', 'namespace'].includes(tool.type)) throw new AppError('unsupported_field', { field: `tools.${tool.type.slice(0, 60)}`, why: 'the model behind this name does not know this tool' })
  }
  return [...clientTools(wire.tools)].map(([name, { custom, definition }]) => {
    const description = textOf(definition.description)
    if (!name) throw new AppError('invalid_request', { problem: 'tools: a tool has no name.' })
    if (custom) return { name, description: describeCustom(description, definition.format), parameters: customParameters, strict: undefined }
    const parameters = isFields(definition.parameters) ? definition.parameters : { type: 'object', properties: {} }
    return { name, description, parameters, strict: readStrict(definition.strict, parameters) }
  })
}

/** A grammar cannot be enforced elsewhere, so the model is at least told of it. */
function describeCustom(description: string | undefined, format: unknown): string | undefined {
  if (!isFields(format) || format.type !== 'grammar' || typeof format.definition !== 'string') return description
  return `${description ?? ''}\n\nThe input must follow this ${textOf(format.syntax) ?? ''} grammar:\n${format.definition}`.trim()
}

/** Left out, it means here: strict if the schema allows it. Elsewhere it means no, so it is said. */
function readStrict(strict: unknown, parameters: Fields): boolean | undefined {
  if (typeof strict === 'boolean') return strict
  return isStrictSchema(parameters) ? true : undefined
}

const SCHEMA_DEPTH = 32

/** Every object closed and every property required, which strict mode asks for. */
function isStrictSchema(schema: unknown, depth = 0): boolean {
  const isStrict = (inner: unknown): boolean => isStrictSchema(inner, depth + 1)
  // Strict mode takes five levels; a client may send thousands.
  if (depth > SCHEMA_DEPTH) return false
  if (Array.isArray(schema)) return schema.every(isStrict)
  if (!isFields(schema)) return true
  if (schema.type === 'object') {
    const names = isFields(schema.properties) ? Object.keys(schema.properties) : []
    const required = Array.isArray(schema.required) ? schema.required : []
    if (schema.additionalProperties !== false || !names.every(name => required.includes(name))) return false
  }
  const inner = [schema.items, schema.anyOf, ...Object.values(isFields(schema.properties) ? schema.properties : {}), ...Object.values(isFields(schema.$defs) ? schema.$defs : {})]
  return inner.every(isStrict)
}

function readToolChoice(choice: unknown): ToolChoice | undefined {
  if (choice == null) return undefined
  if (choice === 'auto' || choice === 'none' || choice === 'required') return { type: choice }
  if (isFields(choice)) {
    const name = textOf(choice.name)
    if ((choice.type === 'function' || choice.type === 'custom') && name) return { type: 'tool', name: flatName(textOf(choice.namespace), name) }
    if (choice.type === 'allowed_tools') return { type: 'subset', names: [...clientTools(choice.tools).keys()], required: choice.mode === 'required' }
  }
  throw new AppError('unsupported_field', { field: 'tool_choice', why: 'the model behind this name does not know this choice' })
}

function readSampling(wire: WireRequest, logprobs: boolean): Sampling {
  const sampling: Sampling = {}
  if (wire.max_output_tokens != null) sampling.outputMax = wire.max_output_tokens
  if (typeof wire.temperature === 'number') sampling.temperature = wire.temperature
  if (typeof wire.top_p === 'number') sampling.topP = wire.top_p
  if (logprobs) sampling.logprobs = true
  if (typeof wire.top_logprobs === 'number') sampling.topLogprobs = wire.top_logprobs
  return sampling
}

function readFormat(text: unknown): OutputFormat | undefined {
  const format = isFields(text) ? text.format : undefined
  if (!isFields(format)) return undefined
  if (format.type === 'text') return { type: 'text' }
  if (format.type === 'json_object') return { type: 'json' }
  if (format.type !== 'json_schema' || !isFields(format.schema)) throw new AppError('invalid_request', { problem: 'text.format: the type is text, json_object or json_schema with a schema.' })
  return {
    type: 'schema',
    name: textOf(format.name) ?? 'answer',
    schema: format.schema,
    strict: typeof format.strict === 'boolean' ? format.strict : undefined,
    description: textOf(format.description),
  }
}

function readReasoning(reasoning: unknown): ReasoningControl | undefined {
  if (!isFields(reasoning)) return undefined
  const effort = efforts.find(known => known === reasoning.effort)
  if (reasoning.effort != null && effort === undefined) throw new AppError('invalid_request', { problem: `reasoning.effort: one of ${efforts.join(', ')}.` })
  const summary = reasoning.summary ?? reasoning.generate_summary
  return { effort, budget: undefined, visible: summary == null ? undefined : true }
}

function readExtra(wire: WireRequest): NeutralRequest['extra'] {
  const extra: Fields = {}
  for (const field of EXTRA) if (wire[field] != null) extra[field] = wire[field]
  if (isFields(wire.text) && wire.text.verbosity != null) extra.text = { verbosity: wire.text.verbosity }
  if (wire.tools?.some(tool => tool.type !== 'function')) extra.tools = wire.tools
  return Object.keys(extra).length > 0 ? { 'openai-responses': extra } : {}
}
