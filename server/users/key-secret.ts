import { createHash, randomBytes } from 'node:crypto'

const PREFIX = 'sk-'
const SECRET_BYTES = 32
const ALPHABET = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz'
/** 62^43 is the first power of 62 that holds 256 bits. */
const LENGTH = 43

export interface KeySecret {
  /** What the user copies; never stored. */
  secret: string
  hash: string
  /** First and last characters, enough to recognise it. */
  hint: string
}

/** A new API key of 256 random bits, in letters and digits only, so that a double click selects all of it. */
export function createKeySecret(): KeySecret {
  let rest = BigInt(`0x${randomBytes(SECRET_BYTES).toString('hex')}`)
  let text = ''
  for (let place = 0; place < LENGTH; place++) {
    text = ALPHABET[Number(rest % 62n)] + text
    rest /= 62n
  }
  return { secret: PREFIX + text, hash: hashKeySecret(PREFIX + text), hint: `${PREFIX}${text.slice(0, 4)}…${text.slice(-4)}` }
}

/** SHA-256 as hex. The secret is random and long, so nothing slower than a plain hash is needed. */
export function hashKeySecret(secret: string): string {
  return createHash('sha256').update(secret).digest('hex')
}
