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

/**
 * The cost of a usage in nano-credits: Σ units × price, less the discount, divided once and rounded up to a whole nano,
 * so that splitting a request never makes it cheaper and a priced request is never free by rounding.
 */
export function costOf(snapshot: PriceSnapshot, usage: Usage): number {
  let sum = 0n
  for (const usageClass of usageClassNames) {
    const units = usage[usageClass]
    if (units) sum += BigInt(units) * BigInt(priceOf(snapshot.prices, usageClass))
  }
  const divisor = UNITS_PER_PRICE * BASIS_POINTS
  const cost = Number((sum * (BASIS_POINTS - BigInt(snapshot.discount)) + divisor - 1n) / divisor)
  // A cost beyond the range of a balance can only come from a price or usage beyond all limits: never book a rounded one.
  if (!Number.isSafeInteger(cost)) throw new RangeError('a cost left the range of safe integers')
  return cost
}

/** True when nothing this snapshot can charge for costs anything. */
export function isFree(snapshot: PriceSnapshot): boolean {
  return snapshot.discount === Number(BASIS_POINTS) || usageClassNames.every(usageClass => priceOf(snapshot.prices, usageClass) === 0)
}
