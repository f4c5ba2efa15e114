import { z } from 'zod'
import { AppError } from '#server/errors/app-error'
import { parseShallow } from '../json-depth'
import type { Finish, ReasoningBlock, Signature } from '../neutral'
import { showSignature, unwrapSignature } from '../signatures'

/** Something in JSON that has names; what is in it is not known yet. */
export type Wire = Record<string, unknown>

export const NOTHING = new Uint8Array(0)

/** Names of a thing; an empty one when it is none. Compatible upstreams send anything, and nothing they send may throw. */
export function recordOf(value: unknown): Wire {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? value as Wire : {}
}

/** The things with names in a list; none when it is no list. */
export function recordsOf(value: unknown): Wire[] {
  return Array.isArray(value) ? value.filter(item => typeof item === 'object' && item !== null && !Array.isArray(item)) as Wire[] : []
}

export function textOf(value: unknown): string {
  return typeof value === 'string' ? value : ''
}

/** The text, or undefined when there is none: an empty id is no id. */
export function filled(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined
}

/** Arguments are JSON as text; some compatible upstreams send the object itself. */
export function argumentsOf(value: unknown): string {
  return typeof value === 'object' && value !== null ? JSON.stringify(value) : textOf(value)
}

/** Arguments of a call: the `null` some models write for none is an empty object. */
export function readArguments(value: unknown): string {
  const text = argumentsOf(value)
  return text.trim() === 'null' ? '{}' : text
}

export function parseJson(body: Uint8Array): unknown {
  return parseShallow(Buffer.from(body.buffer, body.byteOffset, body.byteLength).toString('utf8'))
}

/** The JSON object of an upstream's body. Throws AppError `upstream_malformed`. */
export function parseUpstream(body: Uint8Array): Wire {
  let parsed: unknown
  try {
    parsed = parseJson(body)
  }
  catch (cause) { throw new AppError('upstream_malformed', {}, { cause }) }
  if (typeof parsed !== 'object' || parsed === null || Array.isArray(parsed)) throw new AppError('upstream_malformed', {}, { cause: new Error('not an object') })
  return parsed as Wire
}

export interface ContentPiece { kind: 'text' | 'reasoning' | 'refusal', text: string }

/** Content of an answer in pieces: a string, or Mistral's list with `thinking` parts among the text. */
export function piecesOfContent(content: unknown): ContentPiece[] {
  if (typeof content === 'string') return content ? [{ kind: 'text', text: content }] : []
  return recordsOf(content).map(pieceOfPart).filter(piece => piece.text)
}

function pieceOfPart(part: Wire): ContentPiece {
  if (part.type === 'thinking') return { kind: 'reasoning', text: textOf(part.thinking) || recordsOf(part.thinking).map(inner => textOf(inner.text)).join('') }
  if (part.type === 'refusal') return { kind: 'refusal', text: textOf(part.refusal) }
  return { kind: 'text', text: textOf(part.text) }
}

/** Where reasoning stands; the same words stand in several fields at OpenRouter, so the first that has any counts. */
export const reasoningFields = ['reasoning_content', 'reasoning'] as const
export type ReasoningField = typeof reasoningFields[number]

export function reasoningOf(delta: Wire): { text: string, field: ReasoningField } {
  for (const field of reasoningFields) {
    const text = textOf(delta[field])
    if (text) return { text, field }
  }
  return { text: recordsOf(delta.reasoning_details).map(textOfDetail).join(''), field: 'reasoning' }
}

/** Words of an entry of `reasoning_details`: https://openrouter.ai/docs/use-cases/reasoning-tokens */
export function textOfDetail(detail: Wire): string {
  return textOf(detail.text) || textOf(detail.summary)
}

/** Everything in a message or delta that the model had to produce, as one text. */
export function textOfDelta(delta: Wire): string {
  let text = piecesOfContent(delta.content).map(piece => piece.text).join('')
  text += reasoningOf(delta).text + textOf(delta.refusal) + textOf(recordOf(delta.audio).transcript)
  for (const call of recordsOf(delta.tool_calls)) text += textOfCall(recordOf(call.function)) + textOfCustom(recordOf(call.custom))
  return text + textOfCall(recordOf(delta.function_call))
}

function textOfCall(called: Wire): string {
  return textOf(called.name) + argumentsOf(called.arguments)
}

function textOfCustom(called: Wire): string {
  return textOf(called.name) + textOf(called.input)
}

/** `usage`, or Groq's `x_groq.usage` when that is all there is. */
export function reportedUsage(answer: Wire): unknown {
  return answer.usage ?? recordOf(answer.x_groq).usage
}

/** The error in a chunk or body that otherwise looks well: an object, or compatible upstreams' bare text. */
export function errorIn(answer: Wire): unknown {
  return answer.error === undefined || answer.error === null || answer.error === false || answer.error === '' ? undefined : answer.error
}

const finishes: Record<string, Finish> = {
  stop: 'stop', eos: 'stop', end_turn: 'stop',
  length: 'length', max_tokens: 'length', model_length: 'length',
  tool_calls: 'tool-calls', tool_call: 'tool-calls', tool_use: 'tool-calls', function_call: 'tool-calls',
  content_filter: 'filtered',
}
/** Finish reasons that mean the answer broke off: OpenRouter's and DeepSeek's. */
const broken = new Set(['error', 'insufficient_system_resource'])

/** Whether an answer ended because its upstream failed, which some say as a finish reason. */
export const isBroken = (reason: unknown): boolean => broken.has(textOf(reason))

/**
 * What a finish reason means, given what was seen: many compatible upstreams say `stop` behind tool calls, and
 * `tool_calls` without one. Throws AppError `upstream_cut` for a reason that is an error.
 */
export function readFinish(reason: unknown, seen: { tool: boolean, refusal: boolean }): Finish {
  const said = textOf(reason)
  if (isBroken(said)) throw new AppError('upstream_cut', {}, { cause: new Error(`finish reason ${said}`) })
  const finish = finishes[said] ?? 'stop'
  if (finish === 'length' || finish === 'filtered') return finish
  if (seen.tool) return 'tool-calls'
  return seen.refusal ? 'refusal' : 'stop'
}

/** The finish reason a client expects. A refusal with words is a full answer in this dialect; one without is a filtered answer. */
export function writeFinish(finish: Finish, seen: { tool: boolean, refusal: boolean, legacy: boolean }): string {
  if (finish === 'length') return 'length'
  if (finish === 'filtered') return 'content_filter'
  if (seen.tool) return seen.legacy ? 'function_call' : 'tool_calls'
  return finish === 'refusal' && !seen.refusal ? 'content_filter' : 'stop'
}

/** Marks an entry of `reasoning_details` that proves a text, not reasoning: Gemini signs texts too. */
const TEXT_FORMAT = 'vapor-text'
/** The id of an entry for reasoning the vendor shows to nobody. */
const REDACTED = 'redacted'

/** Plain reasoning of this dialect has no proof; the field it stood in is remembered instead, to put it back there. */
export function plainSignature(field: ReasoningField): Signature {
  return { dialect: 'openai-chat', value: field }
}

const nativeDetail = z.looseObject({ type: z.string() })

/** An entry of `reasoning_details` for a block of reasoning; undefined when it has no signature that could be kept there. */
export function writeDetail(block: ReasoningBlock, index: number): Wire | undefined {
  const { signature, text } = block
  if (!signature || isPlain(signature)) return undefined
  if (signature.dialect === 'openai-chat') return nativeEntry(signature.value, text)
  const shown = showSignature(signature, 'openai-chat')
  return block.redacted || !text
    ? { type: 'reasoning.encrypted', data: shown, id: block.redacted ? REDACTED : null, format: 'unknown', index }
    : { type: 'reasoning.text', text, signature: shown, format: 'unknown', index }
}

export function isPlain(signature: Signature): boolean {
  return signature.dialect === 'openai-chat' && reasoningFields.some(field => field === signature.value)
}

function nativeEntry(value: string, text: string): Wire | undefined {
  try {
    const entry = nativeDetail.safeParse(JSON.parse(value))
    if (!entry.success) return undefined
    if (entry.data.type === 'reasoning.summary') return { ...entry.data, summary: text }
    return entry.data.type === 'reasoning.text' ? { ...entry.data, text } : entry.data
  }
  catch { return undefined }
}

/** The same for a signed text, which has words of its own in `content`. */
export function writeTextDetail(signature: Signature, index: number): Wire {
  return { type: 'reasoning.encrypted', data: showSignature(signature, 'openai-chat'), format: TEXT_FORMAT, index }
}

export interface Details {
  blocks: ReasoningBlock[]
  /** Of the text beside the reasoning. */
  textSignature: Signature | undefined
}

/** `reasoning_details` of a message as blocks. */
export function readDetails(value: unknown): Details {
  const details: Details = { blocks: [], textSignature: undefined }
  for (const detail of recordsOf(value)) {
    const text = textOfDetail(detail)
    const signature = signatureOfDetail(detail)
    if (detail.format === TEXT_FORMAT) details.textSignature = signature
    else if (text || filled(detail.signature) || filled(detail.data)) details.blocks.push({ type: 'reasoning', text, signature, ...(isRedacted(detail, signature) ? { redacted: true } : {}) })
  }
  return details
}

/** An entry that is not one of ours is kept whole in the signature, because the vendor wants it back unchanged. */
export function signatureOfDetail(detail: Wire): Signature {
  const shown = filled(detail.signature) ?? filled(detail.data)
  const unwrapped = shown === undefined ? undefined : unwrapSignature(shown, 'openai-chat')
  if (unwrapped && (unwrapped.dialect !== 'openai-chat' || unwrapped.value !== shown)) return unwrapped
  const { text: _, summary: __, ...rest } = detail
  return { dialect: 'openai-chat', value: JSON.stringify(rest) }
}

export function isRedacted(detail: Wire, signature: Signature): boolean {
  return signature.dialect !== 'openai-chat' && detail.id === REDACTED
}

/** A signature on a tool call, where Google's own OpenAI endpoint puts it. */
export function readCallSignature(call: Wire, native: Signature['dialect']): Signature | undefined {
  const shown = filled(recordOf(recordOf(call.extra_content).google).thought_signature)
  return shown === undefined ? undefined : unwrapSignature(shown, native)
}

/** What stands on a tool call for a signature shown as given. */
export function callExtra(shown: string): Wire {
  return { extra_content: { google: { thought_signature: shown } } }
}

/** Reasoning of a message: its details, and the plain field when they have no words. `plain` tells how that one is signed. */
export function readReasoning(message: Wire, plain: (field: ReasoningField) => Signature | undefined): Details {
  const details = readDetails(message.reasoning_details)
  const { text, field } = reasoningOf(message)
  if (!text || details.blocks.some(block => block.text)) return details
  const signature = plain(field)
  return { ...details, blocks: [{ type: 'reasoning', text, ...(signature ? { signature } : {}) }, ...details.blocks] }
}

/** Names of tools every model takes. https://platform.openai.com/docs/api-reference/chat/create#chat-create-tools */
export const TOOL_NAME = /^[\w-]{1,64}$/
