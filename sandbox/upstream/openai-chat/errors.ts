import type { Step } from '../steps.ts'
import { answerSteps } from '../steps.ts'

/** OpenAI's error body: `{ error: { message, type, param, code } }`. */
export interface ErrorBody {
  error: { message: string, type: string, param: string | null, code: string | null }
}

export function errorBody(message: string, type: string, code: string | null = null, param: string | null = null): ErrorBody {
  return { error: { message, type, param, code } }
}

/** The type and code OpenAI gives with a status; every other one is a server error. */
const kinds: Record<number, { type: string, code: string | null }> = {
  400: { type: 'invalid_request_error', code: null },
  401: { type: 'invalid_request_error', code: 'invalid_api_key' },
  402: { type: 'insufficient_quota', code: 'insufficient_balance' },
  403: { type: 'invalid_request_error', code: 'unsupported_country_region_territory' },
  404: { type: 'invalid_request_error', code: 'model_not_found' },
  408: { type: 'server_error', code: 'timeout' },
  413: { type: 'invalid_request_error', code: null },
  422: { type: 'invalid_request_error', code: null },
  429: { type: 'requests', code: 'rate_limit_exceeded' },
  529: { type: 'overloaded_error', code: null },
}

/** Says no as OpenAI does, in both of its dialects. */
export function refuseAsOpenAi(status: number, message: string): Step[] {
  const { type, code } = kinds[status] ?? { type: 'server_error', code: null }
  return answerSteps(status, errorBody(message, type, code), status === 429 ? { 'retry-after': '2' } : {})
}
