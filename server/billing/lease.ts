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

/**
 * Whether this instance leads a job now. A lead lasts `ttlMs` from its last renewal, by the clock of the store; two that
 * ask at once get one answer each, and the job itself must stay right even if both believed it.
 */
export async function takeLead(store: Store, job: string, instance: string, ttlMs: number): Promise<boolean> {
  const key = keys.lease(job)
  const held = await store.get<{ instance: string }>(key)
  if (held && held.value.instance !== instance) return false
  const result = await store.commit(`lead_${job}`, [
    { expect: key, version: held?.version ?? 'absent' },
    { put: key, value: { instance }, ttlMs },
  ])
  return result.ok
}
