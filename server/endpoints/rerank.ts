import { z } from 'zod'
import type { ClientRequest, Metered, RequestUnits } from '#server/dialects/dialect'
import { listOf, parseJson, readAnswer, readBody, recordOf, textsIn, writeBody } from './json-body'
import { defineEndpoint, meteredOf, requestOf } from './pass-through'
import { readTokens } from './usage'

/** A search is one query over so many documents. */
const DOCUMENTS_PER_SEARCH = 100
/** A document of more tokens counts as several; a token has at least one byte. */
const BYTES_PER_DOCUMENT = 500

const wire = z.looseObject({
  model: z.string().min(1).max(200),
  query: z.union([z.string(), z.looseObject({})]),
  documents: z.array(z.union([z.string(), z.looseObject({})])).min(1),
})

const searchesOf = (documents: number): number => Math.max(1, Math.ceil(documents / DOCUMENTS_PER_SEARCH))

function unitsOf(documents: number, bytes: number): RequestUnits {
  return {
    most: { search: searchesOf(documents + Math.floor(bytes / BYTES_PER_DOCUMENT)) },
    expected: { search: searchesOf(documents) },
  }
}

function readReply(body: Uint8Array, { units }: ClientRequest): Metered {
  const answer = readAnswer(body)
  const empty = listOf(answer.results ?? answer.data).length === 0
  const meta = recordOf(answer.meta)
  const tokens = readTokens(answer.usage) ?? readTokens(meta.tokens) ?? readTokens(meta.billed_units)
  const said = recordOf(meta.billed_units).search_units
  const reported = typeof said === 'number' && said > 0 ? Math.ceil(said) : undefined
  const most = units?.most.search ?? 1
  return meteredOf({
    usage: tokens?.usage,
    clamped: (tokens?.clamped ?? false) || (reported ?? 0) > most,
    units: { usage: { search: Math.min(most, reported ?? units?.expected.search ?? 1) }, counted: reported === undefined ? ['search'] : [] },
    empty,
  })
}

/**
 * Documents in the order in which they answer a query, as Cohere made it and Jina, Voyage and others have it:
 * https://docs.cohere.com/reference/rerank, https://jina.ai/reranker
 */
export const rerank = defineEndpoint({
  readRequest(body) {
    const { wire: request, dropped } = readBody(body, wire)
    return requestOf({ body, model: request.model, needs: ['search'], units: unitsOf(request.documents.length, body.byteLength), dropped })
  },
  readInputTexts(request) {
    const { query, documents } = wire.parse(parseJson(request.body))
    return { texts: [...textsIn(query), ...textsIn(documents)], messages: 0 }
  },
  writeUpstreamRequest: (request, upstream) => writeBody(request, upstream, { path: '/rerank' }),
  readReply: (body, { request }) => ({ metered: readReply(body, request), contentType: 'application/json' }),
})
