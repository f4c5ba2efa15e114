import { z } from 'zod'
import type { AppError } from '#server/errors/app-error'
import type { ErrorCode } from '#server/errors/codes'
import type { UpstreamFailure, WireError } from '../dialect'

/** Codes OpenAI's own tools know by name; every other code goes out as it is. */
const openaiCodes: Partial<Record<ErrorCode, string>> = {
  invalid_key: 'invalid_api_key',
  missing_key: 'invalid_api_key',
  insufficient_credit: 'insufficient_quota',
  out_of_credit_midway: 'insufficient_quota',
  spend_limit_reached: 'insufficient_quota',
  upstream_busy: 'rate_limit_exceeded',
  too_many_open: 'rate_limit_exceeded',
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
  return JSON.stringify({
    error: {
      message: `${error.message} (request id: ${requestId})`,
      type: typeOf(error.status),
      param: params[error.code] ?? null,
      code: openaiCodes[error.code] ?? error.code,
    },
  })
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

export function writeErrorFrame(error: AppError, requestId: string): Uint8Array {
  return Buffer.from(`data: ${bodyOf(error, requestId)}\n\n`)
}

const wire = z.looseObject({ error: z.union([z.string(), z.looseObject({ message: z.string().nullish() })]).nullish(), message: z.string().nullish() })

export function readUpstreamFailure(status: number, body: Uint8Array): UpstreamFailure {
  return { blame: blameOf(status), message: messageOf(body) }
}

function blameOf(status: number): UpstreamFailure['blame'] {
  if (status === 401 || status === 402 || status === 403) return 'credential'
  if (status === 429) return 'busy'
  // 404 is the channel's missing model, 408 its time: another channel may do better.
  if (status >= 400 && status < 500 && status !== 404 && status !== 408) return 'client'
  return 'upstream'
}

function messageOf(body: Uint8Array): string | undefined {
  try {
    const parsed = wire.safeParse(JSON.parse(Buffer.from(body).toString('utf8')))
    if (!parsed.success) return undefined
    const { error, message } = parsed.data
    return (typeof error === 'string' ? error : error?.message) ?? message ?? undefined
  }
  catch { return undefined }
}
