/**
 * A process that stood still has not heard of anything since. Before it serves again it asks what has changed, unless it has
 * asked lately.
 */
const LATELY_MS = 30_000

export interface ThawOptions {
  poll(): Promise<void>
  now?: () => number
}

export function createThaw({ poll, now = Date.now }: ThawOptions): () => Promise<void> {
  let asked = now()
  let asking: Promise<void> | undefined

  async function ask(): Promise<void> {
    await poll()
    asked = now()
  }

  return function thaw(): Promise<void> {
    if (now() - asked < LATELY_MS) return Promise.resolve()
    asking ??= ask().finally(() => { asking = undefined })
    return asking
  }
}
