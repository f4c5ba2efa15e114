import { z } from 'zod'
import type { ClientRequest, ConvertedEndpoint } from '#server/dialects/dialect'
import { authHeader } from '#server/dialects/quirks'
import { AppError } from '#server/errors/app-error'
import { isWire, parseJson, readAnswer } from './json-body'
import type { Wire } from './json-body'
import { meteredOf, readUpstreamFailure } from './pass-through'
import { readTokens } from './usage'

/** Fields of one text; protobuf reads names in either form. */
const CARRIED = new Set(['model', 'content', 'outputDimensionality', 'output_dimensionality', 'requests'])

const entry = z.looseObject({ index: z.number().int().min(0).optional(), embedding: z.union([z.array(z.number()), z.string()]) })
const answer = z.looseObject({ data: z.array(entry) })

/** The requests of a batch, or the one there is. */
function requestsOf({ body }: ClientRequest): Wire[] {
  const request = parseJson(body) as Wire
  return Array.isArray(request.requests) ? request.requests.filter(isWire) : [request]
}

function textOf({ content }: Wire): string {
  const parts = isWire(content) && Array.isArray(content.parts) ? content.parts.filter(isWire) : []
  const other = parts.find(part => typeof part.text !== 'string')
  if (other) throw new AppError('unsupported_field', { field: 'content.parts', why: 'this model takes texts only' })
  return parts.map(part => part.text).join('\n')
}

function dimensionsOf(requests: Wire[]): unknown {
  const [first, ...others] = new Set(requests.map(request => request.outputDimensionality ?? request.output_dimensionality ?? undefined))
  if (others.length > 0) throw new AppError('unsupported_field', { field: 'outputDimensionality', why: 'this model takes one for all texts of a call' })
  return first
}

function valuesOf(embedding: number[] | string): number[] {
  if (typeof embedding !== 'string') return embedding
  const bytes = Buffer.from(embedding, 'base64')
  return Array.from({ length: Math.floor(bytes.length / 4) }, (_, index) => bytes.readFloatLE(index * 4))
}

/** `:embedContent` and `:batchEmbedContents` asked of an OpenAI channel: https://platform.openai.com/docs/api-reference/embeddings/create */
export const geminiEmbeddingsAtOpenai: ConvertedEndpoint = {
  writeUpstreamRequest(request, { model, credential, quirks }) {
    const requests = requestsOf(request)
    const dimensions = dimensionsOf(requests)
    const body = { model, input: requests.map(textOf), encoding_format: 'float', ...(dimensions === undefined ? {} : { dimensions }) }
    return {
      path: '/embeddings',
      headers: { ...authHeader(credential, quirks), 'content-type': 'application/json', 'accept': 'application/json' },
      body: Buffer.from(JSON.stringify(body)),
      dropped: requests.flatMap(fields => Object.keys(fields).filter(name => !CARRIED.has(name) && fields[name] !== null)),
    }
  },
  readUpstreamFailure,
  readReply(body, request) {
    const read = readAnswer(body)
    const parsed = answer.safeParse(read)
    if (!parsed.success || parsed.data.data.length !== requestsOf(request).length) throw new AppError('upstream_malformed', {}, { cause: parsed.error ?? new Error('not a vector for each text') })
    const vectors = parsed.data.data
      .map(({ index, embedding }, at) => ({ index: index ?? at, values: valuesOf(embedding) }))
      .sort((one, other) => one.index - other.index)
      .map(({ values }) => ({ values }))
    const written = Buffer.from(JSON.stringify(request.headers.verb === 'embedContent' ? { embedding: vectors[0] } : { embeddings: vectors }))
    return { metered: meteredOf({ ...readTokens(read.usage) }), write: () => written }
  },
}
