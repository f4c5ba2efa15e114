import { z } from 'zod'
import type { AppError } from '#server/errors/app-error'
import type { ErrorCode } from '#server/errors/codes'
import type { ClientRequest, UpstreamFailure, WireError } from '../dialect'
import { ownId, parseJson, writeEvent } from './wire'

/** Codes OpenAI's own tools know by name; every other code goes out as it is. */
const openaiCodes: Partial<Record<ErrorCode, string>> = {
  invalid_key: 'invalid_api_key',
  missing_key: 'invalid_api_key',
  insufficient_credit: 'insufficient_quota',
  out_of_credit_midway: 'insufficient_quota',
  spend_limit_reached: 'insufficient_quota',
  day_limit_reached: 'insufficient_quota',
  week_limit_reached: 'insufficient_quota',
  month_limit_reached: 'insufficient_quota',
  rpm_reached: 'rate_limit_exceeded',
  tpm_reached: 'rate_limit_exceeded',
  tokens_over_limit: 'rate_limit_exceeded',
  key_too_many_open: 'rate_limit_exceeded',
  upstream_busy: 'rate_limit_exceeded',
  too_many_open: 'rate_limit_exceeded',
}

const params: Partial<Record<ErrorCode, string>> = { model_not_found: 'model', model_not_allowed: 'model' }

const OVERFLOW_CODE = 'context_length_exceeded'
/** How the vendors say that the input is too long: OpenAI (old and new), Anthropic, Gemini. */
const OVERFLOW = /context_length_exceeded|maximum context length|exceeds the context window|prompt is too long|input token count.*exceeds the maximum/i
/** Clients of this dialect look for this sentence to shorten their history. */
const OVERFLOW_WORDS = 'Your input exceeds the context window of this model. Please adjust your input and try again.'

interface WireDetails { message: string, type: string, param: string | null, code: string }

function typeOf(status: number): string {
  if (status === 401) return 'authentication_error'
  if (status === 402) return 'insufficient_quota'
  if (status === 403) return 'permission_error'
  if (status === 429) return 'rate_limit_error'
  return status >= 500 ? 'server_error' : 'invalid_request_error'
}

function detailsOf(error: AppError, requestId: string): WireDetails {
  const overflow = error.status < 500 && OVERFLOW.test(error.message)
  const words = overflow && !error.message.includes('exceeds the context window') ? `${OVERFLOW_WORDS} ${error.message}` : error.message
  return {
    message: `${words} (request id: ${requestId})`,
    type: typeOf(error.status),
    param: overflow ? 'input' : params[error.code] ?? null,
    code: overflow ? OVERFLOW_CODE : openaiCodes[error.code] ?? error.code,
  }
}

/** https://platform.openai.com/docs/guides/error-codes; SDKs obey `x-should-retry` and `retry-after`. */
export function writeError(error: AppError, requestId: string): WireError {
  return {
    status: error.status,
    headers: {
      'content-type': 'application/json; charset=utf-8',
      'x-should-retry': String(error.retryable),
      ...(error.retryAfterSeconds === undefined ? {} : { 'retry-after': String(error.retryAfterSeconds) }),
    },
    body: Buffer.from(JSON.stringify({ error: detailsOf(error, requestId) })),
  }
}

/**
 * The same in a stream: an `error` event, flat as documented and nested as really sent, since SDKs throw on the nested
 * one; then `response.failed`, which ends a stream for those that wait for an end. The counter of the stream is not
 * known here, so the numbers start again.
 * https://platform.openai.com/docs/api-reference/responses-streaming/error
 */
export function writeErrorFrame(error: AppError, requestId: string, request: ClientRequest): Uint8Array {
  const details = detailsOf(error, requestId)
  // Beside its few known codes a failed response has the one for all else.
  const code = error.status >= 500 ? 'server_error' : details.code
  const response = {
    id: ownId('resp', requestId),
    object: 'response',
    created_at: Math.floor(Date.now() / 1000),
    status: 'failed',
    error: { code, message: details.message },
    incomplete_details: null,
    model: request.model,
    output: [],
    usage: null,
  }
  const { type: _, ...flat } = details
  return Buffer.from(
    writeEvent({ type: 'error', ...flat, error: details, sequence_number: 0 })
    + writeEvent({ type: 'response.failed', response, sequence_number: 1 }),
  )
}

const failure = z.looseObject({ message: z.string().nullish(), code: z.union([z.string(), z.number()]).nullish(), type: z.string().nullish() })
const wire = z.looseObject({
  error: z.union([z.string(), failure]).nullish(),
  message: z.string().nullish(),
  detail: z.string().nullish(),
  code: z.union([z.string(), z.number()]).nullish(),
})

/** An upstream's answer that is none. Bodies that are no JSON (a CDN's page) say nothing but their status. */
export function readUpstreamFailure(status: number, body: Uint8Array): UpstreamFailure {
  const { message, code } = read(body)
  return { blame: blameOf(status, code, message), message }
}

function read(body: Uint8Array): { message: string | undefined, code: string } {
  try {
    const parsed = wire.safeParse(parseJson(body))
    if (!parsed.success) return { message: undefined, code: '' }
    const { error, message, detail } = parsed.data
    const inner = typeof error === 'string' ? { message: error, code: parsed.data.code, type: undefined } : error
    return { message: inner?.message ?? message ?? detail ?? undefined, code: `${inner?.code ?? ''} ${inner?.type ?? ''}` }
  }
  catch { return { message: undefined, code: '' } }
}

function blameOf(status: number, code: string, message: string | undefined): UpstreamFailure['blame'] {
  if (OVERFLOW.test(code) || (message !== undefined && OVERFLOW.test(message))) return 'client'
  // An empty account also answers 429, but waiting does not fill it.
  if (status === 401 || status === 402 || status === 403 || /insufficient_quota|billing_/.test(code)) return 'credential'
  if (status === 429) return 'busy'
  // The channel's missing model is 400 in this API; it and 408, too little time, may be otherwise elsewhere.
  if (/model_not_found/.test(code)) return 'upstream'
  if (status >= 400 && status < 500 && status !== 404 && status !== 408) return 'client'
  return 'upstream'
}
