import { createHash, randomBytes } from 'node:crypto'
import { z } from 'zod'
import { AppError } from '#server/errors/app-error'
import { createSealer } from '#server/secrets/sealer'
import type { Attempt } from './connect'
import { cookieShape } from './session'
import type { CookieShape } from './session'

export const ATTEMPT_SECONDS = 600
/** Sign-ins one browser may have begun at once, one cookie each, so that two tabs do not end each other. */
const ATTEMPTS_MAX = 5
const NAME_PREFIX = 'vapor_oauth_'
const SECRET_BYTES = 32

/** A sign-in that has begun: what the callback needs, and where the browser wants to go. */
export interface PendingAttempt extends Attempt {
  next: string
  /** Epoch milliseconds. */
  at: number
}

export interface AttemptCookies {
  /** Begins a sign-in: the cookie to set, and the names of older ones to delete. */
  begin(next: string, present: Record<string, string>): { attempt: PendingAttempt, cookie: CookieShape & { value: string }, drop: string[] }
  /** The attempt a callback belongs to, or undefined when this browser never began it or took more than 10 minutes. */
  take(state: string, present: Record<string, string>): PendingAttempt | undefined
  /** The cookie of a state, to delete it with the options it was set with. */
  cookieOf(state: string): CookieShape
}

const pendingShape = z.object({ state: z.string(), verifier: z.string(), nonce: z.string(), next: z.string(), at: z.number() })

/**
 * Sealed cookies for OAuth sign-ins. The state is bound to the browser because only it holds the cookie (RFC 9700
 * section 2.1), and nothing is stored on our side for somebody who never comes back.
 * @param secrets JWT_SECRET; without one, to begin throws sign_in_not_configured.
 */
export function createAttemptCookies(secrets: readonly string[], secure: boolean, now: () => number = Date.now): AttemptCookies {
  const sealer = secrets.length > 0 ? createSealer(secrets, 'sign-in') : undefined
  const cookieOf = (state: string) => cookieShape(NAME_PREFIX + createHash('sha256').update(state).digest('hex').slice(0, 16), secure, ATTEMPT_SECONDS)

  function open(name: string, value: string | undefined): PendingAttempt | undefined {
    const text = value === undefined ? undefined : sealer?.open(value, name)
    const parsed = text === undefined ? undefined : pendingShape.safeParse(JSON.parse(text))
    return parsed?.success && now() - parsed.data.at <= ATTEMPT_SECONDS * 1000 ? parsed.data : undefined
  }

  return {
    begin(next, present) {
      if (!sealer) throw new AppError('sign_in_not_configured', { missing: 'JWT_SECRET' })
      const attempt = { state: random(), verifier: random(), nonce: random(), next, at: now() }
      const shape = cookieOf(attempt.state)
      const prefix = shape.name.slice(0, shape.name.indexOf(NAME_PREFIX) + NAME_PREFIX.length)
      const older = Object.entries(present)
        .filter(([name]) => name.startsWith(prefix))
        .map(([name, value]) => ({ name, at: open(name, value)?.at ?? 0 }))
        .sort((a, b) => b.at - a.at)
      const drop = older.filter((entry, index) => entry.at === 0 || index >= ATTEMPTS_MAX - 1).map(entry => entry.name)
      return { attempt, cookie: { ...shape, value: sealer.seal(JSON.stringify(attempt), shape.name) }, drop }
    },
    take(state, present) {
      const { name } = cookieOf(state)
      const attempt = open(name, present[name])
      return attempt?.state === state ? attempt : undefined
    },
    cookieOf,
  }
}

function random(): string {
  return randomBytes(SECRET_BYTES).toString('base64url')
}
