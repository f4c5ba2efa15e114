import { z } from 'zod'
import { modalities } from '../utils/modalities'
import { dialectIds } from './channel'
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

const tokens = z.number().int().min(1).max(1_000_000_000)

/** What people look for in a model; nothing is charged or refused by it. */
export const modelFacts = {
  /** The longest input and output together, in tokens; null when nobody said it. */
  context: tokens.nullable(),
  maxOutput: tokens.nullable(),
  /** Empty: told by prices and name. */
  modalities: z.array(z.enum(modalities)).max(modalities.length),
}

const someFacts = z.object(modelFacts).partial().shape

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
  ...someFacts,
})
export type ModelCreate = z.input<typeof modelCreate>

/** Facts that are not sent stay as they are. */
export const modelPut = z.strictObject({ ...modelFields, ...someFacts, version: z.string() })
export type ModelPut = z.input<typeof modelPut>

export const modelReply = z.object({
  ...modelFields,
  ...modelFacts,
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
export const publicModel = z.object({
  name: z.string(),
  description: z.string(),
  prices,
  ...modelFacts,
  /** The dialects it can be called in. */
  dialects: z.array(z.enum(dialectIds)),
})
export type PublicModel = z.output<typeof publicModel>
export const publicModelList = listOf(publicModel)
/** One model by its name; without it all of them. */
export const publicModelQuery = z.strictObject({ name: modelName.optional() })
