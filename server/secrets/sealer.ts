import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto'
import { deriveKey, keyIdOf } from './derive'
import type { Purpose } from './derive'

const ALGORITHM = 'aes-256-gcm'
const IV_BYTES = 12
const TAG_BYTES = 16
const SEALED = /^v1\.([0-9a-f]{8})\.([\w-]{16})\.([\w-]{22,})$/

export interface Sealer {
  /** Encrypts a text; `context` (which record, which field) must be the same when it is opened. */
  seal(text: string, context: string): string
  /** The text, or undefined when no key of ours made it, it was changed, or the context is another one. */
  open(sealed: string, context: string): string | undefined
  /** True when the first secret, the one that writes, has sealed it. */
  isCurrent(sealed: string): boolean
}

/**
 * AES-256-GCM as `v1.<kid>.<iv>.<data and tag>`, all base64url, the context as additional data (NIST SP 800-38D). The first secret
 * writes, all of them read. Throws RangeError without a secret: an empty list must never mean "not encrypted".
 */
export function createSealer(secrets: readonly string[], purpose: Purpose): Sealer {
  const ring = secrets.map((secret) => {
    const key = deriveKey(secret, purpose)
    return { key, kid: keyIdOf(key) }
  })
  const [first] = ring
  if (!first) throw new RangeError('a sealer needs at least one secret')

  return {
    seal(text, context) {
      const iv = randomBytes(IV_BYTES)
      const cipher = createCipheriv(ALGORITHM, first.key, iv).setAAD(Buffer.from(context))
      const data = Buffer.concat([cipher.update(text, 'utf8'), cipher.final(), cipher.getAuthTag()])
      return `v1.${first.kid}.${iv.toString('base64url')}.${data.toString('base64url')}`
    },
    open(sealed, context) {
      const [, kid, iv, data] = SEALED.exec(sealed) ?? []
      const entry = ring.find(candidate => candidate.kid === kid)
      return entry && iv && data ? decrypt(entry.key, iv, Buffer.from(data, 'base64url'), context) : undefined
    },
    isCurrent: sealed => SEALED.exec(sealed)?.[1] === first.kid,
  }
}

function decrypt(key: Buffer, iv: string, data: Buffer, context: string): string | undefined {
  const decipher = createDecipheriv(ALGORITHM, key, Buffer.from(iv, 'base64url'))
    .setAAD(Buffer.from(context))
    .setAuthTag(data.subarray(-TAG_BYTES))
  try {
    return Buffer.concat([decipher.update(data.subarray(0, -TAG_BYTES)), decipher.final()]).toString('utf8')
  }
  catch { return undefined }
}
