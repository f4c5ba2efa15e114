import type { LimitPeriod } from '#shared/schemas/key'

const DAY_MS = 86_400_000
const MINUTE_MS = 60_000
/** No zone is further from UTC. */
const OFFSET_MAX_MS = 15 * 60 * MINUTE_MS

/** The day, the week and the month of a moment: YYYY-MM-DD, the week's Monday, YYYY-MM. */
export type PeriodsOfTime = Record<LimitPeriod, string>

export type Periods = ReturnType<typeof createPeriods>

/** Cuts time into days, weeks that begin on Monday, and months of one zone. Times are epoch milliseconds. */
export function createPeriods(timeZone: string) {
  // The Swedish locale writes dates and times as ISO 8601 does.
  const days = new Intl.DateTimeFormat('sv-SE', { timeZone, year: 'numeric', month: '2-digit', day: '2-digit' })
  const clock = new Intl.DateTimeFormat('sv-SE', { timeZone, year: 'numeric', month: '2-digit', day: '2-digit', hour: '2-digit', minute: '2-digit', second: '2-digit', hourCycle: 'h23' })
  let known: { from: number, to: number, periods: PeriodsOfTime } | undefined

  /** The first moment of a day, found by asking: where clocks change at midnight a day begins at another hour. */
  function startOf(day: string): number {
    const midnight = Date.parse(`${day}T00:00:00Z`)
    let before = midnight - OFFSET_MAX_MS
    let after = midnight + OFFSET_MAX_MS
    while (after - before > MINUTE_MS) {
      const middle = before + Math.floor((after - before) / MINUTE_MS / 2) * MINUTE_MS
      if (days.format(middle) < day) before = middle
      else after = middle
    }
    return after
  }

  function of(at: number): PeriodsOfTime {
    if (known && at >= known.from && at < known.to) return known.periods
    const day = days.format(at)
    const periods = { day, week: mondayOf(day), month: day.slice(0, 7) }
    known = { from: startOf(day), to: startOf(plusDays(day, 1)), periods }
    return periods
  }

  return {
    of,

    /** When each period of a moment ends, which is when the next begins. */
    endsOf(at: number): Record<LimitPeriod, number> {
      const { day, week, month } = of(at)
      return { day: startOf(plusDays(day, 1)), week: startOf(plusDays(week, 7)), month: startOf(`${plusDays(`${month}-01`, 31).slice(0, 7)}-01`) }
    },

    /** The last `count` days up to that of a moment, newest first. */
    lastDays(at: number, count: number): string[] {
      const { day } = of(at)
      return Array.from({ length: count }, (_, back) => plusDays(day, -back))
    },

    /** ISO 8601 as clocks of the zone show it, with their offset. */
    toIso(at: number): string {
      const local = clock.format(at).replace(' ', 'T')
      const minutes = (Date.parse(`${local}Z`) - Math.floor(at / 1000) * 1000) / MINUTE_MS
      const [hours, rest] = [Math.floor(Math.abs(minutes) / 60), Math.abs(minutes) % 60].map(part => String(part).padStart(2, '0'))
      return `${local}${minutes < 0 ? '-' : '+'}${hours}:${rest}`
    },
  }
}

/** Counted on the calendar: a day may have 23 or 25 hours. */
export function plusDays(day: string, count: number): string {
  return new Date(Date.parse(`${day}T00:00:00Z`) + count * DAY_MS).toISOString().slice(0, 10)
}

/** The Monday of a day's week. */
export function mondayOf(day: string): string {
  return plusDays(day, -((new Date(`${day}T00:00:00Z`).getUTCDay() + 6) % 7))
}
