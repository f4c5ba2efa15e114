import { describe, expect, it, vi } from 'vitest'
import { createMemoryStore } from '#server/storage/drivers/memory'
import { watchVersions } from '#server/storage/versions'
import { createKeys } from '#server/users/keys'
import type { KeyFields } from '#server/users/keys'
import { createKeySecret } from '#server/users/key-secret'
import { createUsers } from '#server/users/users'
import { createFeed, person } from './people'

const fields: KeyFields = { name: 'laptop', expiresAt: null, spendLimit: null, models: [] }

async function setup() {
  const store = createMemoryStore()
  const feed = createFeed()
  const users = createUsers({ store, versions: feed })
  const { user } = await users.signIn(person('7'))
  return { store, users, user, keys: createKeys({ store, versions: feed }) }
}

describe('key secrets', () => {
  it('are sk- and 43 letters and digits, never twice', () => {
    const secrets = Array.from({ length: 500 }, () => createKeySecret())
    for (const { secret, hint } of secrets) {
      expect(secret).toMatch(/^sk-[0-9A-Za-z]{43}$/)
      expect(hint).toBe(`${secret.slice(0, 7)}…${secret.slice(-4)}`)
    }
    expect(new Set(secrets.map(key => key.hash)).size).toBe(500)
  })
})

describe('keys', () => {
  it('are found by their secret and stored without it', async () => {
    const { store, keys, user } = await setup()
    const { secret, key } = await keys.create(user, fields)
    expect(await keys.findCaller(secret)).toMatchObject({ key: { id: key.id, name: 'laptop' }, user: { id: '7' } })
    expect(await keys.findCaller(`${secret}x`)).toBeUndefined()
    const everything = JSON.stringify([...await store.list('key', { limit: 1000 })])
    expect(everything).not.toContain(secret.slice(8, 40))
  })

  it('change and go at once in the process that changes them', async () => {
    const { keys, user } = await setup()
    const { secret, key } = await keys.create(user, fields)
    await keys.findCaller(secret)
    await keys.patch('7', key.id, { enabled: false, spendLimit: 5 })
    expect((await keys.findCaller(secret))?.key).toMatchObject({ enabled: false, spendLimit: 5, name: 'laptop' })
    await keys.delete('7', key.id)
    expect(await keys.findCaller(secret)).toBeUndefined()
    expect((await keys.list('7', { limit: 10 })).items).toEqual([])
  })

  it('change within a poll in another process', async () => {
    const { store, keys, user, users } = await setup()
    const { secret, key } = await keys.create(user, fields)
    const versions = watchVersions(store, { intervalMs: 60_000 })
    await versions.poll()
    const elsewhere = createKeys({ store, versions })
    await elsewhere.findCaller(secret)
    await keys.patch('7', key.id, { enabled: false })
    expect((await elsewhere.findCaller(secret))?.key.enabled).toBe(true)
    await versions.poll()
    expect((await elsewhere.findCaller(secret))?.key.enabled).toBe(false)
    await users.change('7', () => ({ status: 'suspended' }))
    await versions.poll()
    expect((await elsewhere.findCaller(secret))?.user.status).toBe('suspended')
    versions.close()
  })

  it('ask the store once for many calls at once, and not at all for the next', async () => {
    const { store, keys, user } = await setup()
    const { secret } = await keys.create(user, fields)
    const get = vi.spyOn(store, 'get')
    await Promise.all(Array.from({ length: 50 }, () => keys.findCaller(secret)))
    await keys.findCaller(secret)
    expect(get).toHaveBeenCalledTimes(3)
    get.mockClear()
    await keys.findCaller('sk-wrong')
    await keys.findCaller('sk-wrong')
    expect(get).toHaveBeenCalledTimes(1)
  })

  it('are not kept when a change was announced while they were read', async () => {
    const store = createMemoryStore()
    const feed = createFeed()
    const users = createUsers({ store, versions: feed })
    const { user } = await users.signIn(person('7'))
    const keys = createKeys({ store, versions: feed })
    const { secret, key } = await keys.create(user, fields)
    const { get } = store
    store.get = (async (name: string) => {
      const found = await get(name)
      if (name === `key_${key.id}`) {
        store.get = get
        await keys.patch('7', key.id, { enabled: false })
      }
      return found
    }) as typeof store.get
    expect((await keys.findCaller(secret))?.key.enabled).toBe(true)
    expect((await keys.findCaller(secret))?.key.enabled).toBe(false)
  })

  it('change the limits that are named and keep the others', async () => {
    const { keys, user } = await setup()
    const { key } = await keys.create(user, { ...fields, limits: { day: 5, rpm: 10 } })
    await keys.patch('7', key.id, { limits: { rpm: null, tpm: 7 } })
    expect((await keys.list('7', { limit: 1 })).items[0]?.key.limits).toEqual({ day: 5, rpm: null, tpm: 7 })
    await keys.patch('7', key.id, { ips: ['192.0.2.1'] })
    expect((await keys.list('7', { limit: 1 })).items[0]?.key).toMatchObject({ limits: { day: 5, rpm: null, tpm: 7 }, ips: ['192.0.2.1'] })
  })

  it('belong to their user', async () => {
    const { keys, user } = await setup()
    const { key } = await keys.create(user, fields)
    await expect(keys.patch('8', key.id, { name: 'x' })).rejects.toMatchObject({ code: 'record_not_found' })
    await expect(keys.rotate('8', key.id, 0)).rejects.toMatchObject({ code: 'record_not_found' })
    await expect(keys.delete('8', key.id)).rejects.toMatchObject({ code: 'record_not_found' })
  })

  it('are at most 100, and none for an inactive user', async () => {
    const { keys, user } = await setup()
    await expect(keys.create({ ...user, active: false }, fields)).rejects.toMatchObject({ code: 'inactive_user' })
    for (let count = 0; count < 100; count++) await keys.create(user, fields)
    await expect(keys.create(user, fields)).rejects.toMatchObject({ code: 'too_many' })
    const first = await keys.list('7', { limit: 60 })
    const rest = await keys.list('7', { limit: 60, after: first.next ?? '' })
    expect([first.items.length, rest.items.length, rest.next]).toEqual([60, 40, null])
  })

  it('show what was spent and when they were last used, before and after it is written', async () => {
    const { store, keys, user } = await setup()
    const { key } = await keys.create(user, fields)
    await store.commit('spend', [{ add: `spent_${key.id}`, by: 42 }])
    keys.markUsed(key.id, 1000)
    expect((await keys.list('7', { limit: 1 })).items[0]).toMatchObject({ spent: 42, lastUsedAt: 1000 })
    await keys.flushUsed()
    expect((await store.get(`keyused_${key.id}`))?.value).toEqual({ v: 1, at: 1000 })
    expect((await keys.list('7', { limit: 1 })).items[0]).toMatchObject({ lastUsedAt: 1000 })
  })
})

describe('a replaced secret', () => {
  const HOUR = 3_600_000

  async function rotating() {
    const clock = { now: 1_700_000_000_000 }
    const store = createMemoryStore({ now: () => clock.now })
    const feed = createFeed()
    const { user } = await createUsers({ store, versions: feed }).signIn(person('7'))
    const keys = createKeys({ store, versions: feed, now: () => clock.now })
    const made = await keys.create(user, fields)
    const isValid = async (secret: string) => (await keys.findCaller(secret))?.key.id === made.key.id
    return { clock, store, keys, made, isValid }
  }

  it('works for its grace and not a moment longer, even where it is cached', async () => {
    const { clock, store, keys, made, isValid } = await rotating()
    const second = await keys.rotate('7', made.key.id, HOUR)
    expect([await isValid(made.secret), await isValid(second.secret)]).toEqual([true, true])
    clock.now += HOUR - 1
    expect(await isValid(made.secret)).toBe(true)
    clock.now += 1
    expect([await isValid(made.secret), await isValid(second.secret)]).toEqual([false, true])
    expect(await store.list('keyhash_', { limit: 10 })).toHaveLength(1)
  })

  it('ends at once, with all before it, when no grace is given', async () => {
    const { store, keys, made, isValid } = await rotating()
    const second = await keys.rotate('7', made.key.id, HOUR)
    const third = await keys.rotate('7', made.key.id, 0)
    expect([await isValid(made.secret), await isValid(second.secret), await isValid(third.secret)]).toEqual([false, false, true])
    expect(await store.list('keyhash_', { limit: 10 })).toHaveLength(1)
  })

  it('ends with its key, and at most five work at a time', async () => {
    const { clock, store, keys, made, isValid } = await rotating()
    for (let count = 0; count < 5; count++) await keys.rotate('7', made.key.id, HOUR)
    await expect(keys.rotate('7', made.key.id, HOUR)).rejects.toMatchObject({ code: 'too_many' })
    expect(await isValid(made.secret)).toBe(true)
    clock.now += HOUR
    await keys.rotate('7', made.key.id, HOUR)
    await keys.delete('7', made.key.id)
    expect(await isValid(made.secret)).toBe(false)
    expect(await store.list('keyhash_', { limit: 10 })).toHaveLength(0)
  })

  it('leaves one that is current when two replace it at once', async () => {
    const { keys, made, isValid } = await rotating()
    const both = await Promise.all([keys.rotate('7', made.key.id, 0), keys.rotate('7', made.key.id, 0)])
    expect(await isValid(made.secret)).toBe(false)
    expect((await Promise.all(both.map(({ secret }) => isValid(secret)))).filter(Boolean)).toHaveLength(1)
  })
})
