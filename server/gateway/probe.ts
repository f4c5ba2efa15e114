import type { LiveChannel } from '#server/catalog/catalog'
import { dialectOf } from '#server/dialects/index'
import { AppError, toAppError } from '#server/errors/app-error'
import { scrub } from './scrub'
import { readAll } from './upstream'
import type { Upstream } from './upstream'

const ANSWER_MAX = 8 * 1024 * 1024
const PROBE_TIMEOUT_MS = 30_000

export interface ProbeResult {
  ok: boolean
  /** HTTP status of the upstream; null when no answer came. */
  status: number | null
  durationMs: number
  /** For an admin: the upstream's own words, without credentials. */
  message: string
}

export interface ProbeTarget {
  channel: LiveChannel
  /** In clear. */
  credential: string
}

export type Probe = ReturnType<typeof createProbe>

/** What an admin asks an upstream before selling it. Nothing here is metered or charged. */
export function createProbe(upstream: Upstream) {
  /** Asks the upstream for a few tokens with one of the channel's credentials. */
  async function testUpstream({ channel, credential: secret, upstreamModel: model }: ProbeTarget & { upstreamModel: string }): Promise<ProbeResult> {
    const dialect = dialectOf(channel.dialect)
    const startedAt = Date.now()
    let status: number | null = null
    const result = (ok: boolean, message: string): ProbeResult => ({ ok, status, durationMs: Date.now() - startedAt, message })
    try {
      const target = dialect.writeUpstreamTarget({ model, credential: secret, quirks: channel.quirks, stream: false })
      const reply = await upstream({ method: 'POST', url: channel.baseUrl + target.path, headers: target.headers, body: dialect.writeProbe(model, channel.quirks), signal: AbortSignal.timeout(PROBE_TIMEOUT_MS) })
      status = reply.status
      const body = await readAll(reply.chunks, ANSWER_MAX) ?? new Uint8Array(0)
      if (status !== 200) return result(false, scrub(dialect.readUpstreamFailure(status, body).message ?? `HTTP ${status}`, [secret]))
      return result(true, scrub(dialect.readReply(body).text(), [secret]))
    }
    catch (error) { return result(false, problemOf(error)) }
  }

  /** The names of the models the upstream offers. Throws AppError with what an admin can do about it. */
  async function listUpstreamModels({ channel, credential: secret }: ProbeTarget): Promise<string[]> {
    const dialect = dialectOf(channel.dialect)
    const wire = dialect.writeModelsRequest(secret, channel.quirks)
    const reply = await upstream({ method: 'GET', url: channel.baseUrl + wire.path, headers: wire.headers, signal: AbortSignal.timeout(PROBE_TIMEOUT_MS) })
    const body = await readAll(reply.chunks, ANSWER_MAX) ?? new Uint8Array(0)
    if (reply.status === 200) return dialect.readModels(body)
    const message = dialect.readUpstreamFailure(reply.status, body).message ?? ''
    throw new AppError('upstream_rejected', { problem: scrub(`The upstream answered ${reply.status}: ${message}`, [secret]) })
  }

  return { testUpstream, listUpstreamModels }
}

function problemOf(error: unknown): string {
  if (error instanceof DOMException && error.name === 'TimeoutError') return `no answer within ${PROBE_TIMEOUT_MS / 1000} s`
  const { cause, message } = toAppError(error)
  const code = (cause as NodeJS.ErrnoException | undefined)?.code
  return code ? `${message} (${code})` : message
}
