import { errorCodes } from './codes'
import type { ErrorCode } from './codes'

export type ErrorParams = Record<string, string | number | null>

/**
 * The one error of Vapor. Thrown anywhere, caught in two places: `gateway/define-relay.ts` (speaks the caller's dialect)
 * and `utils/define-api.ts`. `params` fill the message and reach the caller: no secrets, no upstream names.
 */
export class AppError extends Error {
  readonly code: ErrorCode
  readonly params: ErrorParams
  /** Seconds until a retry makes sense, when known. */
  readonly retryAfterSeconds: number | undefined

  constructor(code: ErrorCode, params: ErrorParams = {}, options: { cause?: unknown, retryAfterSeconds?: number } = {}) {
    super(fill(errorCodes[code].message, params), { cause: options.cause })
    this.name = 'AppError'
    this.code = code
    this.params = params
    this.retryAfterSeconds = options.retryAfterSeconds
  }

  get status(): number { return errorCodes[this.code].status }
  get retryable(): boolean { return errorCodes[this.code].retryable }
}

/** What was not expected becomes `internal`; its cause is for the log only. */
export function toAppError(error: unknown): AppError {
  return error instanceof AppError ? error : new AppError('internal', {}, { cause: error })
}

function fill(message: string, params: ErrorParams): string {
  return message.replace(/\{(\w+)\}/g, (_, name: string) => String(params[name] ?? ''))
}
