/**
 * Many commits in one durable transaction: while one is under way the next wait and then go together. Rows are locked and
 * written in key order, so two servers never wait for each other in a circle; what a commit means is decided between, by
 * the same code as in the other drivers, on rows nobody else can change meanwhile.
 */
import type { Pool, PoolClient } from 'pg'
import { decide } from '../steps'
import type { Decision, EncodedStep, RowWrite, StoredRow } from '../steps'
import { storeUnavailable } from '../unavailable'

const COMMITS_MAX = 100
const TRIES = 20

interface Waiting {
  steps: EncodedStep[]
  resolve: (decision: Decision) => void
  reject: (error: unknown) => void
}

type Result = Decision | { mistake: TypeError }

export type CommitQueue = ReturnType<typeof createCommitQueue>

export function createCommitQueue(pool: Pool, table: string) {
  const waiting: Waiting[] = []
  let running: Promise<void> | undefined

  async function run(): Promise<void> {
    while (waiting.length > 0) {
      const group = waiting.splice(0, COMMITS_MAX)
      try {
        const results = await commitGroup(pool, table, group.map(one => one.steps))
        group.forEach((one, at) => {
          const result = results[at]!
          if ('mistake' in result) one.reject(result.mistake)
          else one.resolve(result)
        })
      }
      catch (error) {
        for (const one of group) one.reject(storeUnavailable(error))
      }
    }
    running = undefined
  }

  return {
    /** Throws TypeError for a mistake in the steps, store_unavailable when it is unknown whether it happened. */
    commit: (steps: EncodedStep[]) => new Promise<Decision>((resolve, reject) => {
      waiting.push({ steps, resolve, reject })
      running ??= run()
    }),
    /** Resolves when everybody has an answer. */
    idle: async () => running,
  }
}

/** Again when another server wrote a key between our looking for it and our writing it: nothing has been written then. */
async function commitGroup(pool: Pool, table: string, commits: EncodedStep[][]): Promise<Result[]> {
  const client = await pool.connect()
  let broken: Error | undefined
  try {
    for (let tries = 0; tries < TRIES; tries++) {
      const results = await tryGroup(client, table, commits)
      if (results) return results
    }
    throw new Error(`a group of commits lost ${TRIES} races for new keys`)
  }
  catch (error) {
    // Whatever state the connection is in, the server ends its transaction when it is closed.
    broken = error instanceof Error ? error : new Error(String(error))
    throw error
  }
  finally { client.release(broken) }
}

async function tryGroup(client: PoolClient, table: string, commits: EncodedStep[][]): Promise<Result[] | undefined> {
  const keys = [...new Set(commits.flatMap(steps => steps.map(step => step.key)))].sort()
  await client.query('BEGIN')
  const { rows, now } = await lockRows(client, table, keys)
  const found = new Set(rows.keys())
  const { results, writes } = decideGroup(commits, rows, now)
  if (!await writeRows(client, table, found, writes)) {
    await client.query('ROLLBACK')
    return undefined
  }
  await client.query('COMMIT')
  return results
}

interface Row { key: string, value: string, version: string, expires: string | null }

/** The rows as they are once nobody else can change them, expired ones too, and the engine's clock in milliseconds. */
async function lockRows(client: PoolClient, table: string, keys: string[]): Promise<{ rows: Map<string, StoredRow>, now: number }> {
  const locked = await client.query<Row>({
    name: 'lock',
    text: `SELECT key, value, version, expires FROM ${table} WHERE key = ANY($1) ORDER BY key FOR UPDATE`,
    values: [keys],
  })
  const clock = await client.query<{ now: string }>({ name: 'clock', text: 'SELECT floor(extract(epoch FROM clock_timestamp()) * 1000) AS now' })
  const rows = locked.rows.map(row => [row.key, { text: row.value, version: row.version, expires: row.expires === null ? null : Number(row.expires) }] as const)
  return { rows: new Map(rows), now: Number(clock.rows[0]!.now) }
}

/** Each commit sees what those before it in the group have written; one that is refused takes only itself along. */
function decideGroup(commits: EncodedStep[][], rows: Map<string, StoredRow>, now: number): { results: Result[], writes: Map<string, RowWrite> } {
  const writes = new Map<string, RowWrite>()
  let written = 0
  const read = (key: string) => {
    const row = rows.get(key)
    return row && (row.expires === null || row.expires > now) ? row : undefined
  }
  const results = commits.map((steps): Result => {
    try {
      const decision = decide(steps, read, now)
      if (!decision.ok) return decision
      for (const write of decision.writes) {
        writes.set(write.key, write)
        // Nobody outside has seen a version from within the group, so any that is unlike all real ones will do.
        if (write.text === null) rows.delete(write.key)
        else rows.set(write.key, { text: write.text, expires: write.expires, version: `group${written++}` })
      }
      return decision
    }
    catch (error) {
      if (error instanceof TypeError) return { mistake: error }
      throw error
    }
  })
  return { results, writes }
}

/** False when a key that was absent has been written by another server since. */
async function writeRows(client: PoolClient, table: string, found: Set<string>, writes: Map<string, RowWrite>): Promise<boolean> {
  const sorted = [...writes.values()].sort((a, b) => a.key < b.key ? -1 : 1)
  const deleted = sorted.filter(write => write.text === null && found.has(write.key))
  const changed = sorted.filter(write => write.text !== null && found.has(write.key))
  const added = sorted.filter(write => write.text !== null && !found.has(write.key))
  if (deleted.length + changed.length + added.length === 0) return true
  const columns = (rows: RowWrite[]) => [rows.map(row => row.key), rows.map(row => row.text), rows.map(row => row.expires)]
  const { rowCount } = await client.query({
    name: 'write',
    text: `
      WITH gone AS (DELETE FROM ${table} WHERE key = ANY($1)),
      changed AS (
        UPDATE ${table} AS r SET value = n.value, expires = n.expires, version = ${nextVersion(table)}
        FROM unnest($2::text[], $3::text[], $4::bigint[]) AS n (key, value, expires) WHERE r.key = n.key
      )
      INSERT INTO ${table} (key, value, version, expires)
      SELECT key, value, ${nextVersion(table)}, expires FROM unnest($5::text[], $6::text[], $7::bigint[]) AS n (key, value, expires)
      ON CONFLICT (key) DO NOTHING`,
    values: [deleted.map(write => write.key), ...columns(changed), ...columns(added)],
  })
  return rowCount === added.length
}

function nextVersion(table: string): string {
  return `nextval('${table.replace(/vapor_record$/, 'vapor_version')}')`
}
