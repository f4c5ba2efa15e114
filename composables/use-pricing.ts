import type { Ref } from 'vue'
import type { CataloguePrice } from '#shared/catalogue/prices'
import type { Prices } from '#shared/schemas/price'
import { cataloguePrices } from '#shared/catalogue/prices'
import { findCataloguePrice, priceFactor, pricesFromCatalogue } from '#shared/utils/catalogue'

/** A model with what its vendor asks, and what it would cost here. */
export interface PricedRow {
  name: string
  entry: CataloguePrice | undefined
  prices: Prices | undefined
}

/** After half a year a vendor's price is worth a second look. */
const OLD_MS = 183 * 86_400_000

export function isOldPrice({ seen }: CataloguePrice): boolean {
  return Date.now() - Date.parse(seen) > OLD_MS
}

/** Prices of the bundled catalogue times a rate and a mark-up; what was typed is remembered while the page lives. */
export function usePricing(names: Ref<string[]>) {
  const typed = useState('pricing', () => ({ rate: '1', markup: '0' }))
  const factor = computed(() => priceFactor(plainDecimal(typed.value.rate), plainDecimal(typed.value.markup || '0')))
  const rows = computed<PricedRow[]>(() => names.value.map((name) => {
    const entry = findCataloguePrice(cataloguePrices, name)
    return { name, entry, prices: entry && factor.value ? pricesFromCatalogue(entry, factor.value) : undefined }
  }))
  return { typed, factor, rows }
}

export function isInCatalogue(name: string): boolean {
  return findCataloguePrice(cataloguePrices, name) !== undefined
}
