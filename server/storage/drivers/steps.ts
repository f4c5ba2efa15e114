/**
 * What a commit means, once for every driver whose engine runs JavaScript: steps are checked and put into the form they
 * travel in ({@link encodeSteps}), then decided against what is stored ({@link decide}). Deciding writes nothing; the
 * driver carries the writes out, all or none.
 */
import { KEY_PATTERN, LIST_MAX } from '../store'
import type { Amounts, CommitResult, Json, Step, Storable } from '../store'

/** A step on its way to the engine: checked, values already JSON text, so that threads hand over strings only. */
export type EncodedStep =
  | { kind: 'expect', key: string, version: string }
  | { kind: 'once' | 'put', key: string, text: string, ttlMs?: number }
  | { kind: 'add', key: string, by: Amounts, floor?: Amounts, ceil?: Amounts, ttlMs?: number }
  | { kind: 'delete', key: string }

export interface StoredRow {
  text: string
  version: string
  expires: number | null
}

/** `text: null` deletes. */
export interface RowWrite {
  key: string
  text: string | null
  expires: number | null
}

export type Decision =
  | { ok: true, values: Json[], writes: RowWrite[] }
  | Extract<CommitResult, { ok: false }>

const PHASE = { expect: 0, once: 0, add: 1, put: 2, delete: 2 } as const
const SINGLE = 'value'

/** Throws for what no store can keep: these are mistakes in the calling code, not refusals. */
export function checkKey(key: string): string {
  if (typeof key !== 'string' || !KEY_PATTERN.test(key)) throw new TypeError(`not a storage key: ${JSON.stringify(key)?.slice(0, 80)}`)
  return key
}

/** The text a value is stored as. */
export function toText(value: Storable): string {
  const text = JSON.stringify(value) as string | undefined
  if (text === undefined) throw new TypeError('a stored value must be JSON')
  return text
}

export function checkTtl(ttlMs: number | undefined): number | undefined {
  if (ttlMs !== undefined && !(ttlMs > 0 && ttlMs < Number.MAX_SAFE_INTEGER / 2)) throw new TypeError(`not a time to live: ${ttlMs}`)
  return ttlMs === undefined ? undefined : Math.ceil(ttlMs)
}

/** List limits keep one reader from holding up the others. */
export function checkLimit(limit: number): number {
  if (!Number.isInteger(limit) || limit < 1 || limit > LIST_MAX) throw new TypeError(`a limit is 1 to ${LIST_MAX}, not ${limit}`)
  return limit
}

/** The steps of a commit, checked. */
export function encodeSteps(steps: Step[]): EncodedStep[] {
  const encoded = steps.map(encodeStep)
  const named = new Set<string>()
  for (const step of encoded) {
    const use = step.kind === 'expect' ? `expect ${step.key}` : step.key
    if (named.has(use)) throw new TypeError(`a commit may name a key once: ${step.key}`)
    named.add(use)
  }
  return encoded
}

function encodeStep(step: Step): EncodedStep {
  if ('expect' in step) return { kind: 'expect', key: checkKey(step.expect), version: step.version }
  if ('delete' in step) return { kind: 'delete', key: checkKey(step.delete) }
  const ttlMs = checkTtl(step.ttlMs)
  if ('once' in step) return { kind: 'once', key: checkKey(step.once), text: toText(step.value), ttlMs }
  if ('put' in step) return { kind: 'put', key: checkKey(step.put), text: toText(step.value), ttlMs }
  for (const bound of [step.floor, step.ceil]) {
    if (bound !== undefined && typeof bound !== typeof step.by) throw new TypeError(`the bounds of ${step.add} must have the shape of what is added`)
  }
  for (const amount of [step.by, step.floor ?? 0, step.ceil ?? 0].flatMap(fieldsOf)) {
    if (!Number.isSafeInteger(amount[1])) throw new TypeError(`amounts are safe integers, not ${amount[1]} (${step.add})`)
  }
  return { kind: 'add', key: checkKey(step.add), by: step.by, floor: step.floor, ceil: step.ceil, ttlMs }
}

/**
 * Decides a commit against what `read` finds (live records only): guards in key order, then counters in key order, and
 * only when nothing refuses, the list of writes.
 */
export function decide(steps: EncodedStep[], read: (key: string) => StoredRow | undefined, now: number): Decision {
  const values: Json[] = steps.map(() => null)
  const writes: RowWrite[] = []
  for (const index of evaluationOrder(steps)) {
    const step = steps[index]!
    const refuse = (reason: 'floor' | 'ceil' | 'exists' | 'changed', value: Json) => ({ ok: false, step: index, reason, value }) as const
    if (step.kind === 'expect') {
      const row = read(step.key)
      if ((row?.version ?? 'absent') !== step.version) return refuse('changed', row ? { value: parse(row.text), version: row.version } : null)
    }
    else if (step.kind === 'add') {
      const row = read(step.key)
      const sum = addUp(step, row ? parse(row.text) : undefined)
      if ('reason' in sum) return refuse(sum.reason, sum.before)
      values[index] = sum.after
      writes.push({ key: step.key, text: toText(sum.after), expires: expiry(step.ttlMs, now) ?? row?.expires ?? null })
    }
    else {
      const row = step.kind === 'once' ? read(step.key) : undefined
      if (row) return refuse('exists', parse(row.text))
      writes.push(step.kind === 'delete' ? { key: step.key, text: null, expires: null } : { key: step.key, text: step.text, expires: expiry(step.ttlMs, now) })
    }
  }
  return { ok: true, values, writes }
}

/** The order steps are decided in. An `expect` comes before a `once` of its key: both speak of the state before the commit. */
export function evaluationOrder(steps: EncodedStep[]): number[] {
  const rank = (index: number) => `${PHASE[steps[index]!.kind]}${steps[index]!.key} ${steps[index]!.kind}`
  const ranks = steps.map((_, index) => rank(index))
  return ranks.map((_, index) => index).sort((a, b) => ranks[a]! < ranks[b]! ? -1 : 1)
}

type Sum = { after: Json } | { reason: 'floor' | 'ceil', before: Json }

function addUp(step: Extract<EncodedStep, { kind: 'add' }>, stored: Json | undefined): Sum {
  const single = typeof step.by === 'number'
  const before = stored === undefined ? (single ? 0 : {}) : stored
  if (single ? typeof before !== 'number' : typeof before !== 'object' || before === null || Array.isArray(before))
    throw new TypeError(`${step.key} holds no counter of the kind that is added to`)
  const after = new Map(fieldsOf(before as Amounts).map(([field, value]) => [field, counter(value, step.key)]))
  for (const [field, by] of fieldsOf(step.by).sort(byField)) {
    const sum = (after.get(field) ?? 0) + by
    if (!Number.isSafeInteger(sum)) return { reason: by < 0 ? 'floor' : 'ceil', before }
    after.set(field, sum)
  }
  for (const [field, floor] of fieldsOf(step.floor).sort(byField)) {
    if ((after.get(field) ?? 0) < floor) return { reason: 'floor', before }
  }
  for (const [field, ceil] of fieldsOf(step.ceil).sort(byField)) {
    if ((after.get(field) ?? 0) > ceil) return { reason: 'ceil', before }
  }
  return { after: single ? after.get(SINGLE) ?? 0 : Object.fromEntries(after) }
}

/** A lone integer is treated as a record of one field. */
function fieldsOf(amounts: Amounts | undefined): [string, number][] {
  if (amounts === undefined) return []
  return typeof amounts === 'number' ? [[SINGLE, amounts]] : Object.entries(amounts)
}

function byField(a: [string, number], b: [string, number]): number {
  return a[0] < b[0] ? -1 : 1
}

function counter(value: Json, key: string): number {
  if (typeof value !== 'number' || !Number.isSafeInteger(value)) throw new TypeError(`${key} holds something that is not an integer`)
  return value
}

function expiry(ttlMs: number | undefined, now: number): number | null {
  return ttlMs === undefined ? null : now + ttlMs
}

function parse(text: string): Json {
  return JSON.parse(text) as Json
}
