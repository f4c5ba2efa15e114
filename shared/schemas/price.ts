import { z } from 'zod'
import { positiveMoney } from './common'

/**
 * The disjoint classes a request's usage is split into. A unit is a token, but for those of `otherUnits` and `request`
 * (one call). A class without a price of its own is charged like the class behind the arrow.
 */
export const usageClasses = {
  input: null,
  cachedInput: 'input',
  cacheWrite5m: 'input',
  cacheWrite1h: 'cacheWrite5m',
  audioInput: 'input',
  output: null,
  reasoning: 'output',
  audioOutput: 'output',
  request: null,
  /** Text to be spoken, in code points. */
  characters: null,
  /** Sound to be written down, in begun seconds. */
  audioSeconds: null,
  /** One picture made, of whatever size. */
  image: null,
  /** One search of a reranker: a query over up to 100 documents. */
  search: null,
} as const satisfies Record<string, string | null>

export type UsageClass = keyof typeof usageClasses
export const usageClassNames = Object.keys(usageClasses) as UsageClass[]

/** Classes that are no tokens: no total of tokens contains them. */
export const otherUnits = ['request', 'characters', 'audioSeconds', 'image', 'search'] as const satisfies UsageClass[]
/** Classes people think of one by one; all others in thousands or millions. */
export const singleUnits: readonly UsageClass[] = ['request', 'audioSeconds', 'image', 'search']

/** Units per class; absent means none. */
export const usage = z.partialRecord(z.enum(usageClassNames as [UsageClass, ...UsageClass[]]), z.number().int().min(0))
export type Usage = z.output<typeof usage>

/**
 * Prices at the edge: credits per million units, as decimal text. `input` and `output` must be typed, 0 included:
 * a model without them is not for sale.
 */
export const prices = z.strictObject({
  input: positiveMoney,
  output: positiveMoney,
  cachedInput: positiveMoney.optional(),
  cacheWrite5m: positiveMoney.optional(),
  cacheWrite1h: positiveMoney.optional(),
  audioInput: positiveMoney.optional(),
  reasoning: positiveMoney.optional(),
  audioOutput: positiveMoney.optional(),
  /** Per call, in credits per million calls like every other class. */
  request: positiveMoney.optional(),
  characters: positiveMoney.optional(),
  audioSeconds: positiveMoney.optional(),
  image: positiveMoney.optional(),
  search: positiveMoney.optional(),
})
export type Prices = z.output<typeof prices>
