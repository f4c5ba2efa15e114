import type { Step } from '../steps.ts'
import { answerSteps } from '../steps.ts'
import type { Refuse } from '../vendor.ts'

/** The name Google gives a status; beyond these it is `UNAVAILABLE`. */
const names: Record<number, string> = {
  400: 'INVALID_ARGUMENT',
  401: 'UNAUTHENTICATED',
  402: 'FAILED_PRECONDITION',
  403: 'PERMISSION_DENIED',
  404: 'NOT_FOUND',
  408: 'DEADLINE_EXCEEDED',
  413: 'INVALID_ARGUMENT',
  422: 'INVALID_ARGUMENT',
  429: 'RESOURCE_EXHAUSTED',
  500: 'INTERNAL',
}

/** Google's error body. There is no Retry-After: how long to wait stands among the details. */
export function geminiError(status: number, message: string, details?: object[]): object {
  const told = details ?? (status === 429 ? [{ '@type': 'type.googleapis.com/google.rpc.RetryInfo', 'retryDelay': '2s' }] : undefined)
  return { error: { code: status, message, status: names[status] ?? 'UNAVAILABLE', ...(told && { details: told }) } }
}

/** Says no as Gemini does; a stream that is a JSON array gets its error in one. */
export function refuseAsGemini(inArray: boolean): Refuse & ((status: number, message: string, details?: object[]) => Step[]) {
  return (status: number, message: string, details?: object[]) => {
    const body = geminiError(status, message, details)
    return answerSteps(status, inArray ? [body] : body)
  }
}

/** What a wrong key gets: 400, not 401, told apart by the reason alone. */
export const wrongKeyDetails = [
  { '@type': 'type.googleapis.com/google.rpc.ErrorInfo', 'reason': 'API_KEY_INVALID', 'domain': 'googleapis.com', 'metadata': { service: 'generativelanguage.googleapis.com' } },
  { '@type': 'type.googleapis.com/google.rpc.LocalizedMessage', 'locale': 'en-US', 'message': 'API key not valid. Please pass a valid API key.' },
]
