import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createPeriods } from '#server/billing/periods'
import { runs } from '../../support/runs'

const shanghai = createPeriods('Asia/Shanghai')
const berlin = createPeriods('Europe/Berlin')
const at = (iso: string) => Date.parse(iso)

describe('periods', () => {
  it('are cut in their zone: the day at midnight, the week on Monday, the month on the first', () => {
    // Sunday to Monday, 30 June to 1 July.
    expect(shanghai.of(at('2024-06-30T15:59:59.999Z'))).toEqual({ day: '2024-06-30', week: '2024-06-24', month: '2024-06' })
    expect(shanghai.of(at('2024-06-30T16:00:00Z'))).toEqual({ day: '2024-07-01', week: '2024-07-01', month: '2024-07' })
    // A week that began in the year before.
    expect(shanghai.of(at('2025-01-01T00:00:00Z'))).toEqual({ day: '2025-01-01', week: '2024-12-30', month: '2025-01' })
  })

  it('end when the next begins', () => {
    expect(shanghai.endsOf(at('2024-06-28T10:00:00Z'))).toEqual({ day: at('2024-06-28T16:00:00Z'), week: at('2024-06-30T16:00:00Z'), month: at('2024-06-30T16:00:00Z') })
    expect(shanghai.endsOf(at('2024-12-31T20:00:00Z'))).toEqual({ day: at('2025-01-01T16:00:00Z'), week: at('2025-01-05T16:00:00Z'), month: at('2025-01-31T16:00:00Z') })
  })

  it('know days of 23 and 25 hours, and days that begin at one in the morning', () => {
    const hours = (periods: typeof berlin, noon: string) => {
      const end = periods.endsOf(at(noon)).day
      return (end - periods.endsOf(at(noon) - 86_400_000).day) / 3_600_000
    }
    expect(hours(berlin, '2024-03-31T12:00:00Z')).toBe(23)
    expect(hours(berlin, '2024-10-27T12:00:00Z')).toBe(25)
    expect(hours(berlin, '2024-10-28T12:00:00Z')).toBe(24)
    expect(berlin.endsOf(at('2024-03-30T12:00:00Z'))).toMatchObject({ day: at('2024-03-30T23:00:00Z'), week: at('2024-03-31T22:00:00Z'), month: at('2024-03-31T22:00:00Z') })
    const cairo = createPeriods('Africa/Cairo')
    const start = cairo.endsOf(at('2024-04-25T12:00:00Z')).day
    expect(cairo.toIso(start)).toBe('2024-04-26T01:00:00+03:00')
  })

  it('are told with the offset of that day', () => {
    expect(shanghai.toIso(at('2024-06-30T16:00:00Z'))).toBe('2024-07-01T00:00:00+08:00')
    expect(berlin.toIso(at('2024-12-31T23:00:00Z'))).toBe('2025-01-01T00:00:00+01:00')
    expect(createPeriods('America/St_Johns').toIso(at('2024-07-01T00:00:00Z'))).toBe('2024-06-30T21:30:00-02:30')
  })

  it('count days on the calendar', () => {
    expect(berlin.lastDays(at('2024-04-01T12:00:00Z'), 3)).toEqual(['2024-04-01', '2024-03-31', '2024-03-30'])
  })

  it('change exactly at their ends, in any zone at any time', () => {
    const zone = fc.constantFrom('Asia/Shanghai', 'Europe/Berlin', 'America/New_York', 'America/Havana', 'Africa/Cairo', 'America/St_Johns', 'Pacific/Kiritimati', 'Pacific/Pago_Pago', 'Asia/Kathmandu', 'Australia/Lord_Howe', 'UTC')
    fc.assert(fc.property(zone, fc.integer({ min: at('2020-01-01'), max: at('2035-01-01') }), (name, moment) => {
      const periods = createPeriods(name)
      const ends = periods.endsOf(moment)
      expect(Math.floor(Date.parse(periods.toIso(moment)) / 1000)).toBe(Math.floor(moment / 1000))
      for (const period of ['day', 'week', 'month'] as const) {
        expect(ends[period]).toBeGreaterThan(moment)
        expect(periods.of(ends[period] - 1)[period]).toBe(periods.of(moment)[period])
        expect(periods.of(ends[period])[period] > periods.of(moment)[period]).toBe(true)
      }
      // The answer that is kept for the day must be that of every moment of it.
      expect(createPeriods(name).of(moment)).toEqual(periods.of(moment))
    }), { numRuns: runs })
  })
})
