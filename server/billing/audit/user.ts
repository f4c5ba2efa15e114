/**
 * The books of one user: what his counters say against what his entries and open holds add up to. Nothing is locked.
 * Counters are read, then entries and holds, then the counters again: when none of them has been written in between, no
 * booking of this user fell between the reads, and all of it belongs to one moment.
 */
import { keys } from '#server/storage/keys'
import { LIST_MAX } from '#server/storage/store'
import type { Store, StoredRecord } from '#server/storage/store'
import type { Entry } from '../records'
import { readOpenHolds } from './holds'
import type { OpenHolds } from './holds'
import type { AuditMark, CounterVersions, Drift } from './records'

/**
 * The mark stays this far behind: an entry is stamped before its commit, by the clock of its instance, so one may still
 * land up to two minutes back. What lands even further back is found by adding up everything once more.
 */
const LAG_MS = 10 * 60_000
const TRIES = 12
const PAUSE_MS = 5

export interface UserBooks {
  entries: bigint
  available: bigint
  held: bigint
  drifts: Drift[]
}

interface Counters {
  available: bigint
  held: bigint
  open: bigint
  versions: CounterVersions
}

export interface UserAuditOptions {
  store: Store
  now: () => number
  /** Waits; a test may let other work happen meanwhile. */
  pause: (ms: number) => Promise<void>
}

const NOTHING: AuditMark = { v: 1, upTo: 0, sum: '0', clean: null }

export function createUserAudit({ store, now, pause }: UserAuditOptions) {
  /** The keys one look at a user needs, for reading many users at once; {@link fromRow} takes what they hold. */
  const rowKeys = (user: string): string[] => [keys.audited(user), keys.available(user), keys.held(user), keys.open(user)]

  /** The books of a user whose counters have not moved since they last added up, from one row of {@link rowKeys}; else undefined. */
  function fromRow(user: string, row: (StoredRecord | undefined)[], { byUser }: OpenHolds): UserBooks | undefined {
    const mark = row[0]?.value as AuditMark | undefined
    const counters = toCounters(row.slice(1) as (StoredRecord<number> | undefined)[])
    if (!mark?.clean || !isSame(mark.clean, counters.versions) || !fitsHolds(counters, byUser.get(user))) return undefined
    return { entries: counters.available + counters.held, available: counters.available, held: counters.held, drifts: [] }
  }

  /**
   * Checks a user and moves his mark. Undefined when his counters moved at each try. A balance that does not fit is added
   * up again from his first entry before it is called a drift.
   */
  async function check(user: string, open: OpenHolds): Promise<UserBooks | undefined> {
    const stored = await store.get<AuditMark>(keys.audited(user))
    const mark = stored?.value ?? NOTHING
    let look = await lookAt(user, mark, open)
    if (look.books?.drifts.some(({ kind }) => kind === 'balance') && mark.upTo > 0) look = await lookAt(user, NOTHING, open)
    // Whoever else has moved it meanwhile has moved it to a sum of the same entries.
    await store.commit(`audit_${user}`, [{ expect: keys.audited(user), version: stored?.version ?? 'absent' }, { put: keys.audited(user), value: look.mark }])
    return look.books
  }

  /** The books as of one moment, if there was one, and the mark moved either way. */
  async function lookAt(user: string, mark: AuditMark, open: OpenHolds): Promise<{ books: UserBooks | undefined, mark: AuditMark }> {
    let from = mark
    let holds = open
    for (let tries = 1; tries <= TRIES; tries++) {
      const before = await readCounters(user)
      const { passed, behind } = await addUp(user, from)
      if (!fitsHolds(before, holds.byUser.get(user))) holds = await readOpenHolds(store)
      const after = await readCounters(user)
      // What is behind the lag stays as it was read: another try has only the rest to add up.
      from = passed
      if (isSame(before.versions, after.versions)) {
        const books = compare(user, after, BigInt(passed.sum) + behind, holds)
        return { books, mark: { ...passed, clean: books.drifts.length === 0 ? after.versions : null } }
      }
      await pause(PAUSE_MS * tries)
    }
    return { books: undefined, mark: from }
  }

  /** Adds up the entries behind a mark: the mark moved as far as it may, and the sum of what comes after it. */
  async function addUp(user: string, mark: AuditMark): Promise<{ passed: AuditMark, behind: bigint }> {
    const upTo = Math.max(mark.upTo, now() - LAG_MS)
    let sum = BigInt(mark.sum)
    let behind = 0n
    let last = keys.entriesUntil(user, mark.upTo - 1)
    for (;;) {
      const rows = await store.list<Entry>(keys.entryPrefix(user), { after: last, limit: LIST_MAX })
      for (const { value: { at, amount } } of rows) {
        if (at < upTo) sum += BigInt(amount)
        else behind += BigInt(amount)
      }
      if (rows.length < LIST_MAX) return { passed: { v: 1, upTo, sum: String(sum), clean: null }, behind }
      last = rows.at(-1)?.key ?? last
    }
  }

  async function readCounters(user: string): Promise<Counters> {
    return toCounters(await store.getMany<number>([keys.available(user), keys.held(user), keys.open(user)]))
  }

  return { rowKeys, fromRow, check }
}

function compare(user: string, { available, held, open }: Counters, entries: bigint, { byUser }: OpenHolds): UserBooks {
  const own = byUser.get(user)
  const pairs: [Drift['kind'], bigint, bigint][] = [
    ['balance', entries, available + held],
    ['held', own?.amount ?? 0n, held],
    ['open', BigInt(own?.count ?? 0), open],
  ]
  const drifts = pairs.filter(([, expected, found]) => expected !== found).map(([kind, expected, found]) => ({ user, kind, expected: String(expected), found: String(found) }))
  return { entries, available, held, drifts }
}

function toCounters(rows: (StoredRecord<number> | undefined)[]): Counters {
  const [available = 0n, held = 0n, open = 0n] = rows.map(row => BigInt(row?.value ?? 0))
  const [first, second, third] = rows.map(row => row?.version ?? null)
  return { available, held, open, versions: [first ?? null, second ?? null, third ?? null] }
}

function isSame(one: CounterVersions, other: CounterVersions): boolean {
  return one.every((version, index) => version === other[index])
}

function fitsHolds({ held, open }: Counters, own: { amount: bigint, count: number } | undefined): boolean {
  return held === (own?.amount ?? 0n) && open === BigInt(own?.count ?? 0)
}
