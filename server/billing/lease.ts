import { keys } from '#server/storage/keys'
import type { Store } from '#server/storage/store'

const RENEW_MS = 10_000
/** A lease is gone 60 s after the renewal that did not come. */
const LEASE_MS = RENEW_MS + 60_000

/** Says "this instance lives" to the sweepers of all others. Renewed every 10 s until closed, which gives it back. */
export async function holdLease(store: Store, instance: string, onError: (error: unknown) => void): Promise<{ close(): Promise<void> }> {
  const renew = () => store.put(keys.lease(instance), { since: Date.now() }, { ttlMs: LEASE_MS })
  await renew()
  const timer = setInterval(() => renew().catch(onError), RENEW_MS)
  timer.unref()
  return {
    close: async () => {
      clearInterval(timer)
      await store.delete(keys.lease(instance)).catch(onError)
    },
  }
}
