import { AppError } from '#server/errors/app-error'
import { createMemoryStore } from './drivers/memory'
import { openSqliteStore } from './drivers/sqlite'
import type { OpenOptions } from './index'
import type { StoreDriver } from './store'

/** Opens the stores of a server of one's own; undefined for a scheme that is none of them. */
export async function openLocal(scheme: string, path: string, options: OpenOptions): Promise<StoreDriver | undefined> {
  if (scheme === 'memory' && path === '') {
    if (options.production) throw new AppError('configuration', { problem: 'VAPOR_STORE=memory forgets all balances at a restart, so it is refused in production. Use sqlite:<path>.' })
    return createMemoryStore({ now: options.now })
  }
  if (scheme === 'sqlite' && path !== '' && !path.startsWith(':'))
    return openSqliteStore({ file: path, now: options.now, waitMs: options.waitMs })
  const shared = { url: `${scheme}:${path}`, warn: options.warn ?? (() => {}) }
  // Loaded only where they are used: most shops never need either.
  if (scheme === 'redis' || scheme === 'rediss') return (await import('./drivers/redis')).openRedisStore(shared)
  if (scheme === 'postgres' || scheme === 'postgresql') return (await import('./drivers/postgres')).openPostgresStore(shared)
  return undefined
}
