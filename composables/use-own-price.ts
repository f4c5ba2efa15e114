/** Prices as this reader pays them: with the discount of whoever is signed in. */
export function useOwnPrice() {
  const session = useSessionStore()
  const discount = computed(() => session.me?.discount ?? 0)
  /** @param price of the API, per million; @param unit it is shown for. Exact, like the price list. */
  const own = (price: string, unit: 'million' | 'thousand' | 'one') => fromPerMillion(discounted(price, discount.value), unit)
  return { discount, own }
}

/** `discount` in basis points. Exact: it may have more places than a price on the list. */
export function discounted(price: string, discount: number): string {
  if (discount === 0) return price
  const nano = parseNano(price)
  return nano === undefined ? price : shiftDecimal(formatNano(nano * BigInt(10_000 - discount)), -4) ?? price
}
