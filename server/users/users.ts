/** Who may use the shop. A user is keyed by the LinuxDo id; everything else about it may change, its name included. */
import { AppError } from '#server/errors/app-error'
import { keys } from '#server/storage/keys'
import type { Step, Store, StoredRecord } from '#server/storage/store'
import { versionStep } from '#server/storage/versions'
import type { VersionWatch } from '#server/storage/versions'
import type { Person } from './connect-person'
import { createUserLists } from './user-lists'

const CHANGE_TRIES = 8
const TOUCH_AFTER_MS = 3_600_000
/** Users who may come by one person's link; more come as if without. */
const INVITED_MAX = 1000

export interface UserRecord {
  v: 1
  /** LinuxDo id as text. */
  id: string
  username: string
  name: string
  /** Address of a picture, or empty. */
  avatar: string
  /** What LinuxDo said at the last sign-in. */
  trustLevel: number
  active: boolean
  silenced: boolean
  status: 'active' | 'suspended'
  note: string
  /** Basis points off every price, 0 to 10000. */
  discount: number
  /** Null: the limits of the configuration. */
  limits: { concurrency: number } | null
  /** Sessions carry it; raising it ends them all. */
  epoch: number
  /** Whose invitation brought the user here; fixed at the first sign-in. */
  invitedBy?: string
  createdAt: number
  lastSeenAt: number
}

/** What an admin may change. */
export type UserChange = Partial<Pick<UserRecord, 'status' | 'note' | 'discount' | 'limits'>>
/** More steps for the commit of a change, made from the record before and after it: the audit line. */
export type UserSteps = (before: UserRecord, after: UserRecord) => Step[]

export type Users = ReturnType<typeof createUsers>

export interface UsersOptions {
  store: Store
  versions: Pick<VersionWatch, 'touch'>
  now?: () => number
}

export function createUsers({ store, versions, now = Date.now }: UsersOptions) {
  async function get(id: string): Promise<UserRecord | undefined> {
    return (await store.get<UserRecord>(keys.user(id)))?.value
  }

  /** In the order asked for; unknown ids are left out. */
  async function getMany(ids: string[]): Promise<UserRecord[]> {
    const found = await store.getMany<UserRecord>(ids.map(keys.user))
    return found.flatMap(record => record ? [record.value] : [])
  }

  /** User names by id, each looked up once. */
  async function namesOf(ids: string[]): Promise<Map<string, string>> {
    return new Map((await getMany([...new Set(ids)])).map(user => [user.id, user.username]))
  }

  /** Throws record_not_found. */
  async function require(id: string): Promise<UserRecord> {
    const user = await get(id)
    if (!user) throw new AppError('record_not_found', { kind: 'user' })
    return user
  }

  /**
   * Makes the user at the first sign-in, refreshes what LinuxDo says about it at every later one. Who invited him counts
   * at the first only.
   */
  async function signIn(person: Person, invitedBy?: string): Promise<{ user: UserRecord, created: boolean }> {
    let inviter = invitedBy
    for (let tries = 0; tries < CHANGE_TRIES; tries++) {
      const stored = await store.get<UserRecord>(keys.user(person.id))
      const user = stored ? { ...stored.value, ...person, lastSeenAt: now() } : newUser(person, inviter, now())
      const result = await store.commit(`signin_${person.id}`, stored ? writeSteps(stored, user) : firstSteps(user))
      if (result.ok) return { user, created: !stored }
      if (result.reason === 'ceil') inviter = undefined
    }
    throw new AppError('changed_meanwhile', { kind: 'user' })
  }

  /**
   * Changes a user by a function of the present record, again when somebody else wrote in between. A suspension and its
   * end raise the epoch, which signs the user out everywhere. Throws record_not_found.
   */
  async function change(id: string, by: (user: UserRecord) => UserChange, also: UserSteps = () => []): Promise<UserRecord> {
    return update(id, (before) => {
      const after = { ...before, ...by(before) }
      return after.status === before.status ? after : { ...after, epoch: before.epoch + 1 }
    }, also)
  }

  /** Ends every session of a user. */
  async function signOutEverywhere(id: string): Promise<void> {
    await update(id, user => ({ ...user, epoch: user.epoch + 1 }))
  }

  /** Remembers that LinuxDo has deactivated a known user: it keeps its keys and gets no new ones. */
  async function noteInactive(id: string): Promise<void> {
    await update(id, user => ({ ...user, active: false }))
  }

  async function update(id: string, by: (user: UserRecord) => UserRecord, also: UserSteps = () => []): Promise<UserRecord> {
    for (let tries = 0; tries < CHANGE_TRIES; tries++) {
      const stored = await store.get<UserRecord>(keys.user(id))
      if (!stored) throw new AppError('record_not_found', { kind: 'user' })
      const after = by(stored.value)
      const steps = [...writeSteps(stored, after), versionStep('auth'), ...also(stored.value, after)]
      if (!(await store.commit(`user_${id}`, steps)).ok) continue
      versions.touch('auth')
      return after
    }
    throw new AppError('changed_meanwhile', { kind: 'user' })
  }

  /** Notes that a user was here, at most once an hour. A lost race does not matter: somebody else wrote just now. */
  async function touch(user: UserRecord): Promise<void> {
    if (now() - user.lastSeenAt < TOUCH_AFTER_MS) return
    const stored = await store.get<UserRecord>(keys.user(user.id))
    if (stored) await store.commit(`touch_${user.id}`, writeSteps(stored, { ...stored.value, lastSeenAt: now() }))
  }

  return { get, getMany, namesOf, require, signIn, change, signOutEverywhere, noteInactive, touch, ...createUserLists({ store, get, getMany }) }
}

function newUser(person: Person, invitedBy: string | undefined, at: number): UserRecord {
  return { v: 1, ...person, status: 'active', note: '', discount: 0, limits: null, epoch: 0, ...(invitedBy === undefined ? {} : { invitedBy }), createdAt: at, lastSeenAt: at }
}

function firstSteps(user: UserRecord): Step[] {
  return [
    { once: keys.user(user.id), value: user },
    { put: keys.usersAll(user.createdAt, user.id), value: user.id },
    { put: keys.usersName(user.username, user.id), value: user.id },
    ...(user.invitedBy === undefined ? [] : invitedSteps(user, user.invitedBy)),
  ]
}

function invitedSteps(user: UserRecord, inviter: string): Step[] {
  return [
    { add: keys.inviteTally(inviter), by: { invited: 1 }, ceil: { invited: INVITED_MAX } },
    { put: keys.invited(inviter, user.createdAt, user.id), value: user.id },
  ]
}

/** The record, guarded by the version it was read with, and its row in the list of names when the name moved. */
function writeSteps(stored: StoredRecord<UserRecord>, user: UserRecord): Step[] {
  const [before, after] = [keys.usersName(stored.value.username, user.id), keys.usersName(user.username, user.id)]
  return [
    { expect: keys.user(user.id), version: stored.version },
    { put: keys.user(user.id), value: user },
    ...(before === after ? [] : [{ delete: before }, { put: after, value: user.id }]),
  ]
}
