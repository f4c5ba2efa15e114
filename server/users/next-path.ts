const BASE = 'http://site.invalid'
const FALLBACK = '/console'

/**
 * Where to go after sign-in: a path of this site, else `/console`. It is read as a browser reads it, so that
 * `//host`, `/\host`, `/.//host` and tabs in between lead nowhere else; `/api` is left out because it could sign in again.
 */
export function pickNextPath(next: string | undefined): string {
  if (!next?.startsWith('/') || next.includes('\\') || !URL.canParse(next, BASE)) return FALLBACK
  const url = new URL(next, BASE)
  const path = url.pathname + url.search + url.hash
  const ours = url.origin === BASE && !path.startsWith('//') && !/^\/api(?:\/|$)/.test(url.pathname)
  return ours ? path : FALLBACK
}
