import { createId } from '#server/storage/ids'
import { keys as storeKeys } from '#server/storage/keys'
import type { Store } from '#server/storage/store'

const FLUSH_MS = 10_000
const PENDING_MAX = 10_000
const COMMIT_MAX = 200

interface Options {
  store: Store
  onError: (error: unknown) => void
}

/** When keys were last used: gathered in memory and written every 10 s, because it is shown and nothing depends on it. */
export function createKeyUse({ store, onError }: Options) {
  const used = new Map<string, number>()
  let timer: NodeJS.Timeout | undefined

  /** Writes what has been gathered; called by a timer, and once more when the process ends. */
  async function flushUsed(): Promise<void> {
    clearTimeout(timer)
    timer = undefined
    const rows = [...used]
    for (let start = 0; start < rows.length; start += COMMIT_MAX) {
      const part = rows.slice(start, start + COMMIT_MAX)
      await store.commit(createId('used'), part.map(([key, at]) => ({ put: storeKeys.keyLastUsed(key), value: { v: 1, at } })))
      for (const [key, at] of part) {
        if (used.get(key) === at) used.delete(key)
      }
    }
  }

  return {
    flushUsed,

    /** Notes that a key was used at a time in epoch milliseconds. */
    markUsed(key: string, at: number): void {
      if (used.size < PENDING_MAX || used.has(key)) used.set(key, at)
      timer ??= setTimeout(() => flushUsed().catch(onError), FLUSH_MS).unref()
    },

    /** What is gathered and not written yet. */
    pending: (key: string): number | undefined => used.get(key),

    forget: (key: string): void => void used.delete(key),
  }
}
