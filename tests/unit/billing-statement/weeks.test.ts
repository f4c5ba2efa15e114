import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createDays } from '#server/billing/days'
import { createStatistics } from '#server/billing/statistics'
import { cutIntoWeeks } from '#server/billing/weeks'
import type { WeeksFrom } from '#server/billing/weeks'
import { createMemoryStore } from '#server/storage/drivers/memory'
import { keys } from '#server/storage/keys'
import { book, requestRecord } from './records'

const DAY = 86_400_000
/** 2026-05-12, a Tuesday, 12:00 in Shanghai. */
const NOON = Date.UTC(2026, 4, 12, 4)
const ZONE = 'Asia/Shanghai'

function setup() {
  const clock = { at: NOON }
  const store = createMemoryStore({ now: () => clock.at })
  return { clock, store, statistics: createStatistics({ store, timeZone: ZONE, now: () => clock.at }) }
}

const weeksFrom = async (store: ReturnType<typeof createMemoryStore>) => (await store.get<WeeksFrom>(keys.weeksFrom))?.value.monday

describe('days cut into weeks', () => {
  it('cover every day once, whatever the range and the beginning of the weeks', () => {
    const { dayOf, lastDays } = createDays(ZONE)
    fc.assert(fc.property(fc.integer({ min: 0, max: 400 }), fc.integer({ min: 1, max: 120 }), fc.option(fc.integer({ min: -30, max: 30 })), (shift, count, weeks) => {
      const today = NOON + shift * DAY
      const names = lastDays(today, count)
      const from = weeks === null ? undefined : { v: 1 as const, monday: dayOf(Date.UTC(2026, 4, 11, 4) + weeks * 7 * DAY) }
      const cut = cutIntoWeeks(names, from)
      const covered = [...cut.days, ...cut.weeks.flatMap(monday => lastDays(Date.parse(`${monday}T04:00:00Z`) + 6 * DAY, 7).filter(day => day <= names.at(-1)!))]
      expect(covered.toSorted()).toEqual(names)
      if (from) expect(cut.weeks.every(monday => monday >= from.monday)).toBe(true)
      else expect(cut.weeks).toEqual([])
    }))
  })
})

describe('tables over many days', () => {
  it('say the same by weeks as the totals say by days', async () => {
    const { clock, store, statistics } = setup()
    for (let day = 0; day < 40; day++) {
      await book(store, requestRecord(NOON + day * DAY, { user: String(day % 3) }), requestRecord(NOON + day * DAY + 1, { model: { id: `mdl_${day % 2}`, name: 'x' } }))
      clock.at = NOON + day * DAY + 3_600_000
      await statistics.fold()
    }
    expect(await weeksFrom(store)).toBe('2026-05-11')
    for (const count of [1, 6, 7, 8, 20, 39, 40, 90]) {
      const { range, users, models } = await statistics.ofShop(count)
      const sum = (rows: typeof users) => rows.reduce((total, { tally }) => total + tally.cost, 0n)
      expect([sum(users), sum(models)], `${count} days`).toEqual([range.cost, range.cost])
      expect(users.reduce((total, { tally }) => total + tally.requests, 0)).toBe(range.requests)
    }
  })

  it('read days before the first Monday in a store that was counted by days alone', async () => {
    const { clock, store, statistics } = setup()
    const before = { requests: 5, failed: 0, input: 1, output: 1, cost: 500, costed: 0, upstreamCredits: 0, upstreamNano: 0 }
    for (const key of [keys.stat('all', 'all', '2026-05-12'), keys.stat('user', '7', '2026-05-12'), keys.statOfDay('user', '2026-05-12', '7')]) await store.commit(key, [{ add: key, by: before }])
    for (const day of [0, 1, 7, 8]) await book(store, requestRecord(NOON + 60_000 + day * DAY))
    clock.at = NOON + 9 * DAY
    await statistics.fold()
    expect(await weeksFrom(store)).toBe('2026-05-18')
    const { users, range } = await statistics.ofShop(30)
    expect(users).toMatchObject([{ id: '7', tally: { requests: 9, cost: range.cost } }])
  })

  it('lose nobody where more were there than one list holds', async () => {
    const { clock, store, statistics } = setup()
    const one = { requests: 1, failed: 0, input: 1, output: 1, cost: 7, costed: 0, upstreamCredits: 0, upstreamNano: 0 }
    for (let user = 1; user <= 1200; user++) await store.put(keys.statOfWeek('user', '2026-05-11', String(user)), one)
    await store.put(keys.weeksFrom, { v: 1, monday: '2026-05-11' })
    await store.put(keys.statOfWeek('user', '2026-05-11', '999'), { ...one, cost: 1000 })
    clock.at = NOON
    expect((await statistics.ofShop(7)).users[0]).toMatchObject({ id: '999', tally: { cost: 1000n } })
  })
})
