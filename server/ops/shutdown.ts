import type { Server } from 'node:http'
import { startDraining } from './lifecycle'

const LOOK_EVERY_MS = 100
/** What an ended answer needs to be settled and told to its client. */
const LAST_MS = 5_000

export interface ShutdownOptions {
  server: Server
  /** Balancers get so long to notice that /readyz says no; everybody is served meanwhile. */
  drainMs: number
  /** Answers under way get so long to come to their end. */
  stopMs: number
  /** Ends what runs after all: each is settled and told so. */
  endRunning(): void
  /** Ends both patiences at once. */
  hurry: AbortSignal
}

/** Closes a server without failing a request that could still be served. Resolves when nobody is connected any more. */
export async function closeServer({ server, drainMs, stopMs, endRunning, hurry }: ShutdownOptions): Promise<void> {
  startDraining()
  await waitFor(drainMs, hurry)
  // Closing also hangs up on idle connections; those that become idle later are looked for.
  const closed = new Promise<void>((resolve) => { server.close(() => resolve()) })
  const looking = setInterval(() => server.closeIdleConnections(), LOOK_EVERY_MS)
  if (!await isDone(closed, stopMs, hurry)) {
    endRunning()
    await isDone(closed, LAST_MS)
  }
  clearInterval(looking)
  server.closeAllConnections()
}

async function isDone(promise: Promise<void>, patienceMs: number, hurry?: AbortSignal): Promise<boolean> {
  return Promise.race([promise.then(() => true), waitFor(patienceMs, hurry).then(() => false)])
}

/** Resolves after a time, or when there is a hurry. */
function waitFor(ms: number, hurry?: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (hurry?.aborted) return resolve()
    const timer = setTimeout(resolve, ms)
    hurry?.addEventListener('abort', () => {
      clearTimeout(timer)
      resolve()
    }, { once: true })
  })
}
