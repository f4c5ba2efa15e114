/**
 * What a commit becomes on a store that has no transaction: its money is one key, everything else follows it and can be
 * made again from it. See `README.md` beside this file.
 */
import { randomBytes } from 'node:crypto'
import type { CommitResult, Json } from '../../store'
import { decide } from '../steps'
import type { EncodedStep } from '../steps'
import { storeUnavailable } from '../unavailable'
import { createVersion, epochOf, isLive, writeEnvelope } from './envelope'
import type { Envelope } from './envelope'
import { KvTooLate } from './kv'
import type { KvBatch, KvOperation } from './kv'
import { dayOf, deltaName, factOf, isClosed, LATE_MS, readRows, scopeOf, scopePrefix, WINDOW_MS, windowMark, windowOf } from './names'
import type { Amount, Rows } from './names'
import { mirrorName } from './order'
import type { Reading, Seen } from './reading'

/** Deletions are remembered, so that what was written before them and arrives after them does not come back. */
const DELETED_MS = 15 * 60_000

/** One write of a commit that follows its first key: what a node that finds it unfinished makes up for. */
export interface FollowUp {
  key: string
  /** Null deletes. */
  envelope: Envelope | null
}

/** The value of a commit's first key. */
export interface Journal {
  version: string
  /** What its `once` has written, for a repeat that cannot see the record yet. */
  once?: Json
  /** Names of the other deltas, and the writes; absent once all of them are there. */
  rest?: { names: string[], writes: FollowUp[] }
}

export interface WritingOptions {
  batch: KvBatch
  reading: Reading
  now: () => number
  isReversed: (key: string) => boolean
}

export function createWriting({ batch, reading, now, isReversed }: WritingOptions) {
  /** Guards and bounds against what this node sees; then the writes, the one that counts first. */
  async function commit(id: string, steps: EncodedStep[]): Promise<CommitResult> {
    const at = now()
    const earlier = await findEarlier(id, steps)
    if (earlier) return earlier
    const seen = await reading.see(steps.map(step => step.key))
    const decision = decide(steps, key => seen.get(key)!.row, at)
    if (!decision.ok) return decision
    const operations = planWrites(id, steps, decision.values, seen, at)
    try { await batch(operations) }
    catch (error) { throw storeUnavailable(error instanceof KvTooLate ? `${id}: ${error.message}` : error) }
    return { ok: true, values: decision.values }
  }

  /**
   * A repeat finds its fact by its name, even when the record of its `once` is not seen here yet. Before that, what this
   * fact's writer and those of closed windows have left undone in the scope is made up for: another fact may be decided by it.
   */
  async function findEarlier(id: string, steps: EncodedStep[]): Promise<CommitResult | undefined> {
    const counted = steps.find(step => step.kind === 'add')
    const once = steps.findIndex(step => step.kind === 'once')
    if (!counted || once < 0) return undefined
    const prefix = scopePrefix(scopeOf(counted.key).scope)
    const listed = await reading.listNames(prefix)
    const mine = listed.filter(name => name.split('_')[3] === factOf(id))
    const names = [...new Set([...mine, ...unsummed(readRows(prefix, listed), now())])]
    const journals = new Map((await reading.getTexts(names)).map((text, at) => [names[at]!, readJournal(text)]))
    for (const [name, journal] of journals) if (journal?.rest) await redo(name, journal)
    if (mine.length === 0) return undefined
    return { ok: false, step: once, reason: 'exists', value: mine.map(name => journals.get(name)?.once).find(value => value !== undefined) ?? null }
  }

  function planWrites(id: string, steps: EncodedStep[], values: Json[], seen: Map<string, Seen>, at: number): KvOperation[] {
    const version = createVersion(at)
    const writes = steps.flatMap((step, index) => followUp(step, values[index]!, seen.get(step.key)!.envelope, version, at))
    const marks = writes.filter(write => write.isMark)
    const rest = writes.filter(write => !write.isMark).map(({ key, envelope }) => ({ key, envelope }))
    const deltas = planDeltas(id, steps, seen, at)
    if (deltas.length === 0) return planPlain(rest, version, at)

    const window = windowOf(at)
    const lateness = isPermanent(steps) ? {} : { notAfter: (window + 1) * WINDOW_MS + LATE_MS }
    const [first, ...others] = deltas as [PlannedDelta, ...PlannedDelta[]]
    const once = steps.find((step): step is Extract<EncodedStep, { text: string }> => step.kind === 'once')
    const done: Journal = { version, ...(once ? { once: JSON.parse(once.text) as Json } : {}) }
    const journal: Journal = { ...done, rest: { names: others.map(delta => delta.name), writes: rest } }
    const follows = others.length + rest.length > 0
    return [
      ...marks.flatMap(write => writeOperations(write, at)),
      ...deltas.filter(() => !isPermanent(steps) || follows).map(delta => ({ op: 'put' as const, key: windowMark(window, scopePrefix(delta.scope)), value: '1' })),
      { op: 'put', key: first.name, value: writeJournal(follows ? journal : done), ...lateness },
      ...others.map(delta => ({ op: 'put' as const, key: delta.name, value: writeJournal({ version }), ...lateness })),
      ...rest.flatMap(write => writeOperations(write, at)),
      ...(follows ? [{ op: 'put' as const, key: first.name, value: writeJournal(done) }] : []),
    ]
  }

  /** Several records without a counter: a journal stands until all of them are there. */
  function planPlain(rest: FollowUp[], version: string, at: number): KvOperation[] {
    const writes = rest.flatMap(write => writeOperations(write, at))
    if (rest.length < 2) return writes
    const journal = journalName(windowOf(at), version)
    return [{ op: 'put', key: journal, value: writeJournal({ version, rest: { names: [], writes: rest } }) }, ...writes, { op: 'delete', key: journal }]
  }

  /** The record itself, and its name in the backward order where lists are read backwards. */
  function writeOperations({ key, envelope }: FollowUp, at: number): KvOperation[] {
    const gone = envelope === null || envelope.deleted === true
    const mirror: KvOperation[] = !isReversed(key) ? [] : [gone ? { op: 'delete', key: mirrorName(key) } : { op: 'put', key: mirrorName(key), value: '1' }]
    const stored = envelope ?? { version: createVersion(at), deleted: true as const, expires: at + DELETED_MS }
    return [{ op: 'put', key: `r_${key}`, value: writeEnvelope(stored) }, ...mirror]
  }

  /** Makes up for what a commit left undone: each write unless something later stands there. */
  async function redo(name: string, journal: Journal): Promise<void> {
    const { rest, ...done } = journal
    const { names, writes } = rest!
    const seen = await reading.see(writes.map(write => write.key))
    const due = writes.filter(({ key }) => (seen.get(key)!.envelope?.version ?? '') < journal.version)
    await batch([
      ...names.map(delta => ({ op: 'put' as const, key: delta, value: writeJournal({ version: journal.version }) })),
      ...due.flatMap(write => writeOperations(write, now())),
      name.startsWith(JOURNALS) ? { op: 'delete', key: name } : { op: 'put', key: name, value: writeJournal(done) },
    ])
  }

  return { commit, redo }
}

/** Deltas of closed windows that no sum stands for yet; before a sum is written, its commits are finished. */
function unsummed(rows: Rows, at: number): string[] {
  return [...rows.deltas].filter(([window]) => isClosed(window, at) && !rows.sums.has(window) && !rows.days.has(dayOf(window)))
    .flatMap(([, facts]) => [...facts.values()].flat().map(delta => delta.name))
}

interface PlannedDelta { scope: string, name: string }

/** One name for each scope the commit counts in, in the order of its steps. */
function planDeltas(id: string, steps: EncodedStep[], seen: Map<string, Seen>, at: number): PlannedDelta[] {
  const fact = steps.some(step => step.kind === 'once') ? factOf(id) : randomBytes(16).toString('hex')
  const scopes = new Map<string, Amount[]>()
  for (const step of steps) {
    if (step.kind !== 'add') continue
    const { name, scope } = scopeOf(step.key)
    const epoch = epochOf(seen.get(step.key)!.envelope, at)
    const fields: [string | null, number][] = typeof step.by === 'number' ? [[null, step.by]] : Object.entries(step.by)
    scopes.set(scope, [...scopes.get(scope) ?? [], ...fields.map(([field, by]) => ({ name, epoch, field, by }))])
  }
  return [...scopes].map(([scope, amounts]) => {
    const name = deltaName({ scope, window: isPermanent(steps) ? null : windowOf(at), fact, amounts })
    if (name === undefined) throw new TypeError(`${id} counts more in ${scope} than a name can hold`)
    return { scope, name }
  })
}

/** Facts that may be repeated for ever are booked under `once_` records without an end. */
function isPermanent(steps: EncodedStep[]): boolean {
  return steps.some(step => step.kind === 'once' && step.key.startsWith('once_') && step.ttlMs === undefined)
}

/** What a step writes besides deltas. A mark says that a key is a counter, and comes before what is added to it. */
function followUp(step: EncodedStep, value: Json, before: Envelope | undefined, version: string, at: number): (FollowUp & { isMark: boolean })[] {
  if (step.kind === 'expect') return []
  const live = before !== undefined && isLive(before, at)
  if (step.kind === 'add') {
    if (live && before.epoch !== undefined && step.ttlMs === undefined) return []
    const shape = typeof value === 'number' ? 'one' : 'many'
    const kept = live && before.value !== undefined ? { value: before.value } : {}
    const expires = step.ttlMs !== undefined ? { expires: at + step.ttlMs } : live && before.expires !== undefined ? { expires: before.expires } : {}
    // The same for every node that sees the same, so that two first additions leave one mark.
    return [{ key: step.key, isMark: true, envelope: { version, shape, epoch: epochOf(before, at), ...kept, ...expires } }]
  }
  const ages = before?.epoch === undefined ? {} : { epoch: createVersion(at) }
  if (step.kind === 'delete') {
    // Only of what was counted up must the end be remembered for ever: its additions are still there.
    return before === undefined ? [] : [{ key: step.key, isMark: false, envelope: { version, deleted: true, ...('epoch' in ages ? ages : { expires: at + DELETED_MS }) } }]
  }
  const expires = step.ttlMs === undefined ? {} : { expires: at + step.ttlMs }
  const parsed = JSON.parse(step.text) as Json
  const shape = 'epoch' in ages ? { shape: typeof parsed === 'number' ? 'one' as const : 'many' as const } : {}
  return [{ key: step.key, isMark: false, envelope: { version, value: parsed, ...expires, ...ages, ...shape } }]
}

export const JOURNALS = 'j_'

function journalName(window: number, version: string): string {
  return `${JOURNALS}${window.toString(36).padStart(7, '0')}_${version}`
}

export function readJournal(text: string | null): Journal | undefined {
  return text === null ? undefined : JSON.parse(text) as Journal
}

function writeJournal(journal: Journal): string {
  return writeEnvelope(journal as unknown as Envelope)
}
