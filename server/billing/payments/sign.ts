/**
 * The signature of EPay v1: non-empty fields but `sign` and `sign_type`, sorted by their bytes, joined as `k=v` with `&`
 * in raw UTF-8, the merchant's key behind them, MD5 in lower-case hex. One key signs what we create and what the gateway
 * notifies, so a reader must say which fields it takes: never "whatever came".
 */
import { createHash, timingSafeEqual } from 'node:crypto'

const SIGN = /^[0-9a-f]{32}$/i
const UNSIGNED = ['sign', 'sign_type']

export type Fields = Record<string, string>

export function signFields(fields: Fields, key: string): string {
  const text = Object.keys(fields)
    .filter(name => !UNSIGNED.includes(name) && fields[name] !== '')
    .sort()
    .map(name => `${name}=${fields[name]}`)
    .join('&')
  return createHash('md5').update(text + key, 'utf8').digest('hex')
}

/** True when `sign` is the signature of the other fields. Takes the same time for every wrong one. */
export function isSigned(fields: Fields, key: string): boolean {
  const sign = fields['sign'] ?? ''
  if (!SIGN.test(sign)) return false
  return timingSafeEqual(Buffer.from(sign.toLowerCase(), 'latin1'), Buffer.from(signFields(fields, key), 'latin1'))
}
