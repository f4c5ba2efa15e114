import type { CommitResult, Json, ListedRecord, ListOptions, Step, StoredRecord, StoreDriver } from '../../store'
import { listRange, deletedRange } from '../ranges'
import { checkKey, checkLimit, encodeSteps } from '../steps'
import { storeUnavailable } from '../unavailable'
import { withUnstorageFace } from '../unstorage-face'
import { readEnvelope } from './envelope'
import type { KvBatch } from './kv'
import { createKeyLocks } from './locks'
import { createMaintenance } from './maintenance'
import { mirrorPrefix, readMirror } from './order'
import { layOwnWrites } from './own-writes'
import { createReading } from './reading'
import type { Seen } from './reading'
import { createWriting } from './writing'

export interface KvStoreOptions {
  batch: KvBatch
  now?: () => number
  /** Beginnings of keys whose lists are read backwards. */
  reversed: readonly string[]
}

/** Visits of closed windows, and records looked at for their end, in one round. */
const ROUND = 200

/** A store with what the KV cannot do for it: to be called now and then, by any node. */
export interface KvStore extends StoreDriver {
  /** One bounded round of looking after what is closed, unfinished or expired. */
  maintain(): Promise<void>
}

/** The store of a shop on EdgeOne Pages; `README.md` beside this file tells what it promises and what it does not. */
export function createKvStore({ batch: bare, now = Date.now, reversed }: KvStoreOptions): KvStore {
  const batch = layOwnWrites(bare, { now, isLater: (first, second) => versionIn(first) > versionIn(second) })
  const reading = createReading(batch, now)
  const isReversed = (key: string) => reversed.some(begin => key.startsWith(begin))
  const writing = createWriting({ batch, reading, now, isReversed })
  const maintenance = createMaintenance({ batch, reading, redo: writing.redo, now })
  const locked = createKeyLocks()
  let purgedTo: string | undefined

  const commit = async (id: string, steps: Step[]): Promise<CommitResult> => {
    const encoded = encodeSteps(steps)
    return locked(encoded.map(step => step.key), () => writing.commit(id, encoded))
  }
  const getMany = async <T = Json>(keys: string[]) => {
    keys.forEach(checkKey)
    const seen = await guarded(reading.see(keys))
    return keys.map(key => toRecord<T>(seen.get(key)))
  }

  /** Keys under a prefix, the dead among them, in one direction. */
  async function pageOfKeys(prefix: string, { after, limit, reverse }: ListOptions): Promise<string[]> {
    const { low, high } = listRange(prefix, { limit, ...(after === undefined ? {} : { after }), ...(reverse ? { reverse } : {}) })
    const inside = (key: string) => key >= low && key < high
    if (!reverse) return (await reading.listNames(`r_${prefix}`, { after: after === undefined ? undefined : `r_${after}`, limit })).map(name => name.slice(2)).filter(inside)
    if (!isReversed(prefix)) {
      const all = (await reading.listNames(`r_${prefix}`)).map(name => name.slice(2)).filter(inside)
      return all.reverse().slice(0, limit)
    }
    const behind = after === undefined ? undefined : mirrorPrefix(after) + 'z'
    return (await reading.listNames(mirrorPrefix(prefix), { after: behind, limit })).map(readMirror).filter(inside)
  }

  async function list<T = Json>(prefix: string, options: ListOptions): Promise<ListedRecord<T>[]> {
    checkLimit(options.limit)
    const found: ListedRecord<T>[] = []
    for (let after = options.after; found.length < options.limit;) {
      const keys = await pageOfKeys(prefix, { ...options, ...(after === undefined ? {} : { after }) })
      const seen = await reading.see(keys)
      for (const key of keys) {
        const record = toRecord<T>(seen.get(key))
        const expires = seen.get(key)?.row?.expires
        if (record && found.length < options.limit) found.push({ key, ...record, ...(expires == null ? {} : { expiresAt: expires }) })
      }
      if (keys.length < options.limit) break
      after = keys.at(-1)!
    }
    return found
  }

  return {
    ...withUnstorageFace({
      name: 'edgeone-kv',
      consistency: 'eventual',
      get: async <T = Json>(key: string) => (await getMany<T>([key]))[0],
      getMany,
      put: async (key, value, { ttlMs } = {}) => void await commit('put', [{ put: key, value, ttlMs }]),
      delete: async key => void await commit('delete', [{ delete: key }]),
      list: async (prefix, options) => guarded(list(prefix, options)),
      deleteRange: async (prefix, { before, limit }) => {
        const { low, high } = deletedRange(prefix, { before, limit })
        const rows = (await guarded(list(prefix, { limit }))).filter(({ key }) => key >= low && key < high)
        for (const { key } of rows) await commit('delete', [{ delete: key }])
        return rows.length
      },
      commit,
      close: async () => {},
    }),
    maintain: async () => {
      await guarded(maintenance.maintain(ROUND))
      purgedTo = await guarded(maintenance.purge(purgedTo, ROUND))
    },
  }
}

function toRecord<T>(seen: Seen | undefined): StoredRecord<T> | undefined {
  return seen?.row && { value: JSON.parse(seen.row.text) as T, version: seen.row.version }
}

function versionIn(text: string): string {
  return text.startsWith('{') ? readEnvelope(text)?.version ?? '' : ''
}

async function guarded<T>(answer: Promise<T>): Promise<T> {
  try { return await answer }
  catch (error) { throw error instanceof TypeError ? error : storeUnavailable(error) }
}
