import { usageClasses, usageClassNames } from '#shared/schemas/price'
import type { Usage, UsageClass } from '#shared/schemas/price'
import type { PriceSnapshot, PriceTable } from './records'

const UNITS_PER_PRICE = 1_000_000n
const BASIS_POINTS = 10_000n

/** What a class costs per million units: its own price, else that of the class it falls back to, else nothing. */
export function priceOf(prices: PriceTable, usageClass: UsageClass): number {
  const own = prices[usageClass]
  if (own !== undefined) return own
  const fallback = usageClasses[usageClass]
  return fallback ? priceOf(prices, fallback) : 0
}

/** One line of a bill. */
export interface PriceLine {
  usageClass: UsageClass
  units: number
  /** Nano-credits per million units. */
  price: number
}

/** What a usage is charged by, class by class: the sum of these lines is the cost, and the bill shows no others. */
export function linesOf(snapshot: PriceSnapshot, usage: Usage): PriceLine[] {
  return usageClassNames.flatMap((usageClass) => {
    const units = usage[usageClass]
    return units ? [{ usageClass, units, price: priceOf(snapshot.prices, usageClass) }] : []
  })
}

/** Σ units × price × (10,000 − discount): ten thousand million times the cost in nano-credits, before it is rounded. */
export function exactCostOf(snapshot: PriceSnapshot, usage: Usage): bigint {
  const sum = linesOf(snapshot, usage).reduce((total, { units, price }) => total + BigInt(units) * BigInt(price), 0n)
  return sum * (BASIS_POINTS - BigInt(snapshot.discount))
}

/**
 * The cost of a usage in nano-credits: Σ units × price, less the discount, divided once and rounded up to a whole nano,
 * so that splitting a request never makes it cheaper and a priced request is never free by rounding.
 */
export function costOf(snapshot: PriceSnapshot, usage: Usage): number {
  const divisor = UNITS_PER_PRICE * BASIS_POINTS
  const cost = Number((exactCostOf(snapshot, usage) + divisor - 1n) / divisor)
  // A cost beyond the range of a balance can only come from a price or usage beyond all limits: never book a rounded one.
  if (!Number.isSafeInteger(cost)) throw new RangeError('a cost left the range of safe integers')
  return cost
}

/** True when nothing this snapshot can charge for costs anything. */
export function isFree(snapshot: PriceSnapshot): boolean {
  return snapshot.discount === Number(BASIS_POINTS) || usageClassNames.every(usageClass => priceOf(snapshot.prices, usageClass) === 0)
}
