/** Who invited whom: each user has a code for a link, and a newcomer remembers whose link it was. */
import { randomInt } from 'node:crypto'
import { AppError } from '#server/errors/app-error'
import { readCursor, writeCursor } from '#server/storage/cursor'
import { keys } from '#server/storage/keys'
import type { Store } from '#server/storage/store'
import { inviteCode } from '#shared/schemas/code'
import type { UserRecord } from './users'

/** Letters and digits that are not mistaken for each other; all lower case, as links are. */
const ALPHABET = 'acdefghjkmnpqrtvwxy34679'
const LENGTH = 10
const MAKE_TRIES = 4

export interface InvitesOptions {
  store: Store
  getUser(id: string): Promise<UserRecord | undefined>
  getUsers(ids: string[]): Promise<UserRecord[]>
}

export type Invites = ReturnType<typeof createInvites>

export function createInvites({ store, getUser, getUsers }: InvitesOptions) {
  /** The code of a user, made when it is first asked for, and the same ever after. */
  async function codeOf(user: string): Promise<string> {
    for (let tries = 0; tries < MAKE_TRIES; tries++) {
      const known = await store.get<string>(keys.inviteCode(user))
      if (known) return known.value
      const code = Array.from({ length: LENGTH }, () => ALPHABET[randomInt(ALPHABET.length)]).join('')
      const result = await store.commit(`invite_${user}`, [
        { once: keys.inviteCode(user), value: code },
        { once: keys.inviteByCode(code), value: user },
      ])
      if (result.ok) return code
    }
    throw new AppError('changed_meanwhile', { kind: 'user' })
  }

  /** Whose code a newcomer brings along; undefined for his own, an unknown one, or one of a user who may not sign in. */
  async function inviterOf(code: string | undefined, newcomer: string): Promise<string | undefined> {
    const parsed = inviteCode.safeParse(code)
    if (!parsed.success) return undefined
    const id = (await store.get<string>(keys.inviteByCode(parsed.data)))?.value
    const inviter = id === undefined || id === newcomer ? undefined : await getUser(id)
    return inviter?.status === 'active' && inviter.active ? inviter.id : undefined
  }

  /** Who came by a user's link, newest first. */
  async function listInvited(inviter: string, page: { after?: string | undefined, limit: number }): Promise<{ items: UserRecord[], next: string | null }> {
    const prefix = keys.invitedPrefix(inviter)
    const rows = await store.list<string>(prefix, { after: readCursor(prefix, page.after), limit: page.limit + 1, reverse: true })
    const shown = rows.slice(0, page.limit)
    return { items: await getUsers(shown.map(row => row.value)), next: rows.length > page.limit ? writeCursor(prefix, shown.at(-1)?.key) : null }
  }

  return { codeOf, inviterOf, listInvited }
}
