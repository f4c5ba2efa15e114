import { AppError } from '#server/errors/app-error'
import type { ClaudeModel } from '../claude-models'
import { claudeModel } from '../claude-models'
import { sniffMime, standardBase64 } from '../data-url'
import { budgetOf, effortOf } from '../effort'
import { hasDetail, leftBehind } from '../left-behind'
import type { Block, CacheHint, MediaBlock, NeutralRequest, TextBlock, Tool, ToolChoice, ToolResultBlock, WriteTarget, WrittenRequest } from '../neutral'
import { plainSchema } from '../plain-schema'
import { legalToolId } from '../tool-ids'
import { argsToInput } from './wire'
import type { Json } from './wire'

const FIELD = 'messages'
const JSON_ONLY = 'Answer with one JSON object and nothing else: no words around it, no code fence.'
/** Breakpoints the vendor takes: https://docs.anthropic.com/en/docs/build-with-claude/prompt-caching */
const BREAKPOINTS_MAX = 4
const THINKING_MIN = 1024
/** Fields of this dialect that come back as they were. */
const OWN_EXTRAS = ['context_management', 'cache_control', 'compaction']

interface Turn { role: 'user' | 'assistant' | 'system', content: Json[] }

/** What is being written, what it is written for, and what had to be left out on the way. */
interface Draft {
  model: ClaudeModel
  name: string
  request: NeutralRequest
  dropped: Set<string>
  stops: string[]
  /** Instructions among the messages that stand before everything else. */
  leading: Json[]
}

/**
 * The body for an upstream of this dialect: https://docs.anthropic.com/en/api/messages. Throws AppError unsupported_field
 * for several choices, kinds of media the vendor cannot read, and schemas for models without structured output.
 */
export function writeNeutralRequest(request: NeutralRequest, target: WriteTarget): WrittenRequest {
  if ((request.sampling.choices ?? 1) > 1) throw new AppError('unsupported_field', { field: 'n', why: 'this model gives one answer at a time' })
  const draft: Draft = { model: claudeModel(target.model), name: target.model, request, dropped: new Set(), stops: [], leading: [] }
  noteLost(draft)
  const turns = writeTurns(draft)
  const system = writeSystem(draft)
  // Instructions alone are no message yet: they are asked as one.
  if (turns.length === 0) turns.push({ role: 'user', content: system.splice(0) })
  if (turns[0]!.content.length === 0) throw new AppError('invalid_request', { problem: 'messages: nothing is asked.' })
  const tools = writeTools(draft)
  const choice = writeToolChoice(draft, tools.length > 0)
  const outputMax = outputMaxOf(draft)
  const thinking = writeThinking(draft, outputMax, choice)
  const body: Json = {
    model: target.model,
    max_tokens: outputMax,
    ...(system.length > 0 ? { system } : {}),
    messages: turns,
    ...(tools.length > 0 ? { tools } : {}),
    ...(choice ? { tool_choice: choice } : {}),
    ...thinking.fields,
    ...writeSampling(draft, thinking.on),
    ...writeOutputConfig(draft, thinking.effort),
    ...(request.stream ? { stream: true } : {}),
    ...ownExtras(request),
  }
  limitBreakpoints(draft, [...tools, ...system, ...turns.flatMap(turn => turn.content)], 'cache_control' in body)
  return { body, dropped: [...draft.dropped], stops: draft.stops }
}

function ownExtras({ extra }: NeutralRequest): Json {
  return Object.fromEntries(Object.entries(extra.anthropic ?? {}).filter(([name]) => OWN_EXTRAS.includes(name)))
}

function noteLost({ request, dropped }: Draft): void {
  const { sampling, extra, userId } = request
  const lost: [string, unknown][] = [
    ['seed', sampling.seed], ['frequency_penalty', sampling.frequencyPenalty || undefined], ['presence_penalty', sampling.presencePenalty || undefined],
    ['logprobs', sampling.logprobs || undefined], ['top_logprobs', sampling.topLogprobs], ['user', userId],
  ]
  for (const [field, value] of lost) if (value !== undefined) dropped.add(field)
  for (const field of [...leftBehind(request, 'anthropic'), ...Object.keys(extra.anthropic ?? {}).filter(name => !OWN_EXTRAS.includes(name))]) dropped.add(field)
  if (request.tools.some(({ strict }) => strict)) dropped.add('strict')
  if (hasDetail(request)) dropped.add('detail')
}

// Messages.

/** Instructions before everything else, and the wish for JSON, which has no field here. */
function writeSystem({ request: { system, format }, leading }: Draft): Json[] {
  const wish = format?.type === 'json' ? [{ type: 'text', text: JSON_ONLY }] : []
  return [...system.flatMap(block => writeText(block.text, block.cache)), ...leading, ...wish]
}

const writeInstructions = (blocks: Block[]): Json[] => blocks.flatMap(block => block.type === 'text' ? writeText(block.text, block.cache) : [])

/**
 * Turns as the vendor wants them: the first is the user's, neighbours of one role are one, and all results of a turn's
 * calls stand together at the start of the very next one.
 */
function writeTurns(draft: Draft): Turn[] {
  const turns: Turn[] = []
  for (const { role, blocks } of draft.request.messages) {
    if (role === 'tool') addResults(turns, blocks.flatMap(block => block.type === 'tool-result' ? [writeResult(block)] : writeInput(draft, block)))
    else if (role === 'assistant') addTurn(turns, 'assistant', blocks.flatMap(block => writeOutput(draft, block)))
    else if (role === 'user') addTurn(turns, 'user', blocks.flatMap(block => writeInput(draft, block)))
    else addInstructions(draft, turns, writeInstructions(blocks))
  }
  trimPrefill(turns)
  if (turns[0] && turns[0].role !== 'user') turns.unshift({ role: 'user', content: [{ type: 'text', text: 'Continue.' }] })
  return turns
}

function addTurn(turns: Turn[], role: Turn['role'], content: Json[]): void {
  if (content.length === 0) return
  const last = turns.at(-1)
  if (last?.role === role) last.content.push(...content)
  else turns.push({ role, content })
}

function addResults(turns: Turn[], results: Json[]): void {
  const behind = turns.findLastIndex(turn => turn.role === 'assistant') + 1
  const next = turns[behind]
  if (next?.role !== 'user') {
    turns.splice(behind, 0, { role: 'user', content: results })
    return
  }
  const first = next.content.findIndex(block => block.type !== 'tool_result')
  next.content.splice(first === -1 ? next.content.length : first, 0, ...results)
}

/** Later instructions keep their place; older models, which refuse the role, read them in the user's turn. */
function addInstructions({ model, leading }: Draft, turns: Turn[], texts: Json[]): void {
  if (turns.length === 0) leading.push(...texts)
  else if (model.inlineSystem) addTurn(turns, 'system', texts)
  else addTurn(turns, 'user', texts.map(block => ({ ...block, text: `<system>${String(block.text)}</system>` })))
}

/** An answer to go on with must not end in white space. */
function trimPrefill(turns: Turn[]): void {
  const last = turns.at(-1)
  const block = last?.role === 'assistant' ? last.content.at(-1) : undefined
  if (block?.type === 'text') block.text = String(block.text).trimEnd()
}

/** Text of white space alone is refused like no text at all. */
function writeText(text: string, cache: CacheHint | undefined): Json[] {
  return text.trim() === '' ? [] : [{ type: 'text', text, ...cacheControl(cache) }]
}

function cacheControl(cache: CacheHint | undefined): Json {
  if (!cache) return {}
  return { cache_control: { type: 'ephemeral', ...(cache.ttl === '1h' ? { ttl: '1h' } : {}) } }
}

function writeInput({ dropped }: Draft, block: Block): Json[] {
  if (block.type === 'text') return writeText(block.text, block.cache)
  if (block.type === 'media') return [writeMedia(block)]
  if (block.type === 'refusal') return writeText(block.text, undefined)
  if (block.type === 'tool-result') return [writeResult(block)]
  dropped.add(block.type === 'reasoning' ? 'reasoning' : 'tool_calls')
  return []
}

function writeOutput({ dropped }: Draft, block: Block): Json[] {
  if (block.type === 'text') return writeText(block.text, block.cache)
  if (block.type === 'refusal') return writeText(block.text, undefined)
  if (block.type === 'tool-call') return [{ type: 'tool_use', id: legalToolId(block.id), name: block.name, input: argsToInput(block.args), ...cacheControl(block.cache) }]
  if (block.type === 'reasoning' && block.signature?.dialect === 'anthropic') {
    const { value } = block.signature
    return [block.redacted ? { type: 'redacted_thinking', data: value } : { type: 'thinking', thinking: block.text, signature: value }]
  }
  // The vendor verifies signatures, and takes reasoning repeated as text for an attempt to extract it.
  dropped.add(block.type === 'reasoning' ? 'reasoning' : block.type === 'media' ? block.media : 'tool_results')
  return []
}

function writeResult(block: ToolResultBlock): Json {
  const content = block.blocks.flatMap((part: TextBlock | MediaBlock) => part.type === 'text' ? writeText(part.text, part.cache) : [writeMedia(part)])
  // An error without words is refused.
  if (content.length === 0 && block.isError) content.push({ type: 'text', text: 'Error' })
  return { type: 'tool_result', tool_use_id: legalToolId(block.id), ...(content.length > 0 ? { content } : {}), ...(block.isError ? { is_error: true } : {}), ...cacheControl(block.cache) }
}

const imageMimes = new Set(['image/jpeg', 'image/png', 'image/gif', 'image/webp'])

function writeMedia(block: MediaBlock): Json {
  const { media, name } = block
  if (media !== 'image' && media !== 'document') throw new AppError('unsupported_field', { field: FIELD, why: `this model cannot read ${media}` })
  const type = media === 'image' || block.mime?.startsWith('image/') ? 'image' : 'document'
  return { type, source: type === 'image' ? imageSource(block) : documentSource(block), ...(type === 'document' && name ? { title: name } : {}), ...cacheControl(block.cache) }
}

function imageSource({ data, url, mime }: MediaBlock): Json {
  if (data === undefined) return urlSource(url)
  const plain = standardBase64(data)
  const kind = (mime === 'image/jpg' ? 'image/jpeg' : mime) ?? sniffMime(plain) ?? 'unknown'
  if (!imageMimes.has(kind)) throw new AppError('unsupported_field', { field: FIELD, why: `this model reads images as jpeg, png, gif or webp, not ${kind.slice(0, 40)}` })
  return { type: 'base64', media_type: kind, data: plain }
}

function documentSource({ data, url, text, mime }: MediaBlock): Json {
  if (text !== undefined) return { type: 'text', media_type: 'text/plain', data: text }
  if (data === undefined) return urlSource(url)
  const plain = standardBase64(data)
  const kind = mime ?? sniffMime(plain) ?? 'unknown'
  if (kind === 'application/pdf') return { type: 'base64', media_type: kind, data: plain }
  if (kind.startsWith('text/') || kind === 'application/json') return { type: 'text', media_type: 'text/plain', data: Buffer.from(plain, 'base64').toString('utf8') }
  throw new AppError('unsupported_field', { field: FIELD, why: `this model reads documents as pdf or text, not ${kind.slice(0, 40)}` })
}

function urlSource(url: string | undefined): Json {
  if (url === undefined || !/^https?:\/\//i.test(url)) throw new AppError('unsupported_field', { field: FIELD, why: 'this model reads files from http(s) addresses only; send it as data' })
  return { type: 'url', url }
}

// Tools.

function writeTools({ request }: Draft): Json[] {
  const { tools, toolChoice, messages } = request
  const offered = toolChoice?.type === 'subset' ? tools.filter(tool => toolChoice.names.includes(tool.name)) : tools
  if (offered.length > 0) return offered.map(writeTool)
  // Calls in the history are refused where no tool is defined.
  const called = messages.flatMap(message => message.blocks.flatMap(block => block.type === 'tool-call' ? [block.name] : []))
  return [...new Set(called)].map(name => ({ name, input_schema: { type: 'object', properties: {} } }))
}

/** `strict` stays behind: the vendor refuses many schemas with it, and nobody asked for it elsewhere by default. */
function writeTool({ name, description, parameters, cache }: Tool): Json {
  return {
    name,
    ...(description ? { description } : {}),
    input_schema: { ...parameters, type: 'object', ...(parameters.properties === undefined ? { properties: {} } : {}) },
    ...cacheControl(cache),
  }
}

const choices: Record<ToolChoice['type'], (choice: ToolChoice) => Json> = {
  auto: () => ({ type: 'auto' }),
  none: () => ({ type: 'none' }),
  required: () => ({ type: 'any' }),
  tool: choice => ({ type: 'tool', name: choice.type === 'tool' ? choice.name : '' }),
  subset: choice => ({ type: choice.type === 'subset' && choice.required ? 'any' : 'auto' }),
}

function writeToolChoice({ request }: Draft, hasTools: boolean): Json | undefined {
  if (!hasTools) return undefined
  if (request.tools.length === 0) return { type: 'none' }
  const choice = request.toolChoice && choices[request.toolChoice.type](request.toolChoice)
  if (request.parallelTools !== false || choice?.type === 'none') return choice
  return { ...(choice ?? { type: 'auto' }), disable_parallel_tool_use: true }
}

// Sampling and thinking.

function outputMaxOf({ model, request, dropped }: Draft): number {
  const wished = request.sampling.outputMax ?? model.outputDefault
  if (model.outputCap === undefined || wished <= model.outputCap) return wished
  dropped.add('max_tokens')
  return model.outputCap
}

interface Thinking { on: boolean, fields: Json, effort: string | undefined }

/** How much to think, in the words of the model's generation. The client's limit holds for thinking and answer together. */
function writeThinking(draft: Draft, outputMax: number, choice: Json | undefined): Thinking {
  const { request: { reasoning }, model, dropped } = draft
  const off: Thinking = { on: false, fields: {}, effort: undefined }
  if (!reasoning) return off
  const effort = effortOf(reasoning)
  const disabled: Thinking = { on: false, fields: model.thinking === 'none' ? {} : { thinking: { type: 'disabled' } }, effort: undefined }
  if (effort === 'none') return disabled
  const budget = budgetFor(draft, outputMax)
  // A forced call and thinking exclude each other, and the call is what was demanded.
  const forced = choice?.type === 'any' || choice?.type === 'tool'
  if (model.thinking === 'none' || forced || (model.thinking === 'budget' && (budget < THINKING_MIN || isForeignLoop(draft)))) {
    dropped.add('reasoning_effort')
    return disabled
  }
  const display = !model.display || reasoning.visible === undefined ? {} : { display: reasoning.visible ? 'summarized' : 'omitted' }
  if (model.thinking === 'budget') return { on: true, fields: { thinking: { type: 'enabled', budget_tokens: budget, ...display } }, effort: undefined }
  return { on: true, fields: { thinking: { type: 'adaptive', ...display } }, effort: effort && effortFor(model, effort) }
}

/** A quarter of the limit at least stays for the answer. */
function budgetFor({ request: { reasoning } }: Draft, outputMax: number): number {
  const most = Math.floor(outputMax * 3 / 4)
  const wished = reasoning ? budgetOf(reasoning) ?? -1 : 0
  return wished < 0 ? most : Math.min(Math.max(wished, THINKING_MIN), most)
}

function effortFor(model: ClaudeModel, effort: string): string {
  if (effort === 'minimal') return 'low'
  return effort === 'xhigh' && !model.efforts.includes('xhigh') ? 'high' : effort
}

/** While a loop of calls runs that began without this vendor's thinking, switching it on is refused. */
function isForeignLoop({ request: { messages } }: Draft): boolean {
  const at = messages.findLastIndex(message => message.role === 'assistant')
  const turn = messages[at]
  if (!turn || messages.slice(at + 1).some(message => message.role === 'user')) return false
  return turn.blocks.some(block => block.type === 'tool-call') && !turn.blocks.some(block => block.type === 'reasoning' && block.signature?.dialect === 'anthropic')
}

function writeSampling(draft: Draft, thinking: boolean): Json {
  const { request: { sampling }, model, dropped } = draft
  const { temperature, topP, topK, stop } = sampling
  const fields: Json = {}
  const keep = (name: string, value: number | undefined, takes: boolean, clamped = value): void => {
    if (value === undefined) return
    if (takes) fields[name] = clamped
    if (!takes || clamped !== value) dropped.add(name)
  }
  // Newer models sample in one way only; with thinking on the others do, too.
  const free = model.freeSampling && !thinking
  keep('temperature', temperature, free || temperature === 1, temperature === undefined ? undefined : Math.min(1, Math.max(0, temperature)))
  const topPMin = !model.freeSampling ? 0.99 : thinking ? 0.95 : 0
  keep('top_p', topP, !('temperature' in fields) && topP !== undefined && topP >= topPMin, topP === undefined ? undefined : Math.min(1, Math.max(0, topP)))
  keep('top_k', topK, free)
  // The vendor refuses those of white space alone.
  const stops = stop?.filter(text => text.trim() !== '') ?? []
  draft.stops = stop?.filter(text => text.trim() === '') ?? []
  return { ...fields, ...(stops.length > 0 ? { stop_sequences: stops } : {}) }
}

function writeOutputConfig({ request: { format }, model, name }: Draft, effort: string | undefined): Json {
  const config: Json = effort ? { effort } : {}
  if (format?.type === 'schema') {
    if (!model.schemas) throw new AppError('unsupported_field', { field: 'response_format', why: `${name} has no structured output` })
    const schema = format.description && format.schema.description === undefined ? { ...format.schema, description: format.description } : format.schema
    config.format = { type: 'json_schema', schema: plainSchema(schema) }
  }
  return Object.keys(config).length > 0 ? { output_config: config } : {}
}

// Caching.

/** At most four breakpoints, and none of an hour behind one of five minutes; `automatic` is the vendor's own, which takes one. */
function limitBreakpoints({ dropped }: Draft, blocks: Json[], automatic: boolean): void {
  const nested = blocks.flatMap(block => Array.isArray(block.content) ? [...block.content as Json[], block] : [block])
  const marked = nested.filter(block => block.cache_control !== undefined)
  for (const block of marked.slice(0, Math.max(0, marked.length - BREAKPOINTS_MAX + (automatic ? 1 : 0)))) {
    delete block.cache_control
    dropped.add('cache_control')
  }
  let short = false
  for (const block of marked.filter(({ cache_control: control }) => control !== undefined)) {
    if (!(block.cache_control as Json).ttl) short = true
    else if (short) block.cache_control = { type: 'ephemeral' }
  }
}
