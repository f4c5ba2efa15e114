/** Browser clients call from any origin with a key in a header; no cookie is ever read here. */
export const corsHeaders: Record<string, string> = {
  'access-control-allow-origin': '*',
  'access-control-expose-headers': 'x-request-id, x-client-request-id, x-should-retry, retry-after, x-ratelimit-limit-requests, x-ratelimit-remaining-requests, x-ratelimit-reset-requests, x-ratelimit-limit-tokens, x-ratelimit-remaining-tokens, x-ratelimit-reset-tokens, x-vapor-cost, x-vapor-converted',
}

/** Answer to a preflight, given before anybody asks for a key. */
export function preflightHeaders(requested: string | undefined): Record<string, string> {
  return {
    ...corsHeaders,
    'access-control-allow-methods': 'GET, POST, OPTIONS',
    'access-control-allow-headers': requested ?? '*',
    'access-control-max-age': '86400',
    'vary': 'access-control-request-headers',
  }
}
