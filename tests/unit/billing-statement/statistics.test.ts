import { describe, expect, it, vi } from 'vitest'
import { createDays } from '#server/billing/days'
import type { RequestRecord } from '#server/billing/records'
import { toAdminTally, toSeries } from '#server/billing/replies'
import { createStatistics } from '#server/billing/statistics'
import { createMemoryStore } from '#server/storage/drivers/memory'
import { base32, keys, readBase32 } from '#server/storage/keys'
import { book, requestRecord } from './records'

const MINUTE = 60_000
/** 2026-05-12 12:00 in Shanghai. */
const NOON = Date.UTC(2026, 4, 12, 4)

function setup(start = NOON) {
  const clock = { at: start }
  const store = createMemoryStore({ now: () => clock.at })
  const create = () => createStatistics({ store, timeZone: 'Asia/Shanghai', now: () => clock.at })
  return { clock, store, statistics: create(), create }
}

const rolledTo = async (store: ReturnType<typeof createMemoryStore>) => (await store.get<{ to: number }>(keys.rolledTo))?.value.to

describe('folding', () => {
  it('counts each closed window once, and the open one at the time of reading', async () => {
    const { clock, store, statistics } = setup()
    await book(store, requestRecord(NOON + 1), requestRecord(NOON + 2, { error: 'upstream_cut' }))
    const before = await statistics.ofShop(7)
    expect(before.totals.today).toEqual({ requests: 2, failed: 1, input: 30, output: 14, cost: 200n, costed: 0n, upstream: 0n })
    expect(await statistics.fold()).toBe(0)
    clock.at += 7 * MINUTE + 1
    expect(await statistics.fold()).toBe(1)
    expect(await statistics.fold()).toBe(0)
    await book(store, requestRecord(clock.at))
    expect((await statistics.ofShop(7)).totals.today.requests).toBe(3)
    expect((await statistics.ofUser('7', 7)).totals.today).toEqual({ requests: 3, failed: 1, input: 45, output: 21, cost: 300n, costed: 0n, upstream: 0n })
    expect((await statistics.ofUser('8', 7)).totals.today.requests).toBe(0)
  })

  it('tells what single users did, folded or not, in the order they are asked for', async () => {
    const { clock, store, statistics } = setup()
    const DAY = 24 * 60 * MINUTE
    await book(store, requestRecord(NOON - 10 * DAY, { user: '8', cost: 5 }), requestRecord(NOON - 3 * DAY, { user: '8', cost: 7, error: 'upstream_cut' }), requestRecord(NOON - 3 * DAY))
    await statistics.fold()
    await book(store, requestRecord(clock.at, { user: '8', cost: 11, attempts: [{ channel: 'main', upstreamModel: 'gpt-5', status: 200, error: null, startedAt: NOON, durationMs: 1, cost: 4 }] }))
    const [none, eight, seven] = await statistics.ofUsers(['9', '8', '7'])
    expect(none!.thirtyDays.requests).toBe(0)
    expect(eight!.today).toMatchObject({ requests: 1, cost: 11n, costed: 11n, upstream: 4n })
    expect(eight!.sevenDays).toMatchObject({ requests: 2, failed: 1, cost: 18n })
    expect(eight!.thirtyDays).toMatchObject({ requests: 3, cost: 23n, costed: 11n })
    for (const [user, totals] of [['8', eight], ['7', seven]] as const) expect(totals).toEqual((await statistics.ofUser(user, 30)).totals)
  })

  it('waits two minutes after the end of a window', async () => {
    const { clock, store, statistics } = setup()
    await book(store, requestRecord(NOON))
    clock.at = NOON + 7 * MINUTE - 1
    expect(await statistics.fold()).toBe(0)
    clock.at++
    expect(await statistics.fold()).toBe(1)
  })

  it('costs an empty or idle shop no write', async () => {
    const { clock, store, statistics } = setup()
    const commit = vi.spyOn(store, 'commit')
    const put = vi.spyOn(store, 'put')
    await statistics.fold()
    clock.at += 3600 * MINUTE
    await statistics.fold()
    expect(commit).not.toHaveBeenCalled()
    expect(put).not.toHaveBeenCalled()
  })

  it('catches up after days without skipping a window', async () => {
    const { clock, store, statistics } = setup()
    const times = [0, 4, 5, 26, 600, 1439, 1440, 2881].map(minutes => NOON + minutes * MINUTE)
    await book(store, ...times.map(at => requestRecord(at)))
    clock.at = NOON + 5 * 1440 * MINUTE
    expect(await statistics.fold()).toBe(7)
    const { series, totals } = await statistics.ofShop(7)
    expect(totals.sevenDays.requests).toBe(8)
    expect(series.map(day => [day.day, day.requests])).toEqual([
      ['2026-05-11', 0], ['2026-05-12', 5], ['2026-05-13', 2], ['2026-05-14', 1], ['2026-05-15', 0], ['2026-05-16', 0], ['2026-05-17', 0],
    ])
  })

  it('cuts days in the zone of the shop', async () => {
    const { clock, store, statistics } = setup()
    const midnight = Date.UTC(2026, 4, 12, 16)
    await book(store, requestRecord(midnight - 1), requestRecord(midnight))
    clock.at = midnight + 20 * MINUTE
    for (let round = 0; round < 2; round++) {
      const { series } = await statistics.ofShop(2)
      expect(series.map(day => [day.day, day.requests])).toEqual([['2026-05-12', 1], ['2026-05-13', 1]])
      await statistics.fold()
    }
  })

  it('survives folders that race, in every order', async () => {
    const { clock, store, create } = setup()
    await book(store, ...Array.from({ length: 60 }, (_, index) => requestRecord(NOON + index * MINUTE, { user: String(index + 1) })))
    clock.at = NOON + 300 * MINUTE
    await Promise.all(Array.from({ length: 5 }, () => create().fold()))
    expect((await create().ofShop(1)).totals.today.requests).toBe(60)
    expect(await rolledTo(store)).toBe(NOON + 60 * MINUTE)
  })

  it('splits a window of many rows, and goes on where another folder fell', async () => {
    const { clock, store, create } = setup()
    await book(store, ...Array.from({ length: 900 }, (_, index) => requestRecord(NOON + index, { user: String(index + 1), model: { id: `mdl_${index % 300}`, name: 'x' } })))
    clock.at = NOON + 20 * MINUTE
    const { commit } = store
    const sizes: number[] = []
    let left = 3
    store.commit = async (id, steps) => {
      if (left-- === 0) throw new Error('the process is gone')
      sizes.push(steps.length)
      return commit(id, steps)
    }
    await expect(create().fold()).rejects.toThrow('the process is gone')
    expect(await rolledTo(store)).toBeUndefined()
    left = Infinity
    await Promise.all([create().fold(), create().fold()])
    expect(Math.max(...sizes)).toBeLessThan(500)
    const shop = await create().ofShop(1)
    expect(shop.totals.today).toEqual({ requests: 900, failed: 0, input: 13_500, output: 6300, cost: 90_000n, costed: 0n, upstream: 0n })
    for (const user of ['1', '450', '900']) expect((await create().ofUser(user, 1)).totals.today.requests).toBe(1)
    expect(shop.models.reduce((sum, row) => sum + row.tally.requests, 0)).toBeLessThanOrEqual(900)
    expect(shop.models[0]?.tally.requests).toBe(3)
  })

  it('equals a plain count for random traffic folded at random moments', async () => {
    const { clock, store, statistics } = setup()
    const random = createRandom(7)
    const all: RequestRecord[] = []
    for (let step = 0; step < 200; step++) {
      clock.at += Math.floor(random() * 4 * MINUTE)
      const record = requestRecord(clock.at, { user: String(1 + Math.floor(random() * 5)), cost: Math.floor(random() * 1e6), error: random() < 0.2 ? 'upstream_cut' : null })
      all.push(record)
      await book(store, record)
      if (random() < 0.1) await statistics.fold()
    }
    const shop = await statistics.ofShop(30)
    expect(shop.totals.thirtyDays.requests).toBe(200)
    expect(shop.totals.thirtyDays.cost).toBe(all.reduce((sum, record) => sum + BigInt(record.cost), 0n))
    expect(shop.totals.thirtyDays.failed).toBe(all.filter(record => record.error).length)
    for (const { id, tally } of shop.users) expect(tally.requests).toBe(all.filter(record => record.user === id).length)
  })
})

describe('upstream cost', () => {
  const attempt = { upstreamModel: 'x', status: 200, error: null, startedAt: 0, durationMs: 1 }

  it('counts where it arose, folded or not, and revenue only where all of its cost is known', async () => {
    const { clock, store, statistics } = setup()
    const failed = { ...attempt, channel: 'a', status: 200, error: 'upstream_cut', cost: 30 }
    await book(
      store,
      requestRecord(NOON, { cost: 100, attempts: [failed, { ...attempt, channel: 'b', cost: 40 }] }),
      requestRecord(NOON + 1, { cost: 500, model: { id: 'mdl_b', name: 'b' }, attempts: [failed, { ...attempt, channel: 'c' }] }),
      requestRecord(NOON + 2, { cost: 70, model: { id: 'mdl_b', name: 'b' }, attempts: [{ ...attempt, channel: 'c', cost: 90 }] }),
      requestRecord(NOON + 3, { cost: 9, attempts: [] }),
    )
    const pick = (rows: { id: string, tally: { cost: bigint, costed: bigint, upstream: bigint } }[]) => rows.map(({ id, tally: { cost, costed, upstream } }) => [id, cost, costed, upstream])
    for (let round = 0; round < 2; round++) {
      const books = await statistics.books(7)
      expect(books.total).toMatchObject({ cost: 679n, costed: 170n, upstream: 190n })
      expect(pick(books.channels)).toEqual([['c', 570n, 70n, 90n], ['b', 100n, 100n, 40n], ['a', 0n, 0n, 60n]])
      expect(pick(books.models)).toEqual([['mdl_b', 570n, 70n, 120n], ['mdl_a', 109n, 100n, 70n]])
      expect((await statistics.ofUser('7', 7)).totals.today).toMatchObject({ costed: 170n, upstream: 190n })
      clock.at += 20 * MINUTE
      await statistics.fold()
    }
  })

  it('goes on from counters of before there were costs', async () => {
    const { clock, store, statistics } = setup()
    for (const key of [keys.stat('all', 'all', '2026-05-12'), keys.statOfDay('channel', '2026-05-12', 'main')]) {
      await store.commit(key, [{ add: key, by: { requests: 3, failed: 1, input: 10, output: 20, cost: 1000 } }])
    }
    expect((await statistics.books(7)).total).toEqual({ requests: 3, failed: 1, input: 10, output: 20, cost: 1000n, costed: 0n, upstream: 0n })
    await book(store, requestRecord(NOON, { attempts: [{ ...attempt, channel: 'main', cost: 60 }] }))
    clock.at += 20 * MINUTE
    await statistics.fold()
    const { total, channels } = await statistics.books(7)
    expect(total).toMatchObject({ requests: 4, cost: 1100n, costed: 100n, upstream: 60n })
    expect(channels).toMatchObject([{ id: 'main', tally: { requests: 4, cost: 1100n, costed: 100n, upstream: 60n } }])
  })

  it('may be absurd without stopping the counters', async () => {
    const { clock, store, statistics } = setup()
    const huge = 9_007_199_254_740_991
    for (let index = 0; index < 30; index++) await book(store, requestRecord(NOON + index * MINUTE, { attempts: [{ ...attempt, channel: 'main', cost: huge }] }))
    clock.at += 60 * MINUTE
    await statistics.fold()
    const { total, channels } = await statistics.books(7)
    expect(total.upstream).toBe(30n * BigInt(huge))
    expect(channels[0]?.tally.upstream).toBe(30n * BigInt(huge))
  })
})

describe('tables and sums', () => {
  it('show a channel that failed beside the one that served', async () => {
    const { clock, store, statistics } = setup()
    const attempt = { upstreamModel: 'x', status: 200, error: null, startedAt: 0, durationMs: 1 }
    await book(store, requestRecord(NOON, { attempts: [{ ...attempt, channel: 'a-1', status: 500, error: 'upstream_unavailable' }, { ...attempt, channel: 'b' }] }))
    for (let round = 0; round < 2; round++) {
      const { channels } = await statistics.ofShop(1)
      expect(channels).toEqual([
        { id: 'b', tally: { requests: 1, failed: 0, input: 15, output: 7, cost: 100n, costed: 0n, upstream: 0n } },
        { id: 'a-1', tally: { requests: 1, failed: 1, input: 0, output: 0, cost: 0n, costed: 0n, upstream: 0n } },
      ])
      clock.at += 20 * MINUTE
      await statistics.fold()
    }
  })

  it('leave the safe integers without losing a nano', async () => {
    const { clock, store, statistics } = setup()
    for (const day of ['2026-05-10', '2026-05-11', '2026-05-12']) await store.commit(day, [{ add: keys.stat('all', 'all', day), by: { requests: 1, cost: 9_007_199_254_740_991 } }])
    clock.at = NOON
    expect(toSeries(await statistics.ofShop(7), toAdminTally).totals.sevenDays.cost).toBe('27021597.764222973')
  })

  it('read a window again that is folded in the meantime', async () => {
    const { clock, store, statistics, create } = setup()
    await book(store, requestRecord(NOON), requestRecord(NOON + 1))
    clock.at += 20 * MINUTE
    const { list } = store
    store.list = (async (prefix, options) => {
      store.list = list
      const rows = await list(prefix, options)
      await create().fold()
      return rows
    }) as typeof list
    expect((await statistics.ofUser('7', 1)).totals.today.requests).toBe(2)
  })

  it('count days on the calendar, through a change of the clocks', () => {
    const days = createDays('America/New_York')
    expect(days.lastDays(Date.UTC(2026, 2, 9, 4, 30), 3)).toEqual(['2026-03-07', '2026-03-08', '2026-03-09'])
    expect(days.dayOf(Date.UTC(2026, 2, 9, 3, 59))).toBe('2026-03-08')
  })

  it('bring ids back from their keys', () => {
    for (const text of ['', 'a', 'b-10', 'main', '模型-ß', 'x'.repeat(40)]) expect(readBase32(base32(text))).toBe(text)
  })
})

function createRandom(seed: number): () => number {
  let state = seed
  return () => (state = (state * 48271) % 2147483647) / 2147483647
}
