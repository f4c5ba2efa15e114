import type { H3Event } from 'h3'
import { getCookie } from 'h3'
import { AppError } from '#server/errors/app-error'
import { useRuntime } from '#server/runtime'
import { sessionCookie } from '#server/users/session'
import type { Session } from '#server/users/session'
import type { UserRecord } from '#server/users/users'

/** The session of the cookie and its user, whatever became of him; undefined when there is none, or it was ended. */
export async function findSession(event: H3Event): Promise<{ session: Session, user: UserRecord } | undefined> {
  const { config, endedSessions, sessions, users } = useRuntime()
  const token = getCookie(event, sessionCookie(config.secure).name)
  const session = token ? await sessions.read(token) : undefined
  if (!session) return undefined
  const [user, ended] = await Promise.all([users.get(session.user), endedSessions.isEnded(session.id)])
  return user?.epoch === session.epoch && !ended ? { session, user } : undefined
}

/** Throws signed_out, user_suspended. */
export async function requireUser(event: H3Event): Promise<UserRecord> {
  const user = (await findSession(event))?.user
  if (!user) throw new AppError('signed_out')
  if (user.status === 'suspended') throw new AppError('user_suspended')
  const { log, users } = useRuntime()
  users.touch(user).catch(error => log.error('a visit could not be noted', error))
  return user
}

/** Asked at each call, so that an id taken out of ADMIN_UIDS is out at once. Throws forbidden too. */
export async function requireAdmin(event: H3Event): Promise<UserRecord> {
  const user = await requireUser(event)
  if (!isAdmin(user.id)) throw new AppError('forbidden')
  return user
}

export function isAdmin(user: string): boolean {
  return useRuntime().config.ADMIN_UIDS.includes(user)
}
