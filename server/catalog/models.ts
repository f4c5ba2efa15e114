/** Models: names on sale, their prices, and the routes that serve them. */
import type { z } from 'zod'
import { AppError } from '#server/errors/app-error'
import { readCursor, writeCursor } from '#server/storage/cursor'
import { createId } from '#server/storage/ids'
import { keys } from '#server/storage/keys'
import type { Step, Store, StoredRecord } from '#server/storage/store'
import { versionStep } from '#server/storage/versions'
import type { VersionWatch } from '#server/storage/versions'
import type { modelCreate, modelPut } from '#shared/schemas/model'
import type { Modality } from '#shared/utils/modalities'
import { createModelChanges } from './model-changes'
import { readPrices, readRoute } from './model-prices'
import type { ModelPrices, StoredRoute } from './model-prices'

const DELETE_TRIES = 5

export interface ModelRecord {
  v: 1
  /** `mdl_…`. Requests and statistics refer to it, because the public name may change. */
  id: string
  name: string
  description: string
  enabled: boolean
  /** Null: not for sale yet. */
  prices: ModelPrices | null
  routes: StoredRoute[]
  /** Absent in records older than these. */
  context?: number | null | undefined
  maxOutput?: number | null | undefined
  modalities?: Modality[] | undefined
  createdAt: number
  updatedAt: number
}

export type StoredModel = StoredRecord<ModelRecord>
/** More steps for the commit of a change, made from the record before and after it: the audit line. */
export type ModelSteps = (before: ModelRecord | undefined, after: ModelRecord | undefined) => Step[]

export interface ModelsOptions {
  store: Store
  versions: Pick<VersionWatch, 'touch'>
  now?: () => number
}

export type Models = ReturnType<typeof createModels>

const none: ModelSteps = () => []

export function createModels({ store, versions, now = Date.now }: ModelsOptions) {
  async function require(id: string): Promise<StoredModel> {
    const stored = await store.get<ModelRecord>(keys.model(id))
    if (!stored) throw new AppError('record_not_found', { kind: 'model' })
    return stored
  }

  async function written(id: string): Promise<StoredModel> {
    versions.touch('catalogue')
    return require(id)
  }

  async function checkRoutes(routes: StoredRoute[]): Promise<void> {
    const found = await store.getMany(routes.map(route => keys.channel(route.channel)))
    const missing = found.findIndex(channel => !channel)
    if (missing >= 0) throw new AppError('invalid_request', { problem: `routes.${missing}.channel: there is no such channel` })
  }

  return {
    /** Throws record_not_found. */
    require,

    ...createModelChanges({ store, versions, now, require }),

    /** In the order they were made. */
    async list(page: { after?: string | undefined, limit: number }): Promise<{ items: StoredModel[], next: string | null }> {
      const rows = await store.list<ModelRecord>(keys.modelPrefix, { after: readCursor(keys.modelPrefix, page.after), limit: page.limit + 1 })
      const items = rows.slice(0, page.limit)
      return { items, next: rows.length > page.limit ? writeCursor(keys.modelPrefix, items.at(-1)?.key) : null }
    },

    /** Throws already_exists for a name on the shelf, invalid_request for a route to no channel. */
    async create(form: z.output<typeof modelCreate>, also = none): Promise<StoredModel> {
      const model: ModelRecord = { v: 1, id: createId('mdl', now()), ...form, prices: form.prices && readPrices(form.prices), routes: form.routes.map(readRoute), createdAt: now(), updatedAt: now() }
      await checkRoutes(model.routes)
      const result = await store.commit(model.id, [
        { once: keys.modelByName(model.name), value: model.id },
        { once: keys.model(model.id), value: model },
        versionStep('catalogue'),
        ...also(undefined, model),
      ])
      if (!result.ok) throw new AppError('already_exists', { kind: 'model', name: model.name })
      return written(model.id)
    },

    /** Replaces a model; a new name moves with it. Throws record_not_found, changed_meanwhile, already_exists, invalid_request. */
    async put(id: string, form: z.output<typeof modelPut>, also = none): Promise<StoredModel> {
      const { version, ...fields } = form
      const stored = await require(id)
      const model: ModelRecord = { ...stored.value, ...fields, prices: form.prices && readPrices(form.prices), routes: form.routes.map(readRoute), updatedAt: now() }
      await checkRoutes(model.routes)
      const renamed = model.name !== stored.value.name
      const result = await store.commit(id, [
        { expect: keys.model(id), version },
        { put: keys.model(id), value: model },
        ...(renamed ? [{ once: keys.modelByName(model.name), value: id }, { delete: keys.modelByName(stored.value.name) }] : []),
        versionStep('catalogue'),
        ...also(stored.value, model),
      ])
      if (result.ok) return written(id)
      throw result.reason === 'exists'
        ? new AppError('already_exists', { kind: 'model', name: model.name })
        : new AppError('changed_meanwhile', { kind: 'model' })
    },

    /** Throws record_not_found. */
    async delete(id: string, also = none): Promise<void> {
      for (let tries = 0; tries < DELETE_TRIES; tries++) {
        const stored = await require(id)
        const result = await store.commit(id, [
          { expect: keys.model(id), version: stored.version },
          { delete: keys.model(id) },
          { delete: keys.modelByName(stored.value.name) },
          versionStep('catalogue'),
          ...also(stored.value, undefined),
        ])
        if (result.ok) return versions.touch('catalogue')
      }
      throw new AppError('changed_meanwhile', { kind: 'model' })
    },
  }
}
