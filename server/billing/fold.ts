/**
 * Folds finished requests into daily counters, one closed window of five minutes at a time, each exactly once.
 *
 * A window is closed two minutes after its end, so that every instance has written what it booked in it. Whoever folds
 * claims the window in the commit that adds to the counters; two processes may do it at once, the second is refused.
 */
import { keys, readRowTime, timePart } from '#server/storage/keys'
import type { Step, Store } from '#server/storage/store'
import type { createDays } from './days'
import type { RequestRecord } from './records'
import { mondayOf } from './periods'
import { addMeasures, measureRowsOf, measureTtlMs, spanOf } from './measures'
import type { Measures } from './measures'
import { addCounters, channelCountersOf, countersOf } from './tally'
import type { Counters } from './tally'
import { beginWeeks } from './weeks'

export const WINDOW_MS = 300_000
const LAG_MS = 120_000
/** On an eventual store a request stands at its start, and what comes late is booked within two windows of that. */
const EVENTUAL_LAG_MS = 900_000
/** Requests read at once: an ordinary window has fewer, and what lies behind it is read for nothing. */
const PAGE = 200
/** Rows of counters in one commit. */
const PART_ROWS = 400
/** A window that is refused and still there has lost a race; more often than this it is something else. */
const WINDOW_TRIES = 5
/** Claims outlive every folder that could still be on its way; after that `rolledTo` alone keeps a window closed. */
const CLAIM_TTL_MS = 7 * 86_400_000

export interface RolledTo {
  v: 1
  /** Every window that began before this is in the counters. */
  to: number
}

export interface FoldOptions {
  store: Store
  days: ReturnType<typeof createDays>
  now: () => number
}

/** Folds every closed window that has requests and is not folded yet; answers how many. An idle shop costs two reads. */
export async function foldClosed({ store, days, now }: FoldOptions): Promise<number> {
  const lag = store.consistency === 'eventual' ? EVENTUAL_LAG_MS : LAG_MS
  const closedBefore = Math.floor((now() - lag) / WINDOW_MS) * WINDOW_MS
  let before: number | undefined
  let tries = 0
  for (let folded = 0; ; folded++) {
    const rolled = await store.get<RolledTo>(keys.rolledTo)
    const window = await nextWindow(store, rolled?.value.to ?? 0)
    if (window === undefined || window >= closedBefore) return folded
    tries = window === before ? tries + 1 : 0
    if (tries > WINDOW_TRIES) throw new Error('a window of statistics cannot be written')
    before = window
    if (folded === 0) await beginWeeks(store, days.dayOf(window))
    const rows = await countWindow(store, window, days.dayOf(window))
    await writeWindow(store, window, rows, rolled?.version ?? 'absent')
  }
}

/** Start of the first window from `from` on that has a request: the empty ones between are skipped, however many. */
async function nextWindow(store: Store, from: number): Promise<number | undefined> {
  const prefix = keys.requestListPrefix({ list: 'all' })
  const [row] = await store.list(prefix, { after: prefix + timePart(from), limit: 1 })
  return row && Math.floor(readRowTime(prefix, row.key) / WINDOW_MS) * WINDOW_MS
}

/** What one window adds, by the key it is added to. */
interface Rows { counters: Map<string, Counters>, measures: Map<string, Measures> }

async function countWindow(store: Store, window: number, day: string): Promise<Rows> {
  const prefix = keys.requestListPrefix({ list: 'all' })
  const sums: Rows = { counters: new Map(), measures: new Map() }
  let last = prefix + timePart(window)
  for (;;) {
    const rows = await store.list<string>(prefix, { after: last, limit: PAGE })
    const inside = rows.filter(row => readRowTime(prefix, row.key) < window + WINDOW_MS)
    const records = await store.getMany<RequestRecord>(inside.map(row => keys.request(row.value)))
    for (const record of records) {
      if (!record) continue
      countRequest(sums.counters, record.value, day)
      countMeasures(sums.measures, record.value, window, day)
    }
    if (inside.length < PAGE) return sums
    last = rows.at(-1)?.key ?? last
  }
}

function countRequest(sums: Map<string, Counters>, record: RequestRecord, day: string): void {
  const add = (key: string, counters: Counters) => {
    const sum = sums.get(key)
    if (sum) addCounters(sum, counters)
    else sums.set(key, { ...counters })
  }
  const counters = countersOf(record)
  const week = mondayOf(day)
  add(keys.stat('all', 'all', day), counters)
  add(keys.stat('user', record.user, day), counters)
  add(keys.statOfDay('user', day, record.user), counters)
  add(keys.statOfWeek('user', week, record.user), counters)
  add(keys.statOfUserModel(record.user, day, record.model.id), counters)
  add(keys.stat('model', record.model.id, day), counters)
  add(keys.statOfDay('model', day, record.model.id), counters)
  add(keys.statOfWeek('model', week, record.model.id), counters)
  for (const [channel, ofChannel] of channelCountersOf(record)) {
    add(keys.stat('channel', channel, day), ofChannel)
    add(keys.statOfDay('channel', day, channel), ofChannel)
    add(keys.statOfWeek('channel', week, channel), ofChannel)
  }
}

function countMeasures(sums: Map<string, Measures>, record: RequestRecord, window: number, day: string): void {
  for (const [key, measures] of measureRowsOf(record, window, day)) {
    const sum = sums.get(key)
    if (sum) addMeasures(sum, measures)
    else sums.set(key, { ...measures })
  }
}

/** The steps that add a window, by key. */
function stepsOf({ counters, measures }: Rows): [key: string, step: Step][] {
  return [
    ...[...counters].map(([key, by]): [string, Step] => [key, { add: key, by: { ...by } }]),
    ...[...measures].map(([key, by]): [string, Step] => [key, { add: key, by, ttlMs: measureTtlMs[spanOf(key)] }]),
  ]
}

/**
 * Adds a window in one commit, or in several when it is large. Which part a row belongs to follows from its key and the
 * number of parts, and that number stands in the claim of the first part: two processes that fold at once, or one that
 * goes on where another fell, split alike even when they have not counted quite the same.
 */
async function writeWindow(store: Store, window: number, rows: Rows, rolledVersion: string): Promise<void> {
  const adding = stepsOf(rows)
  let parts = Math.max(1, Math.ceil(adding.length / PART_ROWS))
  for (let part = 0; part < parts; part++) {
    const mine = adding.filter(([key]) => partOf(key, parts) === part)
    const steps: Step[] = [
      { once: keys.onceRoll(window, part), value: { v: 1, parts }, ttlMs: CLAIM_TTL_MS },
      ...mine.map(([, step]) => step),
      ...(part === parts - 1 ? moveRolledTo(window, rolledVersion) : []),
    ]
    const result = await store.commit(keys.onceRoll(window, part), steps)
    if (!result.ok && result.reason === 'exists' && part === 0) parts = (result.value as { parts: number }).parts
  }
}

function moveRolledTo(window: number, version: string): Step[] {
  const value: RolledTo = { v: 1, to: window + WINDOW_MS }
  return [{ expect: keys.rolledTo, version }, { put: keys.rolledTo, value }]
}

/** A number below `parts` that depends on the key alone (FNV-1a). */
function partOf(key: string, parts: number): number {
  let hash = 0x811C9DC5
  for (let index = 0; index < key.length; index++) hash = Math.imul(hash ^ key.charCodeAt(index), 0x01000193)
  return (hash >>> 0) % parts
}
