import { setTimeout as wait } from 'node:timers/promises'
import { describe, expect, it } from 'vitest'
import { createMemoryStore } from '#server/storage/drivers/memory'
import { versionStep, watchVersions } from '#server/storage/versions'

const NEVER = 600_000

function watchMemory(intervalMs = NEVER) {
  const store = createMemoryStore()
  const calls: string[] = []
  const problems: unknown[] = []
  let down = false
  const fragile = { ...store, getMany: <T>(keys: string[]) => down ? Promise.reject(new Error('down')) : store.getMany<T>(keys) }
  const watch = watchVersions(fragile, { intervalMs, onError: error => problems.push(error) })
  watch.on('auth', () => calls.push('auth'))
  watch.on('catalogue', () => calls.push('catalogue'))
  return { store, watch, calls, problems, setDown: (value: boolean) => { down = value } }
}

describe('watchVersions', () => {
  it('announces what has changed, once, and nothing else', async () => {
    const { store, watch, calls } = watchMemory()
    await watch.poll()
    expect(calls).toEqual([])
    await store.commit('change', [versionStep('auth')])
    await watch.poll()
    await watch.poll()
    expect(calls).toEqual(['auth'])
    await store.commit('change', [versionStep('auth')])
    await store.commit('change', [versionStep('catalogue')])
    await watch.poll()
    expect(calls).toEqual(['auth', 'auth', 'catalogue'])
    watch.close()
  })

  it('starts from what is there', async () => {
    const { store } = watchMemory()
    await store.commit('change', [versionStep('auth')])
    const watch = watchVersions(store, { intervalMs: NEVER })
    let called = 0
    watch.on('auth', () => called++)
    await watch.poll()
    expect(called).toBe(0)
    watch.close()
  })

  it('touches this process at once, and listeners can leave', async () => {
    const { watch, calls } = watchMemory()
    const more: string[] = []
    const leave = watch.on('auth', () => more.push('more'))
    watch.touch('auth')
    leave()
    watch.touch('auth')
    expect([calls, more]).toEqual([['auth', 'auth'], ['more']])
    watch.close()
  })

  it('lives through an outage and catches up by itself', async () => {
    const { store, watch, calls, problems, setDown } = watchMemory(5)
    await watch.poll()
    setDown(true)
    await store.commit('change', [versionStep('catalogue')])
    await expect(watch.poll()).rejects.toThrow('down')
    await expect.poll(() => problems.length).toBeGreaterThan(1)
    expect(calls).toEqual([])
    setDown(false)
    await expect.poll(() => calls).toEqual(['catalogue'])
    watch.close()
    await store.commit('change', [versionStep('auth')])
    await wait(30)
    expect(calls).toEqual(['catalogue'])
  })

  it('takes everything as changed when the first reading failed', async () => {
    const calls: string[] = []
    const store = createMemoryStore()
    let down = true
    const watch = watchVersions({ ...store, getMany: <T>(keys: string[]) => down ? Promise.reject(new Error('down')) : store.getMany<T>(keys) }, { intervalMs: NEVER })
    watch.on('auth', () => calls.push('auth'))
    watch.on('catalogue', () => calls.push('catalogue'))
    await expect(watch.poll()).rejects.toThrow('down')
    down = false
    await watch.poll()
    expect(calls).toEqual(['auth', 'catalogue'])
    watch.close()
  })

  it('keeps a listener that throws to itself', async () => {
    const { watch, calls, problems } = watchMemory()
    watch.on('auth', () => { throw new Error('listener') })
    watch.on('auth', () => calls.push('after'))
    watch.touch('auth')
    expect(calls).toEqual(['auth', 'after'])
    expect(problems).toHaveLength(1)
    watch.close()
  })
})
