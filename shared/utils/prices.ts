/**
 * Which price a unit has: the one rule the charge of a request and the bill its user sees are made by. Prices are decimal
 * text at the edge and integer nano-credits inside; here nothing is multiplied.
 */
import { ANY, inputClasses, outputClasses, usageClasses, usageClassNames } from '#shared/schemas/usage-class'
import type { LongContext, Picture, PicturePrice, PriceTable, TokenClass, Usage, UsageClass } from '#shared/schemas/usage-class'
import { parseNano } from './money'

export interface Charge<P> {
  usageClass: UsageClass
  units: number
  /** Per million units; undefined where nothing is charged. */
  price: P | undefined
}

export const unitsIn = (usage: Usage, classes: readonly UsageClass[]): number => classes.reduce((total, usageClass) => total + (usage[usageClass] ?? 0), 0)

/** The tier of long requests, when the whole input is longer than it begins; undefined for all others. */
export function longContextOf<P>(table: PriceTable<P>, usage: Usage): LongContext<P> | undefined {
  const { longContext } = table
  return longContext && unitsIn(usage, inputClasses) > longContext.above ? longContext : undefined
}

/**
 * The price of a class: its own in the tier, else that of the classes it falls back to there, else the same without the
 * tier. A tier that names only input and output thus covers every token.
 */
export function priceIn<P>(table: PriceTable<P>, usageClass: UsageClass, tier: LongContext<P> | undefined): P | undefined {
  return (tier && ownOrLike<P>(tier.prices, usageClass)) ?? ownOrLike<P>(table, usageClass)
}

function ownOrLike<P>(prices: Partial<Record<UsageClass, P>>, usageClass: UsageClass): P | undefined {
  const like: UsageClass | null = usageClasses[usageClass]
  return prices[usageClass] ?? (like ? ownOrLike(prices, like) : undefined)
}

/** The price of pictures that fits best: both size and quality, else the size, else the quality, else any of both. */
export function picturePriceOf<P>(table: PriceTable<P>, { size, quality }: Picture): PicturePrice<P> | undefined {
  const find = (wantedSize: string | null, wantedQuality: string | null) => table.images?.find(entry => entry.size === wantedSize && entry.quality === wantedQuality)
  return find(size, quality) ?? find(size, ANY) ?? find(ANY, quality) ?? find(ANY, ANY)
}

/** Every class that was used, with its price. `picture` is what pictures were made, where any were. */
export function chargesOf<P>(table: PriceTable<P>, usage: Usage, picture: Picture | undefined): Charge<P>[] {
  const tier = longContextOf(table, usage)
  return usageClassNames.flatMap((usageClass) => {
    const units = usage[usageClass]
    if (!units) return []
    const special = usageClass === 'image' && picture ? picturePriceOf(table, picture)?.price : undefined
    return [{ usageClass, units, price: special ?? priceIn(table, usageClass, tier) }]
  })
}

/** The same prices in another form. `map` is told the name of the field a price stands in. */
export function mapPrices<From, To>(table: PriceTable<From>, map: (name: string, price: From) => To): PriceTable<To> {
  const { longContext, images } = table
  return {
    ...mapClasses(table, map),
    ...(longContext ? { longContext: { above: longContext.above, prices: mapClasses(longContext.prices, (name, price) => map(`longContext.prices.${name}`, price)) } } : {}),
    ...(images?.length ? { images: images.map(({ size, quality, price }, index) => ({ size, quality, price: map(`images.${index}.price`, price) })) } : {}),
  }
}

function mapClasses<From, To>(prices: Partial<Record<UsageClass, From>>, map: (name: string, price: From) => To): Partial<Record<UsageClass, To>> {
  return Object.fromEntries(usageClassNames.flatMap((name) => {
    const price = prices[name]
    return price === undefined ? [] : [[name, map(name, price)]]
  }))
}

/**
 * Classes of tokens a tier makes cheaper, which no vendor does: padding a request would make it cost less. What has no
 * price of its own on either side is not named: it goes with what it falls back to.
 */
export function cheaperInTier(table: PriceTable<string>): TokenClass[] {
  const { longContext } = table
  if (!longContext) return []
  const nano = (price: string | undefined) => parseNano(price ?? '0') ?? 0n
  const own = [...inputClasses, ...outputClasses].filter(name => table[name] !== undefined || longContext.prices[name] !== undefined)
  return own.filter(name => nano(priceIn(table, name, longContext)) < nano(priceIn(table, name, undefined)))
}
