import type { H3Event } from 'h3'
import { getRequestHeader, sendRedirect, setResponseHeader, setResponseStatus } from 'h3'
import { toAppError } from '#server/errors/app-error'
import { useRuntime } from '#server/runtime'
import { createId } from '#server/storage/ids'
import type { ErrorReply } from '#shared/schemas/common'

/** The id under which the log knows this call: minted by the middleware, or here when there is none. */
export function requestIdOf(event: H3Event): string {
  const known: unknown = event.context['requestId']
  return typeof known === 'string' ? known : event.context['requestId'] = createId('req')
}

/** Answers `{ error: { code, message, params, requestId } }` with the status of the code. What was not expected is logged. */
export function answerError(event: H3Event, thrown: unknown): ErrorReply {
  const error = toAppError(thrown)
  const requestId = requestIdOf(event)
  if (error.status >= 500 && error.cause !== undefined) useRuntime().log.error(`request ${requestId} failed: ${error.code}`, error.cause)
  setResponseStatus(event, error.status)
  if (error.retryAfterSeconds !== undefined) setResponseHeader(event, 'retry-after', error.retryAfterSeconds)
  return { error: { code: error.code, message: error.message, params: error.params, requestId } }
}

/**
 * The same for an address people open in the browser: it leads back to the login page, which says it in their words. Of the
 * params only numbers go along: a page must not say whatever text somebody has put into a link to it.
 */
export function answerErrorPage(event: H3Event, thrown: unknown): Promise<void> | ErrorReply {
  const reply = answerError(event, thrown)
  if (!getRequestHeader(event, 'accept')?.includes('text/html')) return reply
  const { code, params = {}, requestId } = reply.error
  const numbers = Object.entries(params).flatMap(([name, value]): [string, string][] => typeof value === 'number' ? [[name, String(value)]] : [])
  return sendRedirect(event, `/login?${new URLSearchParams([['error', code], ...numbers, ['id', requestId]])}`, 302)
}
