import type { Prices, TokenClass, UsageClass } from '#shared/schemas/price'
import type { PriceUnit } from '~/composables/use-price-unit'
import { ANY, inputClasses, outputClasses, singleUnits, usageClassNames } from '#shared/schemas/usage-class'

/** A price of pictures as it is typed, each: empty words stand for any. */
export interface PicturePriceForm { size: string, quality: string, text: string }

/** Prices as they are typed: text in the unit the admin thinks in, empty where a class has no price of its own. */
export interface PriceForm {
  unit: 'million' | 'thousand'
  texts: Record<UsageClass, string>
  /** The tier of long requests; null where none begins. */
  longContext: { above: number | null, texts: Record<TokenClass, string> }
  images: PicturePriceForm[]
}

/** Classes of tokens in the order of every list of prices. */
export const tokenClasses = usageClassNames.filter((name): name is TokenClass => ([...inputClasses, ...outputClasses] as UsageClass[]).includes(name))

export function emptyPriceForm(): PriceForm {
  return priceFormOf(null)
}

export function priceFormOf(prices: Prices | null): PriceForm {
  const tier = prices?.longContext
  return {
    unit: 'million',
    texts: textsOf(usageClassNames, name => fromPerMillion(prices?.[name] ?? '', unitOf(name, 'million'))),
    longContext: { above: tier?.above ?? null, texts: textsOf(tokenClasses, name => tier?.prices[name] ?? '') },
    images: (prices?.images ?? []).map(({ size, quality, price }) => ({ size: wordOf(size), quality: wordOf(quality), text: fromPerMillion(price, 'one') })),
  }
}

/** Calls, pictures and the like are counted one by one; everything else in the unit of the form. */
export function unitOf(name: UsageClass, unit: PriceForm['unit']): PriceUnit {
  return singleUnits.includes(name) ? 'one' : unit
}

/** The typed prices for the API: null when nothing at all is typed, which means "not for sale". */
export function pricesOf(form: PriceForm): Prices | null {
  const tier = typedOf(form.longContext.texts, form.unit)
  const hasTier = form.longContext.above !== null || Object.keys(tier).length > 0
  const prices = {
    ...typedOf(form.texts, form.unit),
    // Prices without a length, or a length without prices, are handed on: the schema refuses them and the field says so.
    ...(hasTier ? { longContext: { above: form.longContext.above, prices: tier } } : {}),
    ...(form.images.length ? { images: form.images.map(({ size, quality, text }) => ({ size: size.trim() || ANY, quality: quality.trim() || ANY, price: exactOf(text, 'one') })) } : {}),
  }
  return Object.keys(prices).length > 0 ? prices as Prices : null
}

/** Switching the unit rewrites what is typed, so that no price changes by switching. */
export function convertPriceForm(form: PriceForm, unit: PriceForm['unit']): PriceForm {
  const convert = (name: UsageClass, text: string) => {
    const exact = toPerMillion(text, unitOf(name, form.unit))
    return exact === undefined ? text : fromPerMillion(exact, unitOf(name, unit))
  }
  return {
    ...form,
    unit,
    texts: textsOf(usageClassNames, name => convert(name, form.texts[name])),
    longContext: { ...form.longContext, texts: textsOf(tokenClasses, name => convert(name, form.longContext.texts[name])) },
  }
}

const wordOf = (word: string): string => word === ANY ? '' : word

function textsOf<Name extends UsageClass>(names: readonly Name[], text: (name: Name) => string): Record<Name, string> {
  return Object.fromEntries(names.map(name => [name, text(name)])) as Record<Name, string>
}

function typedOf(texts: Partial<Record<UsageClass, string>>, unit: PriceForm['unit']): Partial<Record<UsageClass, string>> {
  return Object.fromEntries(usageClassNames.flatMap((name) => {
    const text = texts[name]?.trim() ?? ''
    return text === '' ? [] : [[name, exactOf(text, unitOf(name, unit))]]
  }))
}

/** What cannot be converted exactly is handed on as it is: the schema refuses it and the field says so. */
function exactOf(text: string, unit: PriceUnit): string {
  return toPerMillion(text, unit) ?? 'inexact'
}
