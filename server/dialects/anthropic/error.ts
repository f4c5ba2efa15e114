import { z } from 'zod'
import type { AppError } from '#server/errors/app-error'
import { readContextOverflow } from '../context-overflow'
import type { UpstreamFailure, WireError } from '../dialect'
import { textOf, writeEvent } from './wire'
import type { Json } from './wire'

const types: Record<number, string> = {
  401: 'authentication_error',
  402: 'billing_error',
  403: 'permission_error',
  404: 'not_found_error',
  413: 'request_too_large',
  429: 'rate_limit_error',
  503: 'overloaded_error',
  504: 'timeout_error',
}

function typeOf(status: number): string {
  return types[status] ?? (status >= 500 ? 'api_error' : 'invalid_request_error')
}

function bodyOf(error: AppError, requestId: string): Json & { type: string } {
  const message = error.code === 'upstream_rejected' ? inOwnWords(error.message) : error.message
  return { type: 'error', error: { type: typeOf(error.status), message: `${message} (request id: ${requestId})` }, request_id: requestId }
}

/** Coding tools look for this vendor's very words to know that they must shorten the conversation. */
function inOwnWords(message: string): string {
  const overflow = readContextOverflow(message)
  if (!overflow) return message
  const { tokens, maximum } = overflow
  return tokens !== undefined && maximum !== undefined ? `prompt is too long: ${tokens} tokens > ${maximum} maximum` : `prompt is too long: ${message}`
}

/** https://docs.anthropic.com/en/api/errors; SDKs obey `x-should-retry` and `retry-after`, and show `request-id`. */
export function writeError(error: AppError, requestId: string): WireError {
  return {
    status: error.status,
    headers: {
      'content-type': 'application/json; charset=utf-8',
      'request-id': requestId,
      'x-should-retry': String(error.retryable),
      ...(error.retryAfterSeconds === undefined ? {} : { 'retry-after': String(error.retryAfterSeconds) }),
    },
    body: Buffer.from(JSON.stringify(bodyOf(error, requestId))),
  }
}

/** `event: error`; no `message_stop` follows it. */
export function writeErrorFrame(error: AppError, requestId: string): Uint8Array {
  return writeEvent(bodyOf(error, requestId))
}

const wire = z.looseObject({
  error: z.union([z.string(), z.looseObject({ message: z.string().nullish() })]).nullish(),
  message: z.string().nullish(),
  detail: z.string().nullish(),
})

/** An upstream's error body, or whatever a proxy before it sent instead: it never throws. */
export function readUpstreamFailure(status: number, body: Uint8Array): UpstreamFailure {
  const message = messageOf(body)
  return { blame: blameOf(status, message ?? ''), message }
}

/** The vendor answers 400 for an account that is out of money or closed, which is no fault of the request. */
const accountTrouble = /credit balance is too low|organization has been disabled|account is not active/i

function blameOf(status: number, message: string): UpstreamFailure['blame'] {
  if (status === 401 || status === 402 || status === 403 || (status === 400 && accountTrouble.test(message))) return 'credential'
  if (status === 429) return 'busy'
  // No other channel has a longer context, whatever status says so.
  if (status < 500 && readContextOverflow(message)) return 'client'
  // 404 is the channel's missing model, 408 its time, 529 its load: another channel may do better.
  if (status >= 400 && status < 500 && status !== 404 && status !== 408) return 'client'
  return 'upstream'
}

function messageOf(body: Uint8Array): string | undefined {
  try {
    const parsed = wire.safeParse(JSON.parse(textOf(body)))
    if (!parsed.success) return undefined
    const { error, message, detail } = parsed.data
    return (typeof error === 'string' ? error : error?.message) ?? message ?? detail ?? undefined
  }
  catch { return undefined }
}
