import type { Exchange } from '../../http.ts'
import { play } from '../player.ts'
import { replyWith } from '../reply.ts'
import type { RecordedRequest } from '../requests.ts'
import type { FoundScenario } from '../scenarios.ts'
import { findScenario, listedModels } from '../scenarios.ts'
import { streamSteps, wholeSteps } from '../script.ts'
import type { Step } from '../steps.ts'
import { answerSteps } from '../steps.ts'
import type { VendorContext } from '../vendor.ts'
import { decoded, playScenario, readJson } from '../vendor.ts'
import type { ChatBody } from './chat-body.ts'
import { parseChatBody } from './chat-body.ts'
import { completion, contentDeltas } from './chunks.ts'
import { errorBody, refuseAsOpenAi } from './errors.ts'
import { talkOfChat } from './reply.ts'
import { chatScript, midwayError } from './script.ts'
import { reportedUsage } from './usage.ts'

/**
 * Answers `POST chat/completions`, `GET models` and `GET models/{id}` as OpenAI does.
 * `path` is what follows `/v1`; the body is already in the record.
 */
export async function handleOpenAiChat(context: VendorContext, exchange: Exchange, record: RecordedRequest, path: string): Promise<void> {
  exchange.response.setHeader('x-request-id', `req_sandbox_${++context.answers}`)
  await play(stepsFor(context, record, path), exchange, record)
}

function stepsFor(context: VendorContext, record: RecordedRequest, path: string): Iterable<Step> {
  const key = bearerKey(context, record)
  if ('refusal' in key) return key.refusal
  if (path === '/chat/completions') {
    return record.method === 'POST' ? chatSteps(context, record, key.apiKey) : wrongMethod(record.method, 'POST')
  }
  return otherSteps(record, path)
}

/** The API key of a request to either of OpenAI's dialects, or what to answer without one. */
export function bearerKey(context: VendorContext, record: RecordedRequest): { apiKey: string } | { refusal: Step[] } {
  const apiKey = /^bearer +(\S+)$/i.exec(record.headers.authorization ?? '')?.[1]
  if (apiKey === undefined) {
    return { refusal: answerSteps(401, errorBody('No API key came with the request; send it as "Authorization: Bearer <key>".', 'invalid_request_error')) }
  }
  if (!context.apiKeys.includes(apiKey)) {
    return { refusal: answerSteps(401, errorBody(`The API key ${apiKey.slice(0, 4)}*** is not one of the sandbox's.`, 'invalid_request_error', 'invalid_api_key')) }
  }
  return { apiKey }
}

/** What both of OpenAI's dialects have in common: the models, and that there is nothing else. */
export function otherSteps(record: RecordedRequest, path: string): Step[] {
  if (path === '/models' || path.startsWith('/models/')) {
    return record.method === 'GET' ? modelSteps(path) : wrongMethod(record.method, 'GET')
  }
  return answerSteps(404, errorBody(`There is no ${record.method} ${path} here.`, 'invalid_request_error'))
}

export function wrongMethod(method: string, allowed: string): Step[] {
  return answerSteps(405, errorBody(`This address does not answer ${method}, only ${allowed}.`, 'invalid_request_error'), { allow: allowed })
}

function unknownModel(model: string): Step[] {
  return answerSteps(404, errorBody(`The sandbox has no model "${model}"; GET models lists them.`, 'invalid_request_error', 'model_not_found', 'model'))
}

function modelSteps(path: string): Step[] {
  const describe = (id: string) => ({ id, object: 'model', created: 1_750_000_000, owned_by: 'sandbox' })
  if (path === '/models') return answerSteps(200, { object: 'list', data: listedModels().map(describe) })
  const id = decoded(path.slice('/models/'.length))
  return findScenario(id) ? answerSteps(200, describe(id)) : unknownModel(id)
}

function chatSteps(context: VendorContext, record: RecordedRequest, apiKey: string): Iterable<Step> {
  const json = readJson(record.body)
  if (json === undefined) return answerSteps(400, errorBody('The body could not be read as JSON.', 'invalid_request_error'))
  const parsed = parseChatBody(json)
  if ('problem' in parsed) return answerSteps(400, errorBody(parsed.problem, 'invalid_request_error', null, parsed.parameter))
  const { body } = parsed
  const found = findScenario(body.model)
  if (!found) return unknownModel(body.model)
  const asked = { vendor: 'openai-chat', model: body.model, apiKey, record, refuse: refuseAsOpenAi }
  return playScenario(context, asked, found, () => replySteps(context, body, found))
}

function replySteps(context: VendorContext, body: ChatBody, found: FoundScenario): Iterable<Step> {
  const reply = replyWith(found, talkOfChat(body))
  const wire = found.scenario.wire?.(found.parameters) ?? {}
  const identity = { id: `chatcmpl-sandbox-${context.answers}`, created: Math.floor(context.now() / 1000), model: body.model }
  return body.stream === true
    ? streamSteps(chatScript(identity, reply, wire, body.stream_options?.include_usage === true), wire)
    : wholeSteps(wire, contentDeltas(reply).length, completion(identity, reply, reportedUsage(reply, wire)), midwayError)
}
