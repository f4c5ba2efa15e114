/**
 * Keys of the playground: the page calls the gateway as any tool does, with a key it signs for itself. Such a key is
 * written nowhere. It lives for ten minutes, and ends earlier with the session it was made in.
 */
import { jwtVerify, SignJWT } from 'jose'
import { z } from 'zod'
import { AppError } from '#server/errors/app-error'
import { deriveKey, keyIdOf } from '#server/secrets/derive'
import type { Caller } from './caller-cache'
import type { EndedSessions } from './ended-sessions'
import type { KeyRecord } from './keys'
import type { Session } from './session'
import type { UserRecord } from './users'

const PREFIX = 'sk-pg-'
const LIFE_MS = 600_000
const ISSUER = 'vapor'
const NAME = 'playground'

const payloadShape = z.object({ sub: z.string(), epoch: z.number().int(), sid: z.string(), iat: z.number(), exp: z.number() })
type Claims = z.output<typeof payloadShape>

export interface PlaygroundKeysOptions {
  /** JWT_SECRET: the first signs, all verify. */
  secrets: readonly string[]
  getUser: (id: string) => Promise<UserRecord | undefined>
  endedSessions: Pick<EndedSessions, 'isEnded'>
  now: () => number
}

/** Whether a secret is of the playground; whether it is any good is another question. */
export function isPlaygroundSecret(secret: string): boolean {
  return secret.startsWith(PREFIX)
}

/** The id under which a user's requests from the playground are listed, and its spending is counted. */
export function playgroundKeyId(user: string): string {
  return `${NAME}_${user}`
}

export function createPlaygroundKeys({ secrets, getUser, endedSessions, now }: PlaygroundKeysOptions) {
  const ring = secrets.map((secret) => {
    const key = deriveKey(secret, 'playground')
    return { key, kid: keyIdOf(key) }
  })
  const [first] = ring

  return {
    /** A key of a signed-in user, and when it ends in epoch milliseconds. */
    async issue(session: Session): Promise<{ secret: string, expiresAt: number }> {
      if (!first) throw new AppError('sign_in_not_configured', { missing: 'JWT_SECRET' })
      const issued = Math.floor(now() / 1000)
      const token = await new SignJWT({ epoch: session.epoch, sid: session.id })
        .setProtectedHeader({ alg: 'HS256', kid: first.kid })
        .setIssuer(ISSUER)
        .setSubject(session.user)
        .setIssuedAt(issued)
        .setExpirationTime(issued + LIFE_MS / 1000)
        .sign(first.key)
      return { secret: PREFIX + token, expiresAt: issued * 1000 + LIFE_MS }
    },

    /**
     * Who calls, as with a key of the store; undefined when it is not ours, its session was ended or the user's epoch
     * has moved. One that is too old is answered, with the time it ended at: the gateway says so then.
     */
    async findCaller(secret: string): Promise<Caller | undefined> {
      const claims = await read(secret.slice(PREFIX.length))
      if (!claims) return undefined
      const [user, ended] = await Promise.all([getUser(claims.sub), endedSessions.isEnded(claims.sid)])
      if (!user || ended || user.epoch !== claims.epoch) return undefined
      return { user, key: keyOf(claims) }
    },
  }

  async function read(token: string): Promise<Claims | undefined> {
    try {
      const { payload } = await jwtVerify(token, ({ kid }) => {
        const entry = ring.find(candidate => candidate.kid === kid)
        if (!entry) throw new Error('no secret of ours has signed this')
        return entry.key
        // The end is judged by whoever asks for the caller, so that it can be told apart from a wrong key.
      }, { algorithms: ['HS256'], issuer: ISSUER, currentDate: new Date(0), clockTolerance: Number.MAX_SAFE_INTEGER })
      return payloadShape.safeParse(payload).data
    }
    catch { return undefined }
  }
}

/** As a stored key would look. It has no limits of its own: those of its user hold. */
function keyOf({ sub, iat, exp }: Claims): KeyRecord {
  return {
    v: 1,
    id: playgroundKeyId(sub),
    user: sub,
    name: NAME,
    hash: '',
    hint: '',
    enabled: true,
    expiresAt: exp * 1000,
    spendLimit: null,
    models: [],
    createdAt: iat * 1000,
  }
}
