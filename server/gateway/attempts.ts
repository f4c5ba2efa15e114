import { AppError, toAppError } from '#server/errors/app-error'
import type { ErrorCode } from '#server/errors/codes'
import type { Candidate } from './channels'
import type { Health } from './health'
import { abortReason } from './open-request'
import type { OpenRequest } from './open-request'
import { createPassage } from './passage'
import type { Passage } from './passage'
import { scrub } from './scrub'
import { readAll } from './upstream'
import type { Upstream, UpstreamReply } from './upstream'

const ERROR_BODY_MAX = 64 * 1024
const RETRY_AFTER_MAX_SECONDS = 3600

export interface AttemptOptions {
  upstream: Upstream
  health: Health
}

/** Cause of an error that was an upstream's answer. */
class UpstreamStatus extends Error {
  readonly status: number

  constructor(status: number) {
    super(`the upstream answered ${status}`)
    this.status = status
  }
}

/** Sends the request to one channel. Answers its 200 and how to pass it on, throws AppError for everything else. */
async function openAttempt(open: OpenRequest, candidate: Candidate, { upstream }: AttemptOptions): Promise<{ reply: UpstreamReply, passage: Passage }> {
  const { route, credential: index } = candidate
  const credential = route.channel.credentials()[index] ?? ''
  const passage = createPassage(open, route, credential)
  const { wire } = passage
  open.converted = passage.converted
  open.upstreamModel = route.upstreamModel
  const reply = await upstream(
    { method: 'POST', url: route.channel.baseUrl + wire.path, headers: wire.headers, body: wire.body, signal: open.abort.signal },
    () => { open.accepted = true },
  )
  if (reply.status === 200) return { reply, passage }
  const body = await readAll(reply.chunks, ERROR_BODY_MAX) ?? new Uint8Array(0)
  // An answer other than 200 is an upstream that did not do the work: leaving now costs nothing.
  open.accepted = false
  throw readFailure(open, passage, reply, body, [credential, route.channel.baseUrl])
}

/** What the upstream's error means here. Its own words reach the client only when the request is at fault, and scrubbed. */
function readFailure(open: OpenRequest, passage: Passage, reply: UpstreamReply, body: Uint8Array, secrets: string[]): AppError {
  const failure = passage.readUpstreamFailure(reply.status, body)
  const cause = new UpstreamStatus(reply.status)
  switch (failure.blame) {
    case 'client': return new AppError('upstream_rejected', { problem: scrub(failure.message ?? 'The upstream refused this request.', secrets) }, { cause })
    case 'endpoint': return new AppError('unsupported_endpoint', { model: open.request.model, path: open.call.target.path }, { cause })
    case 'credential': return new AppError('upstream_credential', {}, { cause })
    case 'busy': {
      const seconds = Number(reply.headers['retry-after'] ?? failure.retryAfterSeconds)
      const known = Number.isFinite(seconds) && seconds > 0
      return new AppError('upstream_busy', { model: open.request.model }, { cause, ...(known ? { retryAfterSeconds: Math.min(seconds, RETRY_AFTER_MAX_SECONDS) } : {}) })
    }
    default: return new AppError('upstream_unavailable', { model: open.request.model }, { cause })
  }
}

/**
 * Tries one candidate after the other until one has answered. `serve` does the answering; what it throws after the
 * first content is final, and so is a request that is itself at fault.
 */
export async function* tryCandidates<T>(
  open: OpenRequest,
  candidates: Candidate[],
  options: AttemptOptions,
  serve: (reply: UpstreamReply, passage: Passage) => AsyncGenerator<T>,
): AsyncGenerator<T> {
  const failures: AppError[] = []
  for (const candidate of withSecondChance(candidates, failures)) {
    const startedAt = Date.now()
    const { channel, upstreamModel, cost } = candidate.route
    let status: number | null = null
    let answerMs: number | undefined
    const record = (error: ErrorCode | null) => {
      const usage = open.metered?.().usage
      const measured = { ...(answerMs === undefined ? {} : { answerMs }), ...(usage ? { usage } : {}), ...(cost ? { costPrice: cost } : {}) }
      open.attempts.push({ channel: channel.id, upstreamModel, status, error, startedAt, durationMs: Date.now() - startedAt, ...measured })
    }
    let ended = false
    try {
      const { reply, passage } = await openAttempt(open, candidate, options)
      status = reply.status
      answerMs = Date.now() - startedAt
      yield* serve(reply, passage)
      ended = true
      record(null)
      options.health.succeeded(channel.id, candidate.credential)
      return
    }
    catch (thrown) {
      ended = true
      if (abortReason(open)) {
        record(null)
        throw thrown
      }
      const error = toAppError(thrown)
      status ??= statusOf(error)
      record(error.code)
      if (!isClients(error)) options.health.failed(channel.id, candidate.credential, error)
      if (open.committed || error.code === 'upstream_rejected' || error.code === 'internal') throw error
      failures.push(error)
      open.metered = undefined
      open.accepted = false
    }
    finally {
      // Neither an end nor an error: the reader has left in the middle.
      if (!ended) record(null)
    }
  }
  throw finalError(open, failures)
}

/** A lone channel that lost the connection before any answer is asked once more: sockets die between calls. */
function* withSecondChance(candidates: Candidate[], failures: AppError[]): Generator<Candidate> {
  yield* candidates
  const [only] = candidates
  if (candidates.length === 1 && only && failures[0]?.code === 'upstream_unavailable' && statusOf(failures[0]) === null) yield only
}

/** The upstream's HTTP status an error came from; null when there was no answer. */
function statusOf(error: AppError): number | null {
  return error.cause instanceof UpstreamStatus ? error.cause.status : null
}

/** The request is at fault, not the channel. */
function isClients(error: AppError): boolean {
  return error.code === 'upstream_rejected' || error.code === 'unsupported_field' || error.code === 'unsupported_endpoint' || error.code === 'invalid_request'
}

/** What the client hears when nobody could answer: nothing was delivered, whatever each attempt died of. */
function finalError(open: OpenRequest, failures: AppError[]): AppError {
  const model = open.request.model
  const cause = failures.at(-1)
  // Who has the endpoint decides; those who do not are heard only when nobody does.
  const [lacking] = failures
  const failed = failures.filter(failure => failure.code !== 'unsupported_endpoint')
  if (lacking && failed.length === 0) return lacking
  // What one dialect cannot carry another channel may have failed at otherwise; the client can change only this.
  const uncarried = failed.find(isClients)
  if (uncarried) return uncarried
  const all = (code: ErrorCode) => failed.length > 0 && failed.every(failure => failure.code === code)
  if (all('upstream_busy')) {
    const seconds = failed.map(failure => failure.retryAfterSeconds).filter(known => known !== undefined)
    return new AppError('upstream_busy', { model }, { cause, ...(seconds.length > 0 ? { retryAfterSeconds: Math.min(...seconds) } : {}) })
  }
  if (all('upstream_timeout') || all('upstream_stalled')) return new AppError('upstream_timeout', { model }, { cause })
  if (all('upstream_malformed')) return new AppError('upstream_malformed', { model }, { cause })
  return new AppError('upstream_unavailable', { model }, { cause })
}
