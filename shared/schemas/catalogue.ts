import { z } from 'zod'
import { recordId } from './common'
import { modelFacts, modelName } from './model'
import { prices } from './price'

/** Changes of many records at once, each in a commit of its own: what could not be changed is named with the reason. */
const MANY = 200

/** Models of an upstream that go on sale together. A model there is already gets a route and keeps its prices. */
export const channelOffer = z.strictObject({
  items: z.array(z.strictObject({
    /** The name the upstream knows, which becomes the public one. */
    name: modelName,
    prices: prices.nullable().default(null),
    /** What the upstream takes for it, in the currency of the channel; absent where nobody said it. */
    cost: prices.optional(),
    ...z.object(modelFacts).partial().shape,
  })).min(1).max(MANY),
})
export type ChannelOffer = z.input<typeof channelOffer>

/** `created` is a new model, `routed` one that was there and leads here now too, `listed` did so before. */
export const offerOutcomes = ['created', 'routed', 'listed', 'refused'] as const
export const channelOfferReply = z.object({
  items: z.array(z.object({ name: z.string(), outcome: z.enum(offerOutcomes), problem: z.string().nullable() })),
})
export type ChannelOfferReply = z.output<typeof channelOfferReply>

export const manyEnabled = z.strictObject({ ids: z.array(recordId).min(1).max(MANY), enabled: z.boolean() })

export const modelsPriced = z.strictObject({
  items: z.array(z.strictObject({ id: recordId, version: z.string(), prices })).min(1).max(MANY),
})

export const manyReply = z.object({
  done: z.number().int(),
  refused: z.array(z.object({ id: recordId, problem: z.string() })),
})
export type ManyReply = z.output<typeof manyReply>
