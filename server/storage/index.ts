import { AppError } from '#server/errors/app-error'
import type { KvStore } from './drivers/edgeone-kv'
import { openKvStore } from './drivers/edgeone-kv/open'
import type { KvSettings } from './drivers/edgeone-kv/open'
import { keys, readBackwards } from './keys'
import { openLocal } from './local'
import type { Store, StoreDriver } from './store'

/** Raised when records change so that an older Vapor could not read them. */
export const STORE_SCHEMA = 1

export interface OpenOptions {
  /** Refuses what forgets everything at a restart. */
  production: boolean
  /** Takes a sentence about settings of the store that may lose money. */
  warn?: (sentence: string) => void
  now?: () => number
  /** How long to wait for another server to leave a store file. */
  waitMs?: number
  /** How to reach the KV of EdgeOne Pages, where the store may be that. */
  kv?: KvSettings
}

/** Opens what `VAPOR_STORE` names, and refuses a store that a newer Vapor has written. */
export async function openStore(spec: string, options: OpenOptions): Promise<StoreDriver> {
  const store = await openDriver(spec, options)
  try {
    await checkSchema(store)
    if (await store.get(keys.importing)) throw refused('This store was being filled from an archive and is not whole. Empty it and read the archive again.')
    return store
  }
  catch (error) {
    await store.close()
    throw error
  }
}

/** One round of what a store cannot do on its own: to be asked for now and then. Undefined where there is nothing. */
export function maintenanceOf(store: StoreDriver): (() => Promise<void>) | undefined {
  return 'maintain' in store ? (store as StoreDriver & Pick<KvStore, 'maintain'>).maintain : undefined
}

async function openDriver(spec: string, options: OpenOptions): Promise<StoreDriver> {
  const [scheme, path] = split(spec)
  if (scheme === 'edgeone-kv' && path === '') {
    if (!options.kv) throw refused('VAPOR_STORE=edgeone-kv cannot be opened from here.')
    return openKvStore({ ...options.kv, reversed: readBackwards, ...(options.now ? { now: options.now } : {}) })
  }
  const local = await openLocal(scheme, path, options)
  if (local) return local
  // Only the scheme is repeated: what follows may hold a password.
  throw refused('VAPOR_STORE names no kind of store Vapor knows. Use sqlite:<path>, such as sqlite:.data/vapor.db, redis://…, postgres://… or edgeone-kv (or memory, for tests).')
}

function split(spec: string): [scheme: string, path: string] {
  const colon = spec.indexOf(':')
  return colon < 0 ? [spec, ''] : [spec.slice(0, colon), spec.slice(colon + 1)]
}

async function checkSchema(store: Store): Promise<void> {
  const marked = await store.commit('mark schema', [{ once: keys.meta('schema'), value: STORE_SCHEMA }])
  if (marked.ok) return
  if (typeof marked.value === 'number' && marked.value <= STORE_SCHEMA) return
  throw refused(`This store was written by a newer Vapor (schema ${JSON.stringify(marked.value)}, this version reads ${STORE_SCHEMA}). Start the newer version, or restore a backup made before it.`)
}

function refused(problem: string): AppError {
  return new AppError('configuration', { problem })
}

let current: StoreDriver | undefined

/** The store the boot plugin has opened. */
export function useStore(): StoreDriver {
  if (!current) throw new Error('the store is opened at boot, before anything else uses it')
  return current
}

export function setStore(store: StoreDriver): void {
  current = store
}
