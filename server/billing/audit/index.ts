/**
 * The audit of the books: whether every balance is the sum of its entries and every held credit belongs to an open
 * request. Runs each night, and when an admin asks. It only reads money; two that run at once find the same.
 */
import { AppError } from '#server/errors/app-error'
import { createId } from '#server/storage/ids'
import { keys } from '#server/storage/keys'
import { takeLead } from '#server/storage/leader'
import type { Store } from '#server/storage/store'
import { formatNano } from '#shared/utils/money'
import type { createAlerts } from '../alerts'
import { createDays } from '../days'
import { findOrphans, readOpenHolds } from './holds'
import type { OpenHolds } from './holds'
import type { AuditProgress, AuditRun, AuditTrigger, Drift } from './records'
import { createUserAudit } from './user'

/** Users whose counters are read at once. */
const PAGE = 200
const LEAD_MS = 60_000
/** A night begins at three in the shop's time zone. */
const NIGHT_MS = 3 * 3_600_000
/** An admin may ask again after this, and waits this long for a small shop to be done. */
const AGAIN_MS = 60_000
const PATIENCE_MS = 1_500
/** Drifts and orphans kept of a run; the counts are always whole. */
const KEPT = 100

export interface AuditOptions {
  store: Store
  alerts: Pick<ReturnType<typeof createAlerts>, 'raise'>
  timeZone: string
  instance: string
  /** A request older than this has ended, however it went. */
  deadlineMs: number
  /** Takes back the holds of instances that are gone: what is left after it is an orphan indeed. */
  sweep: () => Promise<unknown>
  now: () => number
  pause: (ms: number) => Promise<void>
  onError: (error: unknown) => void
}

export type Audit = ReturnType<typeof createAudit>
/** The latest result, and what is under way. */
export interface AuditState { last: AuditRun | null, running: AuditProgress | null }

export function createAudit(options: AuditOptions) {
  const { store, alerts, instance, now, pause } = options
  const days = createDays(options.timeZone)
  const users = createUserAudit(options)
  let running: Promise<AuditRun | undefined> | undefined

  const lead = () => takeLead(store, 'audit', instance, LEAD_MS)
  const nightOf = (at: number) => days.dayOf(at - NIGHT_MS)

  /** Newest first. */
  async function listRuns(limit: number): Promise<AuditRun[]> {
    return (await store.list<AuditRun>(keys.auditRunPrefix, { limit, reverse: true })).map(row => row.value)
  }

  async function state(): Promise<AuditState> {
    const [[last], progress] = await Promise.all([listRuns(1), store.get<AuditProgress>(keys.auditProgress)])
    return { last: last ?? null, running: progress?.value ?? null }
  }

  /** One audit at a time in this process; undefined when another instance is at it. */
  function run(trigger: AuditTrigger): Promise<AuditRun | undefined> {
    running ??= leadAndAudit(trigger).finally(() => {
      running = undefined
    })
    return running
  }

  async function leadAndAudit(trigger: AuditTrigger): Promise<AuditRun | undefined> {
    if (!await lead()) return undefined
    const done = await auditAll(trigger)
    // Given up at once, so that whoever is asked next, after a restart too, need not wait for it to lapse.
    await store.delete(keys.lead('audit'))
    return done
  }

  async function auditAll(trigger: AuditTrigger): Promise<AuditRun> {
    const found: AuditRun = { v: 1, id: createId('run', now()), trigger, startedAt: now(), endedAt: 0, users: 0, unsettled: 0, entries: '0', available: '0', held: '0', openHolds: 0, openHeld: '0', drifts: [], driftCount: 0, orphans: [], orphanCount: 0 }
    await keepOn(found)
    // A hold that cannot be swept is the very thing to be found.
    await options.sweep().catch(options.onError)
    const seen = new Set<string>()
    let last: string | undefined
    do {
      const rows = await store.list<string>(keys.usersAllPrefix, { after: last, limit: PAGE })
      await auditPage(found, rows.map(row => row.value), seen)
      last = rows.length < PAGE ? undefined : rows.at(-1)?.key
      await keepOn(found)
    } while (last !== undefined)
    await auditHolds(found, seen)
    const done = { ...found, endedAt: now() }
    await store.put(keys.auditRun(done.id), done)
    await store.delete(keys.auditProgress)
    return done
  }

  /** Says how far it is and goes on leading. */
  async function keepOn({ trigger, startedAt, users: count }: AuditRun): Promise<void> {
    const progress: AuditProgress = { v: 1, trigger, startedAt, users: count }
    await store.put(keys.auditProgress, progress, { ttlMs: LEAD_MS })
    await lead()
  }

  async function auditPage(found: AuditRun, page: string[], seen: Set<string>): Promise<void> {
    const open = await readOpenHolds(store)
    const names = page.map(users.rowKeys)
    const rows = await store.getMany(names.flat())
    let at = 0
    for (const [index, user] of page.entries()) {
      const row = rows.slice(at, at += names[index]?.length ?? 0)
      seen.add(user)
      await auditUser(found, user, row, open)
    }
  }

  async function auditUser(found: AuditRun, user: string, row: Parameters<typeof users.fromRow>[1], open: OpenHolds): Promise<void> {
    const books = users.fromRow(user, row, open) ?? await users.check(user, open)
    found.users++
    if (!books) return void found.unsettled++
    found.entries = String(BigInt(found.entries) + books.entries)
    found.available = String(BigInt(found.available) + books.available)
    found.held = String(BigInt(found.held) + books.held)
    found.driftCount += books.drifts.length
    found.drifts.push(...books.drifts.slice(0, KEPT - found.drifts.length))
    for (const drift of books.drifts) await tell(drift, found.startedAt)
  }

  /** The open holds at the end, with those of nobody we know, and those nobody will settle. */
  async function auditHolds(found: AuditRun, seen: Set<string>): Promise<void> {
    const open = await readOpenHolds(store)
    for (const user of [...open.byUser.keys()].filter(user => !seen.has(user))) await auditUser(found, user, [], open)
    found.openHolds = open.holds.length
    found.openHeld = String(open.holds.reduce((sum, { amount }) => sum + BigInt(amount), 0n))
    const orphans = await findOrphans(store, open.holds, now() - options.deadlineMs)
    found.orphanCount = orphans.length
    found.orphans = orphans.slice(0, KEPT)
    for (const { request, user, amount } of found.orphans) {
      await alerts.raise({ kind: 'orphan_hold', order: null, user, params: { request, held: formatNano(amount) } }, request)
    }
  }

  /** The same drift is told once a night, for as long as it is there. */
  async function tell({ user, kind, expected, found }: Drift, at: number): Promise<void> {
    const text = (amount: string) => kind === 'open' ? amount : formatNano(BigInt(amount))
    const params = { counter: kind, expected: text(expected), found: text(found) }
    await alerts.raise({ kind: 'books_drift', order: null, user, params }, `${user} ${kind} ${BigInt(found) - BigInt(expected)} ${nightOf(at)}`)
  }

  return {
    listRuns,
    state,
    run,

    /** Runs when none has begun since three this night; for a timer. Answers how many users were looked at. */
    async runDue(): Promise<number> {
      const [last] = await listRuns(1)
      if (last && nightOf(last.startedAt) === nightOf(now())) return 0
      return (await run('nightly'))?.users ?? 0
    },

    /**
     * Starts an audit for an admin and waits a moment for it; a larger shop's goes on by itself. Joins one that runs.
     * Throws checked_just_now within a minute of the last.
     */
    async start(): Promise<AuditState> {
      const before = await state()
      const wait = before.last ? before.last.endedAt + AGAIN_MS - now() : 0
      if (!before.running && wait > 0) throw new AppError('checked_just_now', {}, { retryAfterSeconds: Math.ceil(wait / 1000) })
      const done = before.running ? Promise.resolve(undefined) : run('admin')
      done.catch(options.onError)
      await Promise.race([done, pause(PATIENCE_MS)])
      return state()
    },
  }
}
