import { usageClassNames } from '#shared/schemas/price'
import type { Picture, PriceTable, Usage, UsageClass } from '#shared/schemas/price'
import { chargesOf, longContextOf, priceIn, picturePriceOf } from '#shared/utils/prices'
import type { PriceSnapshot } from './records'

const UNITS_PER_PRICE = 1_000_000n
const BASIS_POINTS = 10_000n

/** What a class costs per million units in a request of so many tokens of input: as much as what it is charged like, or nothing. */
export function priceOf(prices: PriceTable<number>, usageClass: UsageClass, inputTokens: number): number {
  return priceIn(prices, usageClass, longContextOf(prices, { input: inputTokens })) ?? 0
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
  return chargesOf(snapshot.prices, usage, snapshot.picture).map(({ price = 0, ...line }) => ({ ...line, price }))
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

/** True when a class can cost something, whatever the length of the request or the size of the picture. */
export function isPriced(prices: PriceTable<number>, usageClass: UsageClass): boolean {
  const { longContext, images = [] } = prices
  const all = [priceIn(prices, usageClass, undefined), priceIn(prices, usageClass, longContext), ...(usageClass === 'image' ? images.map(({ price }) => price) : [])]
  return all.some(price => price !== undefined && price > 0)
}

/** True when nothing this snapshot can charge for costs anything. */
export function isFree(snapshot: PriceSnapshot): boolean {
  return snapshot.discount === Number(BASIS_POINTS) || !usageClassNames.some(usageClass => isPriced(snapshot.prices, usageClass))
}

/** The same prices with the dearest pictures a request can come to: what it leaves open, the upstream chooses. */
export function dearest(snapshot: PriceSnapshot): PriceSnapshot {
  const { prices, picture } = snapshot
  if (!picture) return snapshot
  const costs = (one: Picture) => pictureCost(prices, one)
  const open = (prices.images ?? []).map(({ size, quality }) => ({ size: picture.size ?? size, quality: picture.quality ?? quality }))
  return { ...snapshot, picture: open.reduce((found, one) => costs(one) > costs(found) ? one : found, picture) }
}

/**
 * What pictures are charged as: as the upstream says they became, but never dearer than what the client named.
 * @param asked what the request said, @param made what the answer said; null is left open.
 */
export function pictureCharged(prices: PriceTable<number>, asked: Picture, made: Picture): Picture {
  const said = { size: made.size ?? asked.size, quality: made.quality ?? asked.quality }
  const bound = { size: asked.size ?? made.size, quality: asked.quality ?? made.quality }
  return pictureCost(prices, said) > pictureCost(prices, bound) ? bound : said
}

function pictureCost(prices: PriceTable<number>, picture: Picture): number {
  return picturePriceOf(prices, picture)?.price ?? prices.image ?? 0
}
