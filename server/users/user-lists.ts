import { readCursor, writeCursor } from '#server/storage/cursor'
import { keys } from '#server/storage/keys'
import type { Store } from '#server/storage/store'
import type { UserRecord } from './users'

const USER_ID = /^[1-9]\d{0,18}$/
/** A name's key shares only whole groups of 5 bits with the search, so some rows are looked at in vain; this is how many. */
const SEARCHED_MAX = 2000
const BATCH = 200

export interface UserListQuery {
  /** A user id, or the beginning of a user name in any case; absent is everybody. */
  search?: string
  after?: string
  limit: number
}

interface Options {
  store: Store
  get(id: string): Promise<UserRecord | undefined>
  getMany(ids: string[]): Promise<UserRecord[]>
}

/** The lists of users: everybody, newest first; or who a search finds, its id first, then names in byte order. */
export function createUserLists({ store, get, getMany }: Options) {
  async function list({ search, after, limit }: UserListQuery): Promise<{ items: UserRecord[], next: string | null }> {
    if (search) return listFound(search.toLowerCase(), after, limit)
    const rows = await store.list<string>(keys.usersAllPrefix, { after: readCursor(keys.usersAllPrefix, after), limit: limit + 1, reverse: true })
    const page = rows.slice(0, limit)
    return { items: await getMany(page.map(row => row.value)), next: rows.length > limit ? writeCursor(keys.usersAllPrefix, page.at(-1)?.key) : null }
  }

  async function listFound(search: string, after: string | undefined, limit: number): Promise<{ items: UserRecord[], next: string | null }> {
    const exact = !after && USER_ID.test(search) ? await get(search) : undefined
    const items = exact ? [exact] : []
    const room = limit + items.length
    const prefix = keys.usersNamePrefix(search)
    let last = readCursor(keys.usersNameAll, after)
    for (let searched = 0; searched < SEARCHED_MAX; searched += BATCH) {
      const rows = await store.list<string>(prefix, { after: last, limit: BATCH })
      const users = new Map((await getMany(rows.map(row => row.value))).map(user => [user.id, user]))
      for (const row of rows) {
        const user = users.get(row.value)
        const fits = user && user.id !== search && user.username.toLowerCase().startsWith(search)
        if (fits && items.length === room) return { items, next: writeCursor(keys.usersNameAll, last) }
        if (fits) items.push(user)
        last = row.key
      }
      if (rows.length < BATCH) return { items, next: null }
    }
    return { items, next: writeCursor(keys.usersNameAll, last) }
  }

  return { list }
}
