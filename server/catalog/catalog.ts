/** The read side of the catalogue: all of it in memory, read again when anybody changes it anywhere. */
import type { VersionWatch } from '#server/storage/versions'
import type { Store } from '#server/storage/store'
import type { DialectId } from '#shared/schemas/channel'
import type { Quirks } from '#shared/schemas/quirks'
import { vendors } from '#shared/schemas/vendors'
import { parseSafeNano } from '#shared/utils/money'
import { listAllChannels, listAllModels } from './catalog-rows'
import type { ChannelRecord, Channels } from './channels'
import type { ModelPrices, StoredRoute } from './model-prices'
import type { ModelRecord } from './models'

export type NotForSale = 'disabled' | 'no_price' | 'no_route'
/** A model that has passed {@link NotForSale}: it has prices. */
export type ModelOnSale = ModelRecord & { prices: ModelPrices }

/** A channel as the gateway uses it. */
export interface LiveChannel {
  id: string
  name: string
  dialect: DialectId
  baseUrl: string
  /** Of its vendor: how the upstream departs from the dialect. */
  quirks: Quirks
  /** When it was last saved: what was learnt about an older one no longer holds. */
  updatedAt: number
  /** The upstream's API keys in clear, decrypted at the first use; empty when no secret reads them, so that another channel is tried. */
  credentials(): string[]
}

/** A way to serve a model. Priority and weight are those of the route and its channel taken together. */
export interface LiveRoute {
  channel: LiveChannel
  /** The name the upstream knows. */
  upstreamModel: string
  /** Higher is tried first. */
  priority: number
  /** Share among routes of the same priority. */
  weight: number
  /** What a call here costs the shop; absent where nobody typed it. */
  cost?: LiveCost
}

/** Cost prices in billionths of a currency per million units, and nano-credits for one unit of that currency. */
export interface LiveCost {
  prices: ModelPrices
  currency: string
  rate: number
}

interface Snapshot {
  byName: Map<string, ModelRecord>
  byId: Map<string, ModelRecord>
  channels: Map<string, { record: ChannelRecord, live: LiveChannel }>
  /** By the model's id. */
  routes: Map<string, LiveRoute[]>
  /** By name, sorted by it. */
  onSale: Map<string, ModelOnSale>
}

export interface CatalogOptions {
  store: Store
  versions: Pick<VersionWatch, 'on'>
  channels: Pick<Channels, 'openCredentials'>
  onError?: (error: unknown) => void
}

export type Catalog = ReturnType<typeof createCatalog>

export function createCatalog({ store, versions, channels, onError = () => {} }: CatalogOptions) {
  let snapshot: Promise<Snapshot> | undefined

  versions.on('catalogue', () => {
    snapshot = undefined
  })

  /** One load at a time, shared by all who wait; a load that failed is tried again by the next caller. */
  function read(): Promise<Snapshot> {
    if (snapshot) return snapshot
    const loading = load()
    snapshot = loading
    loading.catch(() => {
      if (snapshot === loading) snapshot = undefined
    })
    return loading
  }

  async function load(): Promise<Snapshot> {
    const [modelRows, channelRows] = await Promise.all([listAllModels(store), listAllChannels(store)])
    const live = new Map(channelRows.map(({ value }) => [value.id, { record: value, live: toLive(value) }]))
    const models = modelRows.map(row => row.value).sort((a, b) => a.name < b.name ? -1 : 1)
    const routes = new Map(models.map(model => [model.id, liveRoutes(model, live)]))
    const onSale = models.filter((model): model is ModelOnSale => reasons(model, routes).length === 0)
    return {
      channels: live,
      routes,
      byName: new Map(models.map(model => [model.name, model])),
      byId: new Map(models.map(model => [model.id, model])),
      onSale: new Map(onSale.map(model => [model.name, model])),
    }
  }

  function toLive(record: ChannelRecord): LiveChannel {
    let opened: string[] | undefined
    const { id, name, vendor, dialect, baseUrl, updatedAt } = record
    return { id, name, dialect, baseUrl, quirks: vendors[vendor].quirks, updatedAt, credentials: () => opened ??= open(record) }
  }

  function open(record: ChannelRecord): string[] {
    try {
      return channels.openCredentials(record)
    }
    catch (error) {
      onError(error)
      return []
    }
  }

  return {
    /** The model of a public name, whether it is for sale or not. */
    findModel: async (name: string): Promise<ModelRecord | undefined> => (await read()).byName.get(name),

    /** The model of an internal id. */
    findModelById: async (id: string): Promise<ModelRecord | undefined> => (await read()).byId.get(id),

    /** A channel, enabled or not. */
    findChannel: async (id: string): Promise<LiveChannel | undefined> => (await read()).channels.get(id)?.live,

    /** Every model, by name. */
    listModels: async (): Promise<ModelRecord[]> => [...(await read()).byName.values()],

    /** The model of a public name, when it can be bought now. */
    findOnSale: async (name: string): Promise<ModelOnSale | undefined> => (await read()).onSale.get(name),

    /** The models anybody may buy now, by name. */
    listOnSale: async (): Promise<ModelOnSale[]> => [...(await read()).onSale.values()],

    /** The upstream names of what is on sale through a channel. */
    upstreamModelsOf: async (channel: string): Promise<string[]> => {
      const { onSale, routes } = await read()
      return [...onSale.values()].flatMap(model => routes.get(model.id) ?? []).filter(route => route.channel.id === channel).map(route => route.upstreamModel)
    },

    /** Why nobody can buy a model; empty when it is on sale. */
    notForSale: async (model: ModelRecord): Promise<NotForSale[]> => reasons(model, (await read()).routes),

    /** The ways to serve a model through enabled channels, highest priority first. */
    routesOf: async (model: ModelRecord): Promise<LiveRoute[]> => (await read()).routes.get(model.id) ?? [],
  }
}

function liveRoutes(model: ModelRecord, channels: Snapshot['channels']): LiveRoute[] {
  return model.routes.flatMap((route) => {
    const channel = channels.get(route.channel)
    if (!channel?.record.enabled) return []
    return [{
      channel: channel.live,
      upstreamModel: route.upstream || model.name,
      priority: route.priority + channel.record.priority,
      weight: route.weight * channel.record.weight,
      ...costOf(route, channel.record),
    }]
  }).sort((a, b) => b.priority - a.priority)
}

/** A rate that is no amount any more makes the cost unknown, never zero. */
function costOf({ cost: prices }: StoredRoute, { costCurrency: currency, costRate }: ChannelRecord): { cost?: LiveCost } {
  const rate = parseSafeNano(costRate)
  return prices && rate !== undefined ? { cost: { prices, currency, rate } } : {}
}

function reasons(model: ModelRecord, routes: Snapshot['routes']): NotForSale[] {
  return [
    ...(model.enabled ? [] : ['disabled' as const]),
    ...(model.prices ? [] : ['no_price' as const]),
    ...(routes.get(model.id)?.length ? [] : ['no_route' as const]),
  ]
}
