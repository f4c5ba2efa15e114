import { AppError } from '#server/errors/app-error'
import { readDataUrl, sniffMime, standardBase64 } from '../data-url'
import type { ClientRequest } from '../dialect'
import { LEGACY } from '../left-behind'
import { efforts } from '../neutral'
import type { Block, CacheHint, MediaBlock, Message, NeutralRequest, OutputFormat, ReasoningControl, RefusalBlock, Sampling, TextBlock, Tool, ToolCallBlock, ToolChoice } from '../neutral'
import { mintToolId } from '../tool-ids'
import { filled, parseJson, readArguments, readCallSignature, readReasoning, recordOf, recordsOf, textOf } from './wire'
import type { Wire } from './wire'

type Content = TextBlock | MediaBlock | RefusalBlock

/** Fields that have a word in the neutral request, or are not for the upstream. All others travel in `extra`. */
const KNOWN = new Set([
  'model', 'messages', 'stream', 'stream_options', 'tools', 'tool_choice', 'functions', 'function_call', 'parallel_tool_calls',
  'max_tokens', 'max_completion_tokens', 'temperature', 'top_p', 'top_k', 'stop', 'seed', 'frequency_penalty', 'presence_penalty',
  'n', 'logprobs', 'top_logprobs', 'response_format', 'reasoning_effort', 'reasoning', 'thinking', 'include_reasoning', 'user', 'safety_identifier', 'modalities',
])

/**
 * A request that was recognised by `readRequest` as a neutral one. Throws AppError `invalid_request` for what has another
 * shape, `unsupported_field` for what no other dialect can carry.
 */
export function readNeutralRequest(request: ClientRequest): NeutralRequest {
  const wire = recordOf(parseJson(request.body))
  refuseNative(wire)
  const history = readMessages(wire)
  const legacy = wire.functions !== undefined && wire.functions !== null
  const extra = Object.fromEntries(Object.entries(wire).filter(([name, value]) => !KNOWN.has(name) && value !== null && !request.dropped.includes(name)))
  return {
    model: request.model,
    stream: request.stream,
    ...history,
    tools: [...recordsOf(wire.tools).map(readTool), ...recordsOf(wire.functions).map((called, index) => toolOf(called, `functions.${index}`))],
    toolChoice: legacy && wire.tool_choice === undefined ? readFunctionChoice(wire.function_call) : readToolChoice(wire.tool_choice),
    // The older form has room for one call.
    parallelTools: legacy ? false : typeof wire.parallel_tool_calls === 'boolean' ? wire.parallel_tool_calls : undefined,
    sampling: readSampling(wire),
    format: readFormat(wire.response_format),
    reasoning: readControl(wire),
    userId: filled(wire.safety_identifier) ?? filled(wire.user),
    extra: { 'openai-chat': { ...extra, ...(legacy ? { [LEGACY]: true } : {}) } },
  }
}

function invalid(field: string, problem: string): never {
  throw new AppError('invalid_request', { problem: `${field}: ${problem}.` })
}

function refuse(field: string, why: string): never {
  throw new AppError('unsupported_field', { field, why })
}

/** Required features only this dialect's own upstreams have. */
function refuseNative(wire: Wire): void {
  if (Array.isArray(wire.modalities) && wire.modalities.some(kind => kind !== 'text')) refuse('modalities', 'this model answers in text only')
  recordsOf(wire.tools).forEach((tool, index) => {
    if (tool.type === 'custom') refuse(`tools.${index}.type`, 'this model takes function tools only')
  })
}

/** What the calls so far were, to give results their names and ids. */
interface History { calls: { id: string, name: string, answered: boolean }[] }

type ReadMessage = (message: Wire, at: string, history: History) => Message

const messageReaders: Record<string, ReadMessage> = {
  system: readSystem,
  developer: readSystem,
  user: (message, at) => ({ role: 'user', blocks: readContent(message.content, `${at}.content`) }),
  assistant: readAssistant,
  tool: readToolResult,
  function: readFunctionResult,
}

function readMessages(wire: Wire): { system: TextBlock[], messages: Message[] } {
  const history: History = { calls: [] }
  const system: TextBlock[] = []
  const messages: Message[] = []
  recordsOf(wire.messages).forEach((item, index) => {
    const at = `messages.${index}`
    const read = Object.hasOwn(messageReaders, textOf(item.role)) ? messageReaders[textOf(item.role)] : undefined
    if (!read) invalid(`${at}.role`, 'must be system, developer, user, assistant or tool')
    const message = read(item, at, history)
    const last = messages.at(-1)
    if (message.role === 'system' && !last) system.push(...message.blocks as TextBlock[])
    // Results of one turn belong together.
    else if (message.role === 'tool' && last?.role === 'tool') last.blocks.push(...message.blocks)
    else if (message.blocks.length > 0) messages.push(message)
  })
  return { system, messages }
}

function readSystem(message: Wire, at: string): Message {
  const blocks = readContent(message.content, `${at}.content`)
  if (blocks.some(block => block.type !== 'text')) invalid(`${at}.content`, 'only text can stand here')
  return { role: 'system', blocks }
}

function readAssistant(message: Wire, at: string, history: History): Message {
  const details = readReasoning(message, () => undefined)
  const content = readContent(message.content, `${at}.content`)
  const text = content.find(block => block.type === 'text')
  if (text && details.textSignature) text.signature = details.textSignature
  const blocks: Block[] = [...details.blocks, ...content]
  // An empty text can carry a signature too.
  if (!text && details.textSignature) blocks.push({ type: 'text', text: '', signature: details.textSignature })
  const refusal = filled(message.refusal)
  if (refusal) blocks.push({ type: 'refusal', text: refusal })
  recordsOf(message.tool_calls).forEach((call, index) => {
    if (call.type === 'custom') refuse(`${at}.tool_calls.${index}.type`, 'this model takes function tools only')
    blocks.push(readCall(call, recordOf(call.function), `${at}.tool_calls.${index}.function`, history))
  })
  const called = recordOf(message.function_call)
  if (called.name !== undefined) blocks.push(readCall({}, called, `${at}.function_call`, history))
  return { role: 'assistant', blocks }
}

function readCall(call: Wire, called: Wire, at: string, history: History): ToolCallBlock {
  const name = filled(called.name) ?? invalid(`${at}.name`, 'is missing')
  const id = filled(call.id) ?? mintToolId()
  history.calls.push({ id, name, answered: false })
  const signature = readCallSignature(call, 'gemini')
  return { type: 'tool-call', id, name, args: readArguments(called.arguments) || '{}', ...(signature ? { signature } : {}) }
}

/** A result says which call it answers; the first open one when it does not. */
function readToolResult(message: Wire, at: string, history: History): Message {
  const given = filled(message.tool_call_id)
  const call = history.calls.find(({ id, answered }) => given === undefined ? !answered : id === given)
  const id = given ?? call?.id ?? invalid(`${at}.tool_call_id`, 'is missing')
  if (call) call.answered = true
  return resultOf(id, call?.name ?? filled(message.name), message, at)
}

/** The older form names the function, so the last open call of that name is meant. */
function readFunctionResult(message: Wire, at: string, history: History): Message {
  const name = filled(message.name) ?? invalid(`${at}.name`, 'is missing')
  const call = history.calls.findLast(open => open.name === name && !open.answered)
  if (call) call.answered = true
  return resultOf(call?.id ?? invalid(at, `nobody called "${name.slice(0, 60)}"`), name, message, at)
}

function resultOf(id: string, name: string | undefined, message: Wire, at: string): Message {
  const blocks = readContent(message.content, `${at}.content`).filter(block => block.type === 'text' || block.type === 'media')
  const cache = readCache(message.cache_control)
  return { role: 'tool', blocks: [{ type: 'tool-result', id, name, blocks, isError: false, ...(cache ? { cache } : {}) }] }
}

type ReadPart = (part: Wire, at: string) => Content | undefined

const readTextPart: ReadPart = part => filled(part.text) ? { type: 'text', text: textOf(part.text) } : undefined

const partReaders: Record<string, ReadPart> = {
  text: readTextPart,
  input_text: readTextPart,
  output_text: readTextPart,
  refusal: part => filled(part.refusal) ? { type: 'refusal', text: textOf(part.refusal) } : undefined,
  // Mistral's clients send reasoning back inside the content; it has no proof, so nobody could use it.
  thinking: () => undefined,
  image_url: readImage,
  input_audio: readAudio,
  file: readFile,
  video_url: (part, at) => mediaOf('video', filled(recordOf(part.video_url).url) ?? textOf(part.video_url), `${at}.video_url.url`),
}

/** Content as a text or a list of parts; empty texts are left out, because Anthropic refuses them. */
function readContent(content: unknown, at: string): Content[] {
  if (content === undefined || content === null) return []
  if (typeof content === 'string') return content ? [{ type: 'text', text: content }] : []
  if (!Array.isArray(content)) invalid(at, 'must be a text or a list of parts')
  return content.flatMap((item: unknown, index) => {
    if (typeof item === 'string') return item ? [{ type: 'text' as const, text: item }] : []
    const part = recordOf(item)
    const read = Object.hasOwn(partReaders, textOf(part.type)) ? partReaders[textOf(part.type)] : undefined
    if (!read) invalid(`${at}.${index}.type`, 'is not known')
    const block = read(part, `${at}.${index}`)
    const cache = readCache(part.cache_control)
    return block ? [cache && block.type !== 'refusal' ? { ...block, cache } : block] : []
  })
}

function readImage(part: Wire, at: string): MediaBlock {
  const image = recordOf(part.image_url)
  const detail = filled(image.detail)
  return { ...mediaOf('image', filled(image.url) ?? textOf(part.image_url), `${at}.image_url.url`), ...(detail ? { detail } : {}) }
}

function readAudio(part: Wire, at: string): MediaBlock {
  const audio = recordOf(part.input_audio)
  const format = filled(audio.format)
  const data = filled(audio.data) ?? invalid(`${at}.input_audio.data`, 'is missing')
  return { type: 'media', media: 'audio', mime: format === 'mp3' ? 'audio/mpeg' : `audio/${format ?? 'wav'}`, data: readDataUrl(data)?.data ?? standardBase64(data) }
}

function readFile(part: Wire, at: string): MediaBlock {
  const file = recordOf(part.file)
  if (filled(file.file_id)) refuse(`${at}.file.file_id`, 'files stored at the upstream belong to no single user here; send the data itself')
  const name = filled(file.filename)
  const media = mediaOf('document', textOf(file.file_data), `${at}.file.file_data`)
  const mime = media.mime ?? (name?.toLowerCase().endsWith('.pdf') ? 'application/pdf' : undefined)
  const kind = mime?.startsWith('image/') ? 'image' : 'document'
  const text = mime?.startsWith('text/') && media.data !== undefined ? Buffer.from(media.data, 'base64').toString('utf8') : undefined
  const body = text === undefined ? { data: media.data, url: media.url } : { text }
  return { type: 'media', media: kind, mime, ...withoutUndefined(body), ...(name ? { name } : {}) }
}

/** A data URL, another URL, or bare base64. */
function mediaOf(media: MediaBlock['media'], source: string, at: string): MediaBlock {
  if (!source) invalid(at, 'is missing')
  const inline = readDataUrl(source)
  if (inline) return { type: 'media', media, ...inline }
  if (/^[a-z][a-z\d+.-]*:/i.test(source)) return { type: 'media', media, mime: undefined, url: source }
  const data = standardBase64(source)
  return { type: 'media', media, mime: sniffMime(data), data }
}

function withoutUndefined<T extends object>(value: T): T {
  return Object.fromEntries(Object.entries(value).filter(([, item]) => item !== undefined)) as T
}

function readTool(tool: Wire, index: number): Tool {
  const read = toolOf(recordOf(tool.function), `tools.${index}.function`)
  const cache = readCache(tool.cache_control)
  return cache ? { ...read, cache } : read
}

function toolOf(called: Wire, at: string): Tool {
  return {
    name: filled(called.name) ?? invalid(`${at}.name`, 'is missing'),
    description: filled(called.description),
    parameters: called.parameters === undefined || called.parameters === null ? { type: 'object', properties: {} } : recordOf(called.parameters),
    strict: typeof called.strict === 'boolean' ? called.strict : undefined,
  }
}

/** Not of the vendor: OpenRouter's clients mark what Anthropic shall cache. */
function readCache(control: unknown): CacheHint | undefined {
  const { type, ttl } = recordOf(control)
  return type === 'ephemeral' ? { ttl: ttl === '1h' ? '1h' : '5m' } : undefined
}

const choiceWords: Record<string, ToolChoice> = { auto: { type: 'auto' }, none: { type: 'none' }, required: { type: 'required' }, any: { type: 'required' } }

function readToolChoice(choice: unknown): ToolChoice | undefined {
  if (choice === undefined || choice === null) return undefined
  if (typeof choice === 'string') return Object.hasOwn(choiceWords, choice) ? choiceWords[choice] : invalid('tool_choice', 'must be auto, none or required')
  const wire = recordOf(choice)
  if (wire.type === 'allowed_tools') {
    const allowed = recordOf(wire.allowed_tools)
    return { type: 'subset', names: recordsOf(allowed.tools).map(toolName).filter(name => name !== ''), required: allowed.mode === 'required' }
  }
  return { type: 'tool', name: toolName(wire) || invalid('tool_choice', 'names no function') }
}

function toolName(tool: Wire): string {
  return textOf(recordOf(tool.function).name) || textOf(tool.name)
}

function readFunctionChoice(choice: unknown): ToolChoice | undefined {
  const name = filled(recordOf(choice).name)
  return name ? { type: 'tool', name } : readToolChoice(choice)
}

function numberAt(wire: Wire, field: string): number | undefined {
  const value = wire[field]
  if (value === undefined || value === null) return undefined
  return typeof value === 'number' && Number.isFinite(value) ? value : invalid(field, 'must be a number')
}

function readSampling(wire: Wire): Sampling {
  const stop = typeof wire.stop === 'string' ? [wire.stop] : Array.isArray(wire.stop) ? wire.stop.filter(text => typeof text === 'string') : []
  return withoutUndefined<Sampling>({
    outputMax: numberAt(wire, 'max_completion_tokens') ?? numberAt(wire, 'max_tokens'),
    temperature: numberAt(wire, 'temperature'),
    topP: numberAt(wire, 'top_p'),
    topK: numberAt(wire, 'top_k'),
    stop: stop.some(text => text !== '') ? stop.filter(text => text !== '') : undefined,
    seed: numberAt(wire, 'seed'),
    frequencyPenalty: numberAt(wire, 'frequency_penalty'),
    presencePenalty: numberAt(wire, 'presence_penalty'),
    choices: numberAt(wire, 'n'),
    logprobs: wire.logprobs === true ? true : undefined,
    topLogprobs: numberAt(wire, 'top_logprobs'),
  })
}

function readFormat(value: unknown): OutputFormat | undefined {
  if (value === undefined || value === null) return undefined
  const format = recordOf(value)
  if (format.type === 'text') return { type: 'text' }
  if (format.type === 'json_object') return { type: 'json' }
  if (format.type !== 'json_schema') return invalid('response_format.type', 'must be text, json_object or json_schema')
  const wire = recordOf(format.json_schema)
  return {
    type: 'schema',
    name: filled(wire.name) ?? 'answer',
    schema: recordOf(wire.schema),
    strict: typeof wire.strict === 'boolean' ? wire.strict : undefined,
    description: filled(wire.description),
  }
}

/** `reasoning_effort`, OpenRouter's `reasoning`, or the `thinking` of DeepSeek and its likes. */
function readControl(wire: Wire): ReasoningControl | undefined {
  const reasoning = recordOf(wire.reasoning)
  const thinking = recordOf(wire.thinking)
  const off = reasoning.enabled === false || thinking.type === 'disabled'
  const said = filled(wire.reasoning_effort) ?? filled(reasoning.effort) ?? (off ? 'none' : undefined)
  const effort = efforts.find(known => known === said)
  if (said !== undefined && effort === undefined) invalid('reasoning_effort', `must be one of ${efforts.join(', ')}`)
  const budget = numberAt(reasoning, 'max_tokens') ?? numberAt(thinking, 'budget_tokens')
  const shown = reasoning.exclude === true || wire.include_reasoning === false ? false : reasoning.exclude === false || wire.include_reasoning === true ? true : undefined
  const on = reasoning.enabled === true || thinking.type === 'enabled'
  if (effort === undefined && budget === undefined && shown === undefined && !on) return undefined
  return { effort, budget: budget ?? (on && effort === undefined ? -1 : undefined), visible: shown }
}
