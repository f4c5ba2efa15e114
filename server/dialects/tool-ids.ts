import { createHash, randomInt } from 'node:crypto'

const ALPHABET = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz'
const LENGTH = 24

/** An id for a tool call that came without one: `call_` and 24 base62 characters. */
export function mintToolId(): string {
  return `call_${Array.from({ length: LENGTH }, () => ALPHABET[randomInt(ALPHABET.length)]).join('')}`
}

/**
 * An id every upstream accepts: itself when it is (letters, digits, `_`, `-`, at most 64), else one made of it. The same
 * id always gives the same, so that a result still finds its call.
 */
export function legalToolId(id: string): string {
  if (/^[\w-]{1,64}$/.test(id)) return id
  const bytes = createHash('sha256').update(id).digest()
  return `call_${Array.from(bytes.subarray(0, LENGTH), byte => ALPHABET[byte % ALPHABET.length]).join('')}`
}
