/** The gateway's clock: the sandbox's own, and as far ahead of it as it was told to go. */
export interface Clock {
  now: () => number
  /** Puts the clock forward to a time, in milliseconds since 1970; it never goes back. */
  forwardTo: (time: number) => void
}

export function createClock(base: () => number): Clock {
  let ahead = 0
  const now = (): number => base() + ahead
  return {
    now,
    forwardTo: (time) => { ahead += Math.max(0, time - now()) },
  }
}

/** `2026-01-31 08:00:00`: the time in Shanghai, where both gateways are at home, without saying so. */
export function localTime(time: number): string {
  return new Date(time + 8 * 3_600_000).toISOString().slice(0, 19).replace('T', ' ')
}
