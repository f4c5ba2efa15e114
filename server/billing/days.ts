const DAY_MS = 86_400_000

/** Cuts time into days of one zone, as YYYY-MM-DD. */
export function createDays(timeZone: string) {
  // The Swedish locale writes dates as ISO 8601 does.
  const format = new Intl.DateTimeFormat('sv-SE', { timeZone, year: 'numeric', month: '2-digit', day: '2-digit' })

  return {
    /** The day of a time in epoch milliseconds. */
    dayOf: (at: number): string => format.format(at),

    /** The last `count` days up to that of `at`, oldest first. Counted on the calendar: a day may have 23 or 25 hours. */
    lastDays(at: number, count: number): string[] {
      const today = Date.parse(`${format.format(at)}T00:00:00Z`)
      return Array.from({ length: count }, (_, index) => new Date(today - (count - 1 - index) * DAY_MS).toISOString().slice(0, 10))
    },
  }
}
