import { describe, expect, it, vi } from 'vitest'
import { createReadiness } from '#server/ops/ready'
import { createMemoryStore } from '#server/storage/drivers/memory'
import { keys } from '#server/storage/keys'
import { openVault } from '#server/secrets/vault'

const fine = { checkCanary: async () => true, outboxSize: () => 0, isDraining: () => false }

describe('an instance', () => {
  it('is ready when nothing is wrong', async () => {
    expect(await createReadiness(fine)()).toEqual([])
  })

  it.each([
    ['is draining', { isDraining: () => true }, 'draining'],
    ['has a store that refuses', { checkCanary: () => Promise.reject(new Error('postgres://user:hunter2@host')) }, 'store'],
    ['has other secrets than the store', { checkCanary: async () => false }, 'secrets'],
    ['has settlements waiting', { outboxSize: () => 1 }, 'outbox'],
  ])('that %s says so and nothing more', async (_, change, problem) => {
    expect(await createReadiness({ ...fine, ...change })()).toEqual([problem])
  })

  it('does not wait for a store that does not answer', async () => {
    vi.useFakeTimers()
    try {
      const asked = createReadiness({ ...fine, checkCanary: () => new Promise(() => {}) })()
      await vi.advanceTimersByTimeAsync(2_000)
      expect(await asked).toEqual(['store'])
    }
    finally { vi.useRealTimers() }
  })

  it('asks the store at most twice a second, and drains at once', async () => {
    let at = 0
    let asked = 0
    let draining = false
    const problems = createReadiness({ ...fine, checkCanary: async () => ++asked > 0, isDraining: () => draining, now: () => at })
    await Promise.all([problems(), problems()])
    draining = true
    expect(await problems()).toEqual(['draining'])
    expect(asked).toBe(1)
    at += 500
    await problems()
    expect(asked).toBe(2)
  })

  it('notices that the store has been sealed with a secret it does not have', async () => {
    const store = createMemoryStore()
    const options = { store, jwtSecrets: [], production: true }
    const vault = await openVault({ ...options, vaporSecrets: ['a'.repeat(40)] })
    expect(await vault.checkCanary()).toBe(true)
    await store.delete(keys.meta('vault'))
    expect(await vault.checkCanary()).toBe(false)
    await openVault({ ...options, vaporSecrets: ['b'.repeat(40)] })
    expect(await vault.checkCanary()).toBe(false)
  })
})
