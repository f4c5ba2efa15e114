import { z } from 'zod'
import type { ClientRequest, Metered } from '#server/dialects/dialect'
import { embeddingsAtGemini } from './embeddings-at-gemini'
import { listOf, parseJson, readAnswer, readBody, textsIn, writeBody } from './json-body'
import { defineEndpoint, meteredOf, requestOf } from './pass-through'
import { readTokens } from './usage'

const wire = z.looseObject({
  model: z.string().min(1).max(200),
  input: z.union([z.string(), z.looseObject({}), z.array(z.unknown()).min(1)]),
})

/** Input may come as tokens already: a list of numbers, or a list of such lists. */
function tokensIn(input: unknown): number {
  return Array.isArray(input) ? input.reduce<number>((sum, item) => sum + (typeof item === 'number' ? 1 : tokensIn(item)), 0) : 0
}

function readReply(body: Uint8Array, request: ClientRequest): Metered {
  const answer = readAnswer(body)
  const empty = listOf(answer.data).length === 0
  const reported = readTokens(answer.usage)
  if (reported) return meteredOf({ ...reported, empty })
  const tokens = tokensIn(wire.parse(parseJson(request.body)).input)
  return tokens > 0 ? meteredOf({ usage: {}, units: { usage: { input: tokens }, counted: ['input'] }, empty }) : meteredOf({ empty })
}

/** Vectors of texts or tokens: https://platform.openai.com/docs/api-reference/embeddings/create */
export const embeddings = defineEndpoint({
  readRequest(body) {
    const { wire: request, dropped } = readBody(body, wire)
    return requestOf({ body, model: request.model, dropped })
  },
  readInputTexts: request => ({ texts: textsIn(wire.parse(parseJson(request.body)).input), messages: 0 }),
  writeUpstreamRequest: (request, upstream) => writeBody(request, upstream, { path: '/embeddings' }),
  elsewhere: { gemini: embeddingsAtGemini },
  readReply: (body, { request }) => ({ metered: readReply(body, request), contentType: 'application/json' }),
})
