import { z } from 'zod'
import { cheaperInTier } from '../utils/prices'
import { positiveMoney } from './common'
import { usageClassNames } from './usage-class'
import type { Picture, TokenClass, Usage, UsageClass } from './usage-class'

export * from './usage-class'

export const usage: z.ZodType<Usage> = z.partialRecord(z.enum(usageClassNames as [UsageClass, ...UsageClass[]]), z.number().int().min(0))
export const picture: z.ZodType<Picture> = z.object({ size: z.string().nullable(), quality: z.string().nullable() })

const tokenPrices = {
  input: positiveMoney.optional(),
  output: positiveMoney.optional(),
  cachedInput: positiveMoney.optional(),
  cacheWrite5m: positiveMoney.optional(),
  cacheWrite1h: positiveMoney.optional(),
  audioInput: positiveMoney.optional(),
  imageInput: positiveMoney.optional(),
  reasoning: positiveMoney.optional(),
  audioOutput: positiveMoney.optional(),
} satisfies Record<TokenClass, unknown>

const longContext = z.strictObject({
  above: z.number().int().min(1).max(1_000_000_000),
  prices: z.strictObject(tokenPrices),
})

/** As clients write it: `1024x1024`, `high`. */
const pictureWord = z.string().trim().toLowerCase().regex(/^[\w.:-]{1,32}$/, 'letters, digits and . : _ -')

const picturePrice = z.strictObject({ size: pictureWord, quality: pictureWord, price: positiveMoney })

/**
 * Prices at the edge: credits per million units, as decimal text. `input` and `output` must be typed, 0 included:
 * a model without them is not for sale.
 */
export const prices = z.strictObject({
  ...tokenPrices,
  input: positiveMoney,
  output: positiveMoney,
  /** Per call, in credits per million calls like every other class. */
  request: positiveMoney.optional(),
  characters: positiveMoney.optional(),
  audioSeconds: positiveMoney.optional(),
  image: positiveMoney.optional(),
  search: positiveMoney.optional(),
  /** Prices of tokens for requests with a long input. */
  longContext: longContext.optional(),
  /** Prices of pictures by size and quality, either of them `any`; `image` is the price of all others. */
  images: z.array(picturePrice).max(50).optional(),
}).superRefine((table, context) => {
  if (table.images?.length && table.image === undefined) context.addIssue({ code: 'custom', path: ['image'], message: 'say what pictures of any other size or quality cost' })
  const pictures = table.images?.map(({ size, quality }) => `${size} ${quality}`) ?? []
  const twin = pictures.findIndex((name, index) => pictures.indexOf(name) !== index)
  if (twin >= 0) context.addIssue({ code: 'custom', path: ['images', twin, 'quality'], message: 'this size and quality has a price already' })
  if (table.longContext && Object.keys(table.longContext.prices).length === 0) context.addIssue({ code: 'custom', path: ['longContext', 'prices', 'input'], message: 'say what a long request costs' })
  for (const name of cheaperInTier(table)) {
    context.addIssue({ code: 'custom', path: ['longContext', 'prices', name], message: 'a long request must not cost less than a short one' })
  }
})
export type Prices = z.output<typeof prices>
