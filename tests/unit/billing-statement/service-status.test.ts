import { describe, expect, it } from 'vitest'
import { addMeasures, firstByteAt, measuresOf, speedAt } from '#server/billing/measures'
import type { Measures } from '#server/billing/measures'
import type { RequestRecord } from '#server/billing/records'
import { createStatistics } from '#server/billing/statistics'
import { toStatusReply } from '#server/billing/status-reply'
import { createMemoryStore } from '#server/storage/drivers/memory'
import { keys } from '#server/storage/keys'
import { statusReply } from '#shared/schemas/status'
import { book, requestRecord } from './records'

const MINUTE = 60_000
const HOUR = 60 * MINUTE
/** 2026-05-12 12:00 in Shanghai. */
const NOON = Date.UTC(2026, 4, 12, 4)
const models = [{ id: 'mdl_a', name: 'gpt-5' }, { id: 'mdl_b', name: 'claude' }]

function setup(start = NOON) {
  const clock = { at: start }
  const store = createMemoryStore({ now: () => clock.at })
  const create = () => createStatistics({ store, timeZone: 'Asia/Shanghai', now: () => clock.at })
  return { clock, store, statistics: create(), create }
}

const failed = { endReason: 'upstream_failed' as const, error: 'upstream_unavailable', status: 503 }
const answers = (count: number, at: number, change: Partial<RequestRecord> = {}) => Array.from({ length: count }, (_, index) => requestRecord(at + index, change))
const sumOf = (records: RequestRecord[]): Measures => records.reduce<Measures>((sum, record) => (addMeasures(sum, measuresOf(record)), sum), {})

describe('what one request says of the service', () => {
  it('judges answers that came and those we or the upstream failed, and nothing else', () => {
    const of = (change: Partial<RequestRecord>) => measuresOf(requestRecord(NOON, { stream: false, ...change }))
    expect(of({})).toEqual({ good: 1 })
    expect(of(failed)).toEqual({ bad: 1 })
    for (const endReason of ['upstream_cut', 'stalled', 'deadline', 'interrupted'] as const) expect(of({ endReason, error: 'upstream_cut' })).toEqual({ bad: 1 })
    expect(of({ endReason: 'upstream_failed', error: 'upstream_busy' })).toEqual({ bad: 1 })
    for (const endReason of ['client_left', 'refused', 'out_of_credit'] as const) expect(of({ endReason })).toEqual({})
    expect(of({ endReason: 'upstream_failed', error: 'unsupported_field' })).toEqual({})
  })

  it('measures streams only, and speed only of answers long enough', () => {
    const usage = { input: 10, output: 100 }
    expect(measuresOf(requestRecord(NOON, { usage, firstByteMs: 450, durationMs: 2450 }))).toEqual({ good: 1, first_4: 1, speed_8: 1 })
    expect(measuresOf(requestRecord(NOON, { usage, stream: false, firstByteMs: 450, durationMs: 2450 }))).toEqual({ good: 1 })
    expect(measuresOf(requestRecord(NOON, { usage: { output: 19 }, firstByteMs: 450, durationMs: 2450 }))).toEqual({ good: 1, first_4: 1 })
    expect(measuresOf(requestRecord(NOON, { usage: { output: 50, reasoning: 50 }, firstByteMs: 1450, durationMs: 2500 }))).toEqual({ good: 1, first_9: 1, speed_7: 1 })
  })

  it('reads quantiles off the buckets within the width of one', () => {
    const times = Array.from({ length: 1000 }, (_, index) => index * 3)
    const measures = sumOf(times.map(firstByteMs => requestRecord(NOON, { firstByteMs, durationMs: firstByteMs + 1000, usage: { output: 80 } })))
    expect(Math.abs(firstByteAt(measures, 50)! - 1500)).toBeLessThan(60)
    expect(Math.abs(firstByteAt(measures, 95)! - 2850)).toBeLessThan(100)
    expect(speedAt(measures, 50)).toBeGreaterThanOrEqual(80)
    expect(firstByteAt({}, 50)).toBeUndefined()
    expect(firstByteAt(sumOf(answers(3, NOON, { firstByteMs: 400_000, durationMs: 400_001 })), 95)).toBe(60_000)
  })
})

describe('the status of the service', () => {
  it('says the same before and after its requests are folded, over every range', async () => {
    const { clock, store, statistics } = setup()
    await book(store, ...answers(18, NOON, { firstByteMs: 250 }), ...answers(2, NOON, failed), ...answers(10, NOON, { model: { id: 'mdl_b', name: 'claude' } }))
    clock.at += 8 * MINUTE
    for (let round = 0; round < 2; round++) {
      for (const range of ['hour', 'day', 'month'] as const) {
        const reply = statusReply.parse(toStatusReply(range, await statistics.ofService(range), models))
        expect(reply.overall.success).toBe(0.933)
        expect(reply.models.map(({ model, success }) => [model, success])).toEqual([['gpt-5', 0.9], ['claude', 1]])
        expect(reply.models[0]!.firstByte).toMatchObject({ p50: 250 })
        expect(reply.slots).toHaveLength({ hour: 12, day: 24, month: 30 }[range])
        expect(reply.overall.history.filter(rate => rate !== null)).toEqual([0.933])
        expect(reply.overall.history.at({ hour: -2, day: -1, month: -1 }[range])).toBe(0.933)
      }
      expect(await statistics.fold()).toBe(1 - round)
    }
  })

  it('forgets what lies before the range, and cuts days in the zone of the shop', async () => {
    const { clock, store, statistics } = setup()
    const midnight = Date.UTC(2026, 4, 12, 16)
    await book(store, ...answers(20, midnight - HOUR, failed), ...answers(20, midnight))
    clock.at = midnight + 30 * MINUTE
    for (let round = 0; round < 2; round++) {
      const rates = async (range: 'hour' | 'day' | 'month') => toStatusReply(range, await statistics.ofService(range), models).overall
      expect((await rates('hour')).success).toBe(1)
      expect((await rates('day')).success).toBe(0.5)
      expect((await rates('month')).history.slice(-2)).toEqual([0, 1])
      await statistics.fold()
    }
    clock.at += 26 * HOUR
    const { overall } = toStatusReply('day', await statistics.ofService('day'), models)
    expect(overall).toMatchObject({ success: null, firstByte: null, speed: null })
    expect((await statistics.ofService('month')).all.total).toMatchObject({ good: 20, bad: 20 })
  })

  it('tells no rate of a few calls, and no count of any', async () => {
    const { store, statistics, clock } = setup()
    await book(store, ...answers(9, NOON), ...answers(1, NOON, { ...failed, model: { id: 'mdl_b', name: 'claude' } }))
    clock.at += MINUTE
    const reply = toStatusReply('day', await statistics.ofService('day'), models)
    expect(reply.overall.success).toBe(0.9)
    expect(reply.models[0]).toMatchObject({ success: null, firstByte: null, speed: null })
    expect(reply.models[0]!.history.at(-1)).toBe(1)
    expect(reply.models[1]).toMatchObject({ success: null, history: expect.not.arrayContaining([0]) as unknown })
    expect(JSON.stringify(reply)).not.toMatch(/good|bad|main|mdl_/)
  })

  it('counts each window once when folders race, and lets the short rows expire', async () => {
    const { clock, store, create } = setup()
    await book(store, ...answers(40, NOON))
    clock.at += 20 * MINUTE
    await Promise.all(Array.from({ length: 4 }, () => create().fold()))
    expect((await create().ofService('day')).all.total['good']).toBe(40)
    clock.at += 5 * HOUR
    expect(await store.list(keys.measurePrefix('window'), { limit: 10 })).toEqual([])
    expect(await store.list(keys.measurePrefix('hour'), { limit: 10 })).toHaveLength(2)
  })
})
