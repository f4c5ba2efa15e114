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

  it('belong to their user', async () => {
    const { keys, user } = await setup()
    const { key } = await keys.create(user, fields)
    await expect(keys.patch('8', key.id, { name: 'x' })).rejects.toMatchObject({ code: 'record_not_found' })
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
