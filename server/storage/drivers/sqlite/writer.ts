import { DatabaseSync } from 'node:sqlite'
import { decide } from '../steps'
import type { RowWrite, StoredRow } from '../steps'
import type { Job, Outcome } from './jobs'

/** For tests, which throw here, or starve the connection they are handed. */
export interface Faults {
  opened?: (db: DatabaseSync) => void
  /** Before each statement of a step, numbered over the writer's life. */
  beforeStep?: (n: number) => void
  beforeCommit?: () => void
}

export interface WriterSettings {
  synchronous: number
  journalMode: string
}

export interface Writer {
  /** One durable transaction for all jobs. A job that is refused or throws takes only itself back. */
  applyGroup(jobs: Job[]): Outcome[]
  settings(): WriterSettings
  close(): void
}

const PURGE_ROWS = 200
const PURGE_EVERY_MS = 1000
/** Versions are microseconds, so this is a minute of them. */
const RESERVE_VERSIONS = 60_000_000
/** More than a group can use, in numbers or in time. */
const RESERVE_MARGIN = 10_000_000

const SCHEMA = `
  CREATE TABLE IF NOT EXISTS record (
    key TEXT PRIMARY KEY, value TEXT NOT NULL, version INTEGER NOT NULL, expires INTEGER
  ) WITHOUT ROWID;
  CREATE INDEX IF NOT EXISTS record_expires ON record (expires) WHERE expires IS NOT NULL;
  CREATE TABLE IF NOT EXISTS mark (name TEXT PRIMARY KEY, value INTEGER NOT NULL) WITHOUT ROWID;
`

/** The write core: one connection, used by one thread. */
export function createWriter(options: { file: string, faults?: Faults }): Writer {
  const db = openForWriting(options.file)
  const sql = prepareStatements(db)
  const versions = createVersions(sql)
  const { opened, beforeStep, beforeCommit } = options.faults ?? {}
  opened?.(db)
  let steps = 0
  let nextPurge = 0

  function readRow(key: string, now: number): StoredRow | undefined {
    beforeStep?.(steps++)
    const row = sql.read.get(key, now)
    return row && { text: row.value as string, version: String(row.version), expires: row.expires as number | null }
  }

  function write({ key, text, expires }: RowWrite, version: number): void {
    beforeStep?.(steps++)
    if (text === null) sql.remove.run(key)
    else sql.write.run(key, text, version, expires)
  }

  function applyJob(job: Job, now: number): Outcome {
    if (job.kind === 'deleteRange') {
      beforeStep?.(steps++)
      return { done: Number(sql.removeRange.run(job.range.low, job.range.high, now, job.limit).changes) }
    }
    const decision = decide(job.steps, key => readRow(key, now), now)
    if (!decision.ok) return { done: decision }
    const version = versions.next()
    for (const one of decision.writes) write(one, version)
    return { done: { ok: true, values: decision.values } }
  }

  function applyInSavepoint(job: Job): Outcome {
    sql.savepoint.run()
    try {
      const outcome = applyJob(job, job.at ?? Date.now())
      sql.release.run()
      return outcome
    }
    catch (error) {
      // A full disk makes the engine take back the whole transaction: then nobody of the group has been written.
      if (!db.isTransaction) throw error
      sql.rollbackJob.run()
      sql.release.run()
      return failure(error)
    }
  }

  /** Piggy-backed on groups that commit anyway: a bounded batch, at once again only while batches come back full. */
  function purge(): void {
    const now = Date.now()
    if (now < nextPurge) return
    const removed = Number(sql.purge.run(now, PURGE_ROWS).changes)
    nextPurge = removed === PURGE_ROWS ? now : now + PURGE_EVERY_MS
  }

  function applyGroup(jobs: Job[]): Outcome[] {
    try {
      sql.begin.run()
      versions.reserve()
      const outcomes = jobs.map(applyInSavepoint)
      purge()
      beforeCommit?.()
      sql.commit.run()
      versions.committed()
      return outcomes
    }
    catch (error) {
      takeBack(db)
      return jobs.map(() => ({ ...failure(error), misuse: false }))
    }
  }

  return { applyGroup, settings: () => readSettings(db), close: () => db.close() }
}

/**
 * One version for all writes of a commit: the time in microseconds or the last one plus one, and never below a mark
 * written once a minute, because a clock may be set back between two runs.
 */
function createVersions(sql: Statements) {
  let last = Number(sql.readMark.get('version')?.value ?? 0)
  let reserved = last
  let reserving = last
  return {
    next: () => last = Math.max(last + 1, Date.now() * 1000),
    reserve() {
      const next = Math.max(last + 1, Date.now() * 1000)
      if (next + RESERVE_MARGIN < reserved) return
      reserving = next + RESERVE_VERSIONS
      sql.writeMark.run('version', reserving)
    },
    committed() { reserved = reserving },
  }
}

function openForWriting(file: string): DatabaseSync {
  const db = new DatabaseSync(file, { timeout: 5000 })
  // Checkpoints every 16 MB of log: each costs two more waits for the disk. The log shrinks again after a burst.
  db.exec(`
    PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA wal_autocheckpoint = 4000;
    PRAGMA journal_size_limit = 67108864; PRAGMA cache_size = -16000; PRAGMA temp_store = MEMORY;
  `)
  db.exec(SCHEMA)
  return db
}

const LIVE = '(expires IS NULL OR expires > ?)'

function prepareStatements(db: DatabaseSync) {
  return {
    begin: db.prepare('BEGIN IMMEDIATE'),
    commit: db.prepare('COMMIT'),
    savepoint: db.prepare('SAVEPOINT job'),
    release: db.prepare('RELEASE job'),
    rollbackJob: db.prepare('ROLLBACK TO job'),
    read: db.prepare(`SELECT value, version, expires FROM record WHERE key = ? AND ${LIVE}`),
    write: db.prepare(`
      INSERT INTO record (key, value, version, expires) VALUES (?, ?, ?, ?) ON CONFLICT (key)
      DO UPDATE SET value = excluded.value, version = excluded.version, expires = excluded.expires`),
    remove: db.prepare('DELETE FROM record WHERE key = ?'),
    removeRange: db.prepare(`DELETE FROM record WHERE key IN (
      SELECT key FROM record WHERE key >= ? AND key < ? AND ${LIVE} ORDER BY key LIMIT ?)`),
    purge: db.prepare('DELETE FROM record WHERE key IN (SELECT key FROM record WHERE expires <= ? ORDER BY expires LIMIT ?)'),
    readMark: db.prepare('SELECT value FROM mark WHERE name = ?'),
    writeMark: db.prepare('INSERT INTO mark (name, value) VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET value = excluded.value'),
  }
}

type Statements = ReturnType<typeof prepareStatements>

function readSettings(db: DatabaseSync): WriterSettings {
  return {
    synchronous: Number(db.prepare('PRAGMA synchronous').get()?.synchronous),
    journalMode: String(db.prepare('PRAGMA journal_mode').get()?.journal_mode),
  }
}

function takeBack(db: DatabaseSync): void {
  if (!db.isTransaction) return
  try { db.exec('ROLLBACK') }
  catch { /* The engine has taken it back already; the next BEGIN tells if not. */ }
}

function failure(error: unknown): Extract<Outcome, { failed: string }> {
  return { failed: error instanceof Error ? error.message : String(error), misuse: error instanceof TypeError }
}
