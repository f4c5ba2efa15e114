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
import type { VendorContext } from '../vendor.ts'
import { decoded, playScenario, readJson } from '../vendor.ts'
import { problemInCount, problemInGeminiBody } from './body.ts'
import { refuseAsGemini, wrongKeyDetails } from './errors.ts'
import { camelKeys, recordIn } from './fields.ts'
import { asGemini, talkOfGemini } from './reply.ts'
import type { Identity } from './script.ts'
import { contentScript, geminiArray, geminiEvents, midwayError, piecesOfContent, wholeContent } from './script.ts'

type Method = 'generateContent' | 'streamGenerateContent' | 'countTokens'

/** One call of a method on a model. */
interface Call {
  record: RecordedRequest
  model: string
  apiKey: string
  method: Method
  /** Whether a stream is to be server-sent events; it is a JSON array otherwise. */
  events: boolean
  refuse: ReturnType<typeof refuseAsGemini>
}

/**
 * Answers `POST models/{id}:generateContent`, `:streamGenerateContent`, `:countTokens`, `GET models` and `GET models/{id}`
 * as Gemini does. `path` is what follows `/v1beta`; the body is already in the record.
 */
export async function handleGemini(context: VendorContext, exchange: Exchange, record: RecordedRequest, path: string): Promise<void> {
  context.answers++
  await play(stepsFor(context, record, decoded(path), exchange.url.searchParams), exchange, record)
}

function stepsFor(context: VendorContext, record: RecordedRequest, path: string, query: URLSearchParams): Iterable<Step> {
  const [, model = '', method = ''] = /^\/models\/(.+):(generateContent|streamGenerateContent|countTokens)$/.exec(path) ?? []
  const events = query.get('alt') === 'sse'
  const refuse = refuseAsGemini(method === 'streamGenerateContent' && !events)
  const header = record.headers['x-goog-api-key']
  const apiKey = typeof header === 'string' ? header : query.get('key')
  if (apiKey === null) {
    return refuse(403, 'Method doesn\'t allow unregistered callers (callers without established identity). Please use API Key or other form of API consumer identity to call this API.')
  }
  if (!context.apiKeys.includes(apiKey)) return refuse(400, 'API key not valid. Please pass a valid API key.', wrongKeyDetails)
  if (record.method === 'POST' && model !== '') return callSteps(context, { record, model, apiKey, method: method as Method, events, refuse })
  if (record.method === 'GET' && path === '/models') return listSteps(query)
  if (record.method === 'GET' && path.startsWith('/models/') && method === '') {
    const id = path.slice('/models/'.length)
    return findScenario(id) ? answerSteps(200, describe(id)) : unknownModel(id, refuse)
  }
  // Google's front end knows no other path, and says so in HTML.
  return answerSteps(404, '<!DOCTYPE html><html lang=en><title>Error 404 (Not Found)!!1</title><p><b>404.</b> <ins>That’s an error.</ins>')
}

function unknownModel(model: string, refuse: Call['refuse']): Step[] {
  return refuse(404, `models/${model} is not found for API version v1beta, or is not supported for generateContent. Call ListModels to see the list of available models and their supported methods.`)
}

function describe(id: string): object {
  return {
    name: `models/${id}`,
    version: '001',
    displayName: id,
    description: 'A model of the sandbox',
    inputTokenLimit: 1_048_576,
    outputTokenLimit: 65_536,
    supportedGenerationMethods: ['generateContent', 'countTokens'],
    thinking: id === 'sandbox-reasoning',
  }
}

/** Twenty to a page unless asked: fewer than there are, so whoever wants them all has to turn pages. */
function listSteps(query: URLSearchParams): Step[] {
  const { page, more } = pageOf(listedModels(), id => id, query.get('pageToken'), Number(query.get('pageSize') ?? 20))
  return answerSteps(200, { models: page.map(describe), ...(more && { nextPageToken: page.at(-1) }) })
}

function callSteps(context: VendorContext, call: Call): Iterable<Step> {
  const { record, model, method, refuse } = call
  const json = readJson(record.body)
  if (json === undefined) return refuse(400, 'Invalid JSON payload received. Unexpected token.')
  const found = findScenario(model)
  if (!found) return unknownModel(model, refuse)
  const problem = method === 'countTokens' ? problemInCount(json) : problemInGeminiBody(json, found.scenario.signed === true)
  if (problem !== undefined) return refuse(400, problem, badRequest(problem))
  if (method === 'countTokens') return countSteps(model, json)
  const asked = { vendor: 'gemini', model, apiKey: call.apiKey, record, refuse }
  return playScenario(context, asked, found, () => replySteps(context, call, json, found))
}

/** A field that is not known is told once more among the details, as the reader of the JSON found it. */
function badRequest(problem: string): object[] | undefined {
  if (!problem.startsWith('Invalid JSON payload')) return undefined
  const field = / at '([^']*)'/.exec(problem)?.[1]
  return [{ '@type': 'type.googleapis.com/google.rpc.BadRequest', 'fieldViolations': [{ ...(field && { field }), description: problem }] }]
}

function countSteps(model: string, json: unknown): Step[] {
  const body = camelKeys(json)
  const totalTokens = promptTokensOf(talkOfGemini(model, body['generateContentRequest'] ?? body).turns)
  return answerSteps(200, { totalTokens, promptTokensDetails: [{ modality: 'TEXT', tokenCount: totalTokens }] })
}

function replySteps(context: VendorContext, { model, method, events }: Call, json: unknown, found: FoundScenario): Iterable<Step> {
  const reply = asGemini(replyWith(found, talkOfGemini(model, json)))
  const wire = found.scenario.wire?.(found.parameters) ?? {}
  const thinking = recordIn(recordIn(camelKeys(json), 'generationConfig'), 'thinkingConfig')
  const identity: Identity = {
    responseId: `sandbox-${context.answers}`,
    modelVersion: model,
    hidesThoughts: thinking['includeThoughts'] === false,
  }
  return method === 'streamGenerateContent'
    ? streamSteps(contentScript(identity, reply, wire), wire, events ? geminiEvents : geminiArray)
    : wholeSteps(wire, piecesOfContent(identity, reply), wholeContent(identity, reply, wire), midwayError)
}
