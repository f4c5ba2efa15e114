import { AppError } from '#server/errors/app-error'
import { createMemoryStore } from './drivers/memory'
import { openSqliteStore } from './drivers/sqlite'
import { keys } from './keys'
import type { Store, StoreDriver } from './store'

/** Raised when records change so that an older Vapor could not read them. */
export const STORE_SCHEMA = 1

/** Kinds of store that are planned: naming one is not a typing mistake. */
const LATER = ['edgeone-kv']

export interface OpenOptions {
  /** Refuses what forgets everything at a restart. */
  production: boolean
  /** Takes a sentence about settings of the store that may lose money. */
  warn?: (sentence: string) => void
  now?: () => number
  /** How long to wait for another server to leave a store file. */
  waitMs?: number
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

async function openDriver(spec: string, options: OpenOptions): Promise<StoreDriver> {
  const [scheme, path] = split(spec)
  if (scheme === 'memory' && path === '') {
    if (options.production) throw refused('VAPOR_STORE=memory forgets all balances at a restart, so it is refused in production. Use sqlite:<path>.')
    return createMemoryStore({ now: options.now })
  }
  if (scheme === 'sqlite' && path !== '' && !path.startsWith(':'))
    return openSqliteStore({ file: path, now: options.now, waitMs: options.waitMs })
  const shared = { url: spec, warn: options.warn ?? (() => {}) }
  // Loaded only where they are used: most shops never need either.
  if (scheme === 'redis' || scheme === 'rediss') return (await import('./drivers/redis')).openRedisStore(shared)
  if (scheme === 'postgres' || scheme === 'postgresql') return (await import('./drivers/postgres')).openPostgresStore(shared)
  const known = 'Use sqlite:<path>, such as sqlite:.data/vapor.db, redis://… or postgres://… (or memory, for tests).'
  // Only the scheme is repeated: what follows may hold a password.
  throw refused(LATER.includes(scheme) ? `VAPOR_STORE names ${scheme}, which is not in this version. ${known}` : `VAPOR_STORE names no kind of store Vapor knows. ${known}`)
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
