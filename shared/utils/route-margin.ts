/** What a price leaves of each route's cost price, class by class, before anything is sold. */
import { inputClasses, outputClasses, usageClassNames } from '#shared/schemas/usage-class'
import type { Picture, PriceTable, UsageClass } from '#shared/schemas/usage-class'
import { formatNano, NANO_PER_CREDIT, parseNano } from './money'
import { picturePriceOf, priceIn } from './prices'

export interface ClassMargin {
  usageClass: UsageClass
  /** More input tokens than this; null for requests of any length. */
  above: number | null
  /** Only where pictures have prices by size and quality. */
  picture: Picture | null
  /** Credits per million units: what users pay before any discount, and what the upstream takes. */
  sale: string
  cost: string
  /** Of the sale price; null where that is 0. A float only to be shown as a percentage. */
  share: number | null
  loss: boolean
}

const SHARES = 10_000
const tokenClasses: UsageClass[] = [...inputClasses, ...outputClasses]

/**
 * Both prices as decimal text per million units, the cost in its channel's currency, of which one unit is worth `rate`
 * credits. A class only one side has a price for is left out: either it is not sold here, or nobody has typed its cost.
 * What is no number (half typed) is left out too.
 */
export function marginsOfRoute(sale: PriceTable<string>, cost: PriceTable<string>, rate: string): ClassMargin[] {
  const names = usageClassNames.filter(name => name !== 'image' && hasOwn(sale, cost, name))
  const lengths = [sale.longContext?.above, cost.longContext?.above].filter(above => typeof above === 'number')
  const longer = [...new Set(lengths)].sort((a, b) => a - b)
  return [
    ...names.flatMap(name => marginOfClass({ usageClass: name, above: null, picture: null }, priceIn(sale, name, undefined), priceIn(cost, name, undefined), rate)),
    ...pictureMargins(sale, cost, rate),
    ...longer.flatMap((above) => {
      const [saleTier, costTier] = [tierAt(sale, above), tierAt(cost, above)]
      const tokens = tokenClasses.filter(name => hasOwn(sale, cost, name) || hasOwn(saleTier?.prices ?? {}, costTier?.prices ?? {}, name))
      return usageClassNames.filter(name => tokens.includes(name)).flatMap(name =>
        marginOfClass({ usageClass: name, above, picture: null }, priceIn(sale, name, saleTier), priceIn(cost, name, costTier), rate))
    }),
  ]
}

type Prices = Partial<Record<UsageClass, string>>
const hasOwn = (sale: Prices, cost: Prices, name: UsageClass): boolean => sale[name] !== undefined || cost[name] !== undefined

/** The tier that holds for requests just longer than that. */
const tierAt = ({ longContext }: PriceTable<string>, above: number) => longContext && longContext.above <= above ? longContext : undefined

/** Pictures of any kind, and of every size and quality that either side names. */
function pictureMargins(sale: PriceTable<string>, cost: PriceTable<string>, rate: string): ClassMargin[] {
  const named = [...sale.images ?? [], ...cost.images ?? []].map(({ size, quality }) => ({ size, quality }))
  const kinds = [...new Map(named.map(kind => [`${kind.size} ${kind.quality}`, kind])).values()]
  const at = (table: PriceTable<string>, kind: Picture) => picturePriceOf(table, kind)?.price ?? table.image
  return [
    ...marginOfClass({ usageClass: 'image', above: null, picture: null }, sale.image, cost.image, rate),
    ...kinds.flatMap(kind => marginOfClass({ usageClass: 'image', above: null, picture: kind }, at(sale, kind), at(cost, kind), rate)),
  ]
}

function marginOfClass(kind: Pick<ClassMargin, 'usageClass' | 'above' | 'picture'>, saleText: string | undefined, costText: string | undefined, rateText: string): ClassMargin[] {
  const [sale, paid, rate] = [saleText, costText, rateText].map(text => text === undefined ? undefined : parseNano(text))
  if (sale === undefined || paid === undefined || rate === undefined) return []
  const one = BigInt(NANO_PER_CREDIT)
  // Both in billionths of a nano-credit, so that nothing is lost by the rate.
  const [earned, spent] = [sale * one, paid * rate]
  return [{
    ...kind,
    sale: formatNano(sale),
    cost: formatNano((spent + one - 1n) / one),
    share: earned === 0n ? null : Number((earned - spent) * BigInt(SHARES) / earned) / SHARES,
    loss: spent > earned,
  }]
}
