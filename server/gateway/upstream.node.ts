import { Agent, ProxyAgent } from 'undici'
import type { Dispatcher } from 'undici'
import { AppError } from '#server/errors/app-error'
import { guardedLookup, requireOpenUrl } from './address-guard'
import type { Upstream, UpstreamCall, UpstreamOptions, UpstreamReply } from './upstream'

const CONNECT_TIMEOUT_MS = 10_000
/** Chunks waiting for a slow client before the upstream is paused. */
const QUEUE_MAX = 64

/**
 * Upstream calls on Node, by undici's `dispatch`: several times cheaper than `fetch` for a stream of small chunks.
 * https://undici.nodejs.org/#/docs/api/Dispatcher?id=dispatcherdispatchoptions-handler
 */
export function createUpstream(options: UpstreamOptions): { call: Upstream, close(): Promise<void> } {
  const timeouts = { headersTimeout: options.headersTimeoutMs, bodyTimeout: options.silenceTimeoutMs, keepAliveTimeout: 30_000 }
  const agent = options.proxyUrl
    ? new ProxyAgent({ uri: options.proxyUrl, ...timeouts })
    : new Agent({ connect: { timeout: CONNECT_TIMEOUT_MS, lookup: guardedLookup(options.allowPrivate) }, ...timeouts })

  async function call(request: UpstreamCall, onAccepted?: () => void): Promise<UpstreamReply> {
    const url = new URL(request.url)
    requireOpenUrl(url, options.allowPrivate)
    request.signal.throwIfAborted()
    return new Promise((resolve, reject) => {
      agent.dispatch(
        { origin: url.origin, path: url.pathname + url.search, method: request.method, headers: request.headers, body: request.body ?? null },
        createHandler(request.signal, { resolve, reject, accepted: onAccepted }),
      )
    })
  }

  return { call, close: () => agent.destroy() }
}

interface Outcome {
  resolve(reply: UpstreamReply): void
  reject(error: unknown): void
  accepted: (() => void) | undefined
}

function createHandler(signal: AbortSignal, outcome: Outcome): Dispatcher.DispatchHandler {
  const queue = createChunkQueue()
  let answered = false
  let controller: Dispatcher.DispatchController | undefined
  const abort = () => controller?.abort(signal.reason as Error)

  return {
    onRequestStart(started) {
      controller = started
      if (signal.aborted) return abort()
      signal.addEventListener('abort', abort, { once: true })
      outcome.accepted?.()
    },
    onResponseStart(started, status, headers) {
      // 1xx answers are announcements, not the answer.
      if (status < 200) return
      answered = true
      queue.attach(started)
      outcome.resolve({ status, headers: plainHeaders(headers), chunks: queue.read() })
    },
    onResponseData(_, chunk) { queue.push(chunk) },
    onResponseEnd() {
      signal.removeEventListener('abort', abort)
      queue.end()
    },
    onResponseError(_, error) {
      signal.removeEventListener('abort', abort)
      const failure = signal.aborted ? signal.reason as unknown : toFailure(error, answered)
      if (answered) queue.fail(failure)
      else outcome.reject(failure)
    },
  }
}

/** Chunks between undici's callbacks and a reader; pauses the socket while the reader is behind. */
function createChunkQueue() {
  const chunks: Uint8Array[] = []
  let controller: Dispatcher.DispatchController | undefined
  let wake: (() => void) | undefined
  let done = false
  let failure: { error: unknown } | undefined

  const signal = () => {
    wake?.()
    wake = undefined
  }

  async function* read(): AsyncGenerator<Uint8Array> {
    try {
      for (;;) {
        // What has arrived comes before how it ended.
        while (chunks.length > 0) {
          yield chunks.length === 1 ? chunks.pop()! : Buffer.concat(chunks.splice(0))
          if (controller?.paused) controller.resume()
        }
        if (failure) throw failure.error
        if (done) return
        await new Promise<void>((resolve) => { wake = resolve })
      }
    }
    finally {
      if (!done && !failure) controller?.abort(new Error('the reader has left'))
    }
  }

  return {
    read,
    attach(started: Dispatcher.DispatchController) { controller = started },
    push(chunk: Uint8Array) {
      chunks.push(chunk)
      if (chunks.length >= QUEUE_MAX) controller?.pause()
      signal()
    },
    end() {
      done = true
      signal()
    },
    fail(error: unknown) {
      failure = { error }
      signal()
    },
  }
}

function toFailure(error: Error & { code?: string }, answered: boolean): AppError {
  if (error instanceof AppError) return error
  if (error.code === 'UND_ERR_BODY_TIMEOUT') return new AppError('upstream_stalled', {}, { cause: error })
  if (error.code === 'UND_ERR_HEADERS_TIMEOUT') return new AppError('upstream_timeout', {}, { cause: error })
  return new AppError(answered ? 'upstream_cut' : 'upstream_unavailable', {}, { cause: error })
}

function plainHeaders(headers: Record<string, string | string[] | undefined>): Record<string, string | undefined> {
  return Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, Array.isArray(value) ? value.join(', ') : value]))
}
