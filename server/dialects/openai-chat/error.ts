import type { AppError } from '#server/errors/app-error'
import type { ErrorCode } from '#server/errors/codes'
import { readContextOverflow } from '../context-overflow'
import type { ClientRequest, UpstreamFailure, WireError } from '../dialect'
import { filled, parseJson, recordOf, recordsOf } from './wire'
import type { Wire } from './wire'

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
  unsupported_field: 'unsupported_parameter',
}

const params: Partial<Record<ErrorCode, string>> = { model_not_found: 'model', model_not_allowed: 'model' }

function typeOf(status: number): string {
  if (status === 401) return 'authentication_error'
  if (status === 402) return 'insufficient_quota'
  if (status === 403) return 'permission_error'
  if (status === 429) return 'rate_limit_error'
  return status >= 500 ? 'server_error' : 'invalid_request_error'
}

function bodyOf(error: AppError, requestId: string): string {
  const overflow = error.code === 'upstream_rejected' ? readContextOverflow(error.message) : undefined
  const message = overflow ? overflowMessage(overflow) : error.message
  return JSON.stringify({
    error: {
      message: `${message} (request id: ${requestId})`,
      type: typeOf(error.status),
      param: overflow ? 'messages' : filled(error.params.field) ?? params[error.code] ?? null,
      code: overflow ? 'context_length_exceeded' : openaiCodes[error.code] ?? error.code,
    },
  })
}

/** OpenAI's own words: agents look for them and make the conversation shorter. */
function overflowMessage({ tokens, maximum }: { tokens: number | undefined, maximum: number | undefined }): string {
  const limit = maximum === undefined ? 'The prompt exceeds this model\'s maximum context length.' : `This model's maximum context length is ${maximum} tokens.`
  const sent = tokens === undefined ? '' : ` However, your messages resulted in ${tokens} tokens.`
  return `${limit}${sent} Please reduce the length of the messages.`
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
    body: Buffer.from(bodyOf(error, requestId)),
  }
}

/** Neither finish reason nor `[DONE]` follows: OpenAI's SDKs throw at the field `error`. */
export function writeErrorFrame(error: AppError, requestId: string, _request: ClientRequest): Uint8Array {
  return Buffer.from(`data: ${bodyOf(error, requestId)}\n\n`)
}

/** Whose fault an upstream's error is, and its own words, in any of the forms compatible upstreams have. */
export function readUpstreamFailure(status: number, body: Uint8Array): UpstreamFailure {
  const answer = parse(body)
  const message = messageOf(answer)
  return { blame: blameOf(status, answer, message ?? ''), message }
}

function blameOf(status: number, answer: Wire, message: string): UpstreamFailure['blame'] {
  const error = recordOf(answer.error)
  if (readContextOverflow(message) || error.code === 'context_length_exceeded') return 'client'
  // OpenRouter answers 403 for input it would not pass on; the credential is fine.
  if (status === 403 && Array.isArray(recordOf(error.metadata).reasons)) return 'client'
  if (status === 401 || status === 402 || status === 403) return 'credential'
  // Waiting does not fill an account: https://platform.openai.com/docs/guides/error-codes
  if (status === 429) return error.code === 'insufficient_quota' || error.type === 'insufficient_quota' ? 'credential' : 'busy'
  // Google and xAI answer 400 for a bad key.
  if (status === 400 && (error.code === 'invalid_api_key' || /\bAPI key not valid|incorrect API key|API_KEY_INVALID/i.test(message))) return 'credential'
  // 404 is the channel's missing model, 408 its time: another channel may do better.
  if (error.code === 'model_not_found') return 'upstream'
  if (status >= 400 && status < 500 && status !== 404 && status !== 408) return 'client'
  return 'upstream'
}

/** The body's names. Google's endpoint wraps its errors in a list. */
function parse(body: Uint8Array): Wire {
  try {
    const parsed = parseJson(body)
    return recordOf(Array.isArray(parsed) ? parsed[0] : parsed)
  }
  catch { return {} }
}

/** OpenAI's nested message; bare text of xAI and others; `message` of Mistral and Cohere; FastAPI's `detail`, text or list. */
function messageOf(answer: Wire): string | undefined {
  const { error, message, detail } = answer
  const [issue] = recordsOf(detail)
  return filled(error) ?? filled(recordOf(error).message) ?? filled(message) ?? filled(detail) ?? filled(issue?.msg) ?? filled(recordOf(message).detail)
}
