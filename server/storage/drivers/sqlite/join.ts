import type { StoreDriver } from '../../store'
import { withUnstorageFace } from '../unstorage-face'
import type { Writes } from './jobs'
import type { Reader } from './reader'

/** A whole store of a reading and a writing half. */
export function joinStore(reader: Reader, writes: Writes, close: () => Promise<void>): StoreDriver {
  let closed: Promise<void> | undefined
  return withUnstorageFace({
    ...reader,
    ...writes,
    name: 'sqlite',
    consistency: 'strong',
    put: async (key, value, { ttlMs } = {}) => void await writes.commit('put', [{ put: key, value, ttlMs }]),
    delete: async key => void await writes.commit('delete', [{ delete: key }]),
    close: () => closed ??= close(),
  })
}
