/**
 * A whole store as JSON lines, to move it from one kind to another: a heading, one line for each record in key order, and
 * an ending with their number and digest. Nobody may write meanwhile.
 */
import { createHash } from 'node:crypto'
import { AppError } from '#server/errors/app-error'
import { STORE_SCHEMA } from '.'
import { keys } from './keys'
import { LIST_MAX } from './store'
import type { Json, ListedRecord, Step, Store } from './store'

const COMMIT_ROWS = 200

interface Heading { vapor: 'store', schema: number, at: string }
interface Line { key: string, value: Json, expiresAt?: number }
export interface Ending { records: number, sha256: string }

/** Records that speak of running servers, not of the shop. */
const PASSING = ['lease_', 'leader_', keys.importing]

/** The lines of a store. Throws in_use while a server holds a lease on it. */
export async function* writeArchive(store: Store, now: number): AsyncGenerator<string> {
  await requireQuiet(store)
  yield line({ vapor: 'store', schema: STORE_SCHEMA, at: new Date(now).toISOString() } satisfies Heading)
  const digest = createDigest()
  for await (const row of allRecords(store)) yield digest.add(toLine(row))
  yield line(digest.end())
}

/**
 * Fills an empty store and compares it with what was read. A mark stands in the store until it is complete, so that no
 * server starts on half of it. Throws in_use when the store is not empty, invalid_request when the archive is not whole.
 */
export async function readArchive(store: Store, lines: AsyncIterable<string>, now: number): Promise<Ending> {
  if (!await isEmpty(store)) throw new AppError('in_use', { problem: 'The store to fill is not empty.' })
  await store.put(keys.importing, now)
  const expected = await fill(store, lines, now)
  const digest = createDigest()
  for await (const row of allRecords(store)) digest.add(toLine(row))
  const found = digest.end()
  if (found.records !== expected.records || found.sha256 !== expected.sha256)
    throw broken(`the store holds ${found.records} records that are not those of the archive (${expected.records})`)
  await store.delete(keys.importing)
  return found
}

async function fill(store: Store, lines: AsyncIterable<string>, now: number): Promise<Ending> {
  const digest = createDigest()
  let heading: Heading | undefined
  let ending: Ending | undefined
  let batch: Step[] = []
  const flush = async () => {
    if (batch.length > 0) await store.commit('import', batch)
    batch = []
  }
  for await (const text of lines) {
    if (ending) throw broken('something follows its ending')
    if (!heading) {
      heading = parse<Heading>(text)
      if (heading.vapor !== 'store') throw broken('it does not begin like one')
      if (heading.schema > STORE_SCHEMA) throw broken(`it was written by a newer Vapor (schema ${heading.schema}, this version reads ${STORE_SCHEMA})`)
      continue
    }
    const found = parse<Line | Ending>(text)
    if (!('key' in found)) {
      ending = found
      continue
    }
    // What expired on the way stays behind and out of the digest of both sides.
    if (found.expiresAt !== undefined && found.expiresAt <= now) {
      digest.skip(text)
      continue
    }
    digest.add(text)
    batch.push({ put: found.key, value: found.value, ...(found.expiresAt === undefined ? {} : { ttlMs: found.expiresAt - now }) })
    if (batch.length === COMMIT_ROWS) await flush()
  }
  await flush()
  const { whole, kept } = digest.both()
  if (!ending || ending.records !== whole.records || ending.sha256 !== whole.sha256) throw broken('it is cut short or changed')
  return kept
}

async function* allRecords(store: Store): AsyncGenerator<ListedRecord> {
  for (let after: string | undefined; ;) {
    const rows = await store.list('', { limit: LIST_MAX, ...(after === undefined ? {} : { after }) })
    for (const row of rows) if (!PASSING.some(begin => row.key.startsWith(begin))) yield row
    if (rows.length < LIST_MAX) return
    after = rows.at(-1)!.key
  }
}

/** True of a store nothing has been kept in. */
export async function isEmpty(store: Store): Promise<boolean> {
  const rows = await store.list('', { limit: 10 })
  // Opening a store marks it with the schema; that alone is no content.
  return rows.every(row => row.key === keys.meta('schema'))
}

async function requireQuiet(store: Store): Promise<void> {
  if ((await store.list('lease_', { limit: 1 })).length > 0)
    throw new AppError('in_use', { problem: 'A server is running on this store, or was a minute ago. Stop it first.' })
}

/** Expiry is told in whole seconds: stores keep it by clocks of their own. */
function toLine({ key, value, expiresAt }: ListedRecord): string {
  return line({ key, value, ...(expiresAt === undefined ? {} : { expiresAt: Math.round(expiresAt / 1000) * 1000 }) } satisfies Line)
}

function line(value: object): string {
  return `${JSON.stringify(value)}\n`
}

/** Digests of what is kept and of everything read. The end of a life is left out: it moves by the time of copying. */
function createDigest() {
  const sums = { kept: createHash('sha256'), whole: createHash('sha256') }
  const counts = { kept: 0, whole: 0 }
  const add = (name: 'kept' | 'whole', text: string) => {
    const { key, value } = parse<Line>(text)
    sums[name].update(`${key}\n${JSON.stringify(canonical(value))}\n`)
    counts[name]++
  }
  const end = (name: 'kept' | 'whole'): Ending => ({ records: counts[name], sha256: sums[name].copy().digest('hex') })
  return {
    add: (text: string) => {
      add('kept', text)
      add('whole', text)
      return text
    },
    skip: (text: string) => add('whole', text),
    end: () => end('kept'),
    both: () => ({ whole: end('whole'), kept: end('kept') }),
  }
}

/** Stores may give the fields of a counter back in another order. */
function canonical(value: Json): Json {
  if (Array.isArray(value)) return value.map(canonical)
  if (typeof value !== 'object' || value === null) return value
  return Object.keys(value).sort().map(name => [name, canonical(value[name] ?? null)])
}

function parse<T>(text: string): T {
  try { return JSON.parse(text) as T }
  catch (error) { throw broken('a line of it is not JSON', error) }
}

function broken(problem: string, cause?: unknown): AppError {
  return new AppError('invalid_request', { problem: `This archive cannot be used: ${problem}.` }, { cause })
}
