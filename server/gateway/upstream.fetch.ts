import { AppError } from '#server/errors/app-error'
import { requireOpenAddresses, requireOpenUrl } from './address-guard'
import type { Upstream, UpstreamCall, UpstreamOptions, UpstreamReply } from './upstream'

/** What the platform kept when it put a `fetch` in place that sends again what an upstream refused. */
type Wrapped = typeof globalThis & { __originalFetch?: typeof fetch }

/**
 * Upstream calls by `fetch`, for platforms that have nothing lower; the preset puts this file in place of
 * `upstream.node.ts`.
 *
 * Addresses are looked up and checked before each call, but `fetch` looks them up again: a name that changes its address in
 * between gets through, where `upstream.node.ts` connects to the very address it has checked. And `fetch` does not tell
 * when a request is on its way, so a request counts as accepted from the moment it is handed over.
 */
export function createUpstream(options: UpstreamOptions): { call: Upstream, close(): Promise<void> } {
  async function call(request: UpstreamCall, onAccepted?: () => void): Promise<UpstreamReply> {
    const url = new URL(request.url)
    requireOpenUrl(url, options.allowPrivate)
    await requireOpenAddresses(url, options.allowPrivate)
    request.signal.throwIfAborted()
    const end = new AbortController()
    const leave = () => end.abort(request.signal.reason)
    request.signal.addEventListener('abort', leave, { once: true })
    onAccepted?.()
    try {
      const response = await inTime(options.headersTimeoutMs, end, 'upstream_timeout', send(request, end.signal))
      return { status: response.status, headers: headersOf(response), chunks: readChunks(response, options.silenceTimeoutMs, end, leave, request.signal) }
    }
    catch (error) {
      request.signal.removeEventListener('abort', leave)
      throw failureOf(error, request.signal, 'upstream_unavailable')
    }
  }

  return { call, close: async () => {} }
}

function send({ url, method, headers, body }: UpstreamCall, signal: AbortSignal): Promise<Response> {
  const plain = (globalThis as Wrapped).__originalFetch ?? globalThis.fetch
  // What comes must be what was sent: an encoding would be undone here, and counted in other bytes.
  return plain(url, { method, headers: { 'accept-encoding': 'identity', ...headers }, body: body as Uint8Array<ArrayBuffer> | undefined, redirect: 'manual', signal })
}

async function* readChunks(response: Response, silenceMs: number, end: AbortController, leave: () => void, client: AbortSignal): AsyncGenerator<Uint8Array> {
  const reader = response.body?.getReader()
  let over = reader === undefined
  try {
    while (reader && !over) {
      const { done, value } = await inTime(silenceMs, end, 'upstream_stalled', reader.read())
      over = done
      if (value) yield value
    }
  }
  catch (error) {
    over = true
    throw failureOf(error, client, 'upstream_cut')
  }
  finally {
    client.removeEventListener('abort', leave)
    if (!over) end.abort(new Error('the reader has left'))
  }
}

/** Ends the call when a step of it takes too long. */
async function inTime<T>(ms: number, end: AbortController, code: 'upstream_timeout' | 'upstream_stalled', step: Promise<T>): Promise<T> {
  const timer = setTimeout(() => end.abort(new AppError(code)), ms)
  try { return await step }
  finally { clearTimeout(timer) }
}

/** Who left is told by his own reason; a call ended for its time by that; everything else is the upstream. */
function failureOf(error: unknown, client: AbortSignal, code: 'upstream_unavailable' | 'upstream_cut'): unknown {
  if (client.aborted) return client.reason
  return error instanceof AppError ? error : new AppError(code, {}, { cause: error })
}

/** `fetch` has undone the encoding that these two speak of. */
function headersOf(response: Response): Record<string, string | undefined> {
  const { 'content-encoding': _encoding, 'content-length': _length, ...headers } = Object.fromEntries(response.headers)
  return headers
}
