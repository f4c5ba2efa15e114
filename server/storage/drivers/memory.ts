import type { Json, ListedRecord, ListOptions, Step, StoredRecord, StoreDriver } from '../store'
import { deletedRange, listRange } from './ranges'
import type { KeyRange } from './ranges'
import { checkKey, decide, encodeSteps } from './steps'
import type { RowWrite, StoredRow } from './steps'
import { withUnstorageFace } from './unstorage-face'

/** Keeps everything in this process, for tests. Values are kept as JSON text, so that nobody shares references. */
export function createMemoryStore(options: { now?: () => number } = {}): StoreDriver {
  const now = options.now ?? Date.now
  const rows = new Map<string, StoredRow>()
  const sorted: string[] = []
  let lastVersion = 0

  function live(key: string): StoredRow | undefined {
    const row = rows.get(key)
    return row && (row.expires === null || row.expires > now()) ? row : undefined
  }

  function write({ key, text, expires }: RowWrite): void {
    const at = placeOf(sorted, key)
    if (text === null) {
      if (rows.delete(key)) sorted.splice(at, 1)
      return
    }
    if (!rows.has(key)) sorted.splice(at, 0, key)
    rows.set(key, { text, expires, version: String(++lastVersion) })
  }

  function liveKeys(range: KeyRange): string[] {
    return sorted.slice(placeOf(sorted, range.low), placeOf(sorted, range.high)).filter(live)
  }

  const get = async <T = Json>(key: string) => record<T>(live(checkKey(key)))
  const commit = async (_id: string, steps: Step[]) => {
    const decision = decide(encodeSteps(steps), live, now())
    if (!decision.ok) return decision
    for (const one of decision.writes) write(one)
    return { ok: true as const, values: decision.values }
  }

  return withUnstorageFace({
    name: 'memory',
    consistency: 'strong',
    get,
    getMany: async <T = Json>(keys: string[]) => keys.map(key => record<T>(live(checkKey(key)))),
    put: async (key, value, { ttlMs } = {}) => void await commit('put', [{ put: key, value, ttlMs }]),
    delete: async key => void await commit('delete', [{ delete: key }]),
    list: async <T = Json>(prefix: string, options: ListOptions) => {
      const found = liveKeys(listRange(prefix, options))
      if (options.reverse) found.reverse()
      return found.slice(0, options.limit).map((key) => {
        const row = rows.get(key)!
        return { key, ...record<T>(row)!, ...(row.expires === null ? {} : { expiresAt: row.expires }) } satisfies ListedRecord<T>
      })
    },
    deleteRange: async (prefix, options) => {
      const doomed = liveKeys(deletedRange(prefix, options)).slice(0, options.limit)
      for (const key of doomed) write({ key, text: null, expires: null })
      return doomed.length
    },
    commit,
    close: async () => {},
  })
}

/** Index of the first key that does not sort before `key`. */
function placeOf(sorted: string[], key: string): number {
  let low = 0
  let high = sorted.length
  while (low < high) {
    const middle = (low + high) >>> 1
    if (sorted[middle]! < key) low = middle + 1
    else high = middle
  }
  return low
}

function record<T>(row: StoredRow | undefined): StoredRecord<T> | undefined {
  return row && { value: JSON.parse(row.text) as T, version: row.version }
}
