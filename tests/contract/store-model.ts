/** Random histories, run against the driver and against a model small enough to be seen to be right. */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Amounts, CommitResult, Json, Step, StoreDriver } from '#server/storage/store'
import { runs } from '../support/runs'
import type { Subject } from './store'

const NAMES = ['a', 'a_', 'a0', 'aZ', 'b', 'b_a', 'B', '_'] as const
/** Lives and leaps are so long that the time a test takes does not count. */
const MINUTE = 60_000

/** `seen` stands for the version the key has when the commit starts, `other` for one it never had. */
type Guard = { guard: string, version: 'seen' | 'other' | 'absent' }
type Draft = Exclude<Step, { expect: string }> | Guard

type Action =
  | { do: 'commit', drafts: Draft[] }
  | { do: 'get', keys: string[] }
  | { do: 'list', prefix: string, after?: string, limit: number, reverse: boolean }
  | { do: 'deleteRange', prefix: string, before: string, limit: number }
  | { do: 'advance', ms: number }

export function testHistories(subject: Subject): void {
  describe('random histories', () => {
    it('do what the model does', async () => {
      const { advance } = subject.opened
      await fc.assert(fc.asyncProperty(fc.array(anyAction(advance !== undefined), { minLength: 3, maxLength: 14 }), async (actions) => {
        const at = subject.name()
        const model = createModel()
        for (const action of actions) {
          if (action.do === 'advance') {
            advance!(action.ms)
            model.now += action.ms
          }
          else expect(await actOnStore(subject.store, at, action)).toEqual(actOnModel(model, action))
        }
        const all: Action = { do: 'list', prefix: '', limit: 1000, reverse: false }
        expect(await actOnStore(subject.store, at, all)).toEqual(actOnModel(model, all))
      }), { numRuns: runs })
    })
  })
}

function anyAction(withClock: boolean): fc.Arbitrary<Action> {
  const name = fc.constantFrom(...NAMES)
  const prefix = fc.constantFrom('', 'a', 'a_', 'b', 'B', '_', 'c')
  const ttlMs = withClock ? fc.constantFrom(undefined, undefined, 50 * MINUTE, 1000 * MINUTE) : fc.constant(undefined)
  const small = fc.constantFrom(-9e15, -3, -1, 0, 1, 2, 5, 9e15)
  const fields = fc.dictionary(fc.constantFrom('x', 'y', '__proto__'), small, { maxKeys: 2, noNullPrototype: true })
  const value = fc.jsonValue({ maxDepth: 2 }) as fc.Arbitrary<Json>
  const bound = fc.constantFrom(undefined, undefined, -5, 0, 3)
  const draft: fc.Arbitrary<Draft> = fc.oneof(
    { weight: 3, arbitrary: fc.record({ add: name, by: small, floor: bound, ceil: bound, ttlMs }) },
    fc.record({ add: name, by: fields, floor: fc.option(fields, { nil: undefined }), ceil: fc.option(fields, { nil: undefined }), ttlMs }),
    fc.record({ once: name, value, ttlMs }),
    fc.record({ put: name, value: fc.oneof(value, small, fields), ttlMs }),
    fc.record({ delete: name }),
    fc.record({ guard: name, version: fc.constantFrom('seen' as const, 'seen' as const, 'absent' as const, 'other' as const) }),
  )
  return fc.oneof(
    { weight: 6, arbitrary: fc.record({ do: fc.constant('commit' as const), drafts: fc.uniqueArray(draft, { maxLength: 5, selector: one => `${'guard' in one}${keyOf(one)}` }) }) },
    fc.record({ do: fc.constant('get' as const), keys: fc.array(name, { maxLength: 4 }) }),
    fc.record({ do: fc.constant('list' as const), prefix, after: fc.option(name, { nil: undefined }), limit: fc.integer({ min: 1, max: 5 }), reverse: fc.boolean() }),
    fc.record({ do: fc.constant('deleteRange' as const), prefix, before: name, limit: fc.integer({ min: 1, max: 5 }) }),
    ...(withClock ? [fc.record({ do: fc.constant('advance' as const), ms: fc.constantFrom(10 * MINUTE, 50 * MINUTE, 2000 * MINUTE) })] : []),
  )
}

function keyOf(draft: Draft): string {
  if ('guard' in draft) return draft.guard
  if ('add' in draft) return draft.add
  if ('once' in draft) return draft.once
  return 'put' in draft ? draft.put : draft.delete
}

type Act = Exclude<Action, { do: 'advance' }>
const MISTAKE = 'mistake'

let commits = 0

async function actOnStore(store: StoreDriver, at: string, action: Act): Promise<unknown> {
  switch (action.do) {
    case 'get': return (await store.getMany(action.keys.map(key => at + key))).map(record => record && { value: record.value })
    case 'list': {
      const rows = await store.list(at + action.prefix, { limit: action.limit, reverse: action.reverse, after: action.after && at + action.after })
      return rows.map(row => ({ key: row.key.slice(at.length), value: row.value }))
    }
    case 'deleteRange': return store.deleteRange(at + action.prefix, { before: at + action.before, limit: action.limit })
    case 'commit': {
      const steps = await Promise.all(action.drafts.map(draft => toStep(store, at, draft)))
      try { return withoutVersion(await store.commit(`history ${commits++}`, steps)) }
      catch (error) {
        if (error instanceof TypeError) return MISTAKE
        throw error
      }
    }
  }
}

async function toStep(store: StoreDriver, at: string, draft: Draft): Promise<Step> {
  const key = at + keyOf(draft)
  if ('add' in draft) return { ...draft, add: key }
  if ('once' in draft) return { ...draft, once: key }
  if ('put' in draft) return { ...draft, put: key }
  if ('delete' in draft) return { delete: key }
  const version = draft.version === 'seen' ? (await store.get(key))?.version ?? 'absent' : draft.version
  return { expect: key, version }
}

function withoutVersion(result: CommitResult): unknown {
  if (result.ok || result.reason !== 'changed' || result.value === null) return result
  return { ...result, value: (result.value as { value: Json }).value }
}

interface Model {
  rows: Map<string, { value: Json, expires: number }>
  now: number
}

const createModel = (): Model => ({ rows: new Map(), now: 0 })

function liveKeys(model: Model): string[] {
  return [...model.rows].filter(([, row]) => row.expires > model.now).map(([key]) => key).sort()
}

function actOnModel(model: Model, action: Act): unknown {
  const live = liveKeys(model)
  switch (action.do) {
    case 'get': return action.keys.map(key => live.includes(key) ? { value: model.rows.get(key)!.value } : undefined)
    case 'list': {
      const { after } = action
      const keys = action.reverse ? live.toReversed() : live
      return keys.filter(key => key.startsWith(action.prefix) && (after === undefined || (action.reverse ? key < after : key > after)))
        .slice(0, action.limit).map(key => ({ key, value: model.rows.get(key)!.value }))
    }
    case 'deleteRange': {
      const doomed = live.filter(key => key.startsWith(action.prefix) && key < action.before).slice(0, action.limit)
      for (const key of doomed) model.rows.delete(key)
      return doomed.length
    }
    case 'commit': return commitToModel(model, action.drafts)
  }
}

function commitToModel(model: Model, drafts: Draft[]): unknown {
  const live = new Set(liveKeys(model))
  const stored = (key: string) => live.has(key) ? model.rows.get(key)!.value : undefined
  const inKeyOrder = drafts.map((draft, step) => ({ draft, step, key: keyOf(draft) }))
    .sort((a, b) => a.key < b.key ? -1 : a.key > b.key ? 1 : 'guard' in a.draft ? -1 : 1)
  for (const { draft, step, key } of inKeyOrder) {
    const value = stored(key)
    if ('guard' in draft && (draft.version === 'other' || (draft.version === 'absent' && value !== undefined)))
      return { ok: false, step, reason: 'changed', value: value === undefined ? null : value }
    if ('once' in draft && value !== undefined) return { ok: false, step, reason: 'exists', value }
  }
  const values: Json[] = drafts.map(() => null)
  for (const { draft, step, key } of inKeyOrder) {
    if (!('add' in draft)) continue
    const outcome = addInModel(stored(key), draft.by, draft.floor, draft.ceil)
    if (outcome === MISTAKE) return MISTAKE
    if ('reason' in outcome) return { ok: false, step, ...outcome }
    values[step] = outcome.after
  }
  drafts.forEach((draft, step) => {
    const key = keyOf(draft)
    if ('guard' in draft) return
    if ('delete' in draft) return model.rows.delete(key)
    const kept = 'add' in draft && live.has(key) ? model.rows.get(key)!.expires : Number.POSITIVE_INFINITY
    const value = 'add' in draft ? values[step]! : draft.value as Json
    model.rows.set(key, { value: JSON.parse(JSON.stringify(value)) as Json, expires: draft.ttlMs === undefined ? kept : model.now + draft.ttlMs })
  })
  return { ok: true, values }
}

type Added = typeof MISTAKE | { after: Json } | { reason: 'floor' | 'ceil', value: Json }

function addInModel(stored: Json | undefined, by: Amounts, floor: Amounts | undefined, ceil: Amounts | undefined): Added {
  if (typeof by === 'number') {
    const fields = (amount: Amounts | undefined): Record<string, number> => amount === undefined ? {} : { only: amount as number }
    if (stored !== undefined && typeof stored !== 'number') return MISTAKE
    const added = addFields({ only: stored ?? 0 }, { only: by }, fields(floor), fields(ceil))
    if (added === MISTAKE) return MISTAKE
    return 'after' in added ? { after: added.after.only! } : { reason: added.reason, value: stored ?? 0 }
  }
  if (stored !== undefined && (typeof stored !== 'object' || stored === null || Array.isArray(stored))) return MISTAKE
  const added = addFields(stored ?? {}, by, floor as Record<string, number> ?? {}, ceil as Record<string, number> ?? {})
  if (added === MISTAKE) return MISTAKE
  return 'after' in added ? added : { reason: added.reason, value: stored ?? {} }
}

/** In BigInt, where a sum cannot lose digits. */
function addFields(stored: Record<string, Json | undefined>, by: Record<string, number>, floor: Record<string, number>, ceil: Record<string, number>):
typeof MISTAKE | { after: Record<string, Json> } | { reason: 'floor' | 'ceil' } {
  if (!Object.values(stored).every(value => Number.isSafeInteger(value))) return MISTAKE
  const after = new Map(Object.entries(stored))
  for (const field of Object.keys(by).sort()) {
    const before = after.get(field) ?? 0
    const sum = BigInt(before as number) + BigInt(by[field]!)
    if (sum > Number.MAX_SAFE_INTEGER || sum < Number.MIN_SAFE_INTEGER) return { reason: sum > 0 ? 'ceil' : 'floor' }
    after.set(field, Number(sum))
  }
  for (const [bounds, reason, sign] of [[floor, 'floor', 1], [ceil, 'ceil', -1]] as const) {
    for (const field of Object.keys(bounds).sort()) {
      const value = after.has(field) ? after.get(field) : 0
      if (!Number.isSafeInteger(value)) return MISTAKE
      if ((value as number) * sign < bounds[field]! * sign) return { reason }
    }
  }
  return { after: Object.fromEntries(after) as Record<string, Json> }
}
