import { createHash } from 'node:crypto'
import { z } from 'zod'
import { AppError } from '#server/errors/app-error'
import { DEPTH_MAX, isTooDeep } from '../json-depth'
import type { MediaBlock, Signature } from '../neutral'
import { unwrapSignature, wrapSignature } from '../signatures'

type Fields = Record<string, unknown>

/** What stands in these is the client's own: names in it are never changed. */
const OPAQUE = new Set(['args', 'response', 'parameters', 'parametersJsonSchema', 'responseSchema', 'responseJsonSchema', 'labels', 'partMetadata'])

const blob = z.looseObject({ mimeType: z.string().nullish(), data: z.string().nullish() })
const file = z.looseObject({ mimeType: z.string().nullish(), fileUri: z.string().nullish() })
const functionCall = z.looseObject({
  id: z.string().nullish(),
  name: z.string().nullish(),
  args: z.record(z.string(), z.unknown()).nullish(),
  partialArgs: z.array(z.looseObject({ jsonPath: z.string().nullish(), willContinue: z.boolean().nullish() })).nullish(),
  willContinue: z.boolean().nullish(),
})
const functionResponse = z.looseObject({
  id: z.string().nullish(),
  name: z.string().nullish(),
  response: z.unknown().optional(),
  parts: z.array(z.looseObject({ inlineData: blob.nullish(), fileData: file.nullish() })).nullish(),
})

/** https://ai.google.dev/api/caching#Part */
export const wirePart = z.looseObject({
  text: z.string().nullish(),
  thought: z.boolean().nullish(),
  thoughtSignature: z.string().nullish(),
  inlineData: blob.nullish(),
  fileData: file.nullish(),
  functionCall: functionCall.nullish(),
  functionResponse: functionResponse.nullish(),
  executableCode: z.looseObject({ code: z.string().nullish() }).nullish(),
})
export type WirePart = z.output<typeof wirePart>
export type WireFunctionCall = z.output<typeof functionCall>
export type WireFunctionResponse = z.output<typeof functionResponse>

export const wireContent = z.looseObject({ role: z.string().nullish(), parts: z.array(wirePart).nullish() })
export type WireContent = z.output<typeof wireContent>

const chance = z.looseObject({ token: z.string().nullish(), logProbability: z.number().nullish() })

const web = z.looseObject({ uri: z.string().nullish(), title: z.string().nullish() })

/** https://ai.google.dev/api/generate-content#v1beta.GenerateContentResponse, whole or one chunk of a stream. */
export const wireResponse = z.looseObject({
  candidates: z.array(z.looseObject({
    content: wireContent.nullish(),
    finishReason: z.string().nullish(),
    index: z.number().int().nullish(),
    logprobsResult: z.looseObject({
      chosenCandidates: z.array(chance).nullish(),
      topCandidates: z.array(z.looseObject({ candidates: z.array(chance).nullish() })).nullish(),
    }).nullish().catch(undefined),
    groundingMetadata: z.looseObject({ groundingChunks: z.array(z.looseObject({ web: web.nullish() })).nullish() }).nullish().catch(undefined),
    citationMetadata: z.looseObject({ citationSources: z.array(web).nullish() }).nullish().catch(undefined),
  })).nullish(),
  promptFeedback: z.looseObject({ blockReason: z.string().nullish() }).nullish(),
  usageMetadata: z.unknown().optional(),
  modelVersion: z.string().nullish(),
  responseId: z.string().nullish(),
  error: z.unknown().optional(),
})
export type WireResponse = z.output<typeof wireResponse>
export type WireChance = z.output<typeof chance>
export type WireCandidate = NonNullable<WireResponse['candidates']>[number]

/** JSON text of an answer or chunk; undefined for what is none. An error may come wrapped in an array. */
export function parseResponse(json: string): WireResponse | undefined {
  try {
    const value = JSON.parse(json) as unknown
    if (isTooDeep(value)) return undefined
    const parsed = wireResponse.safeParse(Array.isArray(value) ? value[0] : value)
    return parsed.success ? parsed.data : undefined
  }
  catch { return undefined }
}

/** Throws AppError invalid_json, or invalid_request for what is no object or too deep. */
export function parseObject(body: Uint8Array): Fields {
  let value: unknown
  try {
    value = JSON.parse(textOf(body))
  }
  catch (cause) {
    throw new AppError('invalid_json', { problem: body.byteLength === 0 ? 'it is empty' : 'it cannot be parsed' }, { cause })
  }
  if (!isFields(value)) throw new AppError('invalid_request', { problem: 'The body is not a JSON object.' })
  if (isTooDeep(value)) throw new AppError('invalid_request', { problem: `The body is nested deeper than ${DEPTH_MAX} levels.` })
  return value
}

/**
 * The same with every name in camelCase: clients send either form at every depth, as protobuf reads both.
 * Throws AppError invalid_request when both forms of one name stand side by side: which one an upstream takes is unknown.
 */
export function camelFields(value: Fields): Fields {
  const written: Fields = Object.create(null) as Fields
  for (const [key, inside] of Object.entries(value)) {
    const name = camelOf(key)
    if (name in written) throw new AppError('invalid_request', { problem: `The field "${name.slice(0, 60)}" stands in the body twice.` })
    written[name] = OPAQUE.has(name) ? inside : camelValue(inside)
  }
  return { ...written }
}

function camelValue(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(camelValue)
  return isFields(value) ? camelFields(value) : value
}

export function camelOf(name: string): string {
  return name.replace(/_+([a-z0-9])/g, (_, letter: string, at: number) => at === 0 ? letter : letter.toUpperCase())
}

export function isFields(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

export function textOf(body: Uint8Array): string {
  return Buffer.from(body.buffer, body.byteOffset, body.byteLength).toString('utf8')
}

/** What the model had to produce in a part, as text; results of tools Google runs are not the model's. */
export function producedText(part: WirePart): string {
  const call = part.functionCall
  const called = call ? (call.name ?? '') + (call.args ? JSON.stringify(call.args) : '') + partialText(call) : ''
  return (part.text ?? '') + called + (part.executableCode?.code ?? '')
}

function partialText({ partialArgs }: WireFunctionCall): string {
  return (partialArgs ?? []).map(({ jsonPath: _, willContinue: _more, ...value }) => Object.values(value).map(String).join('')).join('')
}

/** Content a client can use: words, a call, a picture. A signature alone is none. */
export function hasContent(part: WirePart): boolean {
  return producedText(part) !== '' || Boolean(part.functionCall) || Boolean(part.inlineData?.data) || Boolean(part.fileData)
}

/** Google's documented word for a call no Gemini model made: https://ai.google.dev/gemini-api/docs/thought-signatures */
export const SKIP_SIGNATURE = 'skip_thought_signature_validator'
const NO_SIGNATURE = new Set([SKIP_SIGNATURE, 'context_engineering_is_the_way_to_go'])
const REDACTED = 'redacted.'

/**
 * A signature as it stands in `thoughtSignature`. The field is bytes, so SDKs decode it: a foreign one goes out as
 * base64 of its wrapper, with a mark in front when it belongs to reasoning its vendor does not show.
 */
export function writeSignature(signature: Signature, redacted = false): string {
  if (signature.dialect === 'gemini') return signature.value
  return Buffer.from((redacted ? REDACTED : '') + wrapSignature(signature)).toString('base64')
}

/** Undefined for an empty one and for the words that stand for none. */
export function readSignature(text: string | null | undefined): { signature: Signature, redacted: boolean } | undefined {
  if (!text || NO_SIGNATURE.has(text)) return undefined
  const inside = Buffer.from(text, 'base64').toString('utf8')
  const redacted = inside.startsWith(REDACTED)
  const signature = unwrapSignature(redacted ? inside.slice(REDACTED.length) : inside, 'gemini')
  return signature.dialect === 'gemini' ? { signature: { dialect: 'gemini', value: text }, redacted: false } : { signature, redacted }
}

const BASE62 = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz'

/** An id for a call of a history that came without: always equal for the same call, whenever the history is sent. */
export function callIdOf(turn: number, index: number, name: string): string {
  const hash = createHash('sha256').update(`${turn}/${index}/${name}`).digest()
  return `call_${Array.from(hash.subarray(0, 24), byte => BASE62[byte % 62]).join('')}`
}

/** Text as the JSON object it is; undefined when it is none, or deeper than anybody reads. */
export function objectOf(text: string): Fields | undefined {
  try {
    const value = JSON.parse(text) as unknown
    return isFields(value) && !isTooDeep(value) ? value : undefined
  }
  catch { return undefined }
}

/** Arguments as the object Gemini wants: what is none travels as text under one key rather than not at all. */
export function argsObject(args: string): Fields {
  return args.trim() === '' ? {} : objectOf(args) ?? { input: args }
}

export function mediaKindOf(mime: string | undefined): MediaBlock['media'] {
  const [kind] = (mime ?? '').split('/')
  return kind === 'image' || kind === 'audio' || kind === 'video' ? kind : 'document'
}

/** Names of tools every model takes. A letter or underscore comes first. https://ai.google.dev/api/caching#FunctionDeclaration */
export const TOOL_NAME = /^[A-Za-z_][\w.:-]{0,127}$/
