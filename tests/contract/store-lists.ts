import { describe, expect, it } from 'vitest'
import type { Subject } from './store'

export function testLists(subject: Subject): void {
  const listed = async (prefix: string, options: { after?: string, limit?: number, reverse?: boolean } = {}) =>
    (await subject.store.list(prefix, { limit: 1000, ...options })).map(row => row.key)

  async function fill(at: string, names: string[]): Promise<string[]> {
    for (const name of names) await subject.store.put(at + name, name)
    return names.map(name => at + name).sort(byByte)
  }

  describe('a list', () => {
    const names = ['a', 'a_', 'a0', 'aZ', 'a_b', 'A', 'Az', '0', '_', '__', 'z', 'az', 'aa', 'a9', 'b', 'zz']

    it('is ordered by byte, both ways, and shows whole records', async () => {
      const at = subject.name()
      const sorted = await fill(at, names)
      expect(await listed(at)).toEqual(sorted)
      expect(await listed(at, { reverse: true })).toEqual(sorted.toReversed())
      const [first] = await subject.store.list(at, { limit: 1 })
      expect(first).toEqual({ key: sorted[0], ...await subject.store.get(sorted[0]!) })
    })

    it('tells the end of a life, and of what lives for ever none', async () => {
      const at = subject.name()
      const before = Date.now()
      await subject.store.commit('lives', [{ put: `${at}a`, value: 1, ttlMs: 600_000 }, { put: `${at}b`, value: 2 }])
      const [mortal, lasting] = await subject.store.list(at, { limit: 2 })
      expect(mortal!.expiresAt! - before).toBeGreaterThan(500_000)
      expect(lasting).not.toHaveProperty('expiresAt')
    })

    it('goes on behind any key, present or not', async () => {
      const at = subject.name()
      const sorted = await fill(at, names)
      for (const after of [...sorted, `${at}a_a`, `${at}a00`, `${at}00`, `${at}zzz`, `${at}Zz`]) {
        expect(await listed(at, { after })).toEqual(sorted.filter(key => byByte(key, after) > 0))
        expect(await listed(at, { after, reverse: true })).toEqual(sorted.filter(key => byByte(key, after) < 0).toReversed())
      }
    })

    it('ends where its prefix ends', async () => {
      const at = subject.name()
      const sorted = await fill(at, names)
      for (const name of ['a', 'a_', 'a0', 'aZ', 'a_b', 'z', '_', 'nothing']) {
        const inside = sorted.filter(key => key.startsWith(at + name))
        expect(await listed(at + name)).toEqual(inside)
        expect(await listed(at + name, { reverse: true })).toEqual(inside.toReversed())
        expect(await listed(at + name, { after: `${at}A` })).toEqual(inside.filter(key => key > `${at}A`))
        expect(await listed(at + name, { after: `${at}zzz`, reverse: true })).toEqual(inside.toReversed())
        expect(await listed(at + name, { after: `${at}zzz` })).toEqual([])
      }
    })

    it('keeps to its limit and refuses others', async () => {
      const at = subject.name()
      const sorted = await fill(at, names)
      expect(await listed(at, { limit: 3 })).toEqual(sorted.slice(0, 3))
      expect(await listed(at, { limit: 3, reverse: true })).toEqual(sorted.slice(-3).toReversed())
      for (const limit of [0, -1, 1001, 1.5, Number.NaN]) await expect(subject.store.list(at, { limit })).rejects.toThrow(TypeError)
      await expect(subject.store.list('a-b', { limit: 1 })).rejects.toThrow(TypeError)
      await expect(subject.store.list(at, { limit: 1, after: 'a-b' })).rejects.toThrow(TypeError)
    })

    it('pages through 2,500 keys without a gap or a repeat', async () => {
      const at = subject.name()
      const sorted = Array.from({ length: 2500 }, (_, index) => `${at}${(index * 7919).toString(36)}`).sort(byByte)
      for (let begin = 0; begin < sorted.length; begin += 250)
        await subject.store.commit('fill', sorted.slice(begin, begin + 250).map(put => ({ put, value: put.length })))
      for (const reverse of [false, true]) {
        for (const limit of [1000, 999, 77]) {
          const seen: string[] = []
          for (let page = await listed(at, { limit, reverse }); page.length > 0 && seen.length <= sorted.length; page = await listed(at, { limit, reverse, after: seen.at(-1)! })) seen.push(...page)
          expect(seen).toEqual(reverse ? sorted.toReversed() : sorted)
        }
      }
    })
  })

  describe('deleteRange', () => {
    it('deletes from the front, before a key, at most so many', async () => {
      const at = subject.name()
      const sorted = await fill(at, Array.from({ length: 10 }, (_, index) => `r${index}`))
      await subject.store.put(`${at}other`, 'stays')
      const range = (before: string, limit: number) => subject.store.deleteRange(`${at}r`, { before, limit })
      expect(await range(sorted[6]!, 4)).toBe(4)
      expect(await listed(`${at}r`)).toEqual(sorted.slice(4))
      expect(await range(sorted[6]!, 4)).toBe(2)
      expect(await range(sorted[6]!, 4)).toBe(0)
      expect(await range(`${at}z`, 1000)).toBe(4)
      expect(await listed(at)).toEqual([`${at}other`])
    })

    it('refuses bad bounds', async () => {
      const at = subject.name()
      await expect(subject.store.deleteRange(at, { before: 'a-b', limit: 1 })).rejects.toThrow(TypeError)
      await expect(subject.store.deleteRange(at, { before: at, limit: 0 })).rejects.toThrow(TypeError)
      await expect(subject.store.deleteRange(at, { before: at, limit: 1001 })).rejects.toThrow(TypeError)
    })
  })
}

/** Keys are plain ASCII, where the language compares by byte. */
function byByte(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0
}
