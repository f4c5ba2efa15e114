import { DatabaseSync } from 'node:sqlite'
import type { SQLOutputValue } from 'node:sqlite'
import type { Json, ListedRecord, ListOptions, Store, StoredRecord } from '../../store'
import { listRange } from '../ranges'
import { checkKey } from '../steps'
import { storeUnavailable } from '../unavailable'

export type Reader = Pick<Store, 'get' | 'getMany' | 'list' | 'close'>

type Row = Record<string, SQLOutputValue>

const LIVE = '(expires IS NULL OR expires > ?)'

/** A read-only connection of its own: it sees every commit that has been acknowledged, and never waits for the writer. */
export function openReader(file: string, now: () => number = Date.now): Reader {
  const db = new DatabaseSync(file, { readOnly: true, timeout: 1000 })
  db.exec('PRAGMA cache_size = -16000')
  const one = db.prepare(`SELECT value, version FROM record WHERE key = ? AND ${LIVE}`)
  const many = db.prepare(`SELECT key, value, version FROM record WHERE key IN (SELECT value FROM json_each(?)) AND ${LIVE}`)
  const page = `SELECT key, value, version, expires FROM record WHERE key >= ? AND key < ? AND ${LIVE} ORDER BY key`
  const forward = db.prepare(`${page} LIMIT ?`)
  const backward = db.prepare(`${page} DESC LIMIT ?`)

  return {
    get: async <T = Json>(key: string) => {
      checkKey(key)
      const row = guarded(() => one.get(key, now()))
      return row && toRecord<T>(row)
    },
    // One statement, so that the records belong to one moment.
    getMany: async <T = Json>(keys: string[]) => {
      keys.forEach(checkKey)
      const rows = guarded(() => many.all(JSON.stringify(keys), now()))
      const found = new Map(rows.map(row => [row.key as string, toRecord<T>(row)]))
      return keys.map(key => found.get(key))
    },
    list: async <T = Json>(prefix: string, options: ListOptions) => {
      const { low, high } = listRange(prefix, options)
      const rows = guarded(() => (options.reverse ? backward : forward).all(low, high, now(), options.limit))
      return rows.map(row => ({ key: row.key as string, ...toRecord<T>(row), ...(row.expires === null ? {} : { expiresAt: Number(row.expires) }) }) satisfies ListedRecord<T>)
    },
    close: async () => db.close(),
  }
}

function toRecord<T>(row: Row): StoredRecord<T> {
  return { value: JSON.parse(row.value as string) as T, version: String(row.version) }
}

function guarded<T>(read: () => T): T {
  try { return read() }
  catch (error) { throw storeUnavailable(error) }
}
