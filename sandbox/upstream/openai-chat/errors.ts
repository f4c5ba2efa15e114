/** OpenAI's error body: `{ error: { message, type, param, code } }`. */
export interface ErrorBody {
  error: { message: string, type: string, param: string | null, code: string | null }
}

export function errorBody(message: string, type: string, code: string | null = null, param: string | null = null): ErrorBody {
  return { error: { message, type, param, code } }
}

interface ErrorCase {
  message: string
  type: string
  code: string | null
}

/** What `sandbox-error-<status>` says, by status. */
export const errorCases: Record<number, ErrorCase> = {
  400: { message: 'The sandbox finds this request malformed.', type: 'invalid_request_error', code: null },
  401: { message: 'The sandbox does not accept this API key any more.', type: 'invalid_request_error', code: 'invalid_api_key' },
  402: { message: 'The sandbox account has run out of credit.', type: 'insufficient_quota', code: 'insufficient_balance' },
  403: { message: 'The sandbox does not serve your region.', type: 'invalid_request_error', code: 'unsupported_country_region_territory' },
  404: { message: 'The sandbox model is gone, or was never yours.', type: 'invalid_request_error', code: 'model_not_found' },
  408: { message: 'The sandbox got tired of waiting for the request.', type: 'server_error', code: 'timeout' },
  413: { message: 'The sandbox finds the request too large.', type: 'invalid_request_error', code: null },
  422: { message: 'The sandbox understands the request and cannot follow it.', type: 'invalid_request_error', code: null },
  429: { message: 'The sandbox has seen too many requests; try again in two seconds.', type: 'requests', code: 'rate_limit_exceeded' },
  500: { message: 'The sandbox had an error while it processed the request.', type: 'server_error', code: null },
  502: { message: 'The sandbox could not reach its own machines.', type: 'server_error', code: null },
  503: { message: 'The sandbox engine is overloaded.', type: 'server_error', code: null },
  529: { message: 'The sandbox is overloaded beyond the numbers of RFC 9110.', type: 'overloaded_error', code: null },
}
