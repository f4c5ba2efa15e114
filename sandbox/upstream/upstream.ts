import type { Exchange } from '../http.ts'
import { BodyTooLarge, readBody, sendJson, sendNotFound, sendWrongMethod } from '../http.ts'
import { errorBody } from './openai-chat/errors.ts'
import type { OpenAiChatContext } from './openai-chat/openai-chat.ts'
import { handleOpenAiChat } from './openai-chat/openai-chat.ts'
import type { RecordedRequest, RequestLog } from './requests.ts'

const bodyBytesAtMost = 32 * 1024 * 1024
const openAiPrefix = '/openai/v1'

/** What the fake upstream keeps while the sandbox runs. */
export interface UpstreamContext {
  log: RequestLog
  openAiChat: OpenAiChatContext
}

/** Forgets every request and every failure played so far. */
export function clearUpstream({ log, openAiChat }: UpstreamContext): void {
  log.clear()
  openAiChat.attempts.clear()
}

/** Answers everything below `/upstream`. `path` is what follows it, such as `/openai/v1/models`. */
export async function handleUpstream(context: UpstreamContext, exchange: Exchange, path: string): Promise<void> {
  if (path === '/_requests') return handleRequestList(context, exchange)
  const { response } = exchange
  const record = await recordRequest(context, exchange)
  if (!record) {
    return sendJson(response, 413, errorBody('The body is larger than the sandbox reads.', 'invalid_request_error'), { connection: 'close' })
  }
  if (path === openAiPrefix || path.startsWith(`${openAiPrefix}/`)) {
    return handleOpenAiChat(context.openAiChat, exchange, record, path.slice(openAiPrefix.length))
  }
  // The redirect scenario points here. Whoever comes has followed it, and the list of requests says so.
  if (path === '/elsewhere') return sendJson(response, 200, { elsewhere: true })
  sendNotFound(response, `/upstream${path}`)
}

/** Returns undefined when the body is too large to keep. */
async function recordRequest({ log, openAiChat }: UpstreamContext, { request, response }: Exchange): Promise<RecordedRequest | undefined> {
  const record: RecordedRequest = {
    method: request.method ?? '',
    path: request.url ?? '',
    headers: request.headers,
    body: Buffer.alloc(0),
    startedAt: openAiChat.now(),
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
  record.model = modelIn(record.body)
  return record
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
