import { AppError } from '#server/errors/app-error'
import { usageClassNames } from '#shared/schemas/price'
import type { Prices, UsageClass } from '#shared/schemas/price'
import { formatNano, parseSafeNano } from '#shared/utils/money'

/** Integer nano-credits per million units. Beyond input and output only classes with a price of their own appear. */
export type PriceTable = Record<'input' | 'output', number> & Partial<Record<UsageClass, number>>

/** Prices as an admin types them, to the units of the store; throws invalid_request beyond a safe integer. */
export function readPrices(prices: Prices): PriceTable {
  const table: PriceTable = { input: readPrice('input', prices.input), output: readPrice('output', prices.output) }
  for (const name of usageClassNames) {
    const credits = prices[name]
    if (credits !== undefined) table[name] = readPrice(name, credits)
  }
  return table
}

/** Back to decimal text. */
export function writePrices(table: PriceTable): Prices {
  const prices: Prices = { input: formatNano(table.input), output: formatNano(table.output) }
  for (const name of usageClassNames) {
    const nano = table[name]
    if (nano !== undefined) prices[name] = formatNano(nano)
  }
  return prices
}

function readPrice(name: UsageClass, credits: string): number {
  const nano = parseSafeNano(credits)
  if (nano === undefined) throw new AppError('invalid_request', { problem: `prices.${name}: at most 9007199 credits` })
  return nano
}
