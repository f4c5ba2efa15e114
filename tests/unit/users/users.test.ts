import { describe, expect, it } from 'vitest'
import { createMemoryStore } from '#server/storage/drivers/memory'
import { createUsers } from '#server/users/users'
import { createFeed, person } from './people'

function setup() {
  let at = 1_700_000_000_000
  const store = createMemoryStore()
  const users = createUsers({ store, versions: createFeed(), now: () => at++ })
  return { store, users }
}

describe('users', () => {
  it('makes a user once and refreshes it at every later sign-in', async () => {
    const { users } = setup()
    const first = await users.signIn(person('7', { name: 'Old' }))
    expect(first.created).toBe(true)
    const again = await users.signIn(person('7', { name: 'New', trustLevel: 3 }))
    expect(again.created).toBe(false)
    expect(again.user).toMatchObject({ id: '7', name: 'New', trustLevel: 3, createdAt: first.user.createdAt, epoch: 0 })
  })

  it('makes one user when two sign-ins race', async () => {
    const { users } = setup()
    const results = await Promise.all([users.signIn(person('7')), users.signIn(person('7')), users.signIn(person('7'))])
    expect(results.filter(result => result.created)).toHaveLength(1)
    expect((await users.list({ limit: 10 })).items).toHaveLength(1)
  })

  it('keeps what an admin has set through a sign-in', async () => {
    const { users } = setup()
    await users.signIn(person('7'))
    await users.change('7', () => ({ note: 'a friend', discount: 1000, limits: { concurrency: 3 } }))
    const { user } = await users.signIn(person('7'))
    expect(user).toMatchObject({ note: 'a friend', discount: 1000, limits: { concurrency: 3 } })
  })

  it('moves the name index with a rename, also to a name somebody else had', async () => {
    const { users } = setup()
    await users.signIn(person('1', { username: 'Alice' }))
    await users.signIn(person('2', { username: 'alicia' }))
    expect((await users.list({ search: 'ALIC', limit: 10 })).items.map(user => user.id).sort()).toEqual(['1', '2'])
    await users.signIn(person('1', { username: 'bob' }))
    await users.signIn(person('3', { username: 'Alice' }))
    expect((await users.list({ search: 'alice', limit: 10 })).items.map(user => user.id)).toEqual(['3'])
    expect((await users.list({ search: 'bo', limit: 10 })).items.map(user => user.id)).toEqual(['1'])
    expect((await users.list({ search: 'lice', limit: 10 })).items).toEqual([])
  })

  it('finds by id first, then by names that begin with the digits', async () => {
    const { users } = setup()
    await users.signIn(person('12', { username: 'x' }))
    await users.signIn(person('5', { username: '12monkeys' }))
    expect((await users.list({ search: '12', limit: 1 })).items.map(user => user.id)).toEqual(['12', '5'])
  })

  it('pages newest first, and searches page too, without losing or repeating anybody', async () => {
    const { users } = setup()
    for (let id = 1; id <= 25; id++) await users.signIn(person(String(id), { username: `名字${id}` }))
    for (const search of [undefined, '名']) {
      const seen: string[] = []
      let after: string | undefined
      do {
        const page = await users.list({ search, after, limit: 4 })
        seen.push(...page.items.map(user => user.id))
        after = page.next ?? undefined
      } while (after)
      expect(new Set(seen).size).toBe(25)
      expect(seen).toHaveLength(25)
      if (!search) expect(seen[0]).toBe('25')
    }
  })

  it('raises the epoch with a suspension, its end, and a sign-out everywhere, and tells all processes', async () => {
    const { store, users } = setup()
    await users.signIn(person('7'))
    await users.change('7', () => ({ status: 'suspended' }))
    expect((await users.get('7'))?.epoch).toBe(1)
    await users.change('7', () => ({ note: 'x' }))
    expect((await users.get('7'))?.epoch).toBe(1)
    await users.change('7', () => ({ status: 'active' }))
    await users.signOutEverywhere('7')
    expect((await users.get('7'))?.epoch).toBe(3)
    expect((await store.get('version_auth'))?.value).toBe(4)
  })

  it('loses no change when many write at once', async () => {
    const { users } = setup()
    await users.signIn(person('7'))
    await Promise.all([
      users.change('7', () => ({ note: 'n' })),
      users.change('7', () => ({ discount: 5 })),
      users.change('7', () => ({ limits: { concurrency: 2 } })),
      users.signIn(person('7', { name: 'N' })),
    ])
    expect(await users.get('7')).toMatchObject({ note: 'n', discount: 5, limits: { concurrency: 2 }, name: 'N' })
  })

  it('notes a visit at most once an hour', async () => {
    let at = 1_700_000_000_000
    const store = createMemoryStore()
    const users = createUsers({ store, versions: createFeed(), now: () => at })
    const { user } = await users.signIn(person('7'))
    at += 1000
    await users.touch(user)
    expect((await users.get('7'))?.lastSeenAt).toBe(user.lastSeenAt)
    at += 3_600_000
    await users.touch(user)
    expect((await users.get('7'))?.lastSeenAt).toBe(at)
  })

  it('refuses a cursor it never made', async () => {
    const { users } = setup()
    await expect(users.list({ after: 'Li4v', limit: 5 })).rejects.toMatchObject({ code: 'invalid_request' })
  })
})
