import { AppError } from '#server/errors/app-error'
import type { Route } from '#shared/schemas/model'
import type { Prices, PriceTable } from '#shared/schemas/price'
import { formatNano, parseSafeNano } from '#shared/utils/money'
import { mapPrices } from '#shared/utils/prices'

/** Integer nano-credits per million units. Beyond input and output only classes with a price of their own appear. */
export type ModelPrices = PriceTable<number> & Record<'input' | 'output', number>

/** A route as it is stored: its cost prices in integer billionths of its channel's currency per million units. */
export type StoredRoute = Omit<Route, 'cost'> & { cost?: ModelPrices }

/** Prices as an admin types them, to the units of the store; throws invalid_request beyond a safe integer. */
export function readPrices(prices: Prices): ModelPrices {
  return { ...mapPrices(prices, readPrice), input: readPrice('input', prices.input), output: readPrice('output', prices.output) }
}

export function readRoute({ cost, ...route }: Route): StoredRoute {
  return { ...route, ...(cost ? { cost: readPrices(cost) } : {}) }
}

export function writeRoute({ cost, ...route }: StoredRoute): Route {
  return { ...route, ...(cost ? { cost: writePrices(cost) } : {}) }
}

/** Back to decimal text. */
export function writePrices(table: ModelPrices): Prices {
  return { ...mapPrices(table, (_, nano) => formatNano(nano)), input: formatNano(table.input), output: formatNano(table.output) }
}

/** @param name of the field, for the complaint. */
function readPrice(name: string, credits: string): number {
  const nano = parseSafeNano(credits)
  if (nano === undefined) throw new AppError('invalid_request', { problem: `prices.${name}: at most 9007199 credits` })
  return nano
}
