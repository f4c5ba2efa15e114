import type { CryptoKey, JWK, JWTPayload } from 'jose'
import { SignJWT, UnsecuredJWT, exportJWK, generateKeyPair } from 'jose'
import type { IdTokenFault } from './faults.ts'

const keyId = 'sandbox-1'

interface SigningKey {
  privateKey: CryptoKey
  publicJwk: JWK
}

/** Made on first use and shared by every sandbox of the process: an RSA pair costs up to a second of CPU. */
let signingKey: Promise<SigningKey> | undefined

function getSigningKey(): Promise<SigningKey> {
  signingKey ??= makeSigningKey()
  return signingKey
}

async function makeSigningKey(): Promise<SigningKey> {
  const { privateKey, publicKey } = await generateKeyPair('RS256')
  return { privateKey, publicJwk: { ...await exportJWK(publicKey), kid: keyId, alg: 'RS256', use: 'sig' } }
}

/** The served JSON Web Key Set (RFC 7517). */
export async function publicKeys(): Promise<{ keys: JWK[] }> {
  return { keys: [(await getSigningKey()).publicJwk] }
}

/**
 * Signs an id_token (OpenID Connect Core 2), RS256, or spoils it as `fault` says.
 * Times in `claims` are in seconds. Undefined means that no id_token is to be sent.
 */
export async function signIdToken(claims: JWTPayload, fault: IdTokenFault | undefined): Promise<string | undefined> {
  if (fault === 'none') return undefined
  const told = { ...claims, ...spoiled(claims, fault) }
  if (fault === 'alg-none') return new UnsecuredJWT(told).encode()
  const token = await new SignJWT(told)
    .setProtectedHeader({ alg: 'RS256', kid: keyId, typ: 'JWT' })
    .sign((await getSigningKey()).privateKey)
  return fault === 'bad-signature' ? withBrokenSignature(token) : token
}

function spoiled(claims: JWTPayload, fault: IdTokenFault | undefined): JWTPayload {
  switch (fault) {
    case 'wrong-nonce': return { nonce: 'a-nonce-nobody-sent' }
    case 'wrong-aud': return { aud: 'another-client' }
    case 'wrong-issuer': return { iss: 'https://issuer.invalid/' }
    case 'wrong-subject': return { sub: '999999999', id: 999_999_999 }
    case 'expired': return { iat: (claims.iat ?? 0) - 7200, exp: (claims.iat ?? 0) - 3600 }
    default: return {}
  }
}

/** Changes one character in the middle of the signature: the last one may hold only padding bits. */
function withBrokenSignature(token: string): string {
  const place = token.lastIndexOf('.') + 40
  return token.slice(0, place) + (token[place] === 'A' ? 'B' : 'A') + token.slice(place + 1)
}
