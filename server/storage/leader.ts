/**
 * One instance of many does the work that needs doing once. Time is cut into slots, and whoever first writes the record
 * of a slot leads in it. This only saves work: clocks differ and a paused leader wakes and goes on, so every job must be
 * right with two leaders at once.
 */
import { keys } from './keys'
import type { Store } from './store'

export interface LeaderOptions {
  store: Store
  /** Names this instance, as its lease does. */
  instance: string
  now?: () => number
}

export type Leader = ReturnType<typeof createLeader>

export function createLeader({ store, instance, now = Date.now }: LeaderOptions) {
  /** True when this instance leads the job in the slot of `slotMs` that is now. A leader that dies is replaced in the next. */
  async function leads(job: string, slotMs: number): Promise<boolean> {
    const key = keys.leader(job, Math.floor(now() / slotMs))
    const result = await store.commit(key, [{ once: key, value: instance, ttlMs: 2 * slotMs }])
    return result.ok || (result.reason === 'exists' && result.value === instance)
  }

  return {
    leads,
    /** Does the work every `slotMs` while this instance leads the job; answers how to stop. */
    every(job: string, slotMs: number, work: () => Promise<unknown>, onError: (error: unknown) => void): () => void {
      const timer = setInterval(() => {
        leads(job, slotMs).then(async leading => leading && work()).catch(onError)
      }, slotMs)
      timer.unref()
      return () => clearInterval(timer)
    },
  }
}

/**
 * Whether this instance leads a job that takes long. A lead lasts `ttlMs` from its last renewal, by the clock of the store,
 * or until its record `keys.lead` is deleted.
 */
export async function takeLead(store: Store, job: string, instance: string, ttlMs: number): Promise<boolean> {
  const key = keys.lead(job)
  const held = await store.get<string>(key)
  if (held && held.value !== instance) return false
  const result = await store.commit(key, [{ expect: key, version: held?.version ?? 'absent' }, { put: key, value: instance, ttlMs }])
  return result.ok
}
