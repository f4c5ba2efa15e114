import type { H3Event } from 'h3'
import { getRequestHeader } from 'h3'
import { AppError } from '#server/errors/app-error'
import { useRuntime } from '#server/runtime'

const SAFE = ['GET', 'HEAD', 'OPTIONS']

/**
 * Refuses a changing call that does not come from our own pages: cookies travel with the calls of other sites too.
 * Browsers send Origin with every such call; without it only their own word that the call is same-origin is believed
 * (https://www.w3.org/TR/fetch-metadata/#sec-fetch-site-header), which a page cannot forge. Throws foreign_origin.
 */
export function requireSameOrigin(event: H3Event): void {
  if (SAFE.includes(event.method)) return
  const { publicOrigin } = useRuntime().config
  const origin = getRequestHeader(event, 'origin')
  const host = getRequestHeader(event, 'host') ?? ''
  const ours = origin === undefined
    ? getRequestHeader(event, 'sec-fetch-site') === 'same-origin'
    : publicOrigin ? origin === publicOrigin : isOnHost(origin, host)
  if (!ours) throw new AppError('foreign_origin', { origin: publicOrigin ?? host })
}

function isOnHost(origin: string, host: string): boolean {
  return host !== '' && URL.canParse(origin) && new URL(origin).host === host.toLowerCase()
}
