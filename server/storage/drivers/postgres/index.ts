import { Pool } from 'pg'
import type { QueryResultRow } from 'pg'
import { AppError } from '#server/errors/app-error'
import type { CommitResult, Json, ListedRecord, ListOptions, Step, StoredRecord, StoreDriver } from '../../store'
import { deletedRange, listRange } from '../ranges'
import { checkKey, encodeSteps } from '../steps'
import { storeUnavailable } from '../unavailable'
import { withUnstorageFace } from '../unstorage-face'
import { createCommitQueue } from './group'
import { prepareSchema } from './schema'

const CONNECTIONS = 10
const CONNECT_MS = 5000
const STATEMENT_MS = 10_000
const PURGE_EVERY_MS = 15_000
const PURGE_ROWS = 1000
const OLDEST = 12

export interface PostgresOptions {
  /** `postgres://…`, with an optional `?schema=` that keeps several shops apart in one database. */
  url: string
  /** A sentence about a setting that may lose money, for the log. */
  warn: (sentence: string) => void
}

interface Row { key: string, value: string, version: string }

const LIVE = '(expires IS NULL OR expires > extract(epoch FROM clock_timestamp()) * 1000)'

/**
 * Opens a store on one PostgreSQL database, 12 or newer, and makes its table. Any number of servers may share it. Throws
 * `configuration`.
 */
export async function openPostgresStore({ url, warn }: PostgresOptions): Promise<StoreDriver> {
  const { address, schema } = readUrl(url)
  const pool = new Pool({
    connectionString: address,
    max: CONNECTIONS,
    connectionTimeoutMillis: CONNECT_MS,
    statement_timeout: STATEMENT_MS,
    query_timeout: STATEMENT_MS + CONNECT_MS,
    idle_in_transaction_session_timeout: STATEMENT_MS,
    application_name: 'vapor',
  })
  // An idle connection that breaks is replaced; the next query tells when there is none to be had.
  pool.on('error', () => {})
  try {
    const client = await pool.connect()
    try {
      await checkServer(client, warn)
      await prepareSchema(client, schema)
    }
    finally { client.release() }
  }
  catch (error) {
    await pool.end().catch(() => {})
    throw error instanceof AppError ? error : new AppError('configuration', { problem: `PostgreSQL cannot be used: ${messageOf(error)}.` }, { cause: error })
  }
  return createPostgresStore(pool, `"${schema}".vapor_record`)
}

function createPostgresStore(pool: Pool, table: string): StoreDriver {
  const queue = createCommitQueue(pool, table)
  const purge = () => pool.query(`
    DELETE FROM ${table} WHERE key IN (SELECT key FROM ${table} WHERE NOT ${LIVE} LIMIT ${PURGE_ROWS} FOR UPDATE SKIP LOCKED)`).catch(() => {})
  const purging = setInterval(() => void purge(), PURGE_EVERY_MS)
  purging.unref()

  async function read<T extends QueryResultRow>(name: string, text: string, values: unknown[]): Promise<T[]> {
    try { return (await pool.query<T>({ name, text, values })).rows }
    catch (error) { throw storeUnavailable(error) }
  }
  const getMany = async <T = Json>(keys: string[]) => {
    keys.forEach(checkKey)
    if (keys.length === 0) return []
    const rows = await read<Row>('get', `SELECT key, value, version FROM ${table} WHERE key = ANY($1) AND ${LIVE}`, [keys])
    const found = new Map(rows.map(row => [row.key, toRecord<T>(row)]))
    return keys.map(key => found.get(key))
  }
  const commit = async (_id: string, steps: Step[]): Promise<CommitResult> => {
    const decision = await queue.commit(encodeSteps(steps))
    return decision.ok ? { ok: true, values: decision.values } : decision
  }

  return withUnstorageFace({
    name: 'postgres',
    consistency: 'strong',
    get: async <T = Json>(key: string) => (await getMany<T>([key]))[0],
    getMany,
    put: async (key, value, { ttlMs } = {}) => void await commit('put', [{ put: key, value, ttlMs }]),
    delete: async key => void await commit('delete', [{ delete: key }]),
    list: async <T = Json>(prefix: string, options: ListOptions) => {
      const { low, high } = listRange(prefix, options)
      const rows = await read<Row & { expires: string | null }>(options.reverse ? 'list back' : 'list', `
        SELECT key, value, version, expires FROM ${table} WHERE key >= $1 AND key < $2 AND ${LIVE}
        ORDER BY key ${options.reverse ? 'DESC' : 'ASC'} LIMIT $3`, [low, high, options.limit])
      return rows.map((row): ListedRecord<T> => ({ key: row.key, ...toRecord<T>(row), ...(row.expires === null ? {} : { expiresAt: Number(row.expires) }) }))
    },
    deleteRange: async (prefix, options) => {
      const { low, high } = deletedRange(prefix, options)
      const rows = await read<{ key: string }>('delete range', `
        DELETE FROM ${table} WHERE key IN (
          SELECT key FROM ${table} WHERE key >= $1 AND key < $2 AND ${LIVE} ORDER BY key LIMIT $3 FOR UPDATE
        ) RETURNING key`, [low, high, options.limit])
      return rows.length
    },
    commit,
    close: async () => {
      clearInterval(purging)
      await queue.idle()
      await pool.end()
    },
  })
}

interface Asking { query<T extends QueryResultRow>(text: string): Promise<{ rows: T[] }> }

async function checkServer(client: Asking, warn: (sentence: string) => void): Promise<void> {
  const { rows } = await client.query<{ version: string, synced: string, flushed: string, standby: boolean, encoding: string }>(`
    SELECT current_setting('server_version_num') AS version, current_setting('synchronous_commit') AS synced,
      current_setting('fsync') AS flushed, pg_is_in_recovery() AS standby, current_setting('server_encoding') AS encoding`)
  const server = rows[0]!
  const refuse = (problem: string): never => { throw new AppError('configuration', { problem }) }
  if (Number(server.version) < OLDEST * 10_000) refuse(`VAPOR_STORE names a PostgreSQL older than ${OLDEST}.`)
  if (server.standby) refuse('VAPOR_STORE names a standby of PostgreSQL. Name the primary.')
  if (server.encoding !== 'UTF8') refuse(`VAPOR_STORE names a database in ${server.encoding}. Create one in UTF8.`)
  if (server.flushed !== 'on') refuse('VAPOR_STORE names a PostgreSQL with fsync off: a power cut would lose balances. Set fsync = on.')
  if (server.synced === 'off') warn('PostgreSQL answers before a commit is on disk (synchronous_commit off): a power cut may lose what was booked last.')
}

function readUrl(url: string): { address: string, schema: string } {
  const parsed = URL.canParse(url) ? new URL(url) : undefined
  const schema = parsed?.searchParams.get('schema') ?? 'public'
  if (!parsed || !/^[a-z][a-z0-9_]{0,40}$/.test(schema))
    throw new AppError('configuration', { problem: 'VAPOR_STORE must look like postgres://user:password@host:5432/database; a schema is lower-case letters, digits and _.' })
  parsed.searchParams.delete('schema')
  return { address: parsed.href, schema }
}

function toRecord<T>(row: Row): StoredRecord<T> {
  return { value: JSON.parse(row.value) as T, version: row.version }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
