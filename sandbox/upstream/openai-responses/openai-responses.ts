import type { Exchange } from '../../http.ts'
import { errorBody, refuseAsOpenAi } from '../openai-chat/errors.ts'
import { bearerKey, otherSteps, wrongMethod } from '../openai-chat/openai-chat.ts'
import { play } from '../player.ts'
import { replyWith } from '../reply.ts'
import type { RecordedRequest } from '../requests.ts'
import type { FoundScenario } from '../scenarios.ts'
import { findScenario } from '../scenarios.ts'
import { streamSteps, wholeSteps } from '../script.ts'
import type { Step } from '../steps.ts'
import { answerSteps } from '../steps.ts'
import type { VendorContext } from '../vendor.ts'
import { playScenario, readJson } from '../vendor.ts'
import { parseResponsesBody } from './body.ts'
import type { Identity } from './output.ts'
import { finalResponse } from './output.ts'
import type { ResponsesBody } from './reply.ts'
import { talkOfResponses } from './reply.ts'
import { failedResponse, piecesOfResponse, responseScript } from './script.ts'
import { reportedResponsesUsage } from './usage.ts'

/**
 * Answers `POST responses`, `GET models` and `GET models/{id}` as OpenAI does.
 * `path` is what follows `/v1`; the body is already in the record.
 */
export async function handleOpenAiResponses(context: VendorContext, exchange: Exchange, record: RecordedRequest, path: string): Promise<void> {
  exchange.response.setHeader('x-request-id', `req_sandbox_${++context.answers}`)
  await play(stepsFor(context, record, path), exchange, record)
}

function stepsFor(context: VendorContext, record: RecordedRequest, path: string): Iterable<Step> {
  const key = bearerKey(context, record)
  if ('refusal' in key) return key.refusal
  if (path !== '/responses') return otherSteps(record, path)
  return record.method === 'POST' ? responseSteps(context, record, key.apiKey) : wrongMethod(record.method, 'POST')
}

function responseSteps(context: VendorContext, record: RecordedRequest, apiKey: string): Iterable<Step> {
  const json = readJson(record.body)
  if (json === undefined) return answerSteps(400, errorBody('The body could not be read as JSON.', 'invalid_request_error'))
  const parsed = parseResponsesBody(json)
  if ('problem' in parsed) return answerSteps(parsed.problem.status, parsed.problem.body)
  const { body } = parsed
  const found = findScenario(body.model)
  // 400, where chat completions say 404.
  if (!found) return answerSteps(400, errorBody(`The requested model '${body.model}' does not exist.`, 'invalid_request_error', 'model_not_found', 'model'))
  const asked = { vendor: 'openai-responses', model: body.model, apiKey, record, refuse: refuseAsOpenAi }
  return playScenario(context, asked, found, () => replySteps(context, body, found))
}

function replySteps(context: VendorContext, body: ResponsesBody, found: FoundScenario): Iterable<Step> {
  const reply = replyWith(found, talkOfResponses(body))
  const wire = found.scenario.wire?.(found.parameters) ?? {}
  const identity: Identity = { number: String(context.answers), createdAt: Math.floor(context.now() / 1000), body }
  return body['stream'] === true
    ? streamSteps(responseScript(identity, reply, wire), wire)
    : wholeSteps(wire, piecesOfResponse(identity, reply), finalResponse(identity, reply, reportedResponsesUsage(reply, wire)).response, failedResponse(identity))
}
