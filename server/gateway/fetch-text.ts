import { AppError } from '#server/errors/app-error'
import { createUpstream } from './upstream.node'
import { readAll } from './upstream'

const BODY_MAX = 256 * 1024

interface TextCall {
  method: 'GET' | 'POST'
  url: string
  headers: Record<string, string>
  body?: string
  timeoutMs: number
}

/**
 * Small calls of the shop itself, through the same guard as calls to upstreams: addresses are checked, redirects are not
 * followed, answers are at most 256 kB of text. Rejects with AppError when no whole answer came in time.
 */
export function createTextFetcher(options: { allowPrivate: boolean, proxyUrl: string }) {
  const upstream = createUpstream({ allowPrivate: options.allowPrivate, headersTimeoutMs: 30_000, silenceTimeoutMs: 30_000, proxyUrl: options.proxyUrl || undefined })

  async function fetchText({ timeoutMs, body, ...call }: TextCall): Promise<{ status: number, headers: Record<string, string | undefined>, text: string }> {
    const signal = AbortSignal.timeout(timeoutMs)
    try {
      const reply = await upstream.call({ ...call, ...(body === undefined ? {} : { body: Buffer.from(body) }), signal })
      const bytes = await readAll(reply.chunks, BODY_MAX)
      if (!bytes) throw new AppError('upstream_malformed')
      return { status: reply.status, headers: reply.headers, text: bytes.toString('utf8') }
    }
    catch (error) {
      throw signal.aborted ? new AppError('upstream_timeout') : error
    }
  }

  return { fetchText, close: upstream.close }
}
