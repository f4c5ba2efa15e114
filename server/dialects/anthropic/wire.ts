/** The wire of Anthropic Messages, as far as Vapor reads it: https://docs.anthropic.com/en/api/messages */
import { z } from 'zod'
import { AppError } from '#server/errors/app-error'
import { parseShallow } from '../json-depth'
import type { CacheHint, Citation, Finish } from '../neutral'

export type Json = Record<string, unknown>

const wireBlock = z.looseObject({ type: z.string() })
export type WireBlock = z.output<typeof wireBlock>
const wireContent = z.union([z.string(), z.array(wireBlock)])
export type WireContent = z.output<typeof wireContent>
const wireMessage = z.looseObject({ role: z.enum(['user', 'assistant', 'system']), content: wireContent })
export type WireMessage = z.output<typeof wireMessage>
const wireTool = z.looseObject({ type: z.string().nullish() })
export type WireTool = z.output<typeof wireTool>

/** What the gateway reads of a request; everything else is for the upstream to judge. */
export const wireCount = z.looseObject({
  model: z.string().min(1).max(200),
  messages: z.array(wireMessage).min(1),
  stream: z.boolean().nullish(),
  system: wireContent.nullish(),
  tools: z.array(wireTool).nullish(),
})
/** `max_tokens` 0 only fills the prompt cache. */
export const wireRequest = wireCount.extend({ max_tokens: z.number().int().min(0).max(10_000_000) })
export type WireRequest = z.output<typeof wireRequest>

const wireFormat = z.looseObject({ type: z.string(), schema: z.record(z.string(), z.unknown()).nullish() })

/** All of a request that has a word in the neutral form. */
export const wireWhole = wireCount.extend({
  max_tokens: z.number().int().min(0).max(10_000_000).nullish(),
  temperature: z.number().nullish(),
  top_p: z.number().nullish(),
  top_k: z.number().int().nullish(),
  stop_sequences: z.array(z.string()).nullish(),
  tool_choice: z.looseObject({ type: z.string(), name: z.string().nullish(), disable_parallel_tool_use: z.boolean().nullish() }).nullish(),
  thinking: z.looseObject({ type: z.string(), budget_tokens: z.number().int().min(0).nullish(), display: z.string().nullish() }).nullish(),
  output_config: z.looseObject({ effort: z.string().nullish(), format: wireFormat.nullish() }).nullish(),
  output_format: wireFormat.nullish(),
  metadata: z.looseObject({ user_id: z.string().nullish() }).nullish(),
})
export type WireWhole = z.output<typeof wireWhole>

/** A whole answer. */
const wireReply = z.looseObject({
  id: z.string().nullish(),
  model: z.string().nullish(),
  content: z.array(wireBlock),
  stop_reason: z.string().nullish(),
  stop_sequence: z.string().nullish(),
  stop_details: z.looseObject({ explanation: z.string().nullish() }).nullish(),
  usage: z.unknown().optional(),
})
export type WireReply = z.output<typeof wireReply>

/** JSON of a client's body, or AppError invalid_json. */
export function parseBody(body: Uint8Array): unknown {
  try {
    return parseShallow(textOf(body))
  }
  catch (cause) {
    throw new AppError('invalid_json', { problem: body.byteLength === 0 ? 'it is empty' : 'it cannot be parsed' }, { cause })
  }
}

/** A value that must fit a schema, or AppError invalid_request naming the first field that does not. */
export function requireWire<T>(schema: z.ZodType<T>, value: unknown): T {
  const parsed = schema.safeParse(value)
  if (parsed.success) return parsed.data
  const [issue] = parsed.error.issues
  throw new AppError('invalid_request', { problem: `${issue?.path.join('.') || 'body'}: ${issue?.message ?? 'not a request'}.` })
}

/** A whole answer of an upstream, or AppError upstream_malformed. */
export function parseReply(body: Uint8Array): WireReply {
  try {
    return wireReply.parse(parseShallow(textOf(body)))
  }
  catch (cause) { throw new AppError('upstream_malformed', {}, { cause }) }
}

export function textOf(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('utf8')
}

export function isRecord(value: unknown): value is Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** A field that is text, else undefined. */
export function stringIn(record: Json | undefined, name: string): string | undefined {
  const value = record?.[name]
  return typeof value === 'string' ? value : undefined
}

/** A field that is an object, else undefined. */
export function recordIn(record: Json | undefined, name: string): Json | undefined {
  const value = record?.[name]
  return isRecord(value) ? value : undefined
}

/** Content as blocks, whichever of its two forms it has. */
export function blocksOf(content: unknown): WireBlock[] {
  if (typeof content === 'string') return content === '' ? [] : [{ type: 'text', text: content }]
  if (!Array.isArray(content)) return []
  return content.filter((block): block is WireBlock => isRecord(block) && typeof block.type === 'string')
}

/** A picture in a document in a result is as deep as the vendor goes. */
const DEPTH_MAX = 4

/** Blocks with those inside tool results and documents, each before its own insides. AppError invalid_request when too deep. */
export function* everyBlock(content: unknown, depth = 0): Generator<WireBlock> {
  if (depth > DEPTH_MAX) throw new AppError('invalid_request', { problem: 'messages: blocks stand too deep in one another.' })
  for (const block of blocksOf(content)) {
    yield block
    if (block.type === 'tool_result' || block.type === 'search_result') yield* everyBlock(block.content, depth + 1)
    if (block.type === 'document') yield* everyBlock(recordIn(block, 'source')?.content, depth + 1)
  }
}

export function cacheOf(record: Json): CacheHint | undefined {
  const control = recordIn(record, 'cache_control')
  return control ? { ttl: control.ttl === '1h' ? '1h' : '5m' } : undefined
}

/** Where a citation leads; those into the request's own documents lead nowhere a client could go. */
export function citationOf(value: unknown): Citation | undefined {
  if (!isRecord(value)) return undefined
  const url = stringIn(value, 'url') ?? stringIn(value, 'source')
  if (url === undefined || !/^https?:\/\//.test(url)) return undefined
  return { url, title: stringIn(value, 'title') }
}

/**
 * A citation as a client of this dialect reads it: the form without the vendor's encrypted index.
 * https://docs.anthropic.com/en/docs/build-with-claude/search-results
 */
export function writeCitation({ url, title }: Citation): Json {
  return { type: 'search_result_location', cited_text: '', source: url, title: title ?? null, search_result_index: 0, start_block_index: 0, end_block_index: 0 }
}

const finishes: Record<string, Finish> = {
  end_turn: 'stop',
  stop_sequence: 'stop-sequence',
  max_tokens: 'length',
  model_context_window_exceeded: 'length',
  // Neither answer is whole: the vendor wants to be asked on, for tools of its own and for a context it made shorter.
  pause_turn: 'length',
  compaction: 'length',
  tool_use: 'tool-calls',
  refusal: 'refusal',
}

/** `stop_reason` in neutral words; unknown ones end the answer like any other. */
export function readFinish(reason: string | null | undefined, sawTool: boolean): Finish {
  const finish = finishes[reason ?? ''] ?? 'stop'
  return finish === 'stop' && sawTool ? 'tool-calls' : finish
}

/** `stop_reason` and `stop_sequence`; the sequence is only claimed where it is known which one it was. */
export function writeFinish(finish: Finish, stopSequence: string | undefined, saw: { tool: boolean, refusal: boolean }): Json {
  if (finish === 'stop-sequence' && stopSequence !== undefined) return { stop_reason: 'stop_sequence', stop_sequence: stopSequence }
  if (finish === 'filtered' || finish === 'refusal' || (finish === 'stop' && saw.refusal)) {
    return { stop_reason: 'refusal', stop_sequence: null, stop_details: { type: 'refusal', category: null, explanation: null } }
  }
  if (finish === 'length') return { stop_reason: 'max_tokens', stop_sequence: null }
  // A stop with calls in it waits for their results, whatever the upstream called it.
  return { stop_reason: saw.tool ? 'tool_use' : 'end_turn', stop_sequence: null }
}

/** One event of a stream; every event carries its type twice. */
export function writeEvent(event: Json & { type: string }): Uint8Array {
  return Buffer.from(`event: ${event.type}\ndata: ${JSON.stringify(event)}\n\n`)
}

/** Arguments as the object this dialect wants. What is not one travels whole under a key of its own. */
export function argsToInput(args: string): Json {
  if (args.trim() === '') return {}
  try {
    const value = parseShallow(args)
    return isRecord(value) ? value : { arguments: value }
  }
  catch { return { arguments: args } }
}

/** Names of tools every model takes. Newer models take 128 letters. https://docs.anthropic.com/en/docs/agents-and-tools/tool-use/implement-tool-use#specifying-client-tools */
export const TOOL_NAME = /^[\w-]{1,64}$/
