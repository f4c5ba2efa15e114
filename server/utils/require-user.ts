import type { H3Event } from 'h3'
import { getCookie } from 'h3'
import { AppError } from '#server/errors/app-error'
import { useRuntime } from '#server/runtime'
import { sessionCookie } from '#server/users/session'
import type { UserRecord } from '#server/users/users'

/** Whose session the cookie is, whatever became of the user; undefined when there is none, or it was ended. */
export async function findSession(event: H3Event): Promise<UserRecord | undefined> {
  const { config, sessions, users } = useRuntime()
  const token = getCookie(event, sessionCookie(config.secure).name)
  const session = token ? await sessions.read(token) : undefined
  const user = session && await users.get(session.user)
  return user?.epoch === session?.epoch ? user : undefined
}

/** Throws signed_out, user_suspended. */
export async function requireUser(event: H3Event): Promise<UserRecord> {
  const user = await findSession(event)
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
