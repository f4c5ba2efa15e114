import type { DialectId } from '#shared/schemas/channel'
import { dialectIds } from '#shared/schemas/channel'
import type { Signature } from './neutral'

const PREFIX = 'vapor1'

/**
 * A signature in the clothes of another dialect: the client keeps it and sends it back, and only the dialect that made
 * it ever gets it again. `vapor1.<dialect>.<item>.<value>`, the parts in base64url.
 */
export function wrapSignature(signature: Signature): string {
  return [PREFIX, signature.dialect, encode(signature.item ?? ''), encode(signature.value)].join('.')
}

/** The signature inside a text a client sent back; what is not wrapped is `native`'s own. */
export function unwrapSignature(text: string, native: DialectId): Signature {
  const [prefix, dialect, item = '', value = ''] = text.split('.')
  const known = dialectIds.find(id => id === dialect)
  if (prefix !== PREFIX || !known) return { dialect: native, value: text }
  const bound = decode(item)
  return { dialect: known, value: decode(value), ...(bound ? { item: bound } : {}) }
}

/** A signature as a dialect may show it: its own bare, a foreign one wrapped. */
export function showSignature(signature: Signature, native: DialectId): string {
  return signature.dialect === native ? signature.value : wrapSignature(signature)
}

function encode(text: string): string {
  return Buffer.from(text, 'utf8').toString('base64url')
}

function decode(text: string): string {
  return Buffer.from(text, 'base64url').toString('utf8')
}
