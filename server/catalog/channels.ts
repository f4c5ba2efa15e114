/** Channels: the upstreams the shop buys from. Their credentials are encrypted and leave this room only to be used. */
import type { z } from 'zod'
import { AppError } from '#server/errors/app-error'
import type { Vault } from '#server/secrets/vault'
import { readCursor, writeCursor } from '#server/storage/cursor'
import { createId } from '#server/storage/ids'
import { keys } from '#server/storage/keys'
import type { Step, Store, StoredRecord } from '#server/storage/store'
import { versionStep } from '#server/storage/versions'
import type { VersionWatch } from '#server/storage/versions'
import { plainCosts } from '#shared/schemas/channel'
import type { channelCreate, channelPut, DialectId } from '#shared/schemas/channel'
import type { VendorId } from '#shared/schemas/vendors'
import { listAllModels, upcastChannel } from './catalog-rows'
import { createChannelChanges } from './channel-changes'
import type { StoredFields } from './catalog-rows'
import type { ModelRecord } from './models'

const DELETE_TRIES = 5
/** More routes than this stay behind when their channel goes: without the channel they lead nowhere and are skipped. */
const MODELS_PER_DELETE = 100

export interface StoredCredential { sealed: string, hint: string, off?: true }

export interface ChannelRecord {
  v: 1
  id: string
  name: string
  vendor: VendorId
  dialect: DialectId
  /** Up to and including the version part. */
  baseUrl: string
  enabled: boolean
  /** Higher is tried first. */
  priority: number
  weight: number
  /** What cost prices of its routes are in, and credits for one unit of it as decimal text. */
  costCurrency: string
  costRate: string
  /** Encrypted API keys, each with what a page may show of it; `off` is not used. */
  credentials: StoredCredential[]
  createdAt: number
  updatedAt: number
}

export type StoredChannel = StoredRecord<ChannelRecord>
/** More steps for the commit of a change, made from the record before and after it: the audit line. */
export type ChannelSteps = (before: ChannelRecord | undefined, after: ChannelRecord | undefined) => Step[]

export interface ChannelsOptions {
  store: Store
  versions: Pick<VersionWatch, 'touch'>
  vault: Vault
  /** VAPOR_ALLOW_PRIVATE_UPSTREAMS: plain http is accepted too. */
  allowPrivate: boolean
  now?: () => number
}

export type Channels = ReturnType<typeof createChannels>

const none: ChannelSteps = () => []

export function createChannels({ store, versions, vault, allowPrivate, now = Date.now }: ChannelsOptions) {
  async function require(id: string): Promise<StoredChannel> {
    const stored = await store.get<StoredFields>(keys.channel(id))
    if (!stored) throw new AppError('record_not_found', { kind: 'channel' })
    return upcastChannel(stored)
  }

  /** Reads back what was written, for its version. */
  async function written(id: string): Promise<StoredChannel> {
    versions.touch('catalogue')
    return require(id)
  }

  const sealAll = (id: string, credentials: string[]) =>
    credentials.map(text => ({ sealed: vault.seal(keys.channel(id), 'credentials', text), hint: maskCredential(text) }))

  /** All credentials in clear, those that are off included; throws AppError('configuration') when no secret reads them. */
  const openAll = (channel: ChannelRecord): string[] =>
    channel.credentials.map(({ sealed }) => vault.open(keys.channel(channel.id), 'credentials', sealed))

  return {
    /** Throws record_not_found. */
    require,

    ...createChannelChanges({ store, versions, now, require, sealAll, openAll }),
    openAll,

    /** Throws invalid_request for an address no channel may have. */
    requireBaseUrl: (text: string): string => checkBaseUrl(text, allowPrivate),

    /** In the order of their ids. */
    async list(page: { after?: string | undefined, limit: number }): Promise<{ items: StoredChannel[], next: string | null }> {
      const rows = await store.list<StoredFields>(keys.channelPrefix, { after: readCursor(keys.channelPrefix, page.after), limit: page.limit + 1 })
      const items = rows.slice(0, page.limit).map(upcastChannel)
      return { items, next: rows.length > page.limit ? writeCursor(keys.channelPrefix, items.at(-1)?.key) : null }
    },

    /** Throws already_exists when the given id is taken. */
    async create(form: z.output<typeof channelCreate>, also = none): Promise<StoredChannel> {
      const { id = createId('chn', now()).replace('_', '-'), credentials, ...fields } = form
      const channel: ChannelRecord = { v: 1, id, ...fields, ...costsOf(fields, plainCosts), vendor: fields.vendor ?? 'generic', baseUrl: checkBaseUrl(fields.baseUrl, allowPrivate), credentials: sealAll(id, credentials), createdAt: now(), updatedAt: now() }
      const result = await store.commit(`channel_${id}`, [
        { once: keys.channel(id), value: channel },
        versionStep('catalogue'),
        ...also(undefined, channel),
      ])
      if (!result.ok) throw new AppError('already_exists', { kind: 'channel', name: id })
      return written(id)
    },

    /** Replaces a channel; credentials and the vendor stay when absent. Throws record_not_found, changed_meanwhile. */
    async put(id: string, form: z.output<typeof channelPut>, also = none): Promise<StoredChannel> {
      const { version, credentials, ...fields } = form
      const stored = await require(id)
      const channel: ChannelRecord = {
        ...stored.value,
        ...fields,
        ...costsOf(fields, stored.value),
        vendor: fields.vendor ?? stored.value.vendor,
        baseUrl: checkBaseUrl(fields.baseUrl, allowPrivate),
        credentials: credentials ? sealAll(id, credentials) : stored.value.credentials,
        updatedAt: now(),
      }
      const result = await store.commit(`channel_${id}`, [
        { expect: keys.channel(id), version },
        { put: keys.channel(id), value: channel },
        versionStep('catalogue'),
        ...also(stored.value, channel),
      ])
      if (!result.ok) throw new AppError('changed_meanwhile', { kind: 'channel' })
      return written(id)
    },

    /** Removes a channel, and the routes to it when they belong to at most 100 models. Throws record_not_found. */
    async delete(id: string, also = none): Promise<void> {
      for (let tries = 0; tries < DELETE_TRIES; tries++) {
        const stored = await require(id)
        const routed = (await listAllModels(store)).filter(model => model.value.routes.some(route => route.channel === id))
        const result = await store.commit(`channel_${id}`, [
          { expect: keys.channel(id), version: stored.version },
          { delete: keys.channel(id) },
          ...(routed.length <= MODELS_PER_DELETE ? routed.flatMap(model => withoutChannel(model, id, now())) : []),
          versionStep('catalogue'),
          ...also(stored.value, undefined),
        ])
        if (result.ok) return versions.touch('catalogue')
      }
      throw new AppError('changed_meanwhile', { kind: 'channel' })
    },

    /** Those of the credentials that are used, in clear and for use at once; throws AppError('configuration') when no secret reads them. */
    openCredentials: (channel: ChannelRecord): string[] => openAll({ ...channel, credentials: channel.credentials.filter(({ off }) => !off) }),
  }
}

/** What a form says of costs, else what was said before. */
function costsOf(form: { costCurrency?: string | undefined, costRate?: string | undefined }, before: typeof plainCosts): typeof plainCosts {
  return { costCurrency: form.costCurrency ?? before.costCurrency, costRate: form.costRate ?? before.costRate }
}

/** "…9f2c". A short one shows nothing: its end would be most of it. */
export function maskCredential(text: string): string {
  return text.length < 12 ? '…' : `…${text.slice(-4)}`
}

/** Paths are appended to it, so it must end where they begin; a password in it would be stored and shown in clear. */
function checkBaseUrl(text: string, allowPrivate: boolean): string {
  const url = new URL(text)
  if (url.protocol !== 'https:' && !allowPrivate)
    throw new AppError('invalid_request', { problem: 'baseUrl: must begin with https://, or set VAPOR_ALLOW_PRIVATE_UPSTREAMS' })
  if (url.username || url.password || url.search || url.hash)
    throw new AppError('invalid_request', { problem: 'baseUrl: no user name, query or fragment; credentials have their own field' })
  return text.replace(/\/+$/, '')
}

function withoutChannel(model: StoredRecord<ModelRecord>, channel: string, at: number): Step[] {
  const { value } = model
  return [
    { expect: keys.model(value.id), version: model.version },
    { put: keys.model(value.id), value: { ...value, routes: value.routes.filter(route => route.channel !== channel), updatedAt: at } },
  ]
}
