import { describe, expect, it } from 'vitest'
import type { Json, Step } from '#server/storage/store'
import type { Subject } from './store'

const BIG = 9_000_000_000_000_000
const MAX = Number.MAX_SAFE_INTEGER

export function testCommits(subject: Subject): void {
  let tests = 0
  const commit = (...steps: Step[]) => subject.store.commit(`test ${tests++}`, steps)
  const value = async (key: string) => (await subject.store.get(key))?.value

  describe('a commit', () => {
    it('writes all steps and answers step by step', async () => {
      const at = subject.name()
      await subject.store.put(`${at}old`, 1)
      expect(await commit({ put: `${at}z`, value: { a: 1 } }, { add: `${at}n`, by: 3 }, { delete: `${at}old` }, { once: `${at}o`, value: [] }, { add: `${at}m`, by: { x: 1, y: -2 } }))
        .toEqual({ ok: true, values: [null, 3, null, null, { x: 1, y: -2 }] })
      const found = await subject.store.getMany(['z', 'n', 'old', 'o', 'm'].map(name => at + name))
      expect(found.map(record => record?.value)).toEqual([{ a: 1 }, 3, undefined, [], { x: 1, y: -2 }])
      expect(await commit()).toEqual({ ok: true, values: [] })
    })

    it('leaves nothing behind when it is refused', async () => {
      const at = subject.name()
      await subject.store.put(`${at}stays`, 'here')
      await subject.store.put(`${at}present`, { stored: true })
      const refusals: Step[] = [
        { add: `${at}count`, by: -1, floor: 0 }, { once: `${at}present`, value: 1 }, { expect: `${at}present`, version: 'absent' },
      ]
      for (const refusal of refusals) {
        const result = await commit({ put: `${at}a`, value: 1 }, { add: `${at}b`, by: 1 }, { once: `${at}c`, value: 1 }, { delete: `${at}stays` }, refusal, { put: `${at}zz`, value: 1 })
        expect(result).toMatchObject({ ok: false, step: 4 })
      }
      expect((await subject.store.list(at, { limit: 10 })).map(row => row.key)).toEqual([`${at}present`, `${at}stays`])
    })

    it('names the first refusal: guards before counters, each in key order', async () => {
      const at = subject.name()
      await subject.store.put(`${at}y`, 'y')
      await subject.store.put(`${at}z`, 'z')
      const { version } = (await subject.store.get(`${at}y`))!
      const low: Step = { add: `${at}a`, by: -1, floor: 0 }
      const lower: Step = { add: `${at}b`, by: { f: 2 }, ceil: { f: 1 } }
      const once: Step = { once: `${at}z`, value: 1 }
      const changed: Step = { expect: `${at}y`, version: 'absent' }
      expect(await commit(lower, low, once, changed)).toEqual({ ok: false, step: 3, reason: 'changed', value: { value: 'y', version } })
      expect(await commit(lower, low, once)).toEqual({ ok: false, step: 2, reason: 'exists', value: 'z' })
      expect(await commit(lower, low)).toEqual({ ok: false, step: 1, reason: 'floor', value: 0 })
      expect(await commit(lower)).toEqual({ ok: false, step: 0, reason: 'ceil', value: {} })
    })

    it('throws for mistakes of the caller and writes nothing', async () => {
      const at = subject.name()
      await subject.store.put(`${at}text`, 'text')
      await subject.store.put(`${at}fields`, { a: 'text' })
      const mistakes: Step[][] = [
        [{ put: `${at}p`, value: 1 }, { delete: `${at}p` }],
        [{ add: `${at}p`, by: 1 }, { add: `${at}p`, by: 1 }],
        [{ expect: `${at}p`, version: 'absent' }, { expect: `${at}p`, version: '1' }],
        [{ add: `${at}p`, by: 0.5 }], [{ add: `${at}p`, by: Number.NaN }], [{ add: `${at}p`, by: MAX + 1 }],
        [{ add: `${at}p`, by: 1, floor: { a: 1 } }], [{ add: `${at}p`, by: { a: 1 }, ceil: 1 }],
        [{ put: `${at}p`, value: undefined as unknown as Json }],
        [{ put: `${at}p`, value: 1 }, { add: `${at}text`, by: 1 }],
        [{ put: `${at}p`, value: 1 }, { add: `${at}text`, by: { a: 1 } }],
        [{ put: `${at}p`, value: 1 }, { add: `${at}fields`, by: 1 }],
        [{ put: `${at}p`, value: 1 }, { add: `${at}fields`, by: { a: 1 } }],
      ]
      for (const steps of mistakes) await expect(commit(...steps)).rejects.toThrow(TypeError)
      expect(await value(`${at}p`)).toBeUndefined()
    })
  })

  describe('once', () => {
    it('returns the stored value when it comes again', async () => {
      const key = `${subject.name()}once`
      const stored = { charge: BIG, parts: ['ä'] }
      expect(await commit({ once: key, value: stored })).toEqual({ ok: true, values: [null] })
      expect(await commit({ once: key, value: 'other' })).toEqual({ ok: false, step: 0, reason: 'exists', value: stored })
      expect(await value(key)).toEqual(stored)
    })

    it('holds for one of many that race', async () => {
      const at = subject.name()
      const results = await Promise.all(Array.from({ length: 50 }, (_, index) =>
        commit({ once: `${at}race`, value: index }, { add: `${at}wins`, by: 1 })))
      expect(results.filter(result => result.ok).length).toBe(1)
      expect(await value(`${at}wins`)).toBe(1)
      const winner = await value(`${at}race`)
      expect(results.every(result => result.ok || result.value === winner)).toBe(true)
    })
  })

  describe('expect', () => {
    it('lets one write of the version it saw through', async () => {
      const key = `${subject.name()}guarded`
      expect(await commit({ expect: key, version: 'absent' }, { put: key, value: 1 })).toMatchObject({ ok: true })
      const seen = (await subject.store.get(key))!
      expect(await commit({ expect: key, version: seen.version }, { put: key, value: 2 })).toMatchObject({ ok: true })
      const now = (await subject.store.get(key))!
      expect(await commit({ expect: key, version: seen.version }, { put: key, value: 3 })).toEqual({ ok: false, step: 0, reason: 'changed', value: now })
      expect(await commit({ expect: key, version: 'absent' })).toEqual({ ok: false, step: 0, reason: 'changed', value: now })
      await subject.store.delete(key)
      expect(await commit({ put: key, value: 4 }, { expect: key, version: now.version })).toEqual({ ok: false, step: 1, reason: 'changed', value: null })
    })

    it('notices a write of the same value, and a delete with a new beginning', async () => {
      const key = `${subject.name()}same`
      await subject.store.put(key, 'same')
      const { version } = (await subject.store.get(key))!
      await subject.store.put(key, 'same')
      expect(await commit({ expect: key, version })).toMatchObject({ reason: 'changed' })
      await subject.store.delete(key)
      await subject.store.put(key, 'same')
      expect(await commit({ expect: key, version })).toMatchObject({ reason: 'changed' })
    })

    it('stands beside any write of its key', async () => {
      const at = subject.name()
      const absent = (key: string) => ({ expect: key, version: 'absent' })
      expect(await commit({ once: `${at}o`, value: 1 }, absent(`${at}o`), { add: `${at}a`, by: 2 }, absent(`${at}a`))).toEqual({ ok: true, values: [null, null, 2, null] })
      const { version } = (await subject.store.get(`${at}a`))!
      expect(await commit({ expect: `${at}a`, version }, { delete: `${at}a` })).toMatchObject({ ok: true })
    })
  })

  describe('add', () => {
    it('keeps exact sums of large integers', async () => {
      const key = `${subject.name()}sum`
      expect(await commit({ add: key, by: BIG })).toEqual({ ok: true, values: [BIG] })
      expect(await commit({ add: key, by: 1 })).toEqual({ ok: true, values: [BIG + 1] })
      expect(await commit({ add: key, by: -2 * BIG + MAX })).toEqual({ ok: true, values: [MAX - BIG + 1] })
      expect(await value(key)).toBe(MAX - BIG + 1)
    })

    it('refuses what leaves the bounds, and shows the counter before', async () => {
      const key = `${subject.name()}bounds`
      await commit({ add: key, by: 10 })
      expect(await commit({ add: key, by: -11, floor: 0 })).toEqual({ ok: false, step: 0, reason: 'floor', value: 10 })
      expect(await commit({ add: key, by: 1, ceil: 10 })).toEqual({ ok: false, step: 0, reason: 'ceil', value: 10 })
      expect(await commit({ add: key, by: -10, floor: 0 })).toEqual({ ok: true, values: [0] })
      expect(await commit({ add: key, by: 10, ceil: 10 })).toEqual({ ok: true, values: [10] })
      expect(await commit({ add: key, by: -15 })).toEqual({ ok: true, values: [-5] })
      expect(await commit({ add: key, by: 1, floor: 0 })).toEqual({ ok: false, step: 0, reason: 'floor', value: -5 })
    })

    it('never leaves the safe integers', async () => {
      const at = subject.name()
      await commit({ add: `${at}up`, by: MAX }, { add: `${at}down`, by: { a: -MAX } })
      expect(await commit({ add: `${at}up`, by: 1 })).toEqual({ ok: false, step: 0, reason: 'ceil', value: MAX })
      expect(await commit({ add: `${at}up`, by: MAX })).toMatchObject({ reason: 'ceil' })
      expect(await commit({ add: `${at}down`, by: { a: -1 } })).toEqual({ ok: false, step: 0, reason: 'floor', value: { a: -MAX } })
    })

    it('counts fields, with bounds of their own', async () => {
      const key = `${subject.name()}fields`
      expect(await commit({ add: key, by: { input: 5, output: 7 } })).toEqual({ ok: true, values: [{ input: 5, output: 7 }] })
      expect(await commit({ add: key, by: { input: -6, calls: 1 }, floor: { input: 0 } })).toEqual({ ok: false, step: 0, reason: 'floor', value: { input: 5, output: 7 } })
      expect(await commit({ add: key, by: { output: 3 }, ceil: { output: 9 } })).toMatchObject({ ok: false, reason: 'ceil' })
      expect(await commit({ add: key, by: { output: 1 }, floor: { input: 6 } })).toMatchObject({ ok: false, reason: 'floor' })
      expect(await commit({ add: key, by: { input: -5, calls: BIG }, floor: { input: 0, calls: 1 }, ceil: { calls: BIG, nothing: 0 } }))
        .toEqual({ ok: true, values: [{ input: 0, output: 7, calls: BIG }] })
      expect(await value(key)).toEqual({ input: 0, output: 7, calls: BIG })
    })

    it('books exactly what fits when 200 race', async () => {
      const at = subject.name()
      await subject.store.put(`${at}available`, 1000)
      const results = await Promise.all(Array.from({ length: 200 }, (_, index) =>
        commit({ add: `${at}available`, by: -7, floor: 0 }, { add: `${at}held`, by: 7 }, { put: `${at}hold_${index}`, value: 7 })))
      const booked = results.filter(result => result.ok).length
      expect(booked).toBe(Math.floor(1000 / 7))
      expect(results.filter(result => !result.ok).every(result => !result.ok && result.reason === 'floor' && result.value === 1000 - 7 * booked)).toBe(true)
      expect(await value(`${at}available`)).toBe(1000 - 7 * booked)
      expect(await value(`${at}held`)).toBe(7 * booked)
      expect((await subject.store.list(`${at}hold_`, { limit: 1000 })).length).toBe(booked)
    })
  })

  describe('commits at the same time', () => {
    it('do not suffer from a neighbour that is refused or throws', async () => {
      const at = subject.name()
      await subject.store.put(`${at}text`, 'text')
      const results = await Promise.allSettled(Array.from({ length: 120 }, (_, index) => {
        if (index % 3 === 1) return commit({ put: `${at}no_${index}`, value: 1 }, { add: `${at}empty`, by: -1, floor: 0 })
        if (index % 3 === 2) return commit({ put: `${at}no_${index}`, value: 1 }, { add: `${at}text`, by: 1 })
        return commit({ put: `${at}yes_${index}`, value: 1 }, { add: `${at}sum`, by: 1 })
      }))
      results.forEach((result, index) => {
        if (index % 3 === 2) expect(result.status).toBe('rejected')
        else expect(result).toMatchObject({ status: 'fulfilled', value: { ok: index % 3 === 0 } })
      })
      expect(await value(`${at}sum`)).toBe(40)
      expect((await subject.store.list(`${at}yes_`, { limit: 100 })).length).toBe(40)
      expect(await subject.store.list(`${at}no_`, { limit: 100 })).toEqual([])
    })

    it('are readable as soon as they are acknowledged', async () => {
      const at = subject.name()
      await Promise.all(Array.from({ length: 100 }, async (_, index) => {
        await commit({ put: `${at}${index}`, value: index })
        expect(await value(`${at}${index}`)).toBe(index)
      }))
    })
  })
}
