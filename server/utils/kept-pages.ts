import type { H3Event } from 'h3'
import { getCookie, getRequestHeader, getResponseHeader } from 'h3'
import { useConfig } from '#server/config'
import { useRuntime } from '#server/runtime'
import { sessionCookie } from '#server/users/session'
import { isLocaleCode, pickLocale } from '#shared/utils/locales'
import { isPublicPage } from './public-pages'

/** A public page as it was rendered for a visitor nobody knows. */
export interface KeptPage {
  until: number
  body: string
  contentType: string
  /** Stands in the body and in the policy; whoever gets the page gets another one. */
  nonce: string
  policy: string
}

const FRESH_MS = 30_000
const PAGES_MAX = 200
const WORD_MAX = 100

const kept = new Map<string, KeptPage>()
let watching = false

export function findKept(event: H3Event): KeptPage | undefined {
  const key = keyOf(event)
  const page = key === undefined ? undefined : kept.get(key)
  return page && page.until > Date.now() ? page : undefined
}

/** Keeps a page for the visitors of the next half minute; a change of what is on sale or set forgets them all. */
export function keepPage(event: H3Event, body: string, nonce: string): void {
  const key = keyOf(event)
  const policy = getResponseHeader(event, 'content-security-policy')
  if (key === undefined || typeof policy !== 'string' || getResponseHeader(event, 'set-cookie')) return
  if (!watching) for (const name of ['catalogue', 'settings'] as const) useRuntime().versions.on(name, () => kept.clear())
  watching = true
  kept.delete(key)
  kept.set(key, { until: Date.now() + FRESH_MS, body, contentType: 'text/html;charset=utf-8', nonce, policy })
  const [oldest] = kept.keys()
  if (kept.size > PAGES_MAX && oldest !== undefined) kept.delete(oldest)
}

/** A public page for somebody who brings no session along: nothing in it is his own. */
export function isOpenPage(event: H3Event): boolean {
  const [path = ''] = event.path.split('?')
  return isPublicPage(path) && !getCookie(event, sessionCookie(useConfig().secure).name)
}

/** Everything a public page depends on; undefined for what is rendered afresh: any other page, or somebody signed in. */
function keyOf(event: H3Event): string | undefined {
  if (event.method !== 'GET' || !isPublicPage(event.path) || !isOpenPage(event)) return undefined
  const stored = getCookie(event, 'locale')
  const locale = isLocaleCode(stored) ? stored : pickLocale(getRequestHeader(event, 'accept-language'))
  const words = [getCookie(event, 'zone') ?? '', ...['host', 'x-forwarded-host', 'x-forwarded-proto'].map(name => getRequestHeader(event, name) ?? '')]
  return words.some(word => word.length > WORD_MAX) ? undefined : JSON.stringify([event.path, locale, ...words])
}
