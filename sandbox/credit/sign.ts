import { createHash } from 'node:crypto'

export type Fields = Record<string, string>

/**
 * What EPay signs: every field that is not empty, but `sign` and `sign_type`, sorted by name, as `name=value` joined by
 * `&`. Values stand as they are, not url-encoded, so a value holding `&` or `=` cannot be told from two fields.
 */
export function contentOf(fields: Fields): string {
  return Object.entries(fields)
    .filter(([name, value]) => name !== 'sign' && name !== 'sign_type' && value !== '')
    .sort(([one], [other]) => one < other ? -1 : 1)
    .map(([name, value]) => `${name}=${value}`)
    .join('&')
}

export function md5(text: string): string {
  return createHash('md5').update(text).digest('hex')
}

/** The signature over `fields`: lower-case hex. */
export function signatureOf(fields: Fields, key: string): string {
  return md5(contentOf(fields) + key)
}

/** A query as Go's `url.Values.Encode` and PHP's `http_build_query` write it: a space is `+`. Fields keep their order. */
export function encodeQuery(fields: Fields): string {
  return Object.entries(fields).map(([name, value]) => `${encode(name)}=${encode(value)}`).join('&')
}

function encode(text: string): string {
  return encodeURIComponent(text)
    .replace(/[!'()*]/g, character => `%${character.charCodeAt(0).toString(16).toUpperCase()}`)
    .replaceAll('%20', '+')
}
