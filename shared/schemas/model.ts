import { z } from 'zod'
import { isoTime, listOf, recordId } from './common'
import { prices } from './price'

export const modelName = z.string().trim().regex(/^[\w./:@+-]{1,200}$/, 'letters, digits and . / : @ + - _')

export const route = z.strictObject({
  channel: recordId,
  /** The name the upstream knows; empty means the public name. */
  upstream: z.string().trim().max(200).default(''),
  priority: z.number().int().min(-1000).max(1000).default(0),
  weight: z.number().int().min(1).max(1000).default(1),
  /** What the upstream takes, in the currency of its channel per million units; absent where nobody typed it. */
  cost: prices.optional(),
})
export type Route = z.output<typeof route>

const modelFields = {
  name: modelName,
  description: z.string().trim().max(500),
  enabled: z.boolean(),
  /** Null: not for sale yet. */
  prices: prices.nullable(),
  routes: z.array(route).max(50),
}

export const modelCreate = z.strictObject({
  ...modelFields,
  description: modelFields.description.default(''),
  enabled: modelFields.enabled.default(true),
  prices: modelFields.prices.default(null),
  routes: modelFields.routes.default([]),
})
export type ModelCreate = z.input<typeof modelCreate>

export const modelPut = z.strictObject({ ...modelFields, version: z.string() })
export type ModelPut = z.input<typeof modelPut>

export const modelReply = z.object({
  ...modelFields,
  id: recordId,
  /** Why a caller cannot buy it: no prices, no enabled channel, switched off; empty when it is on sale. */
  notForSale: z.array(z.enum(['disabled', 'no_price', 'no_route'])),
  version: z.string(),
  createdAt: isoTime,
  updatedAt: isoTime,
})
export type ModelReply = z.output<typeof modelReply>
export const modelList = listOf(modelReply)

/** What anybody may see of a model on sale. */
export const publicModel = z.object({ name: z.string(), description: z.string(), prices })
export type PublicModel = z.output<typeof publicModel>
export const publicModelList = listOf(publicModel)
