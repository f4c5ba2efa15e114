import { z } from 'zod'
import { isoTime, listOf, positiveMoney, recordId } from './common'
import { adminTally } from './usage'
import { vendorIds } from './vendors'

/** Wire formats Vapor speaks. A dialect joins this list when its folder in `server/dialects` is whole. */
export const dialectIds = ['openai-chat', 'openai-responses', 'anthropic', 'gemini'] as const
export type DialectId = typeof dialectIds[number]

const channelFields = {
  name: z.string().trim().min(1, 'give the channel a name').max(60),
  dialect: z.enum(dialectIds),
  /** Up to and including the version part: "https://api.openai.com/v1". */
  baseUrl: z.url({ protocol: /^https?$/, message: 'an http(s) URL such as https://api.openai.com/v1' }).max(300),
  enabled: z.boolean(),
  /** Higher is tried first. */
  priority: z.number().int().min(-1000).max(1000),
  /** Share among channels of the same priority. */
  weight: z.number().int().min(1).max(1000),
}
/** Whose upstream it is, which says how it departs from its dialect. */
const vendor = z.enum(vendorIds)
const credential = z.string().trim().min(1).max(4000)
/** Of the cost prices of its routes: what the upstream counts in, and how many credits one unit of that is worth. */
const costs = {
  costCurrency: z.string().trim().max(12),
  costRate: positiveMoney.refine(text => /[1-9]/.test(text), 'must be more than 0'),
}
/** What a channel nobody said anything about counts its costs in: credits themselves. */
export const plainCosts = { costCurrency: '', costRate: '1' }

export const channelCreate = z.strictObject({
  ...channelFields,
  id: z.string().regex(/^[a-z0-9-]{1,40}$/, 'lower-case letters, digits and dashes').optional(),
  /** `generic` when absent. */
  vendor: vendor.optional(),
  /** {@link plainCosts} when absent. */
  costCurrency: costs.costCurrency.optional(),
  costRate: costs.costRate.optional(),
  enabled: channelFields.enabled.default(true),
  priority: channelFields.priority.default(0),
  weight: channelFields.weight.default(1),
  credentials: z.array(credential).min(1, 'at least one API key').max(50),
})
export type ChannelCreate = z.input<typeof channelCreate>

/** PUT replaces; `credentials` absent keeps the stored ones, because a page never sees them, and so do `vendor` and what costs are counted in. */
export const channelPut = z.strictObject({
  ...channelFields,
  vendor: vendor.optional(),
  costCurrency: costs.costCurrency.optional(),
  costRate: costs.costRate.optional(),
  credentials: z.array(credential).min(1).max(50).optional(),
  /** The version the form was loaded with; another one means somebody saved in between. */
  version: z.string(),
})
export type ChannelPut = z.input<typeof channelPut>

/** One upstream API key as a page may see it, and what this process has seen of it. */
export const credentialReply = z.object({
  /** Its last four characters: "…9f2c". */
  hint: z.string(),
  enabled: z.boolean(),
  /** `cooling` is asked last until the given time. */
  state: z.enum(['unknown', 'healthy', 'cooling']),
  until: isoTime.nullable(),
  /** The latest failure, even when it has worked since. */
  lastError: z.string().nullable(),
  failedAt: isoTime.nullable(),
})
export type CredentialReply = z.output<typeof credentialReply>

export const channelReply = z.object({
  ...channelFields,
  ...costs,
  vendor,
  id: recordId,
  credentials: z.array(credentialReply),
  /** What this process has seen: `cooling` until the given time after failures. */
  health: z.object({ state: z.enum(['unknown', 'healthy', 'cooling']), until: isoTime.nullable(), lastError: z.string().nullable() }),
  version: z.string(),
  createdAt: isoTime,
  updatedAt: isoTime,
})
export type ChannelReply = z.output<typeof channelReply>
export const channelList = listOf(channelReply)

const place = z.number().int().min(0).max(49)
/** Single credentials, by their place in the list the page has loaded. Those added come last. */
export const credentialsPatch = z.strictObject({
  version: z.string(),
  enable: z.array(place).max(50).default([]),
  disable: z.array(place).max(50).default([]),
  remove: z.array(place).max(50).default([]),
  add: z.array(credential).max(50).default([]),
}).refine(({ enable, disable, remove, add }) => [enable, disable, remove, add].some(list => list.length > 0), 'nothing to change')
export type CredentialsPatch = z.input<typeof credentialsPatch>

/** What the channels did on the last days: tries, failures, revenue against upstream cost, and the mean time until an upstream began to answer. */
export const channelTraffic = listOf(adminTally.extend({ channel: recordId, answerMs: z.number().int().nullable() }))
export const channelTrafficQuery = z.strictObject({ days: z.coerce.number().int().min(1).max(90).default(1) })
export type ChannelTraffic = z.output<typeof channelTraffic>['items'][number]

export const channelTest = z.strictObject({
  model: z.string().min(1).max(200).optional(),
  /** The place of the credential to try; the first enabled one when absent. */
  credential: place.optional(),
})
export const channelTestReply = z.object({
  ok: z.boolean(),
  model: z.string(),
  /** Milliseconds until the upstream's answer was whole. */
  durationMs: z.number().int(),
  status: z.number().int().nullable(),
  message: z.string(),
})
export type ChannelTestReply = z.output<typeof channelTestReply>
export const upstreamModels = z.object({ items: z.array(z.object({ id: z.string(), onSale: z.boolean() })), next: z.null() })
export type UpstreamModels = z.output<typeof upstreamModels>
