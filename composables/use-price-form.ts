import type { Prices, UsageClass } from '#shared/schemas/price'
import type { PriceUnit } from '~/composables/use-price-unit'
import { singleUnits, usageClassNames } from '#shared/schemas/price'

/** Prices as they are typed: text in the unit the admin thinks in, empty where a class has no price of its own. */
export interface PriceForm { unit: 'million' | 'thousand', texts: Record<UsageClass, string> }

const empty = () => Object.fromEntries(usageClassNames.map(name => [name, ''])) as Record<UsageClass, string>

export function emptyPriceForm(): PriceForm {
  return { unit: 'million', texts: empty() }
}

export function priceFormOf(prices: Prices | null): PriceForm {
  const form = emptyPriceForm()
  for (const name of usageClassNames) form.texts[name] = fromPerMillion(prices?.[name] ?? '', unitOf(name, 'million'))
  return form
}

/** Calls, pictures and the like are counted one by one; everything else in the unit of the form. */
export function unitOf(name: UsageClass, unit: PriceForm['unit']): PriceUnit {
  return singleUnits.includes(name) ? 'one' : unit
}

/** The typed prices for the API: null when nothing at all is typed, which means "not for sale". */
export function pricesOf(form: PriceForm): Prices | null {
  const typed = usageClassNames.filter(name => form.texts[name].trim() !== '')
  if (!typed.length) return null
  // What cannot be converted exactly is handed on as it is: the schema refuses it and the field says so.
  const entries = typed.map(name => [name, toPerMillion(form.texts[name], unitOf(name, form.unit)) ?? 'inexact'])
  return Object.fromEntries(entries) as Prices
}

/** Switching the unit rewrites what is typed, so that no price changes by switching. */
export function convertPriceForm(form: PriceForm, unit: PriceForm['unit']): PriceForm {
  const texts = { ...form.texts }
  for (const name of usageClassNames) {
    const exact = toPerMillion(texts[name], unitOf(name, form.unit))
    if (exact !== undefined) texts[name] = fromPerMillion(exact, unitOf(name, unit))
  }
  return { unit, texts }
}
