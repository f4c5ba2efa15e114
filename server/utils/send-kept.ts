import { randomBytes } from 'node:crypto'
import type { H3Event } from 'h3'
import { setResponseHeaders } from 'h3'
import type { KeptPage } from './kept-pages'
import { OPEN_PAGE, setPageHeaders } from './page-headers'

const NONCE_BYTES = 16

/** A kept page with a nonce of its own: a policy whose nonce somebody else has seen would protect nobody. */
export function sendKept(event: H3Event, { body, contentType, nonce, policy }: KeptPage): string {
  const fresh = randomBytes(NONCE_BYTES).toString('base64')
  setPageHeaders(event)
  setResponseHeaders(event, { 'content-type': contentType, 'cache-control': OPEN_PAGE, 'content-security-policy': policy.replaceAll(nonce, fresh) })
  return body.replaceAll(nonce, fresh)
}
