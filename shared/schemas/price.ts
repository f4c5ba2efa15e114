import { z } from 'zod'
import { positiveMoney } from './common'

/**
 * The disjoint classes a request's usage is split into. A unit is a token, but for `request` (one call).
 * A class without a price of its own is charged like the class behind the arrow.
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
} as const satisfies Record<string, string | null>

export type UsageClass = keyof typeof usageClasses
export const usageClassNames = Object.keys(usageClasses) as UsageClass[]

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
})
export type Prices = z.output<typeof prices>
