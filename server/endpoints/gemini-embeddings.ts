import { z } from 'zod'
import type { Endpoint, UpstreamRequest } from '#server/dialects/dialect'
import { gemini } from '#server/dialects/gemini'
import { parseShallow } from '#server/dialects/json-depth'
import { AppError } from '#server/errors/app-error'
import { geminiEmbeddingsAtOpenai } from './gemini-embeddings-at-openai'
import { meteredOf, NOTHING, requestOf } from './pass-through'

const content = z.looseObject({ parts: z.array(z.looseObject({ text: z.string().optional() })).min(1) })
const one = z.looseObject({ content })
const many = z.looseObject({ requests: z.array(z.looseObject({ content, model: z.string().optional() })).min(1).max(1000) })
const answer = z.union([z.looseObject({ embedding: z.looseObject({}) }), z.looseObject({ embeddings: z.array(z.unknown()) })])

const VERBS = { embedContent: one, batchEmbedContents: many }
const PATH = /^\/v1(?:beta)?\/models\/(.+):(embedContent|batchEmbedContents)$/

function parse<T extends z.ZodType>(schema: T, body: Uint8Array): z.output<T> {
  let value: unknown
  try {
    value = parseShallow(Buffer.from(body.buffer, body.byteOffset, body.byteLength).toString('utf8'))
  }
  catch (cause) { throw new AppError('invalid_json', { problem: body.byteLength === 0 ? 'it is empty' : 'it cannot be parsed' }, { cause }) }
  const parsed = schema.safeParse(value)
  if (parsed.success) return parsed.data
  const [issue] = parsed.error.issues
  throw new AppError('invalid_request', { problem: `${issue?.path.join('.') || 'body'}: ${issue?.message ?? 'not a request'}.` })
}

function readVerb(path: string): { model: string, verb: keyof typeof VERBS } {
  const [, model, verb] = PATH.exec(path) ?? []
  if (!model || !verb) throw new AppError('not_found', { path: path.slice(0, 200) })
  return { model, verb: verb as keyof typeof VERBS }
}

/** The texts of either form of request. */
function textsOf(body: Uint8Array): string[] {
  const request = parse(z.union([many, one]), body)
  const contents = 'requests' in request ? (request as z.output<typeof many>).requests.map(each => each.content) : [(request as z.output<typeof one>).content]
  return contents.flatMap(each => each.parts.map(part => part.text ?? ''))
}

/** Each request of a batch, and a single one if it does, names the model again: all of them get the upstream's name. */
function writeBody(body: Uint8Array, model: string): Uint8Array {
  const name = `models/${model}`
  const request = parse(z.union([many, one]), body)
  if ('requests' in request) return Buffer.from(JSON.stringify({ ...request, requests: (request as z.output<typeof many>).requests.map(each => ({ ...each, model: name })) }))
  return request.model === undefined ? body : Buffer.from(JSON.stringify({ ...request, model: name }))
}

/**
 * Vectors in Gemini's form, `:embedContent` and `:batchEmbedContents`: https://ai.google.dev/api/embeddings
 * The vendor reports no usage, so the input is counted.
 */
export const geminiEmbeddings: Endpoint = {
  id: gemini.id,
  passOnly: true,
  elsewhere: { 'openai-chat': geminiEmbeddingsAtOpenai },
  readRequest(body, { path }) {
    const { model, verb } = readVerb(path)
    parse(VERBS[verb], body)
    return requestOf({ body, model, headers: { verb } })
  },
  readInputTexts: request => ({ texts: textsOf(request.body), messages: 0 }),
  writeUpstreamRequest(request, { model, credential }): UpstreamRequest {
    const { headers } = gemini.writeUpstreamTarget({ model, credential, stream: false })
    return { path: `/models/${model}:${request.headers.verb}`, headers, body: writeBody(request.body, model) }
  },
  readReply(body) {
    try {
      answer.parse(parseShallow(Buffer.from(body).toString('utf8')))
    }
    catch (cause) { throw new AppError('upstream_malformed', {}, { cause }) }
    return { metered: meteredOf({}), contentType: 'application/json' }
  },
  createStreamMeter: () => { throw new AppError('internal', {}, { cause: new Error('this endpoint does not stream') }) },
  readUpstreamFailure: gemini.readUpstreamFailure,
  streamType: gemini.streamType,
  keepAlive: gemini.keepAlive,
  terminator: () => NOTHING,
  writeLengthEnd: () => NOTHING,
  writeError: gemini.writeError,
  writeErrorFrame: gemini.writeErrorFrame,
}
