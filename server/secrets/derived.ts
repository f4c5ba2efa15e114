import { hkdfSync } from 'node:crypto'

const LABEL = 'vapor vault of an eventual store v1'
const BYTES = 32

/**
 * Secrets for the vault where none can be made and kept: two processes that start a new shop at once would not see each
 * other's. Every process makes the same of JWT_SECRET.
 */
export function deriveVaultSecrets(jwtSecrets: readonly string[]): string[] {
  return jwtSecrets.map(secret => Buffer.from(hkdfSync('sha256', secret, '', LABEL, BYTES)).toString('base64url'))
}
