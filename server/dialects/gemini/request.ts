import { z } from 'zod'
import { AppError } from '#server/errors/app-error'
import type { CallTarget, ClientRequest, UpstreamRequest } from '../dialect'
import { jsonFields, patchJson } from '../json-fields'
import { withoutForeign } from './foreign'
import { writeUpstreamTarget } from './upstream'
import { camelFields, camelOf, isFields, parseObject, wireContent } from './wire'
import type { WireContent } from './wire'

const positiveInt = z.number().int().min(1).max(10_000_000)

/**
 * The fields the gateway reads, in camelCase; everything else is for the upstream to judge.
 * https://ai.google.dev/api/generate-content#request-body
 */
export const wireRequest = z.looseObject({
  contents: z.array(wireContent).min(1),
  systemInstruction: z.union([z.string(), wireContent]).nullish(),
  tools: z.array(z.looseObject({ functionDeclarations: z.array(z.looseObject({ name: z.string() })).nullish() })).nullish(),
  generationConfig: z.looseObject({
    candidateCount: z.number().int().min(1).max(128).nullish(),
    maxOutputTokens: positiveInt.nullish(),
    responseModalities: z.array(z.string()).nullish(),
  }).nullish(),
})
export type WireRequest = z.output<typeof wireRequest>

/** Users share the operator's upstream account: state stored there and fields that change its price stay behind. */
const DROPPED = new Set(['store', 'serviceTier', 'labels'])
const STATE = 'what is stored at the upstream belongs to no user here'
const REFUSED: Record<string, string> = {
  cachedContent: STATE,
  continuationToken: STATE,
  generationOutputConfig: STATE,
  modelArmorConfig: 'templates of the operator\'s account are not offered',
}
/** Google's own files: of whichever user uploaded them through the shared account. */
const STORED_FILE = /^(?:files\/|gs:|https?:\/\/[^/]*\bgoogleapis\.com\/)/i

/**
 * A call of `…:generateContent` or `…:streamGenerateContent`; model and verb stand in the path, array or events in the
 * query. Throws AppError: not_found for another path, invalid_json, invalid_request, unsupported_field.
 */
export function readRequest(body: Uint8Array, target: CallTarget): ClientRequest {
  const { model, verb } = readPath(target.path)
  if (verb !== 'generateContent' && verb !== 'streamGenerateContent') throw new AppError('not_found', { path: target.path.slice(0, 200) })
  return requestOf(body, model, { stream: verb === 'streamGenerateContent', jsonArray: asksForArray(target) })
}

/** A call of `…:countTokens`: `{contents}` or `{generateContentRequest:{…}}`. What is counted is the request's body. */
export function readCountRequest(body: Uint8Array, target: CallTarget): ClientRequest {
  const { model, verb } = readPath(target.path)
  if (verb !== 'countTokens') throw new AppError('not_found', { path: target.path.slice(0, 200) })
  const wrapped = camelFields(parseObject(body)).generateContentRequest
  if (!isFields(wrapped)) return requestOf(body, model, { stream: false, jsonArray: false })
  const field = jsonFields(body).find(({ name }) => camelOf(name) === 'generateContentRequest')
  return requestOf(body.subarray(field?.valueStart, field?.end), model, { stream: false, jsonArray: false })
}

/** The body once more, for those who need more of it than the request tells. */
export function parseRequest(body: Uint8Array): WireRequest {
  const parsed = wireRequest.safeParse(camelFields(parseObject(body)))
  if (parsed.success) return parsed.data
  const [issue] = parsed.error.issues
  throw new AppError('invalid_request', { problem: `${issue?.path.join('.') || 'body'}: ${issue?.message ?? 'not a request'}.` })
}

/** Path, headers and the body as it came: only what is dropped is cut out, the model's name, which the path says, and proofs of other dialects. */
export function writeUpstreamRequest(request: ClientRequest, upstream: { model: string, credential: string }): UpstreamRequest {
  const remove = jsonFields(request.body).map(({ name }) => name).filter(name => name === 'model' || DROPPED.has(camelOf(name)))
  const cleaned = withoutForeign(request.body)
  const set: Record<string, string> = cleaned ? { contents: JSON.stringify(cleaned.contents) } : {}
  return {
    ...writeUpstreamTarget({ ...upstream, stream: request.stream }),
    body: remove.length === 0 && !cleaned ? request.body : patchJson(request.body, { set, remove }),
    dropped: cleaned?.lost ? ['reasoning'] : [],
  }
}

/** Texts that count as input tokens: instructions, contents with calls and results, definitions of tools and schemas. */
export function readInputTexts(request: ClientRequest): { texts: string[], messages: number } {
  const { contents, systemInstruction, tools, generationConfig } = parseRequest(request.body)
  const system = typeof systemInstruction === 'string' ? [systemInstruction] : textsOfContent(systemInstruction ?? {})
  const texts = [...system, ...contents.flatMap(textsOfContent)]
  const schema = generationConfig?.responseJsonSchema ?? generationConfig?.responseSchema
  for (const definition of [tools?.length ? tools : undefined, schema]) {
    if (definition) texts.push(JSON.stringify(definition))
  }
  return { texts, messages: contents.length }
}

function requestOf(body: Uint8Array, model: string, kind: { stream: boolean, jsonArray: boolean }): ClientRequest {
  const request = parseRequest(body)
  refuseUnsold(body, request)
  const { candidateCount, maxOutputTokens, responseModalities } = request.generationConfig ?? {}
  const choices = candidateCount ?? 1
  const media = mediaOf(request)
  return {
    body,
    model,
    ...kind,
    wantsUsage: true,
    outputMax: maxOutputTokens == null ? undefined : maxOutputTokens * choices,
    choices,
    textBytes: Math.max(0, body.byteLength - media.bytes),
    mediaParts: media.parts,
    needs: responseModalities?.some(modality => modality.toUpperCase() === 'AUDIO') ? ['audioOutput'] : [],
    dropped: jsonFields(body).map(({ name }) => name).filter(name => DROPPED.has(camelOf(name))),
    headers: {},
  }
}

/** Whatever stands between the version and the model's own name, as often as it stands there. */
const PREFIX = /^(?:models|tunedModels|publishers\/google\/models|projects\/[^/]+\/locations\/[^/]+)\//

function readPath(path: string): { model: string, verb: string } {
  const [, rest = '', verb = ''] = /^\/+v\d\w*\/(.*):([A-Za-z]+)$/s.exec(path) ?? []
  let model = rest
  while (PREFIX.test(model)) model = model.replace(PREFIX, '')
  if (!verb || model === rest) throw new AppError('not_found', { path: path.slice(0, 200) })
  if (model.length < 1 || model.length > 200) throw new AppError('invalid_request', { problem: 'The path names no model.' })
  return { model, verb }
}

/** A stream without `alt=sse` is one JSON array, and so are the errors of such a call. */
export function asksForArray({ path, query }: CallTarget): boolean {
  return /:streamGenerateContent$/.test(path) && ![...query.getAll('alt'), ...query.getAll('$alt')].some(alt => alt.split(';')[0]?.toLowerCase() === 'sse')
}

function refuseUnsold(body: Uint8Array, request: WireRequest): void {
  for (const [field, why] of Object.entries(REFUSED)) {
    if (request[field] !== undefined && request[field] !== null) throw new AppError('unsupported_field', { field, why })
  }
  for (const tool of request.tools ?? []) {
    const hosted = Object.keys(tool).find(kind => kind !== 'functionDeclarations' && tool[kind] !== null)
    if (hosted !== undefined) throw new AppError('unsupported_field', { field: `tools.${hosted.slice(0, 60)}`, why: 'hosted tools have no price here' })
  }
  for (const uri of fileUrisOf(request)) {
    if (STORED_FILE.test(uri)) throw new AppError('unsupported_field', { field: 'fileData.fileUri', why: 'stored files cannot be shared across users; send the data itself' })
  }
  // A parser may take the first or the last of two equal names: what is priced must be what is served.
  const fields = jsonFields(body)
  const config = fields.find(({ name }) => camelOf(name) === 'generationConfig')
  const inside = config && body[config.valueStart] === 0x7B ? jsonFields(body.subarray(config.valueStart, config.end)) : []
  for (const level of [fields, inside]) {
    const names = level.map(({ name }) => camelOf(name))
    const twice = names.find((name, index) => names.indexOf(name) !== index)
    if (twice !== undefined) throw new AppError('invalid_request', { problem: `The field "${twice.slice(0, 60)}" stands in the body twice.` })
  }
}

function allParts(request: WireRequest): NonNullable<WireContent['parts']> {
  const { contents, systemInstruction } = request
  return [...(typeof systemInstruction === 'string' ? [] : systemInstruction?.parts ?? []), ...contents.flatMap(({ parts }) => parts ?? [])]
}

function fileUrisOf(request: WireRequest): string[] {
  return allParts(request).flatMap(part => [part, ...(part.functionResponse?.parts ?? [])]).flatMap(({ fileData }) => fileData?.fileUri ?? [])
}

/** Pictures, sounds and files inside contents: how many, and the bytes of their data, which are not text. */
function mediaOf(request: WireRequest): { parts: number, bytes: number } {
  const media = allParts(request)
    .flatMap(part => [part, ...(part.functionResponse?.parts ?? [])])
    .filter(({ inlineData, fileData }) => inlineData || fileData)
  return { parts: media.length, bytes: media.reduce((sum, { inlineData }) => sum + (inlineData?.data?.length ?? 0), 0) }
}

function textsOfContent({ parts }: WireContent): string[] {
  return (parts ?? []).flatMap(({ text, functionCall, functionResponse }) => [
    ...(text ? [text] : []),
    ...(functionCall ? [JSON.stringify([functionCall.name, functionCall.args])] : []),
    ...(functionResponse ? [JSON.stringify([functionResponse.name, functionResponse.response])] : []),
  ])
}
