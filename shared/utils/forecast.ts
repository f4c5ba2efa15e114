import { parseNano } from './money'

/** How long a balance lasts at the recent rate, or why that cannot be told. */
export type Forecast =
  | { kind: 'days', days: number, perDay: bigint, over: number }
  /** Longer than anybody should plan on such numbers. */
  | { kind: 'long', perDay: bigint, over: number }
  | { kind: 'empty' }
  /** Nothing was spent lately. */
  | { kind: 'idle', over: number }
  /** The first spending is too young: `more` days until there is something to tell. */
  | { kind: 'young', more: number }

const DAYS = 7
const LEAST_DAYS = 3
const LONGEST = 365

/**
 * @param available decimal text in credits.
 * @param costs what each day cost, oldest first, today last; today counts as a whole day, which errs on the long side by
 * less than one in seven.
 */
export function forecastOf(available: string, costs: string[]): Forecast {
  const left = parseNano(available) ?? 0n
  const spent = costs.map(cost => parseNano(cost) ?? 0n)
  if (left <= 0n) return { kind: 'empty' }
  const first = spent.findIndex(cost => cost > 0n)
  if (first === -1) return { kind: 'idle', over: Math.min(DAYS, costs.length) }
  const known = spent.length - first
  if (known < LEAST_DAYS) return { kind: 'young', more: LEAST_DAYS - known }
  const over = Math.min(DAYS, known)
  const sum = spent.slice(-over).reduce((total, cost) => total + cost, 0n)
  if (sum === 0n) return { kind: 'idle', over }
  const days = Number(left * BigInt(over) / sum)
  const perDay = (sum + BigInt(over) - 1n) / BigInt(over)
  return days > LONGEST ? { kind: 'long', perDay, over } : { kind: 'days', days, perDay, over }
}
