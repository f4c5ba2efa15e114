import type { Step } from '../steps.ts'
import { answerSteps } from '../steps.ts'
import type { Refuse } from '../vendor.ts'

/** The type Anthropic gives with a status; every other one is `api_error`. */
const types: Record<number, string> = {
  400: 'invalid_request_error',
  401: 'authentication_error',
  402: 'billing_error',
  403: 'permission_error',
  404: 'not_found_error',
  405: 'invalid_request_error',
  408: 'timeout_error',
  413: 'request_too_large',
  422: 'invalid_request_error',
  429: 'rate_limit_error',
  529: 'overloaded_error',
}

/** Anthropic's error body, which is also the data of an `error` event. */
export function anthropicError(status: number, message: string, requestId: string): object {
  return { type: 'error', error: { type: types[status] ?? 'api_error', message }, request_id: requestId }
}

/** Says no as Anthropic does. */
export function refuseAsAnthropic(requestId: string): Refuse {
  return (status, message): Step[] => {
    return answerSteps(status, anthropicError(status, message, requestId), status === 429 ? { 'retry-after': '2' } : {})
  }
}
