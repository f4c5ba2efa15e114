import { randomInt } from 'node:crypto'
import { z } from 'zod'
import { AppError } from '#server/errors/app-error'
import { parseShallow } from '../json-depth'

/**
 * The wire of the Responses API, as far as the gateway looks at it: https://platform.openai.com/docs/api-reference/responses
 * Objects stay loose: what is not named here passes, or travels in `extra`.
 */
export const item = z.looseObject({ type: z.string().nullish(), role: z.string().nullish() })
export type WireItem = z.output<typeof item>

const positiveInt = z.number().int().min(1).max(10_000_000)

export const wireTool = z.looseObject({ type: z.string() })
export type WireTool = z.output<typeof wireTool>

/** Only what is priced or refused is checked; everything else is for the upstream to judge. */
export const wireRequest = z.looseObject({
  model: z.string().min(1).max(200),
  input: z.union([z.string(), z.array(item)]),
  instructions: z.string().nullish(),
  stream: z.boolean().nullish(),
  store: z.boolean().nullish(),
  background: z.boolean().nullish(),
  max_output_tokens: positiveInt.nullish(),
  tools: z.array(wireTool).nullish(),
})
export type WireRequest = z.output<typeof wireRequest>

export type Fields = Record<string, unknown>

/** A JSON object. */
export function isFields(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** A list of objects; whatever else stands in it is left out. */
export function fieldsOf(value: unknown): Fields[] {
  return Array.isArray(value) ? value.filter(isFields) : []
}

/** A text, or undefined for what is none. */
export function textOf(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined
}

/** An entry of a table by a name from the wire, where `constructor` must find nothing. */
export function entryOf<Value>(table: Record<string, Value>, name: unknown): Value | undefined {
  return typeof name === 'string' && Object.hasOwn(table, name) ? table[name] : undefined
}

/** Throws SyntaxError; callers say whose fault that is. */
export function parseJson(bytes: Uint8Array): unknown {
  return parseShallow(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('utf8'))
}

/** An upstream's JSON object. Throws AppError `upstream_malformed` for anything else. */
export function parseUpstream(bytes: Uint8Array): Fields {
  let parsed: unknown
  try {
    parsed = parseJson(bytes)
  }
  catch (cause) { throw new AppError('upstream_malformed', {}, { cause }) }
  if (!isFields(parsed)) throw new AppError('upstream_malformed')
  return parsed
}

/** Undefined for a frame whose data is no JSON object. */
export function parseEvent(data: string): Fields | undefined {
  try {
    const event = parseShallow(data)
    return isFields(event) ? event : undefined
  }
  catch { return undefined }
}

/** JSON text of what a client sent. Throws AppError `invalid_request` for what is nested too deeply to be written. */
export function toJson(value: unknown): string {
  try {
    return JSON.stringify(value)
  }
  catch (cause) { throw new AppError('invalid_request', { problem: 'The body is nested too deeply.' }, { cause }) }
}

/** An event as this API frames it: its type stands in the `event:` line and in the data. */
export function writeEvent(event: Fields & { type: string }): string {
  return `event: ${event.type}\ndata: ${JSON.stringify(event)}\n\n`
}

const BASE62 = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz'

/** An id for a call an upstream left without one. */
export function mintCallId(): string {
  return `call_${Array.from({ length: 24 }, () => BASE62[randomInt(62)]).join('')}`
}

/** The mark in ids Vapor made, by which they are known when a client sends them back: `msg_vapor_…`. */
const OWN_ID = /^[a-z]+_vapor_/

/** Such as `msg_vapor_01abc_0`: the same for the same request and number, and within the 64 characters allowed. */
export function ownId(kind: string, requestId: string, number?: number): string {
  const word = requestId.replace(/[^a-zA-Z0-9]/g, '').slice(0, 40)
  return number === undefined ? `${kind}_vapor_${word}` : `${kind}_vapor_${word}_${number}`
}

/** Was it made by `ownId`? */
export function isOwnId(id: unknown): boolean {
  return typeof id === 'string' && OWN_ID.test(id)
}

/** Texts of a list of parts by their type, such as the summary of a reasoning item. */
export function textsOf(parts: unknown, type: string): string[] {
  return fieldsOf(parts).filter(part => part.type === type).map(part => textOf(part.text) ?? '').filter(Boolean)
}

/** What a reasoning item shows: its summary, else the raw chain of thought open models give. */
export function reasoningText(reasoning: Fields): string {
  const summary = textsOf(reasoning.summary, 'summary_text')
  return summary.length > 0 ? summary.join('\n\n') : textsOf(reasoning.content, 'reasoning_text').join('\n\n')
}

/** A custom tool as every other dialect knows it: a function of one text. */
export const customParameters = { type: 'object', properties: { input: { type: 'string' } }, required: ['input'], additionalProperties: false }

/** The input of a custom tool's call as the arguments of that function. */
export function wrapCustomInput(input: string): string {
  return JSON.stringify({ input })
}

/** The text inside the arguments of a custom tool's call; arguments that are no such object are the text themselves. */
export function unwrapCustomInput(args: string): string {
  try {
    const parsed = parseShallow(args)
    if (isFields(parsed) && typeof parsed.input === 'string') return parsed.input
  }
  catch { /* A model may answer with the bare text. */ }
  return args
}

/** How a client knows a tool: as a custom one, or under a name inside a namespace. */
export interface ClientTool { custom: boolean, name: string, namespace: string | undefined }

/** Names inside a namespace become names of their own, as tools of all other dialects are a flat list. */
export function flatName(namespace: string | undefined, name: string): string {
  return namespace === undefined ? name : `${namespace}__${name}`
}

/** Every function and custom tool by the name other dialects see. */
export function clientTools(tools: unknown, namespace?: string): Map<string, ClientTool & { definition: Fields }> {
  const found = new Map<string, ClientTool & { definition: Fields }>()
  for (const tool of fieldsOf(tools)) {
    const name = textOf(tool.name) ?? ''
    if (tool.type === 'namespace' && namespace === undefined) for (const [flat, inner] of clientTools(tool.tools, name)) found.set(flat, inner)
    if (tool.type === 'function' || tool.type === 'custom') found.set(flatName(namespace, name), { custom: tool.type === 'custom', name, namespace, definition: tool })
  }
  return found
}

const REASONS = /(?:^|\/)(?:o\d|gpt-(?:[5-9]|\d\d)(?!.*chat)|codex)/
const NEVER_REASONS = /(?:^|\/)(?:gpt-[34]|chatgpt|gpt-\d.*chat)/

/** What is known of a model by its name: OpenAI answers 400 to reasoning fields or sampling on the wrong kind. */
export function reasons(model: string): boolean | undefined {
  if (NEVER_REASONS.test(model)) return false
  return REASONS.test(model) ? true : undefined
}

/** Names of tools every model takes. Longer ones are taken by some models only. https://platform.openai.com/docs/api-reference/responses/create#responses-create-tools */
export const TOOL_NAME = /^[\w-]{1,64}$/
