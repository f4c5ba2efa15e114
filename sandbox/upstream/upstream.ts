import type { Exchange } from '../http.ts'
import { BodyTooLarge, readBody, sendJson, sendNotFound, sendWrongMethod } from '../http.ts'
import { anthropicError } from './anthropic/errors.ts'
import { handleAnthropic } from './anthropic/anthropic.ts'
import { geminiError } from './gemini/errors.ts'
import { handleGemini } from './gemini/gemini.ts'
import { errorBody } from './openai-chat/errors.ts'
import { handleOpenAiChat } from './openai-chat/openai-chat.ts'
import { handleOpenAiResponses } from './openai-responses/openai-responses.ts'
import type { RecordedRequest, RequestLog } from './requests.ts'
import type { VendorContext } from './vendor.ts'
import { decoded } from './vendor.ts'

const bodyBytesAtMost = 32 * 1024 * 1024
const tooLarge = 'The body is larger than the sandbox reads.'

/** Where each dialect lives below `/upstream`, who answers there, and what a body that is too large gets. */
const vendors = [
  { prefix: '/openai/v1', handle: handleOpenAiChat, refusal: errorBody(tooLarge, 'invalid_request_error') },
  { prefix: '/anthropic/v1', handle: handleAnthropic, refusal: anthropicError(413, tooLarge, 'req_sandbox') },
  { prefix: '/gemini/v1beta', handle: handleGemini, refusal: geminiError(413, tooLarge) },
  { prefix: '/openai-responses/v1', handle: handleOpenAiResponses, refusal: errorBody(tooLarge, 'invalid_request_error') },
]

/** What the fake upstreams keep while the sandbox runs. */
export interface UpstreamContext {
  log: RequestLog
  vendors: VendorContext
}

/** Forgets every request and every failure played so far. */
export function clearUpstream({ log, vendors }: UpstreamContext): void {
  log.clear()
  vendors.attempts.clear()
}

/** Answers everything below `/upstream`. `path` is what follows it, such as `/openai/v1/models`. */
export async function handleUpstream(context: UpstreamContext, exchange: Exchange, path: string): Promise<void> {
  if (path === '/_requests') return handleRequestList(context, exchange)
  const { response } = exchange
  const record = await recordRequest(context, exchange)
  const vendor = vendors.find(({ prefix }) => path === prefix || path.startsWith(`${prefix}/`))
  if (!record) return sendJson(response, 413, vendor?.refusal ?? errorBody(tooLarge, 'invalid_request_error'), { connection: 'close' })
  if (vendor) return vendor.handle(context.vendors, exchange, record, path.slice(vendor.prefix.length))
  // The redirect scenario points here. Whoever comes has followed it, and the list of requests says so.
  if (path === '/elsewhere') return sendJson(response, 200, { elsewhere: true })
  sendNotFound(response, `/upstream${path}`)
}

/** Returns undefined when the body is too large to keep. */
async function recordRequest({ log, vendors }: UpstreamContext, { request, response }: Exchange): Promise<RecordedRequest | undefined> {
  const record: RecordedRequest = {
    method: request.method ?? '',
    path: request.url ?? '',
    headers: request.headers,
    body: Buffer.alloc(0),
    startedAt: vendors.now(),
    model: undefined,
    closed: undefined,
    chunks: 0,
  }
  log.add(record)
  response.once('finish', () => record.closed ??= 'finished')
  response.once('close', () => record.closed ??= 'aborted')
  try {
    record.body = await readBody(request, bodyBytesAtMost)
  }
  catch (error) {
    if (error instanceof BodyTooLarge) return undefined
    throw error
  }
  record.model = modelInPath(record.path) ?? modelIn(record.body)
  return record
}

/** Gemini names the model in the address. */
function modelInPath(path: string): string | undefined {
  const match = /\/gemini\/v1beta\/models\/([^?]+?)(?::|%3A)\w+(?:\?|$)/i.exec(path)
  return match?.[1] === undefined ? undefined : decoded(match[1])
}

function modelIn(body: Buffer): string | undefined {
  try {
    const value: unknown = JSON.parse(body.toString())
    return typeof value === 'object' && value !== null && 'model' in value && typeof value.model === 'string' ? value.model : undefined
  }
  catch {
    return undefined
  }
}

/** GET /upstream/_requests gives `{ requests }` with bodies as text; DELETE forgets them and starts the flaky models anew. */
function handleRequestList(context: UpstreamContext, { request, response }: Exchange): void {
  if (request.method === 'GET') {
    return sendJson(response, 200, { requests: context.log.all().map(record => ({ ...record, body: record.body.toString() })) })
  }
  if (request.method !== 'DELETE') return sendWrongMethod(response, 'GET, DELETE')
  clearUpstream(context)
  response.writeHead(204).end()
}
