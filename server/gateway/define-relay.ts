import { once } from 'node:events'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { defineEventHandler } from 'h3'
import type { EventHandler, H3Event } from 'h3'
import type { CallTarget, Dialect, Endpoint, PassedThrough } from '#server/dialects/dialect'
import { AppError, toAppError } from '#server/errors/app-error'
import { useRuntime } from '#server/runtime'
import { createId } from '#server/storage/ids'
import { corsHeaders, preflightHeaders } from './cors'
import type { Call, Reply } from './reply'

const CLIENT_ID_MAX = 200

/** Answers a call of a `/v1` path. Throws AppError; whoever defined the path says in whose dialect. */
export type V1Handler = (call: Call, event: H3Event) => Promise<Reply>

/** "This path speaks this dialect", or is this endpoint. */
export function defineRelay(dialect: Dialect | Endpoint): EventHandler {
  return defineV1(dialect, 'POST', call => useRuntime().relay(dialect.passOnly ? dialect : dialect.id, call))
}

/**
 * A path of the public protocol: preflight, request id, errors in the dialect's shape, and the reply pumped into the
 * socket with back-pressure. The only place that knows Node's request and response.
 */
export function defineV1(dialect: PassedThrough, method: 'GET' | 'POST' | 'ANY', handler: V1Handler): EventHandler {
  return defineEventHandler(async (event) => {
    const { req, res } = event.node
    if (req.method === 'OPTIONS') return void res.writeHead(204, preflightHeaders(req.headers['access-control-request-headers'])).end()
    const gone = new AbortController()
    res.once('close', () => gone.abort())
    const call = callOf(req, dialect, gone.signal)
    try {
      if (method !== 'ANY' && req.method !== method && !(method === 'GET' && req.method === 'HEAD')) throw new AppError('method_not_allowed', { allowed: method })
      await send(res, call, await handler(call, event))
    }
    catch (thrown) {
      const error = toAppError(thrown)
      if (error.code === 'internal' && !gone.signal.aborted) useRuntime().log.error(`request ${call.requestId} failed`, error.cause)
      if (res.headersSent) res.destroy()
      else await send(res, call, call.dialect.writeError(error, call.requestId, call.target))
      await useRuntime().noteRefusal(call, req.method ?? '', error)
    }
  })
}

/** One path, another handler for each method. */
export function defineByMethod(handlers: { GET: EventHandler, POST: EventHandler }): EventHandler {
  return defineEventHandler(event => event.method === 'POST' ? handlers.POST(event) : handlers.GET(event))
}

function callOf(req: IncomingMessage, dialect: PassedThrough, signal: AbortSignal): Call {
  const { config, addressOf } = useRuntime()
  const headers = plainHeaders(req)
  const target = targetOf(req.url ?? '/', headers)
  return {
    // Minted here, never taken from the client: an id that could be repeated would be free service.
    requestId: createId('req'),
    headers,
    queryKey: target.query.get('key') ?? undefined,
    target,
    dialect,
    address: addressOf(req.socket.remoteAddress, headers['x-forwarded-for']),
    readBody: () => readBody(req, config.VAPOR_BODY_MAX_MB * 1024 * 1024),
    signal,
  }
}

function plainHeaders(req: IncomingMessage): Record<string, string | undefined> {
  return Object.fromEntries(Object.entries(req.headers).map(([name, value]) => [name, Array.isArray(value) ? value.join(', ') : value]))
}

function targetOf(url: string, headers: Record<string, string | undefined>): CallTarget {
  const [path = '/', ...query] = url.split('?')
  return { path: decode(path), query: new URLSearchParams(query.join('?')), headers }
}

/** Some clients encode the colon of a Gemini verb and the slash of a name; what cannot be decoded stays as it is. */
function decode(path: string): string {
  try {
    return decodeURIComponent(path)
  }
  catch { return path }
}

async function readBody(req: IncomingMessage, limit: number): Promise<Uint8Array> {
  if (Number(req.headers['content-length']) > limit) throw new AppError('body_too_large', { limit })
  const chunks: Uint8Array[] = []
  let length = 0
  for await (const chunk of req.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
    length += chunk.byteLength
    if (length > limit) throw new AppError('body_too_large', { limit })
    chunks.push(chunk)
  }
  return chunks.length === 1 ? chunks[0]! : Buffer.concat(chunks)
}

async function send(res: ServerResponse, call: Call, reply: Reply): Promise<void> {
  const clientId = call.headers['x-client-request-id']
  res.writeHead(reply.status, {
    ...corsHeaders,
    'x-content-type-options': 'nosniff',
    ...reply.headers,
    'x-request-id': call.requestId,
    ...(clientId && clientId.length <= CLIENT_ID_MAX ? { 'x-client-request-id': clientId } : {}),
    ...(reply.body instanceof Uint8Array ? { 'content-length': reply.body.byteLength } : {}),
  })
  if (reply.body instanceof Uint8Array) {
    res.end(reply.body)
    return
  }
  res.flushHeaders()
  // A stream is read even when the client has gone already: its end is where the request is settled.
  for await (const bytes of reply.body) {
    if (res.destroyed) break
    if (!res.write(bytes)) await drained(res)
  }
  if (!res.destroyed) res.end()
}

/** Resolves when the socket takes more, or is gone. */
async function drained(res: ServerResponse): Promise<void> {
  const stop = new AbortController()
  const options = { signal: stop.signal }
  await Promise.race([once(res, 'drain', options), once(res, 'close', options)]).catch(() => {})
  stop.abort()
}
