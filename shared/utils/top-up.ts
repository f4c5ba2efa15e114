import { NANO_PER_CREDIT, parseNano } from './money'

/**
 * What a payment buys. Money is decimal text at the gateway, at most 2 places; rate and results are credits. Everything
 * is rounded down to a whole nano-credit: what the gateway takes is exact, what is given for it never exceeds it.
 */
export interface TopUpTerms {
  /** Credits per one unit of money. */
  rate: string
  /** From this amount of money on, so many basis points come on top; the largest one reached counts. */
  tiers: { from: string, bonus: number }[]
  /** Basis points on top of the first paid order, 0 when there is none. */
  firstBonus: number
}

const BASIS = 10_000n

/** Credit and bonus in nano-credits for an amount of money; undefined when the amount or the rate is no plain decimal, or a bonus no integer. */
export function topUpOf(money: string, terms: TopUpTerms): { credit: bigint, bonus: bigint } | undefined {
  const units = parseNano(money)
  const rate = parseNano(terms.rate)
  if (units === undefined || rate === undefined || units < 0n) return undefined
  const points = tierOf(units, terms.tiers) + terms.firstBonus
  // A form that is being filled in knows no bonus yet.
  if (!Number.isSafeInteger(points)) return undefined
  const credit = units * rate / BigInt(NANO_PER_CREDIT)
  return { credit, bonus: credit * BigInt(points) / BASIS }
}

function tierOf(units: bigint, tiers: TopUpTerms['tiers']): number {
  const reached = tiers
    .map(({ from, bonus }) => ({ from: parseNano(from) ?? 0n, bonus }))
    .filter(tier => tier.from <= units)
    .sort((one, other) => one.from < other.from ? 1 : -1)
  return reached[0]?.bonus ?? 0
}
