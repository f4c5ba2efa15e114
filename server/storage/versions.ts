/**
 * How processes learn that users, keys, the catalogue or settings have changed: whoever changes them raises a version
 * record in the same commit, and everybody reads all of them once a second.
 */
import { keys } from './keys'
import type { Step, Store } from './store'

const NAMES = ['auth', 'catalogue', 'settings'] as const

export type VersionName = typeof NAMES[number]

export interface VersionWatch {
  /** Calls the listener after every change; returns a function that ends this. */
  on(name: VersionName, listener: () => void): () => void
  /** Tells this process at once, before the next poll would. */
  touch(name: VersionName): void
  /** Reads now; rejects when the store does. */
  poll(): Promise<void>
  close(): void
}

/** The step that announces a change; belongs into the commit that makes it. */
export function versionStep(name: VersionName): Step {
  return { add: keys.version(name), by: 1 }
}

/**
 * Starts to watch. What the records say now is the starting point, so caches must be filled after this call. While the
 * store cannot be read nothing is announced; the first poll that succeeds catches up.
 */
export function watchVersions(store: Store, options: { intervalMs?: number, onError?: (error: unknown) => void } = {}): VersionWatch {
  const { intervalMs = 1000, onError = () => {} } = options
  const listeners: Record<VersionName, Set<() => void>> = { auth: new Set(), catalogue: new Set(), settings: new Set() }
  let seen: (string | undefined)[] | 'nothing' | 'failed' = 'nothing'
  let last = Promise.resolve()
  let reading = false

  async function read(): Promise<void> {
    reading = true
    try {
      const records = await store.getMany(NAMES.map(keys.version))
      const before = seen
      const now = seen = records.map(record => record?.version)
      if (before === 'nothing') return
      NAMES.forEach((name, index) => {
        if (before === 'failed' || before[index] !== now[index]) touch(name)
      })
    }
    catch (error) {
      if (seen === 'nothing') seen = 'failed'
      throw error
    }
    finally { reading = false }
  }

  function touch(name: VersionName): void {
    for (const listener of listeners[name]) {
      try { listener() }
      catch (error) { onError(error) }
    }
  }

  /** A poll never joins one under way: that one may have read before the caller's change. */
  function poll(): Promise<void> {
    const next = last.then(read)
    last = next.catch(() => {})
    return next
  }

  const timer = setInterval(() => {
    if (!reading) poll().catch(onError)
  }, intervalMs)
  timer.unref()
  poll().catch(onError)

  return {
    on(name, listener) {
      listeners[name].add(listener)
      return () => listeners[name].delete(listener)
    },
    touch,
    poll,
    close: () => clearInterval(timer),
  }
}
