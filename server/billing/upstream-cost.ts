/** What requests cost the shop: usage at the cost prices of whoever was asked, and the sum over all tries of a request. */
import type { Picture, Usage } from '#shared/schemas/price'
import { chargesOf } from '#shared/utils/prices'
import type { Attempt, CostSnapshot, RequestRecord } from './records'

/** Units a price is for, times billionths of a currency in one unit of it. */
const DIVISOR = 1_000_000n * 1_000_000_000n

/**
 * Nano-credits a usage costs at an upstream: Σ units × price × rate, divided once and rounded up. Undefined beyond the
 * safe integers, which only a mistyped price or rate reaches: no number is better than a wrong one.
 */
export function upstreamCostOf({ prices, rate }: CostSnapshot, usage: Usage, picture: Picture | undefined): number | undefined {
  const sum = chargesOf(prices, usage, picture).reduce((total, { units, price = 0 }) => total + BigInt(units) * BigInt(price), 0n)
  const cost = Number((sum * BigInt(rate) + DIVISOR - 1n) / DIVISOR)
  return Number.isSafeInteger(cost) ? cost : undefined
}

/**
 * An attempt with what it cost. One that used nothing we know of cost nothing, with or without prices; one that used
 * something has no cost while nobody has typed its prices.
 */
export function withCost(attempt: Attempt, picture: Picture | undefined): Attempt {
  const { usage, costPrice, cost: _, ...rest } = attempt
  const priced = { ...rest, ...(costPrice ? { costPrice } : {}) }
  if (!usage || Object.keys(usage).length === 0) return { ...priced, cost: 0 }
  const cost = costPrice && upstreamCostOf(costPrice, usage, picture)
  return { ...priced, usage, ...(cost === undefined ? {} : { cost }) }
}

/** The upstream cost of a request; `known` is false where a try has none, as in records from before there were costs. */
export function requestCostOf({ attempts }: Pick<RequestRecord, 'attempts'>): { cost: bigint, known: boolean } {
  return {
    cost: attempts.reduce((sum, { cost }) => sum + BigInt(cost ?? 0), 0n),
    known: attempts.length > 0 && attempts.every(({ cost }) => cost !== undefined),
  }
}
