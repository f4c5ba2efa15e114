import { AppError } from '#server/errors/app-error'
import { readDataUrl, sniffMime, standardBase64 } from '../data-url'
import { budgetOf, effortOf } from '../effort'
import { hasDetail, leftBehind, mediaIn } from '../left-behind'
import type { Block, Effort, MediaBlock, NeutralRequest, OutputFormat, ReasoningControl, Sampling, TextBlock, Tool, ToolChoice, ToolResultBlock, WriteTarget, WrittenRequest } from '../neutral'
import { argsObject, objectOf, SKIP_SIGNATURE } from './wire'

type Fields = Record<string, unknown>

/**
 * A neutral request as the body of `generateContent`; the model stands in the path. Throws AppError unsupported_field for
 * several answers.
 */
export function writeNeutralRequest(request: NeutralRequest, target: WriteTarget): WrittenRequest {
  const dropped = new Set<string>()
  if ((request.sampling.choices ?? 1) > 1) throw new AppError('unsupported_field', { field: 'n', why: 'this model gives one answer a call' })
  const { systemInstruction, contents } = writeContents(request, { dropped, nestsMedia: versionOf(target.model) >= 3 })
  if (request.tools.some(({ cache }) => cache)) dropped.add('cache_control')
  if (request.tools.some(({ strict }) => strict)) dropped.add('strict')
  if (request.parallelTools === false && request.tools.length > 0) dropped.add('parallel_tool_calls')
  const body: Fields = { contents }
  if (systemInstruction) body.systemInstruction = systemInstruction
  if (request.tools.length > 0) {
    body.tools = [{ functionDeclarations: request.tools.map(writeTool) }]
    const toolConfig = writeToolChoice(request.toolChoice)
    if (toolConfig) body.toolConfig = { functionCallingConfig: toolConfig }
  }
  const generationConfig = {
    ...writeSampling(request.sampling, dropped),
    ...writeFormat(request.format),
    ...writeThinking(request.reasoning, target.model, dropped),
  }
  if (Object.keys(generationConfig).length > 0) body.generationConfig = generationConfig
  writeExtra(request, body, dropped)
  return { body, dropped: [...dropped], stops: request.sampling.stop?.slice(STOP_MAX) ?? [] }
}

/** Its own fields come back where they stood; those of others have no place here. */
function writeExtra(request: NeutralRequest, body: Fields, dropped: Set<string>): void {
  for (const [name, value] of Object.entries(request.extra.gemini ?? {})) {
    const inside = /^generationConfig\.(.+)$/.exec(name)?.[1]
    if (inside === undefined) body[name] = value
    else body.generationConfig = { ...body.generationConfig as Fields | undefined, [inside]: value }
  }
  for (const name of leftBehind(request, 'gemini')) dropped.add(name)
  if (request.userId !== undefined) dropped.add('user')
  if (hasDetail(request)) dropped.add('detail')
  if (mediaIn(request).some(({ name }) => name)) dropped.add('filename')
}

function writeTool({ name, description, parameters }: Tool): Fields {
  const properties = parameters.properties as Fields | undefined
  // An object without properties is refused by older models; no parameters at all says the same.
  const isEmpty = Object.keys(properties ?? {}).length === 0 && !parameters.$ref && !parameters.anyOf && !parameters.additionalProperties
  return { name, ...(description ? { description } : {}), ...(isEmpty ? {} : { parametersJsonSchema: parameters }) }
}

function writeToolChoice(choice: ToolChoice | undefined): Fields | undefined {
  switch (choice?.type) {
    case 'auto': return { mode: 'AUTO' }
    case 'none': return { mode: 'NONE' }
    case 'required': return { mode: 'ANY' }
    case 'tool': return { mode: 'ANY', allowedFunctionNames: [choice.name] }
    case 'subset': return { mode: choice.required ? 'ANY' : 'VALIDATED', allowedFunctionNames: choice.names }
    default: return undefined
  }
}

const STOP_MAX = 5
const INT32 = 2_147_483_647

/** https://ai.google.dev/api/generate-content#generationconfig; what is out of range is cut to it and said. */
function writeSampling(sampling: Sampling, dropped: Set<string>): Fields {
  const cut = (name: string, value: number | undefined, least: number, most: number): number | undefined => {
    if (value === undefined || (value >= least && value <= most)) return value
    dropped.add(name)
    return Math.min(most, Math.max(least, value))
  }
  const { outputMax, topK, stop, logprobs } = sampling
  const seed = sampling.seed !== undefined && Number.isInteger(sampling.seed) && Math.abs(sampling.seed) <= INT32 ? sampling.seed : undefined
  if (sampling.seed !== undefined && seed === undefined) dropped.add('seed')
  return defined({
    maxOutputTokens: outputMax,
    temperature: cut('temperature', sampling.temperature, 0, 2),
    topP: cut('top_p', sampling.topP, 0, 1),
    topK,
    seed,
    frequencyPenalty: cut('frequency_penalty', sampling.frequencyPenalty, -2, 1.99),
    presencePenalty: cut('presence_penalty', sampling.presencePenalty, -2, 1.99),
    stopSequences: stop?.length ? stop.slice(0, STOP_MAX) : undefined,
    responseLogprobs: logprobs,
    logprobs: logprobs ? cut('top_logprobs', sampling.topLogprobs, 0, 20) : undefined,
  })
}

function writeFormat(format: OutputFormat | undefined): Fields {
  if (format?.type === 'text') return { responseMimeType: 'text/plain' }
  if (!format) return {}
  if (format.type === 'json') return { responseMimeType: 'application/json' }
  const { schema, description } = format
  return { responseMimeType: 'application/json', responseJsonSchema: description && schema.description === undefined ? { ...schema, description } : schema }
}

/** Level or budget, never both: Gemini 3 takes a level, 2.5 a budget, older ones refuse either. */
function writeThinking(reasoning: ReasoningControl | undefined, model: string, dropped: Set<string>): Fields {
  if (!reasoning) return {}
  const version = versionOf(model)
  if (version < 2.5) {
    dropped.add('reasoning')
    return {}
  }
  // Models of levels always think a little.
  if (version >= 3 && effortOf(reasoning) === 'none') dropped.add('reasoning')
  const thinkingConfig = defined({
    includeThoughts: reasoning.visible,
    ...(version >= 3 ? { thinkingLevel: levelOf(reasoning, model, version) } : { thinkingBudget: budgetFor(reasoning, model, dropped) }),
  })
  return Object.keys(thinkingConfig).length > 0 ? { thinkingConfig } : {}
}

/** `gemini-2.5-flash` is 2.5; Google's "latest" names mean the newest; 0 for a model that is not known to think. */
export function versionOf(model: string): number {
  const found = /gemini-(\d+(?:\.\d+)?)/.exec(model)?.[1]
  if (found !== undefined) return Number(found)
  return /gemini-(?:pro|flash|flash-lite)-latest/.test(model) ? 3 : 0
}

const levels: Record<Effort, string> = { none: 'MINIMAL', minimal: 'MINIMAL', low: 'LOW', medium: 'MEDIUM', high: 'HIGH', xhigh: 'HIGH', max: 'HIGH' }

function levelOf(reasoning: ReasoningControl, model: string, version: number): string | undefined {
  const effort = effortOf(reasoning)
  if (effort === undefined) return undefined
  const level = levels[effort]
  const isPro = /pro/.test(model)
  if (level === 'MINIMAL' && (isPro || version >= 3.7)) return 'LOW'
  return level === 'MEDIUM' && isPro && version === 3 ? 'HIGH' : level
}

/** Budgets a 2.5 model takes: Pro cannot stop thinking, Flash-Lite starts at 512. */
function budgetFor(reasoning: ReasoningControl, model: string, dropped: Set<string>): number | undefined {
  const wanted = budgetOf(reasoning)
  if (wanted === undefined || wanted < 0) return wanted === undefined ? undefined : -1
  const isPro = /pro/.test(model)
  if (wanted === 0 && !isPro) return 0
  const least = isPro ? 128 : /lite/.test(model) ? 512 : 1
  const budget = Math.min(isPro ? 32_768 : 24_576, Math.max(least, wanted))
  if (budget !== wanted) dropped.add('reasoning')
  return budget
}

function defined(fields: Fields): Fields {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined))
}

interface Content { role: 'user' | 'model', parts: Fields[] }

interface ContentContext {
  dropped: Set<string>
  /** Gemini 3 takes pictures inside a tool's result, older ones beside it. */
  nestsMedia: boolean
}

interface History {
  context: ContentContext
  contents: Content[]
  /** Calls of the last model turn in order, with what answered them. */
  calls: { id: string, name: string, result: ToolResultBlock | undefined }[]
  /** What was said between calls and results: it must wait until the results stand. */
  late: Fields[]
}

/**
 * Instructions and contents. Results stand right behind the turn that called, one for each of its calls in their order:
 * Gemini refuses anything else. A result nobody asked for becomes text, a missing one is said to be missing.
 */
function writeContents(request: NeutralRequest, context: ContentContext): { systemInstruction: Fields | undefined, contents: Content[] } {
  const history: History = { context, contents: [], calls: [], late: [] }
  for (const { role, blocks } of request.messages) {
    if (blocks.some(block => 'cache' in block && block.cache)) context.dropped.add('cache_control')
    if (role === 'assistant') addModelTurn(history, blocks)
    else if (role === 'system') addUserParts(history, blocks.flatMap(block => block.type === 'text' && block.text ? [{ text: `<system>\n${block.text}\n</system>` }] : []))
    else addUserTurn(history, blocks)
  }
  endCalls(history, false)
  if (request.system.some(({ cache }) => cache)) context.dropped.add('cache_control')
  const system = systemParts(request.system)
  const { contents } = history
  // Contents begin with the user; instructions alone are then what he says.
  if (contents.length === 0) return { systemInstruction: undefined, contents: [{ role: 'user', parts: system.length > 0 ? system : [{ text: ' ' }] }] }
  if (contents[0]?.role === 'model') contents.unshift({ role: 'user', parts: [{ text: ' ' }] })
  return { systemInstruction: system.length > 0 ? { parts: system } : undefined, contents }
}

/** Without the line of a client that says what it was built from: it changes and spoils the upstream's cache. */
function systemParts(system: TextBlock[]): Fields[] {
  return system.filter(({ text }) => text && !text.startsWith('x-anthropic-billing-header:')).map(({ text }) => ({ text }))
}

function addModelTurn(history: History, blocks: Block[]): void {
  if (history.late.length > 0 || history.calls.some(({ result }) => result)) endCalls(history, true)
  const last = history.contents.at(-1)
  const isSameTurn = last?.role === 'model'
  const parts = modelParts(blocks, history.context, isSameTurn && history.calls.length > 0)
  if (parts.length === 0) return
  if (isSameTurn) last.parts.push(...parts)
  else history.contents.push({ role: 'model', parts })
  for (const block of blocks) if (block.type === 'tool-call') history.calls.push({ id: block.id, name: block.name, result: undefined })
}

/** Blocks of the model's turn. The first call must carry a signature; one Gemini did not make gets the word for that. */
function modelParts(blocks: Block[], context: ContentContext, hasCallBefore: boolean): Fields[] {
  const parts: Fields[] = []
  const hasCall = blocks.some(({ type }) => type === 'tool-call')
  let isFirst = !hasCallBefore
  /** Dialects without a place for a call's signature keep it with the reasoning before the call. */
  let carried: string | undefined
  for (const block of blocks) {
    const own = 'signature' in block && block.signature?.dialect === 'gemini' ? block.signature.value : undefined
    if (block.type === 'reasoning') {
      if (own === undefined) context.dropped.add('reasoning')
      else if (hasCall) carried = own
      if (own !== undefined && (block.text || !hasCall)) parts.push({ text: block.text, thought: true, ...(hasCall ? {} : { thoughtSignature: own }) })
    }
    else if (block.type === 'tool-call') {
      const signature = own ?? carried ?? (isFirst ? SKIP_SIGNATURE : undefined)
      parts.push({ functionCall: { id: block.id, name: block.name, args: argsObject(block.args) }, ...(signature ? { thoughtSignature: signature } : {}) })
      carried = undefined
      isFirst = false
    }
    else if (block.type === 'text' || block.type === 'refusal') {
      if (block.text || own !== undefined) parts.push({ text: block.text, ...(own === undefined ? {} : { thoughtSignature: own }) })
    }
    else if (block.type === 'media') parts.push(mediaPart(block))
  }
  return parts
}

function addUserTurn(history: History, blocks: Block[]): void {
  const orphans: Fields[] = []
  for (const block of blocks) {
    if (block.type !== 'tool-result') continue
    const call = history.calls.find(({ id, result }) => id === block.id && !result) ?? history.calls.find(({ name, result }) => name === block.name && !result)
    if (call) call.result = block
    else orphans.push({ text: `Result of ${block.name ?? 'a tool'}: ${textOfResult(block)}` }, ...mediaOfResult(block).map(mediaPart))
  }
  addUserParts(history, [...orphans, ...blocks.flatMap((block): Fields[] => {
    if (block.type === 'text' || block.type === 'refusal') return block.text ? [{ text: block.text }] : []
    return block.type === 'media' ? [mediaPart(block)] : []
  })])
}

function addUserParts(history: History, parts: Fields[]): void {
  if (parts.length === 0) return
  if (history.calls.some(({ result }) => !result)) {
    history.late.push(...parts)
    return
  }
  endCalls(history, true)
  pushUser(history, parts)
}

/** Writes the results of the last turn's calls. The end of a history may leave calls that nobody has answered yet. */
function endCalls(history: History, isFollowed: boolean): void {
  const { calls, late, contents, context } = history
  if (calls.length > 0 && (isFollowed || late.length > 0 || calls.some(({ result }) => result))) {
    const results = calls.map(call => resultParts(call, context))
    contents.push({ role: 'user', parts: [...results.map(({ response }) => response), ...results.flatMap(({ beside }) => beside)] })
  }
  history.calls = []
  history.late = []
  // Behind results a new content begins: they count only when nothing else stands among them.
  if (late.length > 0) contents.push({ role: 'user', parts: late })
}

function pushUser({ contents }: History, parts: Fields[]): void {
  const last = contents.at(-1)
  if (last?.role === 'user' && !last.parts.some(part => 'functionResponse' in part)) last.parts.push(...parts)
  else contents.push({ role: 'user', parts })
}

function resultParts({ id, name, result }: History['calls'][number], context: ContentContext): { response: Fields, beside: Fields[] } {
  if (!result) return { response: { functionResponse: { id, name, response: { error: 'There is no result.' } } }, beside: [] }
  const media = mediaOfResult(result).map(mediaPart)
  const nested = context.nestsMedia && media.length > 0 ? { parts: media } : {}
  return { response: { functionResponse: { id, name, response: responseOf(result), ...nested } }, beside: context.nestsMedia ? [] : media }
}

/** A JSON object travels as it is, anything else under one key: the field is an object. */
function responseOf(result: ToolResultBlock): Fields {
  const text = textOfResult(result)
  if (result.isError) return { error: text }
  return objectOf(text) ?? { result: text }
}

function textOfResult({ blocks }: ToolResultBlock): string {
  return blocks.flatMap(block => block.type === 'text' ? block.text : []).join('\n')
}

function mediaOfResult({ blocks }: ToolResultBlock): MediaBlock[] {
  return blocks.filter(block => block.type === 'media')
}

const mimes: Record<string, string> = { png: 'image/png', jpg: 'image/jpeg', jpeg: 'image/jpeg', gif: 'image/gif', webp: 'image/webp', pdf: 'application/pdf', mp3: 'audio/mpeg', wav: 'audio/wav', mp4: 'video/mp4' }
const usual: Record<MediaBlock['media'], string> = { image: 'image/jpeg', document: 'application/pdf', audio: 'audio/wav', video: 'video/mp4' }

/** Data inline, an address as a file Google fetches itself. */
function mediaPart({ media, mime, data, url, text }: MediaBlock): Fields {
  if (data !== undefined) return { inlineData: { mimeType: mime ?? sniffMime(data) ?? usual[media], data: standardBase64(data) } }
  if (text !== undefined) return { inlineData: { mimeType: mime ?? 'text/plain', data: Buffer.from(text).toString('base64') } }
  const inline = readDataUrl(url ?? '')
  if (inline) return { inlineData: { mimeType: inline.mime ?? mime ?? usual[media], data: inline.data } }
  if (!url || !/^https?:\/\//i.test(url)) throw new AppError('unsupported_field', { field: media, why: 'this model takes its data or an http(s) address' })
  const ending = /\.(\w+)(?:[?#]|$)/.exec(url)?.[1]?.toLowerCase() ?? ''
  return { fileData: { mimeType: mime ?? mimes[ending] ?? usual[media], fileUri: url } }
}
