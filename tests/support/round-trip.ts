/** A request written for another dialect and read back: what of it is no longer there, and may that be? */
import { createHash } from 'node:crypto'
import { isDeepStrictEqual } from 'node:util'
import { effortOf } from '#server/dialects/effort'
import { dialectOf } from '#server/dialects/index'
import { notes } from '#server/dialects/left-behind'
import type { Block, MediaBlock, NeutralRequest, Tool, ToolChoice } from '#server/dialects/neutral'
import { legalTools } from '#server/dialects/tool-names'
import { AppError } from '#server/errors/app-error'
import { dialectIds } from '#shared/schemas/channel'
import type { DialectId } from '#shared/schemas/channel'
import { targetOf } from './wires'

/** Two generations where they are written for differently. */
const upstreamModels: Record<DialectId, string[]> = {
  'openai-chat': ['m', 'gpt-5'],
  'openai-responses': ['m', 'gpt-5'],
  'anthropic': ['claude-sonnet-4-5', 'claude-opus-4-8'],
  'gemini': ['gemini-2.5-flash', 'gemini-3-flash'],
}

interface AnyRequest { dialect: DialectId, name: string, body: Record<string, unknown>, stream: boolean }
export interface Written extends Crossed { name: string, to: DialectId }

interface Crossed {
  /** As the upstream is asked it: with names of tools it takes. */
  from: NeutralRequest
  body: Record<string, unknown>
  /** Named as left behind. */
  dropped: string[]
  /** Kept by the gateway, which ends the answer there. */
  stops: string[]
  back: NeutralRequest
}

function readAs(id: DialectId, body: Record<string, unknown>, stream: boolean): NeutralRequest {
  const dialect = dialectOf(id)
  return dialect.readNeutralRequest(dialect.readRequest(Buffer.from(JSON.stringify(body)), targetOf(id, { stream })))
}

/** From one dialect's body to another's and back to neutral. Throws what reading or writing throws. */
function cross(body: Record<string, unknown>, stream: boolean, from: DialectId, to: DialectId, model: string): Crossed {
  const dialect = dialectOf(to)
  const { request } = legalTools(readAs(from, from === 'gemini' ? body : { model: 'm', ...body }, stream), dialect.toolName)
  const { body: written, dropped, stops } = dialect.writeNeutralRequest(request, { model })
  const sent = JSON.parse(JSON.stringify(written)) as Record<string, unknown>
  return { from: request, body: sent, dropped, stops, back: readAs(to, sent, stream) }
}

/** White space may change where texts are joined; an empty object says as much as nothing. */
const bare = (text: string): string => text.replace(/\s+/g, '').replace(/^\{\}$/, '')
const isOpenai = (id: DialectId): boolean => id === 'openai-chat' || id === 'openai-responses'

/** Sentences a writer adds where the dialect has no other way to say it. */
const added: Record<DialectId, RegExp> = {
  'openai-chat': /Resultofthetoolcall[\w-]+:|\(seethenextmessageoftheuser\)|Picturesofyouranswer:/g,
  'openai-responses': /(?!)/g,
  'anthropic': /<\/?system>|AnswerwithoneJSONobjectandnothingelse:nowordsaroundit,nocodefence\./g,
  'gemini': /<\/?system>/g,
}

/** Arguments as far as they are JSON; those that were cut travel as a text under one key where only objects can. */
function parsed(text: string): unknown {
  try {
    const value = JSON.parse(text || '{}') as Record<string, unknown>
    const [only, ...others] = Object.values(value)
    return typeof only === 'string' && others.length === 0 && /^[[{]/.test(only) ? only : value
  }
  catch { return text }
}

interface Said { who: string, what: 'text' | 'call' | 'result', value: unknown }

/** Every word, call and result in the order it was said, as the dialect can say it; neighbouring texts of one speaker are one. */
function saidIn(request: NeutralRequest, id: DialectId): Said[] {
  const said: Said[] = []
  const calls: string[] = []
  const add = (who: string, text: string): void => {
    const words = bare(text).replace(added[id], '')
    const last = said.at(-1)
    if (words === '') return
    if (last?.who === who && last.what === 'text') last.value = `${String(last.value)}${words}`
    else said.push({ who, what: 'text', value: words })
  }
  // Results of one turn stand in the order of its calls, whatever order they came in.
  const answer = (call: number, text: string): void => {
    const later = said.findLastIndex(({ what, value }) => what !== 'result' || (value as [number, string])[0] < call)
    said.splice(later + 1, 0, { who: 'tool', what: 'result', value: [call, text] })
  }
  const tell = (who: string, block: Block): void => {
    if (block.type === 'text' || block.type === 'refusal') add(who, block.text)
    if (block.type === 'media') add(who, asText(block, id) ?? '')
    if (block.type === 'tool-call') {
      calls.push(block.id)
      said.push({ who, what: 'call', value: [block.name, parsed(block.args)] })
    }
    if (block.type === 'tool-result') answer(calls.lastIndexOf(block.id), bare(resultText(block, id)).replace(added[id], ''))
  }
  for (const block of request.system) tell('system', block)
  for (const { role, blocks } of request.messages) {
    // Where instructions cannot stand among the messages they are the user's words.
    const who = role === 'assistant' || (role === 'system' && isOpenai(id)) ? role : 'user'
    for (const block of blocks) tell(who, block)
  }
  return said
}

/** OpenAI has no documents of plain text: their words are said, under their name. */
function asText({ media, text, name }: MediaBlock, id: DialectId): string | undefined {
  if (media !== 'document' || text === undefined || !isOpenai(id)) return undefined
  return name ? `${name}:${text}` : text
}

/** OpenAI's results cannot be marked as failed, so they say it. */
function resultText({ blocks, isError }: Extract<Block, { type: 'tool-result' }>, id: DialectId): string {
  const text = blocks.map(block => block.type === 'text' ? block.text : '').join('')
  return isError && isOpenai(id) ? `Error: ${text}` : text
}

/** A choice among some tools is the same as having no others. */
function offered({ tools, toolChoice }: NeutralRequest, id: DialectId): { tools: Tool[], choice: ToolChoice } {
  if (toolChoice?.type !== 'subset' || id === 'openai-responses' || id === 'gemini') return { tools, choice: toolChoice ?? { type: 'auto' } }
  return { tools: tools.filter(({ name }) => toolChoice.names.includes(name)), choice: { type: toolChoice.required ? 'required' : 'auto' } }
}

/** No parameters at all say the same as an object without any. */
function parametersOf({ parameters }: Tool): unknown {
  const isEmpty = Object.keys(parameters['properties'] ?? {}).length === 0 && !parameters['$ref'] && !parameters['anyOf'] && !parameters['additionalProperties']
  return isEmpty ? {} : { type: 'object', properties: {}, ...parameters }
}

/** What an answer must look like. Limits that constrained decoding cannot hold are told in descriptions. */
function shapeOf(schema: unknown): unknown {
  if (typeof schema !== 'object' || schema === null) return schema
  if (Array.isArray(schema)) return schema.map(shapeOf)
  const { type, properties, required, items, anyOf, oneOf, allOf, enum: values, const: fixed, $ref, $defs } = schema as Record<string, unknown>
  const inside = (inner: unknown): unknown => Object.fromEntries(Object.entries(inner ?? {}).map(([name, one]) => [name, shapeOf(one)]))
  return { type, properties: inside(properties), required, items: shapeOf(items), anyOf: shapeOf(anyOf ?? oneOf), allOf: shapeOf(allOf), values, fixed, $ref, $defs: inside($defs) }
}

const base64Of = ({ data, url, text }: MediaBlock): string => data ?? url ?? Buffer.from(text ?? '').toString('base64')

/** All there is to a request, in parts that are compared one by one. */
function partsOf(request: NeutralRequest, id: DialectId): Record<string, unknown> {
  const { sampling, format, reasoning } = request
  const outer: Block[] = [...request.system, ...request.messages.flatMap(message => message.blocks)]
  const blocks = outer.flatMap((block): Block[] => block.type === 'tool-result' ? [block, ...block.blocks] : [block])
  const media = blocks.filter(block => block.type === 'media').filter(block => asText(block, id) === undefined)
  const { tools, choice } = offered(request, id)
  const schema = format?.type === 'schema' ? format : undefined
  const effort = reasoning && effortOf(reasoning)
  return {
    ...sampling,
    stop: sampling.stop ?? [],
    ...Object.fromEntries(Object.values(request.extra).flatMap(fields => Object.entries(fields)).filter(([name]) => !notes.has(name)).map(([name, value]) => [`extra ${name}`, value])),
    choices: undefined,
    said: saidIn(request, id),
    media: media.map(block => [block.media, base64Of(block)]),
    mediaType: media.map(({ data, mime }) => data === undefined ? '' : mime),
    mediaName: media.map(({ name }) => name === 'document.pdf' ? undefined : name),
    mediaDetail: media.map(({ detail }) => detail ?? 'auto'),
    failed: blocks.flatMap(block => block.type === 'tool-result' ? [block.isError] : []),
    refusals: blocks.filter(block => block.type === 'refusal').length,
    thoughts: blocks.flatMap(block => block.type === 'reasoning' ? [[bare(block.text), block.signature?.value]] : []),
    proofs: blocks.flatMap(block => (block.type === 'text' || block.type === 'tool-call') && block.signature ? [block.signature.value] : []),
    citations: blocks.flatMap(block => block.type === 'text' ? block.citations ?? [] : []),
    cache: [...blocks, ...tools].flatMap(block => 'cache' in block && block.cache ? [block.cache] : []),
    tools: tools.map(({ name, description }) => [name, description ?? '']),
    toolParameters: tools.map(parametersOf),
    toolStrict: tools.map(({ strict }) => strict ?? false),
    toolChoice: choice,
    parallelTools: request.parallelTools ?? true,
    stream: request.stream,
    userId: request.userId,
    // Anthropic's has no such field, so it is asked for in words.
    format: format === undefined || (format.type === 'json' && id === 'anthropic') ? 'text' : format.type,
    formatSchema: schema && shapeOf(schema.schema),
    formatName: schema?.name,
    formatStrict: schema && (schema.strict ?? false),
    formatDescription: schema && (isOpenai(id) ? schema.description : schema.schema['description'] ?? schema.description),
    thinks: effort && (effort === 'none' ? 'no' : 'yes'),
    effort,
    thoughtsShown: reasoning?.visible || undefined,
  }
}

/** What was said or asked for and is not there as it was, and what nobody asked for; by the names of `partsOf`. */
function lossesOf({ from, back, stops }: Crossed, id: DialectId): Record<string, { was: unknown, is: unknown }> {
  const userId = from.userId === undefined || !isOpenai(id) ? from.userId : createHash('sha256').update(from.userId).digest('hex')
  const was = partsOf({ ...from, userId }, id)
  const is = partsOf({ ...back, sampling: { ...back.sampling, stop: [...back.sampling.stop ?? [], ...stops] } }, id)
  const changed = Object.keys({ ...is, ...was }).filter(name => !isDeepStrictEqual(plain(was[name]), plain(is[name])))
  return Object.fromEntries(changed.map(name => [name, { was: was[name], is: is[name] }]))
}

const plain = (value: unknown): unknown => JSON.parse(JSON.stringify(value ?? null))

/** Names in `x-vapor-converted` that tell of a loss, beside the field's own. */
const named: Record<string, string[]> = {
  outputMax: ['max_tokens', 'max_output_tokens'],
  temperature: ['temperature'],
  topP: ['top_p'],
  topK: ['top_k'],
  seed: ['seed'],
  frequencyPenalty: ['frequency_penalty'],
  presencePenalty: ['presence_penalty'],
  logprobs: ['logprobs'],
  topLogprobs: ['top_logprobs', 'logprobs'],
  thoughts: ['reasoning'],
  thinks: ['reasoning', 'reasoning_effort'],
  effort: ['reasoning', 'reasoning_effort'],
  thoughtsShown: ['reasoning', 'reasoning_effort'],
  cache: ['cache_control'],
  toolStrict: ['strict'],
  parallelTools: ['parallel_tool_calls'],
  userId: ['user'],
  mediaDetail: ['detail'],
  mediaName: ['filename'],
}

const everywhere = {
  proofs: 'a proof of reasoning goes back to its own vendor alone',
  citations: 'what the model quoted is told to the client, not to the next model',
}
/** No dialect but OpenAI's own has them. */
const onlyOpenai = {
  formatName: 'a schema has no name here',
  formatStrict: 'every answer holds to its schema here',
  refusals: 'a refusal is text here',
  effort: 'the nearest the model takes',
}

/** Losses that go without saying, with the reason. */
const unnamed: Record<DialectId, Record<string, string>> = {
  'openai-chat': { ...everywhere, failed: 'the result says it failed', thoughtsShown: 'the model shows them or does not' },
  'openai-responses': { ...everywhere, failed: 'the result says it failed' },
  'anthropic': { ...everywhere, ...onlyOpenai },
  'gemini': { ...everywhere, ...onlyOpenai },
}

/** What a writer adds to a request that said nothing of it. */
const unasked: Partial<Record<DialectId, Record<string, string>>> = {
  'openai-responses': { 'extra prompt_cache_key': 'leads calls with the same marks to the same cache' },
  'anthropic': { outputMax: 'the wire demands one', thoughtsShown: 'shown is what Anthropic takes silence for', thinks: 'an older model is told a budget where another decides itself' },
}

/** Fields the writer names for a part that is no longer what it was. */
const namesFor = (part: string): string[] => [part.replace('extra ', ''), ...named[part] ?? []]

/** Losses nobody named and nothing explains: what such a part has become. */
export function unexplained(crossed: Crossed, id: DialectId): Record<string, unknown> {
  const losses = lossesOf(crossed, id)
  const isTold = (name: string): boolean => name in unnamed[id]
    || (losses[name]?.was === undefined && name in (unasked[id] ?? {}))
    || namesFor(name).some(field => crossed.dropped.includes(field))
  return Object.fromEntries(Object.entries(losses).flatMap(([name, { is }]) => isTold(name) ? [] : [[name, is ?? 'gone']]))
}

/** Fields the client is told are left behind although nothing of the kind is missing. */
export function untrue(crossed: Crossed, id: DialectId): string[] {
  const lost = new Set(Object.keys(lossesOf(crossed, id)).flatMap(namesFor))
  return crossed.dropped.filter(field => !lost.has(field))
}

/** One request for each other dialect and each of its models: written, or refused with the field that is to blame. */
export function crossAll(requests: AnyRequest[]): { written: Written[], refused: Record<string, string> } {
  const written: Written[] = []
  const refused: Record<string, string> = {}
  for (const { dialect, name, body, stream } of requests) {
    for (const to of dialectIds.filter(id => id !== dialect)) {
      for (const model of upstreamModels[to]) {
        try {
          written.push({ name: `${to} (${model}) < ${dialect}/${name}`, to, ...cross(body, stream, dialect, to, model) })
        }
        catch (error) { refused[`${to} < ${dialect}/${name}`] = fieldOf(error) }
      }
    }
  }
  return { written, refused }
}

const fieldOf = (error: unknown): string => error instanceof AppError && error.code === 'unsupported_field' ? String(error.params['field']) : `not refused but broken: ${String(error)}`
