import { z } from 'zod'
import type { ClientRequest, ConvertedEndpoint } from '#server/dialects/dialect'
import { gemini } from '#server/dialects/gemini'
import { AppError } from '#server/errors/app-error'
import { parseJson, readAnswer } from './json-body'
import type { Wire } from './json-body'
import { meteredOf } from './pass-through'

const CARRIED = new Set(['model', 'input', 'dimensions', 'encoding_format'])

const wire = z.looseObject({
  dimensions: z.number().int().min(1).nullish(),
  encoding_format: z.enum(['float', 'base64']).nullish(),
})
const answer = z.looseObject({ embeddings: z.array(z.looseObject({ values: z.array(z.number()) })) })

function textsOf(request: Wire): string[] {
  const texts = typeof request.input === 'string' ? [request.input] : request.input
  if (Array.isArray(texts) && texts.every(text => typeof text === 'string')) return texts
  throw new AppError('unsupported_field', { field: 'input', why: 'this model takes texts, no tokens' })
}

function read({ body }: ClientRequest): { request: Wire, texts: string[] } & z.output<typeof wire> {
  const request = parseJson(body) as Wire
  const parsed = wire.safeParse(request)
  const [issue] = parsed.error?.issues ?? []
  if (!parsed.success) throw new AppError('invalid_request', { problem: `${issue?.path.join('.')}: ${issue?.message}.` })
  return { ...parsed.data, request, texts: textsOf(request) }
}

/** What OpenAI's SDKs ask for unasked: 32-bit floats, the low byte first. */
function toBase64(values: number[]): string {
  const bytes = Buffer.alloc(values.length * 4)
  values.forEach((value, index) => bytes.writeFloatLE(value, index * 4))
  return bytes.toString('base64')
}

/** `/v1/embeddings` asked of a Gemini channel, always as a batch: https://ai.google.dev/api/embeddings#method:-models.batchembedcontents */
export const embeddingsAtGemini: ConvertedEndpoint = {
  writeUpstreamRequest(request, { model, credential }) {
    const { request: fields, texts, dimensions } = read(request)
    const { headers } = gemini.writeUpstreamTarget({ model, credential, stream: false })
    const requests = texts.map(text => ({ model: `models/${model}`, content: { parts: [{ text }] }, ...(dimensions == null ? {} : { outputDimensionality: dimensions }) }))
    return {
      path: `/models/${model}:batchEmbedContents`,
      headers,
      body: Buffer.from(JSON.stringify({ requests })),
      dropped: Object.keys(fields).filter(name => !CARRIED.has(name) && fields[name] !== null),
    }
  },
  readUpstreamFailure: gemini.readUpstreamFailure,
  /** The vendor reports no usage: what was counted is told to the client. */
  readReply(body, request) {
    const { texts, encoding_format: format } = read(request)
    const parsed = answer.safeParse(readAnswer(body))
    if (!parsed.success || parsed.data.embeddings.length !== texts.length) throw new AppError('upstream_malformed', {}, { cause: parsed.error ?? new Error('not a vector for each text') })
    const data = parsed.data.embeddings.map(({ values }, index) => ({ object: 'embedding', index, embedding: format === 'base64' ? toBase64(values) : values }))
    return {
      metered: meteredOf({}),
      write({ input = 0 }) {
        return Buffer.from(JSON.stringify({ object: 'list', data, model: request.model, usage: { prompt_tokens: input, total_tokens: input } }))
      },
    }
  },
}
