import { keys } from '#server/storage/keys'
import type { Store } from '#server/storage/store'
import { SESSION_SECONDS } from './session'

export type EndedSessions = ReturnType<typeof createEndedSessions>

/** Sign-ins that were ended by hand: their tokens are still well signed, so that they ended must be remembered as long as one lives. */
export function createEndedSessions({ store }: { store: Pick<Store, 'get' | 'put'> }) {
  return {
    end: (session: string): Promise<void> => store.put(keys.sessionEnded(session), true, { ttlMs: SESSION_SECONDS * 1000 }),
    isEnded: async (session: string): Promise<boolean> => (await store.get(keys.sessionEnded(session))) !== undefined,
  }
}
