import type { H3Event } from 'h3'
import { setResponseHeaders } from 'h3'
import { requestIdOf } from './answer-error'

/** Names a call and says what a browser may do with its answer. */
export function setPageHeaders(event: H3Event): void {
  setResponseHeaders(event, {
    'x-request-id': requestIdOf(event),
    'x-content-type-options': 'nosniff',
    'x-frame-options': 'DENY',
    'referrer-policy': 'strict-origin-when-cross-origin',
  })
}
