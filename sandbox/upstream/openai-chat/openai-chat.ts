import type { Exchange } from '../../http.ts'
import { play } from '../player.ts'
import type { RecordedRequest } from '../requests.ts'
import type { ChatBody } from './chat-body.ts'
import { parseChatBody } from './chat-body.ts'
import { errorBody } from './errors.ts'
import { replyWith } from './reply.ts'
import type { FoundScenario } from './scenarios.ts'
import { findScenario, listedModels } from './scenarios.ts'
import { streamSteps, wholeSteps } from './script.ts'
import type { Step } from './steps.ts'
import { answerSteps } from './steps.ts'

/** What the endpoints remember between requests. */
export interface OpenAiChatContext {
  /** The sandbox's origin, without a trailing slash. */
  origin: string
  apiKeys: string[]
  now: () => number
  /** How often each model of the `sandbox-flaky-<n>` kind was asked. */
  attempts: Map<string, number>
  /** How many answers were given, for their ids. */
  answers: number
}

/**
 * Answers `POST chat/completions`, `GET models` and `GET models/{id}` as OpenAI does.
 * `path` is what follows `/v1`; the body is already in the record.
 */
export async function handleOpenAiChat(context: OpenAiChatContext, exchange: Exchange, record: RecordedRequest, path: string): Promise<void> {
  exchange.response.setHeader('x-request-id', `req_sandbox_${++context.answers}`)
  await play(stepsFor(context, record, path), exchange, record)
}

function stepsFor(context: OpenAiChatContext, record: RecordedRequest, path: string): Iterable<Step> {
  const apiKey = /^bearer +(\S+)$/i.exec(record.headers.authorization ?? '')?.[1]
  if (apiKey === undefined) {
    return answerSteps(401, errorBody('No API key came with the request; send it as "Authorization: Bearer <key>".', 'invalid_request_error'))
  }
  if (!context.apiKeys.includes(apiKey)) {
    return answerSteps(401, errorBody(`The API key ${apiKey.slice(0, 4)}*** is not one of the sandbox's.`, 'invalid_request_error', 'invalid_api_key'))
  }
  if (path === '/chat/completions') {
    return record.method === 'POST' ? chatSteps(context, record, apiKey) : wrongMethod(record.method, 'POST')
  }
  if (path === '/models' || path.startsWith('/models/')) {
    return record.method === 'GET' ? modelSteps(path) : wrongMethod(record.method, 'GET')
  }
  return answerSteps(404, errorBody(`There is no ${record.method} ${path} here.`, 'invalid_request_error'))
}

function wrongMethod(method: string, allowed: string): Step[] {
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

function decoded(text: string): string {
  try {
    return decodeURIComponent(text)
  }
  catch {
    return text
  }
}

function chatSteps(context: OpenAiChatContext, record: RecordedRequest, apiKey: string): Iterable<Step> {
  const json = readJson(record.body)
  if (json === undefined) return answerSteps(400, errorBody('The body could not be read as JSON.', 'invalid_request_error'))
  const parsed = parseChatBody(json)
  if ('problem' in parsed) return answerSteps(400, errorBody(parsed.problem, 'invalid_request_error', null, parsed.parameter))
  const { body } = parsed
  const found = findScenario(body.model)
  if (!found) return unknownModel(body.model)
  if (found.scenario.failsFirst && isStillFailing(context, body.model, found)) {
    return answerSteps(500, errorBody('The sandbox has not warmed up yet.', 'server_error'))
  }
  if (found.scenario.instead) return found.scenario.instead({ origin: context.origin, apiKey })
  return replySteps(context, body, found)
}

function readJson(bytes: Buffer): unknown {
  try {
    return JSON.parse(bytes.toString())
  }
  catch {
    return undefined
  }
}

function isStillFailing(context: OpenAiChatContext, model: string, { parameters }: FoundScenario): boolean {
  const attempt = (context.attempts.get(model) ?? 0) + 1
  context.attempts.set(model, attempt)
  return attempt <= (parameters[0] ?? 0)
}

function replySteps(context: OpenAiChatContext, body: ChatBody, { scenario, parameters }: FoundScenario): Iterable<Step> {
  const reply = replyWith(scenario.say ?? (() => ({})), parameters, body, scenario.cached === true)
  const wire = scenario.wire?.(parameters) ?? {}
  const identity = { id: `chatcmpl-sandbox-${context.answers}`, created: Math.floor(context.now() / 1000), model: body.model }
  return body.stream === true
    ? streamSteps(identity, reply, wire, body.stream_options?.include_usage === true)
    : wholeSteps(identity, reply, wire)
}
