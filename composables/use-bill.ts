import type { Picture, Prices, Usage, UsageClass } from '#shared/schemas/price'

export interface BillLine {
  usageClass: UsageClass
  units: number
  /** Credits per million units, as on the price list. */
  price: string
  /** Exact product in credits; it may have more places than a balance keeps. */
  cost: string
}

const MILLION = 6

/** Units × price for every class that was used: how a charge comes about, before discount and rounding. */
export function billLines(usage: Usage, prices: Prices, picture?: Picture): BillLine[] {
  return chargesOf<string>(prices, usage, picture).map(({ usageClass, units, price = '0' }) => ({ usageClass, units, price, cost: multiply(units, price) }))
}

/** What the lines come to: rounded up once, to the ninth place, after the discount. */
export function billTotal(lines: BillLine[], discount: number): string {
  const sum = lines.reduce((total, line) => total + BigInt(line.units) * (parseNano(line.price) ?? 0n), 0n)
  const divisor = 1_000_000n * 10_000n
  const product = sum * BigInt(10_000 - discount)
  return formatNano((product + divisor - 1n) / divisor)
}

function multiply(units: number, price: string): string {
  const product = formatNano(BigInt(units) * (parseNano(price) ?? 0n))
  return shiftDecimal(product, -MILLION) ?? product
}
