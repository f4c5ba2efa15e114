import type { ChannelReply } from '#shared/schemas/channel'
import type { ModelReply, PublicModel } from '#shared/schemas/model'
import type { LiveRoute, ModelOnSale, NotForSale } from './catalog'
import type { ChannelRecord, StoredChannel } from './channels'
import { writePrices, writeRoute } from './model-prices'
import type { ModelRecord, StoredModel } from './models'
import { dialectsOf, modalitiesOf } from './offer'

/** @param seen what this process has seen of the channel and of each of its credentials. */
export function toChannelReply({ value: channel, version }: StoredChannel, { health, credentials }: Pick<ChannelReply, 'health' | 'credentials'>): ChannelReply {
  return { ...describeChannel(channel), id: channel.id, health, credentials, version, createdAt: toIso(channel.createdAt), updatedAt: toIso(channel.updatedAt) }
}

/** What may be shown and kept of a channel: its credentials by their hints only. */
export function describeChannel({ name, vendor, dialect, baseUrl, enabled, priority, weight, costCurrency, costRate, credentials }: ChannelRecord) {
  return { name, vendor, dialect, baseUrl, enabled, priority, weight, costCurrency, costRate, credentials: credentials.map(({ hint, off }) => off ? `${hint} (off)` : hint) }
}

export function toModelReply({ value: model, version }: StoredModel, notForSale: NotForSale[]): ModelReply {
  return { ...describeModel(model), id: model.id, notForSale, version, createdAt: toIso(model.createdAt), updatedAt: toIso(model.updatedAt) }
}

export function describeModel({ name, description, enabled, prices, routes, context = null, maxOutput = null, modalities = [] }: ModelRecord) {
  return { name, description, enabled, prices: prices && writePrices(prices), routes: routes.map(writeRoute), context, maxOutput, modalities }
}

export function toPublicModel(model: ModelOnSale, routes: LiveRoute[]): PublicModel {
  const { name, description, prices, context = null, maxOutput = null } = model
  const modalities = modalitiesOf(model)
  return { name, description, prices: writePrices(prices), context, maxOutput, modalities, dialects: dialectsOf(modalities, routes) }
}

function toIso(at: number): string {
  return new Date(at).toISOString()
}
