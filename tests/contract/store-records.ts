import { setTimeout as wait } from 'node:timers/promises'
import { describe, expect, it } from 'vitest'
import { createStorage } from 'unstorage'
import type { Json } from '#server/storage/store'
import type { Subject } from './store'

const BIG = 9_000_000_000_000_000
/** Short lives end while a test waits; long ones outlast any test. */
const SHORT = 30
const LONG = 600_000

export function testRecords(subject: Subject): void {
  describe('records', () => {
    it('are absent, written, replaced and deleted', async () => {
      const key = `${subject.name()}one`
      expect(await subject.store.get(key)).toBeUndefined()
      await subject.store.put(key, { a: 1 })
      expect((await subject.store.get(key))?.value).toEqual({ a: 1 })
      await subject.store.put(key, [2])
      expect((await subject.store.get(key))?.value).toEqual([2])
      await subject.store.delete(key)
      await subject.store.delete(key)
      expect(await subject.store.get(key)).toBeUndefined()
    })

    it('come in the order asked for, absent ones as undefined', async () => {
      const at = subject.name()
      await subject.store.put(`${at}a`, 'a')
      await subject.store.put(`${at}b`, 'b')
      const found = await subject.store.getMany([`${at}b`, `${at}missing`, `${at}a`, `${at}b`])
      expect(found.map(record => record?.value)).toEqual(['b', undefined, 'a', 'b'])
      expect(await subject.store.getMany([])).toEqual([])
    })

    const values: Record<string, Json> = {
      'null': null, 'false': false, 'empty text': '', 'empty list': [], 'empty record': {},
      'unicode': { 'emoji 🎈': '中文 — ünïcödé \u0000 \u2028 "quoted" \\', '键': ['🧨'] },
      'half a surrogate': 'x\uD800y',
      'nested': { a: [{ b: [{ c: [[[null, true, 'd']]] }] }] },
      'large integers': [BIG, -BIG, Number.MAX_SAFE_INTEGER, Number.MIN_SAFE_INTEGER, 123_456_789_012_345],
      'fractions': [0.1, 1e-7, 1.7976931348623157e308, -1.5],
      'text like numbers': ['1e5', '007', 'true', 'null', '123456789012345'],
      'names of the language': JSON.parse('{"__proto__":{"a":1},"constructor":2,"toString":3}') as Json,
      'much text': 'x'.repeat(1_000_000),
    }
    it.each(Object.entries(values))('keep %s', async (_, value) => {
      const key = `${subject.name()}kept`
      await subject.store.put(key, value)
      expect(JSON.stringify((await subject.store.get(key))?.value)).toBe(JSON.stringify(value))
    })

    it('share nothing with the caller', async () => {
      const key = `${subject.name()}shared`
      const value = { list: [1] }
      await subject.store.put(key, value)
      value.list.push(2)
      const read = (await subject.store.get<{ list: number[] }>(key))!.value
      read.list.push(3)
      expect((await subject.store.get(key))?.value).toEqual({ list: [1] })
    })

    it.each(['', 'a-b', 'a:b', 'a b', 'ä', 'a.b', 'a/b', 'a{', 'a\u0000', 'k'.repeat(401)])('refuse the key %j', async (key) => {
      const { store } = subject
      await expect(store.get(key)).rejects.toThrow(TypeError)
      await expect(store.getMany(['fine', key])).rejects.toThrow(TypeError)
      await expect(store.put(key, 1)).rejects.toThrow(TypeError)
      await expect(store.delete(key)).rejects.toThrow(TypeError)
      for (const step of [{ put: key, value: 1 }, { add: key, by: 1 }, { once: key, value: 1 }, { delete: key }, { expect: key, version: 'absent' }])
        await expect(store.commit('bad key', [step])).rejects.toThrow(TypeError)
    })

    it('take keys up to 400 characters, apart by case', async () => {
      const long = subject.name().padEnd(400, 'z')
      await subject.store.put(long, 'long')
      expect((await subject.store.get(long))?.value).toBe('long')
      const at = subject.name()
      await subject.store.put(`${at}Case`, 1)
      expect(await subject.store.get(`${at}case`)).toBeUndefined()
    })

    it('never have a version twice', async () => {
      const key = `${subject.name()}versions`
      const seen = new Set<string>()
      for (let round = 0; round < 30; round++) {
        if (round % 3 === 0) await subject.store.delete(key)
        if (round % 2 === 0) await subject.store.put(key, 'same')
        else await subject.store.commit('add', [{ delete: key }]).then(() => subject.store.commit('add', [{ add: key, by: 1 }]))
        seen.add((await subject.store.get(key))!.version)
      }
      expect(seen.size).toBe(30)
    })

    it('survive closing and opening', async ({ skip }) => {
      const { reopen } = subject.opened
      if (!reopen) return skip()
      const key = `${subject.name()}durable`
      await subject.store.put(key, { big: BIG })
      const before = await subject.store.get(key)
      const again = await reopen()
      expect(await again.get(key)).toEqual(before)
      await again.put(key, { big: BIG })
      expect((await again.get(key))!.version).not.toBe(before!.version)
    })
  })

  describe('a time to live', () => {
    it('ends a record of put, once and add', async () => {
      const at = subject.name()
      await subject.store.put(`${at}put`, 1, { ttlMs: SHORT })
      await subject.store.commit('short', [
        { once: `${at}once`, value: 'first', ttlMs: SHORT }, { add: `${at}add`, by: 5, ttlMs: SHORT },
        { put: `${at}step`, value: 1, ttlMs: SHORT }, { once: `${at}long`, value: 1, ttlMs: LONG },
      ])
      await wait(SHORT + 20)
      const names = ['put', 'once', 'add', 'step']
      expect(await subject.store.getMany(names.map(name => at + name))).toEqual([undefined, undefined, undefined, undefined])
      expect((await subject.store.list(at, { limit: 10 })).map(row => row.key)).toEqual([`${at}long`])
      const again = await subject.store.commit('again', [
        { expect: `${at}put`, version: 'absent' }, { once: `${at}once`, value: 'second' }, { add: `${at}add`, by: 1, floor: 1, ceil: 1 },
      ])
      expect(again).toEqual({ ok: true, values: [null, null, 1] })
      expect((await subject.store.get(`${at}once`))?.value).toBe('second')
    })

    it('is renewed by an add with one, and ended by a put without one', async () => {
      const at = subject.name()
      await subject.store.put(`${at}renewed`, 1, { ttlMs: SHORT })
      await subject.store.put(`${at}ended`, 1, { ttlMs: SHORT })
      await subject.store.commit('touch', [{ add: `${at}renewed`, by: 1, ttlMs: LONG }, { put: `${at}ended`, value: 2 }])
      await wait(SHORT + 20)
      const found = await subject.store.getMany([`${at}renewed`, `${at}ended`])
      expect(found.map(record => record !== undefined)).toEqual([true, true])
    })

    it('is kept by an add without one', async () => {
      // On a busy machine the first add may have ended before the second came: then both are tried again.
      for (let ttlMs = 2 * SHORT; ; ttlMs *= 2) {
        const key = `${subject.name()}kept`
        await subject.store.commit('begin', [{ add: key, by: 1, ttlMs }])
        const result = await subject.store.commit('go on', [{ add: key, by: 1 }])
        if (!result.ok || result.values[0] !== 2) continue
        await wait(ttlMs + 20)
        return expect(await subject.store.get(key)).toBeUndefined()
      }
    })

    it('must be a positive number', async () => {
      for (const ttlMs of [0, -1, Number.NaN, Number.POSITIVE_INFINITY])
        await expect(subject.store.put(`${subject.name()}bad`, 1, { ttlMs })).rejects.toThrow(TypeError)
    })
  })

  describe('the face of unstorage', () => {
    it('keeps documents under any key, apart from records', async () => {
      const storage = createStorage({ driver: subject.store })
      await storage.setItem('cache:models/gpt-4o', { a: [1, '中文'] })
      await storage.setItem('cache:zürich 🎈', 'text')
      await storage.setItem('caches:other', 7)
      await storage.setItem('gone', 1, { ttl: SHORT / 1000 })
      expect(await storage.getItem('cache:models/gpt-4o')).toEqual({ a: [1, '中文'] })
      expect(await storage.hasItem('caches:other')).toBe(true)
      expect(await storage.hasItem('nothing')).toBe(false)
      expect((await storage.getKeys('cache')).sort()).toEqual(['cache:models:gpt-4o', 'cache:zürich 🎈'])
      await wait(SHORT + 20)
      expect(await storage.getItem('gone')).toBeNull()
      expect((await subject.store.list('doc_', { limit: 10 })).length).toBe(3)
      await storage.removeItem('caches:other')
      expect(await storage.getItem('caches:other')).toBeNull()
      await storage.setItem('kept', 1)
      // unstorage's own clear(base) passes by drivers mounted above the base.
      await subject.store.clear!('cache:', {})
      expect(await storage.getKeys()).toEqual(['kept'])
      await storage.clear()
      expect(await storage.getKeys()).toEqual([])
    })

    it('leaves records alone when documents are cleared', async () => {
      const key = `${subject.name()}safe`
      await subject.store.put(key, 1)
      const storage = createStorage({ driver: subject.store })
      await storage.setItemRaw('raw', new Uint8Array([0, 255, 7]))
      expect([...Buffer.from(await storage.getItemRaw('raw') as Uint8Array)]).toEqual([0, 255, 7])
      await storage.clear()
      expect((await subject.store.get(key))?.value).toBe(1)
    })
  })
}
