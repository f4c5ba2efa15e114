import type { H3Event } from 'h3'
import { setResponseHeaders } from 'h3'
import { requestIdOf } from './answer-error'

/** Somebody's own: kept by nobody, so that the way back after signing out shows nothing of it. */
export const OWN_ANSWER = 'private, no-store'
/** Anybody's, in the reader's language: his browser asks again each time, and nobody between keeps it for another. */
export const OPEN_PAGE = 'private, no-cache'

/** Names a call and says what a browser may do with its answer. */
export function setPageHeaders(event: H3Event): void {
  setResponseHeaders(event, {
    'x-request-id': requestIdOf(event),
    'x-content-type-options': 'nosniff',
    'x-frame-options': 'DENY',
    'referrer-policy': 'strict-origin-when-cross-origin',
  })
}
