import { describe, expect, it } from 'vitest'
import { createMemoryStore } from '#server/storage/drivers/memory'
import { createEndedSessions } from '#server/users/ended-sessions'
import { createPlaygroundKeys, isPlaygroundSecret, playgroundKeyId } from '#server/users/playground-keys'
import { createSessions } from '#server/users/session'
import { createUsers } from '#server/users/users'
import { person } from './people'

const SECRET = 'j'.repeat(40)
const START = Date.UTC(2026, 4, 12, 4)

async function setup(secrets = [SECRET]) {
  const clock = { at: START }
  const store = createMemoryStore({ now: () => clock.at })
  const users = createUsers({ store, versions: { touch: () => {} }, now: () => clock.at })
  const endedSessions = createEndedSessions({ store })
  const { user } = await users.signIn(person('2'))
  const create = (own: string[]) => createPlaygroundKeys({ secrets: own, getUser: users.get, endedSessions, now: () => clock.at })
  return { clock, store, users, endedSessions, create, keys: create(secrets), session: { user: user.id, epoch: user.epoch, id: 'one' } }
}

describe('a key of the playground', () => {
  it('is its user\'s, unlimited by itself, and over after ten minutes', async () => {
    const { keys, session } = await setup()
    const { secret, expiresAt } = await keys.issue(session)
    expect(isPlaygroundSecret(secret)).toBe(true)
    expect(expiresAt).toBe(START + 600_000)
    const caller = await keys.findCaller(secret)
    expect(caller).toMatchObject({ user: { id: '2' }, key: { id: playgroundKeyId('2'), user: '2', name: 'playground', enabled: true, expiresAt, spendLimit: null, models: [] } })
  })

  it('is still known for what it was when it is too old, so that the caller can be told', async () => {
    const { clock, keys, session } = await setup()
    const { secret, expiresAt } = await keys.issue(session)
    clock.at += 3_600_000
    expect((await keys.findCaller(secret))?.key.expiresAt).toBe(expiresAt)
  })

  it('ends with its session, and leaves those of other sessions alone', async () => {
    const { endedSessions, keys, session } = await setup()
    const [one, other] = [await keys.issue(session), await keys.issue({ ...session, id: 'other' })]
    await endedSessions.end('one')
    expect(await keys.findCaller(one.secret)).toBeUndefined()
    expect(await keys.findCaller(other.secret)).toBeDefined()
  })

  it('ends when the user signs out everywhere or is suspended', async () => {
    const { keys, session, users } = await setup()
    const { secret } = await keys.issue(session)
    await users.signOutEverywhere('2')
    expect(await keys.findCaller(secret)).toBeUndefined()
    const again = await keys.issue({ ...session, epoch: session.epoch + 1 })
    expect(await keys.findCaller(again.secret)).toBeDefined()
    await users.change('2', () => ({ status: 'suspended' }))
    expect(await keys.findCaller(again.secret)).toBeUndefined()
  })

  it('is written nowhere', async () => {
    const { keys, session, store } = await setup()
    const before = await store.list('', { limit: 1000 })
    await keys.findCaller((await keys.issue(session)).secret)
    expect(await store.list('', { limit: 1000 })).toEqual(before)
  })

  it('is read with every secret of the list, and with no other', async () => {
    const { create, session } = await setup()
    const { secret } = await create(['old'.repeat(20)]).issue(session)
    expect(await create([SECRET, 'old'.repeat(20)]).findCaller(secret)).toBeDefined()
    expect(await create([SECRET]).findCaller(secret)).toBeUndefined()
  })

  it('is no session, and a session is no key', async () => {
    const { keys, session } = await setup()
    const sessions = createSessions([SECRET])
    expect(await sessions.read((await keys.issue(session)).secret.slice('sk-pg-'.length))).toBeUndefined()
    expect(await keys.findCaller(`sk-pg-${await sessions.issue({ id: '2', epoch: 0 })}`)).toBeUndefined()
  })

  it('cannot be made up or changed', async () => {
    const { keys, session } = await setup()
    const { secret } = await keys.issue(session)
    const [head = '', body = '', sign = ''] = secret.split('.')
    const other = Buffer.from(Buffer.from(body, 'base64url').toString().replace('"sub":"2"', '"sub":"3"')).toString('base64url')
    for (const wrong of [`${head}.${other}.${sign}`, `${secret.slice(0, -2)}`, 'sk-pg-', 'sk-pg-a.b.c']) expect(await keys.findCaller(wrong)).toBeUndefined()
  })
})
