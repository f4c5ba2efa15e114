import type { ChannelReply } from '#shared/schemas/channel'
import type { ModelReply, PublicModel } from '#shared/schemas/model'
import type { ModelOnSale, NotForSale } from './catalog'
import type { ChannelRecord, StoredChannel } from './channels'
import { writePrices, writeRoute } from './model-prices'
import type { ModelRecord, StoredModel } from './models'

/** @param health what this process has seen of the channel. */
export function toChannelReply({ value: channel, version }: StoredChannel, health: ChannelReply['health']): ChannelReply {
  return { ...describeChannel(channel), id: channel.id, health, version, createdAt: toIso(channel.createdAt), updatedAt: toIso(channel.updatedAt) }
}

/** What may be shown and kept of a channel: its credentials by their hints only. */
export function describeChannel({ name, vendor, dialect, baseUrl, enabled, priority, weight, costCurrency, costRate, credentials }: ChannelRecord) {
  return { name, vendor, dialect, baseUrl, enabled, priority, weight, costCurrency, costRate, credentials: credentials.map(credential => credential.hint) }
}

export function toModelReply({ value: model, version }: StoredModel, notForSale: NotForSale[]): ModelReply {
  return { ...describeModel(model), id: model.id, notForSale, version, createdAt: toIso(model.createdAt), updatedAt: toIso(model.updatedAt) }
}

export function describeModel({ name, description, enabled, prices, routes }: ModelRecord) {
  return { name, description, enabled, prices: prices && writePrices(prices), routes: routes.map(writeRoute) }
}

export function toPublicModel({ name, description, prices }: ModelOnSale): PublicModel {
  return { name, description, prices: writePrices(prices) }
}

function toIso(at: number): string {
  return new Date(at).toISOString()
}
