import type { Exchange } from '../../http.ts'
import { pageOf } from '../models.ts'
import { play } from '../player.ts'
import { promptTokensOf, replyWith } from '../reply.ts'
import type { RecordedRequest } from '../requests.ts'
import type { FoundScenario } from '../scenarios.ts'
import { findScenario, listedModels } from '../scenarios.ts'
import { streamSteps, wholeSteps } from '../script.ts'
import type { Step } from '../steps.ts'
import { answerSteps } from '../steps.ts'
import { isRecord } from '../talk.ts'
import type { Refuse, VendorContext } from '../vendor.ts'
import { decoded, playScenario, readJson } from '../vendor.ts'
import { parseAnthropicBody } from './body.ts'
import { refuseAsAnthropic } from './errors.ts'
import { problemInThoughts } from './messages.ts'
import type { AnthropicBody } from './reply.ts'
import { talkOfAnthropic } from './reply.ts'
import type { Identity } from './script.ts'
import { messageScript, midwayError, piecesOfMessage, wholeMessage } from './script.ts'

/** Dates in `anthropic-version` that Anthropic has had. All of them get the shapes of 2023-06-01. */
const versions = ['2023-01-01', '2023-06-01', '2026-10-21']

/**
 * Answers `POST messages`, `POST messages/count_tokens`, `GET models` and `GET models/{id}` as Anthropic does.
 * `path` is what follows `/v1`; the body is already in the record.
 */
export async function handleAnthropic(context: VendorContext, exchange: Exchange, record: RecordedRequest, path: string): Promise<void> {
  const requestId = `req_sandbox_${++context.answers}`
  exchange.response.setHeader('request-id', requestId)
  await play(stepsFor(context, record, path, exchange.url.searchParams, requestId), exchange, record)
}

function stepsFor(context: VendorContext, record: RecordedRequest, path: string, query: URLSearchParams, requestId: string): Iterable<Step> {
  const refuse = refuseAsAnthropic(requestId)
  const { 'x-api-key': header, 'authorization': authorization, 'anthropic-version': version } = record.headers
  // The vendor's own client sends the key as a bearer token since its version 1, and the header before it.
  const bearer = /^bearer +(\S+)$/i.exec(authorization ?? '')?.[1]
  const apiKey = typeof header === 'string' ? header : bearer
  if (apiKey === undefined) return refuse(401, 'x-api-key header is required')
  if (!context.apiKeys.includes(apiKey)) return refuse(401, header === undefined ? 'Invalid bearer token' : 'invalid x-api-key')
  if (version === undefined) return refuse(400, 'anthropic-version: header is required')
  if (!versions.includes(String(version))) return refuse(400, `anthropic-version: "${String(version)}" is not a valid version`)
  const route = `${record.method} ${path}`
  if (route === 'POST /messages') return messageSteps(context, record, apiKey, requestId)
  if (route === 'POST /messages/count_tokens') return countSteps(record, refuse)
  if (route === 'GET /models') return listSteps(query)
  if (record.method === 'GET' && path.startsWith('/models/')) return modelSteps(decoded(path.slice('/models/'.length)), refuse)
  return /^\/(?:messages(?:\/count_tokens)?|models)$/.test(path) ? refuse(405, 'Method Not Allowed') : refuse(404, 'Not Found')
}

function describe(id: string): object {
  return { type: 'model', id, display_name: id, created_at: '2026-01-01T00:00:00Z' }
}

/** Twenty to a page unless asked, as the vendor does, so whoever wants them all has to turn pages. */
function listSteps(query: URLSearchParams): Step[] {
  const { page, more } = pageOf(listedModels(), id => id, query.get('after_id'), Number(query.get('limit') ?? 20))
  return answerSteps(200, { data: page.map(describe), has_more: more, first_id: page[0] ?? null, last_id: page.at(-1) ?? null })
}

function modelSteps(id: string, refuse: Refuse): Step[] {
  return findScenario(id) ? answerSteps(200, describe(id)) : refuse(404, `model: ${id}`)
}

/** The body of a request and the scenario it asks for, or what to answer in their place. */
function readBody(record: RecordedRequest, counting: boolean, refuse: Refuse): { body: AnthropicBody, found: FoundScenario } | { refusal: Step[] } {
  const json = readJson(record.body)
  if (json === undefined) return { refusal: refuse(400, 'The request body is not valid JSON: it could not be read.') }
  const parsed = parseAnthropicBody(json, { counting, beta: record.headers['anthropic-beta'] !== undefined })
  if ('problem' in parsed) return { refusal: refuse(400, parsed.problem) }
  const found = findScenario(parsed.body.model)
  if (!found) return { refusal: refuse(404, `model: ${parsed.body.model}`) }
  const problem = found.scenario.thinks ? problemInThoughts(parsed.body['thinking'], parsed.body.messages) : undefined
  return problem === undefined ? { body: parsed.body, found } : { refusal: refuse(400, problem) }
}

function countSteps(record: RecordedRequest, refuse: Refuse): Step[] {
  const read = readBody(record, true, refuse)
  return 'refusal' in read ? read.refusal : answerSteps(200, { input_tokens: promptTokensOf(talkOfAnthropic(read.body).turns) })
}

function messageSteps(context: VendorContext, record: RecordedRequest, apiKey: string, requestId: string): Iterable<Step> {
  const refuse = refuseAsAnthropic(requestId)
  const read = readBody(record, false, refuse)
  if ('refusal' in read) return read.refusal
  const { body, found } = read
  const asked = { vendor: 'anthropic', model: body.model, apiKey, record, refuse }
  return playScenario(context, asked, found, () => replySteps(context, body, found, requestId))
}

function replySteps(context: VendorContext, body: AnthropicBody, found: FoundScenario, requestId: string): Iterable<Step> {
  const reply = replyWith(found, talkOfAnthropic(body))
  const wire = found.scenario.wire?.(found.parameters) ?? {}
  const identity: Identity = {
    id: `msg_sandbox_${context.answers}`,
    requestId,
    model: body.model,
    hidesThoughts: isRecord(body['thinking']) && body['thinking']['display'] === 'omitted',
  }
  return body['stream'] === true
    ? streamSteps(messageScript(identity, reply, wire), wire)
    : wholeSteps(wire, piecesOfMessage(identity, reply), wholeMessage(identity, reply, wire), midwayError(identity))
}
