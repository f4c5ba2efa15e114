import { randomUUID } from 'node:crypto'
import { jwtVerify, SignJWT } from 'jose'
import { z } from 'zod'
import { AppError } from '#server/errors/app-error'
import { deriveKey, keyIdOf } from '#server/secrets/derive'

export const SESSION_SECONDS = 7 * 24 * 3600
const CLOCK_TOLERANCE_S = 60
const ISSUER = 'vapor'

/** What a session cookie proves. It is worth something only while `epoch` is that of the user record. */
export interface Session {
  user: string
  epoch: number
  /** Names this sign-in. */
  id: string
}

export interface Sessions {
  /** A signed token for the cookie, good for 7 days; throws sign_in_not_configured without JWT_SECRET. */
  issue(user: { id: string, epoch: number }): Promise<string>
  /** The session of a token, or undefined when it is not ours, changed, or too old. */
  read(token: string): Promise<Session | undefined>
}

export interface CookieShape {
  name: string
  options: { httpOnly: true, sameSite: 'lax', path: '/', secure: boolean, maxAge: number }
}

/** `__Host-` binds the cookie to this host and https; browsers refuse that prefix, and `Secure`, on plain http. */
export function cookieShape(name: string, secure: boolean, maxAgeSeconds: number): CookieShape {
  return {
    name: secure ? `__Host-${name}` : name,
    options: { httpOnly: true, sameSite: 'lax', path: '/', secure, maxAge: maxAgeSeconds },
  }
}

export function sessionCookie(secure: boolean): CookieShape {
  return cookieShape('vapor_session', secure, SESSION_SECONDS)
}

const payloadShape = z.object({ sub: z.string(), epoch: z.number().int(), jti: z.string() })

/** JWTs (RFC 7519, HS256) under keys derived from JWT_SECRET; the first secret signs, all verify. */
export function createSessions(secrets: readonly string[]): Sessions {
  const ring = secrets.map((secret) => {
    const key = deriveKey(secret, 'sessions')
    return { key, kid: keyIdOf(key) }
  })
  const [first] = ring

  return {
    async issue(user) {
      if (!first) throw new AppError('sign_in_not_configured', { missing: 'JWT_SECRET' })
      return new SignJWT({ epoch: user.epoch })
        .setProtectedHeader({ alg: 'HS256', kid: first.kid })
        .setIssuer(ISSUER)
        .setSubject(user.id)
        .setJti(randomUUID())
        .setIssuedAt()
        .setExpirationTime(`${SESSION_SECONDS}s`)
        .sign(first.key)
    },

    async read(token) {
      try {
        const { payload } = await jwtVerify(token, ({ kid }) => {
          const entry = ring.find(candidate => candidate.kid === kid)
          if (!entry) throw new Error('no secret of ours has signed this')
          return entry.key
        }, { algorithms: ['HS256'], issuer: ISSUER, requiredClaims: ['exp'], clockTolerance: CLOCK_TOLERANCE_S })
        const parsed = payloadShape.safeParse(payload)
        return parsed.success ? { user: parsed.data.sub, epoch: parsed.data.epoch, id: parsed.data.jti } : undefined
      }
      catch { return undefined }
    },
  }
}
