import { createHash, hkdfSync } from 'node:crypto'

const KEY_BYTES = 32
const KID_LENGTH = 8

/** What a secret is used for. Each purpose gets a key of its own, so that one leaked or misused key opens one door. */
export type Purpose = 'credentials' | 'vault' | 'sessions' | 'sign-in' | 'playground'

/** A 256-bit key for one purpose: HKDF-SHA256 (RFC 5869) over a secret text, with the purpose as its label. */
export function deriveKey(secret: string, purpose: Purpose): Buffer {
  return Buffer.from(hkdfSync('sha256', secret, '', `vapor/v1/${purpose}`, KEY_BYTES))
}

/** A short public name of a key, so that a ciphertext says which one of several reads it. It tells nothing of the key. */
export function keyIdOf(key: Buffer): string {
  return createHash('sha256').update('vapor/kid').update(key).digest('hex').slice(0, KID_LENGTH)
}
