/** Runs tasks that share a key one after another: within one process, nobody decides on what another is about to write. */
export function createKeyLocks() {
  const held = new Map<string, Promise<unknown>>()

  return async function locked<T>(keys: string[], task: () => Promise<T>): Promise<T> {
    const unique = [...new Set(keys)]
    const before = unique.map(key => held.get(key))
    const mine = Promise.allSettled(before).then(task)
    for (const key of unique) held.set(key, mine)
    try { return await mine }
    finally {
      for (const key of unique) if (held.get(key) === mine) held.delete(key)
    }
  }
}
