import type { Tally } from '#shared/schemas/usage'

/** What the overview counts. */
export const shopMeasures = ['revenue', 'requests', 'errors', 'tokens'] as const
export type ShopMeasure = typeof shopMeasures[number]

/** As a float, for charts and comparisons only. */
export function shopMeasureOf(tally: Tally, measure: ShopMeasure): number {
  switch (measure) {
    case 'revenue': return Number.parseFloat(tally.cost)
    case 'requests': return tally.requests
    case 'errors': return tally.failed
    case 'tokens': return tally.inputTokens + tally.outputTokens
  }
}
