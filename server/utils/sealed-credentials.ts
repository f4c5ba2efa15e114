import { createCipheriv, createDecipheriv, randomBytes, scrypt } from 'node:crypto'
import { promisify } from 'node:util'
import { z } from 'zod'
import { AppError } from '#server/errors/app-error'
import type { Configuration } from '#shared/schemas/configuration'

const derive = promisify<string, Buffer, number, { N: number, r: number, p: number, maxmem: number }, Buffer>(scrypt)
/** About 100 ms and 64 MB a guess (RFC 7914). */
const COST = { N: 65_536, r: 8, p: 1, maxmem: 128 * 1024 * 1024 }
const KEY_BYTES = 32
const SALT_BYTES = 16
const IV_BYTES = 12
const TAG_BYTES = 16
const CONTEXT = Buffer.from('vapor-configuration v1')

/** By channel id; `off` ones are not used. */
const credentials = z.record(z.string(), z.array(z.strictObject({ text: z.string().min(1).max(4000), off: z.boolean() })).max(50))
export type CredentialsByChannel = z.output<typeof credentials>

export async function sealCredentials(open: CredentialsByChannel, passphrase: string): Promise<NonNullable<Configuration['credentials']>> {
  const salt = randomBytes(SALT_BYTES)
  const iv = randomBytes(IV_BYTES)
  const cipher = createCipheriv('aes-256-gcm', await derive(passphrase.normalize('NFKC'), salt, KEY_BYTES, COST), iv).setAAD(CONTEXT)
  const data = Buffer.concat([cipher.update(JSON.stringify(open), 'utf8'), cipher.final(), cipher.getAuthTag()])
  return { salt: salt.toString('base64url'), iv: iv.toString('base64url'), data: data.toString('base64url') }
}

/** Throws invalid_request for another passphrase, or a file somebody has changed. */
export async function openSealedCredentials(sealed: NonNullable<Configuration['credentials']>, passphrase: string): Promise<CredentialsByChannel> {
  const key = await derive(passphrase.normalize('NFKC'), Buffer.from(sealed.salt, 'base64url'), KEY_BYTES, COST)
  const data = Buffer.from(sealed.data, 'base64url')
  try {
    const decipher = createDecipheriv('aes-256-gcm', key, Buffer.from(sealed.iv, 'base64url')).setAAD(CONTEXT).setAuthTag(data.subarray(-TAG_BYTES))
    const text = Buffer.concat([decipher.update(data.subarray(0, -TAG_BYTES)), decipher.final()]).toString('utf8')
    return credentials.parse(JSON.parse(text))
  }
  catch (error) {
    throw new AppError('invalid_request', { problem: 'passphrase: it does not open the credentials of this file' }, { cause: error })
  }
}
