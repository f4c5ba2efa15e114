import { describe, expect, it } from 'vitest'
import { AppError } from '#server/errors/app-error'
import { deriveKey } from '#server/secrets/derive'
import { createSealer } from '#server/secrets/sealer'
import { openVault } from '#server/secrets/vault'
import { createMemoryStore } from '#server/storage/drivers/memory'

const [A, B] = ['a'.repeat(40), 'b'.repeat(40)]

describe('sealer', () => {
  it('opens what it sealed, for the same context only', () => {
    const sealer = createSealer([A], 'credentials')
    const sealed = sealer.seal('sk-upstream 密', 'channel_1\ncredentials')
    expect(sealed).toMatch(/^v1\.[0-9a-f]{8}\.[\w-]{16}\.[\w-]+$/)
    expect(sealer.open(sealed, 'channel_1\ncredentials')).toBe('sk-upstream 密')
    expect(sealer.open(sealed, 'channel_2\ncredentials')).toBeUndefined()
    expect(sealer.seal('x', 'c')).not.toBe(sealer.seal('x', 'c'))
  })

  it('refuses what was changed, cut, or sealed for another purpose', () => {
    const sealer = createSealer([A], 'credentials')
    const sealed = sealer.seal('hello', 'c')
    const parts = sealed.split('.')
    const data = Buffer.from(parts[3]!, 'base64url')
    for (let index = 0; index < data.length; index++) {
      const changed = Buffer.from(data)
      changed[index]! ^= 1
      expect(sealer.open([...parts.slice(0, 3), changed.toString('base64url')].join('.'), 'c')).toBeUndefined()
    }
    for (let length = 0; length < sealed.length; length++) expect(sealer.open(sealed.slice(0, length), 'c')).toBeUndefined()
    expect(createSealer([A], 'sign-in').open(sealed, 'c')).toBeUndefined()
    expect(deriveKey(A, 'sessions')).not.toEqual(deriveKey(A, 'vault'))
  })

  it('writes with the first secret and reads with all', () => {
    const old = createSealer([A], 'credentials').seal('x', 'c')
    const both = createSealer([B, A], 'credentials')
    expect(both.open(old, 'c')).toBe('x')
    expect(both.isCurrent(old)).toBe(false)
    expect(createSealer([B], 'credentials').open(both.seal('y', 'c'), 'c')).toBe('y')
    expect(() => createSealer([], 'credentials')).toThrow(RangeError)
  })
})

describe('vault', () => {
  const open = (store = createMemoryStore(), vaporSecrets: string[] = [], jwtSecrets: string[] = [A], production = true) => openVault({ store, vaporSecrets, jwtSecrets, production })
  const problemOf = (promise: Promise<unknown>) => promise.then(() => 'no problem', (error: AppError) => `${error.code}: ${error.message}`)

  it('makes a secret of its own and finds it again', async () => {
    const store = createMemoryStore()
    const sealed = (await open(store)).seal('channel_1', 'credentials', 'x')
    expect((await open(store)).open('channel_1', 'credentials', sealed)).toBe('x')
    expect(JSON.stringify((await store.get('meta_vault'))?.value)).not.toContain(A)
  })

  it('agrees with another process that starts at the same time', async () => {
    const store = createMemoryStore()
    const [one, two] = await Promise.all([open(store), open(store)])
    expect(two.open('c', 'f', one.seal('c', 'f', 'x'))).toBe('x')
  })

  it('lets JWT_SECRET be rotated in two steps', async () => {
    const store = createMemoryStore()
    const sealed = (await open(store, [], [A])).seal('c', 'f', 'x')
    await open(store, [], [B, A])
    expect((await open(store, [], [B])).open('c', 'f', sealed)).toBe('x')
    expect(await problemOf(open(store, [], [A]))).toMatch(/^configuration: JWT_SECRET is not the one/)
  })

  it('takes over to VAPOR_SECRET, still reading what the generated one wrote', async () => {
    const store = createMemoryStore()
    const before = (await open(store)).seal('c', 'f', 'x')
    const vault = await open(store, [B])
    expect(vault.open('c', 'f', before)).toBe('x')
    expect(vault.isCurrent(before)).toBe(false)
    expect(vault.isCurrent(vault.seal('c', 'f', 'y'))).toBe(true)
  })

  it('says which secret is wrong, and never shows one', async () => {
    const store = createMemoryStore()
    await open(store, [A])
    expect(await problemOf(open(store, [B]))).toMatch(/^configuration: VAPOR_SECRET is not the one/)
    expect(await problemOf(open(store, []))).toMatch(/^configuration: VAPOR_SECRET is not set/)
    expect(await problemOf(open(store, [B, A]))).toBe('no problem')
    expect(await problemOf(open(createMemoryStore(), [], []))).toMatch(/^configuration: JWT_SECRET is not set/)
    expect(await problemOf(open(createMemoryStore(), [], [], false))).toBe('no problem')
  })

  it('throws for a text no present secret reads', async () => {
    const foreign = (await open(createMemoryStore(), [A])).seal('c', 'f', 'x')
    const vault = await open(createMemoryStore(), [B])
    expect(() => vault.open('c', 'f', foreign)).toThrow(AppError)
  })
})
