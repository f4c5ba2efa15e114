/** Prices of the bundled catalogue, turned into a shop's own. */
import type { CataloguePrice } from '../catalogue/prices'
import type { Prices } from '../schemas/price'
import { formatNano, parseNano } from './money'

const NANO = 1_000_000_000n
/** Behind the name proper: the day of a snapshot, or "latest". */
const SNAPSHOT = /(?:[-@](?:20\d{6}|20\d{2}-\d{2}-\d{2}|latest))+$/

/** One spelling for the names vendors and resellers use: `anthropic/Claude-Opus-4.5-20251101` is `claude-opus-4-5`. */
export function plainModelName(name: string): string {
  const last = name.slice(name.lastIndexOf('/') + 1).toLowerCase()
  return last.replace(SNAPSHOT, '').replaceAll('.', '-')
}

export function findCataloguePrice(catalogue: readonly CataloguePrice[], model: string): CataloguePrice | undefined {
  const name = plainModelName(model)
  return catalogue.find(entry => plainModelName(entry.model) === name)
}

/** Credits for a dollar of the vendor's price: the rate and the mark-up in percent. Undefined for what is no such number. */
export function priceFactor(creditsPerUsd: string, markupPercent: string): string | undefined {
  const rate = parseNano(creditsPerUsd)
  const markup = parseNano(markupPercent || '0')
  if (rate === undefined || markup === undefined || rate <= 0n) return undefined
  const factor = rate * (100n * NANO + markup)
  return factor > 0n ? formatNano(ceil(factor, 100n * NANO)) : undefined
}

/** An entry in credits per million; a nano is rounded up, so that a mark-up never becomes a loss. */
export function pricesFromCatalogue({ usd, longContext }: CataloguePrice, factor: string): Prices | undefined {
  const times = parseNano(factor)
  if (times === undefined || times <= 0n) return undefined
  const credits = <T extends Partial<Record<string, string>>>(prices: T) =>
    Object.fromEntries(Object.entries(prices).map(([name, price]) => [name, formatNano(ceil((parseNano(price ?? '') ?? 0n) * times, NANO))])) as T
  return { ...credits(usd), ...(longContext ? { longContext: { above: longContext.above, prices: credits(longContext.usd) } } : {}) }
}

function ceil(value: bigint, by: bigint): bigint {
  return (value + by - 1n) / by
}
