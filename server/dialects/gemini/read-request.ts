import { z } from 'zod'
import { AppError } from '#server/errors/app-error'
import type { ClientRequest } from '../dialect'
import { jsonSchemaOfOpenApi } from '../json-schema'
import type { Block, Effort, Message, NeutralRequest, OutputFormat, ReasoningControl, Sampling, TextBlock, Tool, ToolChoice, ToolResultBlock } from '../neutral'
import { readMedia, readModelParts } from './read-reply'
import { parseRequest } from './request'
import type { WireRequest } from './request'
import { callIdOf, isFields } from './wire'
import type { WireContent, WireFunctionResponse } from './wire'

const number = z.number().nullish()

/** https://ai.google.dev/api/generate-content#generationconfig */
const wireConfig = z.looseObject({
  maxOutputTokens: number,
  candidateCount: number,
  temperature: number,
  topP: number,
  topK: number,
  seed: number,
  frequencyPenalty: number,
  presencePenalty: number,
  logprobs: number,
  responseLogprobs: z.boolean().nullish(),
  stopSequences: z.array(z.string()).nullish(),
  responseModalities: z.array(z.string()).nullish(),
  responseMimeType: z.string().nullish(),
  responseSchema: z.unknown().optional(),
  responseJsonSchema: z.unknown().optional(),
  thinkingConfig: z.looseObject({ includeThoughts: z.boolean().nullish(), thinkingBudget: z.number().int().nullish(), thinkingLevel: z.string().nullish() }).nullish(),
})
type WireConfig = z.output<typeof wireConfig>

const wireToolConfig = z.looseObject({
  functionCallingConfig: z.looseObject({ mode: z.string().nullish(), allowedFunctionNames: z.array(z.string()).nullish() }).nullish(),
})
const wireDeclaration = z.looseObject({ name: z.string().min(1), description: z.string().nullish(), parameters: z.unknown().optional(), parametersJsonSchema: z.unknown().optional() })

/** Fields that have a word in the neutral form, or are never passed on. */
const KNOWN = new Set(['contents', 'systemInstruction', 'tools', 'toolConfig', 'generationConfig', 'model', 'store', 'serviceTier', 'labels'])

/**
 * A client's request in neutral words. Throws AppError invalid_request for a field of the wrong kind, unsupported_field
 * for one no other dialect can carry.
 */
export function readNeutralRequest(request: ClientRequest): NeutralRequest {
  const wire = parseRequest(request.body)
  const config = parse(wireConfig, wire.generationConfig ?? {}, 'generationConfig')
  const modality = config.responseModalities?.find(name => name.toUpperCase() !== 'TEXT')
  if (modality !== undefined) throw new AppError('unsupported_field', { field: 'generationConfig.responseModalities', why: 'this model answers with text' })
  return {
    model: request.model,
    stream: request.stream,
    system: readSystem(wire.systemInstruction),
    messages: readMessages(wire.contents),
    tools: readTools(wire),
    toolChoice: readToolChoice(wire),
    parallelTools: undefined,
    sampling: readSampling(config),
    format: readFormat(config),
    reasoning: readReasoning(config),
    userId: undefined,
    extra: readExtra(wire, config),
  }
}

function parse<T extends z.ZodType>(schema: T, value: unknown, field: string): z.output<T> {
  const parsed = schema.safeParse(value)
  if (parsed.success) return parsed.data
  const [issue] = parsed.error.issues
  throw new AppError('invalid_request', { problem: `${[field, ...issue?.path ?? []].join('.')}: ${issue?.message ?? 'not understood'}.` })
}

function readSystem(instruction: WireRequest['systemInstruction']): TextBlock[] {
  const texts = typeof instruction === 'string' ? [instruction] : (instruction?.parts ?? []).flatMap(({ text }) => text ?? [])
  return texts.filter(Boolean).map(text => ({ type: 'text', text }))
}

/** A call of the history that waits for its result. */
interface OpenCall { id: string, name: string }

function readMessages(contents: WireContent[]): Message[] {
  const messages: Message[] = []
  let open: OpenCall[] = []
  turnsOf(contents).forEach(({ role, parts }, turn) => {
    if (role === 'model') {
      const blocks = readModelParts(withoutHosted(parts ?? []), (index, name) => callIdOf(turn, index, name))
      if (blocks.length > 0) messages.push({ role: 'assistant', blocks })
      open = blocks.flatMap(block => block.type === 'tool-call' ? [{ id: block.id, name: block.name }] : [])
      return
    }
    const results = (parts ?? []).flatMap(({ functionResponse }, index) => functionResponse ? [readResult(functionResponse, open, () => callIdOf(turn, index, ''))] : [])
    const blocks = withoutHosted(parts ?? []).flatMap((part): Block[] => {
      const block = readMedia(part) ?? (part.text ? { type: 'text', text: part.text } as const : undefined)
      return block ? [block] : []
    })
    // Results first: whoever made the calls wants them before anything else is said.
    if (results.length > 0) messages.push({ role: 'tool', blocks: results })
    if (blocks.length > 0) messages.push({ role: role === 'system' ? 'system' : 'user', blocks })
  })
  return messages
}

/** Contents of the model in a row are one turn: SDKs keep a content for every chunk of a stream. */
function turnsOf(contents: WireContent[]): WireContent[] {
  const turns: WireContent[] = []
  for (const content of contents) {
    const last = turns.at(-1)
    if (content.role === 'model' && last?.role === 'model') last.parts = [...last.parts ?? [], ...content.parts ?? []]
    else turns.push({ ...content })
  }
  return turns
}

/** What a tool of Google's did in an earlier turn has no word elsewhere. */
function withoutHosted(parts: NonNullable<WireContent['parts']>): typeof parts {
  const hosted = parts.flatMap(part => ['executableCode', 'codeExecutionResult', 'toolCall', 'toolResponse'].filter(kind => part[kind] != null))
  if (hosted[0]) throw new AppError('unsupported_field', { field: `contents.parts.${hosted[0]}`, why: 'hosted tools have no price here' })
  return parts
}

/** Results name their call by id where clients kept one, else by name in the order of the calls. */
function readResult(result: WireFunctionResponse, open: OpenCall[], mint: () => string): ToolResultBlock {
  const { id, name, response, parts } = result
  const call = open.find(call => id && call.id === id) ?? open.find(call => call.name === name)
  if (call) open.splice(open.indexOf(call), 1)
  const { text, isError } = readResponse(response)
  const media = (parts ?? []).flatMap(part => readMedia(part) ?? [])
  return {
    type: 'tool-result',
    id: call?.id ?? (id || mint()),
    name: name ?? call?.name,
    blocks: [...(text || media.length === 0 ? [{ type: 'text' as const, text }] : []), ...media],
    isError,
  }
}

/** Names Google's SDKs and those built on them wrap what a tool said in; any other key is the tool's own word. */
const WRAPPERS = new Set(['result', 'output', 'error', 'content', 'response'])

/** A lone wrapper is taken off. */
function readResponse(response: unknown): { text: string, isError: boolean } {
  if (!isFields(response)) return { text: response == null ? '' : plain(response), isError: false }
  const entries = Object.entries(response)
  const [only] = entries
  if (entries.length !== 1 || !only || !WRAPPERS.has(only[0])) return { text: entries.length === 0 ? '' : JSON.stringify(response), isError: false }
  return { text: plain(only[1]), isError: only[0] === 'error' }
}

function plain(value: unknown): string {
  return typeof value === 'string' ? value : JSON.stringify(value)
}

function readTools({ tools }: WireRequest): Tool[] {
  return (tools ?? []).flatMap(tool => tool.functionDeclarations ?? []).map((declared) => {
    const { name, description, parameters, parametersJsonSchema } = parse(wireDeclaration, declared, 'tools.functionDeclarations')
    const schema = isFields(parametersJsonSchema) ? parametersJsonSchema : jsonSchemaOfOpenApi(parameters)
    return {
      name,
      description: description ?? undefined,
      parameters: Object.keys(schema).length > 0 ? schema : { type: 'object', properties: {} },
      strict: undefined,
    }
  })
}

function readToolChoice(wire: WireRequest): ToolChoice | undefined {
  const { mode, allowedFunctionNames } = parse(wireToolConfig, wire.toolConfig ?? {}, 'toolConfig').functionCallingConfig ?? {}
  const names = allowedFunctionNames ?? []
  const [only] = names
  switch (mode?.toUpperCase()) {
    case 'NONE': return { type: 'none' }
    case 'AUTO': return { type: 'auto' }
    case 'VALIDATED': return names.length > 0 ? { type: 'subset', names, required: false } : { type: 'auto' }
    case 'ANY': {
      if (names.length === 1 && only !== undefined) return { type: 'tool', name: only }
      return names.length > 0 ? { type: 'subset', names, required: true } : { type: 'required' }
    }
    default: return undefined
  }
}

function readSampling(config: WireConfig): Sampling {
  const { maxOutputTokens, candidateCount, temperature, topP, topK, seed, frequencyPenalty, presencePenalty, logprobs, responseLogprobs, stopSequences } = config
  const said = {
    outputMax: maxOutputTokens,
    choices: candidateCount,
    temperature,
    topP,
    topK,
    seed,
    frequencyPenalty,
    presencePenalty,
    logprobs: responseLogprobs,
    topLogprobs: logprobs,
    stop: stopSequences?.some(Boolean) ? stopSequences.filter(Boolean) : undefined,
  }
  return Object.fromEntries(Object.entries(said).filter(([, value]) => value != null)) as Sampling
}

function readFormat({ responseMimeType, responseSchema, responseJsonSchema }: WireConfig): OutputFormat | undefined {
  if (responseMimeType == null) return undefined
  if (responseMimeType === 'text/plain') return { type: 'text' }
  if (responseMimeType !== 'application/json') throw new AppError('unsupported_field', { field: 'generationConfig.responseMimeType', why: 'only text/plain and application/json are offered for this model' })
  const schema = isFields(responseJsonSchema) ? responseJsonSchema : isFields(responseSchema) ? jsonSchemaOfOpenApi(responseSchema) : undefined
  return schema ? { type: 'schema', name: 'response', schema, strict: undefined, description: undefined } : { type: 'json' }
}

const levels: Record<string, Effort> = { MINIMAL: 'minimal', LOW: 'low', MEDIUM: 'medium', HIGH: 'high' }

function readReasoning({ thinkingConfig }: WireConfig): ReasoningControl | undefined {
  if (!thinkingConfig) return undefined
  const { includeThoughts, thinkingBudget, thinkingLevel } = thinkingConfig
  return { effort: levels[thinkingLevel?.toUpperCase() ?? ''], budget: thinkingBudget ?? undefined, visible: includeThoughts ?? undefined }
}

/** What has no word: top-level fields by name, those of the configuration with their path. */
function readExtra(wire: WireRequest, config: WireConfig): NeutralRequest['extra'] {
  const rest = [
    ...Object.entries(wire).filter(([name]) => !KNOWN.has(name)),
    ...Object.entries(config).filter(([name]) => !(name in wireConfig.shape)).map(([name, value]) => [`generationConfig.${name}`, value] as const),
  ].filter(([, value]) => value != null)
  return rest.length > 0 ? { gemini: Object.fromEntries(rest) } : {}
}
