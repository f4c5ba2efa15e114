/** Changes of a model that need no form: switching, pricing, another route. */
import { AppError } from '#server/errors/app-error'
import { keys } from '#server/storage/keys'
import type { Store } from '#server/storage/store'
import { versionStep } from '#server/storage/versions'
import type { VersionWatch } from '#server/storage/versions'
import type { Route } from '#shared/schemas/model'
import type { Prices } from '#shared/schemas/price'
import { readPrices, readRoute } from './model-prices'
import type { ModelRecord, ModelSteps, StoredModel } from './models'

const CHANGE_TRIES = 5

export interface ModelChangesOptions {
  store: Store
  versions: Pick<VersionWatch, 'touch'>
  now: () => number
  require(id: string): Promise<StoredModel>
}

export function createModelChanges({ store, versions, now, require }: ModelChangesOptions) {
  async function write(before: StoredModel, change: Partial<ModelRecord>, also: ModelSteps): Promise<boolean> {
    const after: ModelRecord = { ...before.value, ...change, updatedAt: now() }
    const result = await store.commit(after.id, [
      { expect: keys.model(after.id), version: before.version },
      { put: keys.model(after.id), value: after },
      versionStep('catalogue'),
      ...also(before.value, after),
    ])
    if (result.ok) versions.touch('catalogue')
    return result.ok
  }

  /** Changes a model by a function of what it is at that moment; undefined leaves it. Answers whether it changed. */
  async function rewrite(id: string, by: (model: ModelRecord) => Partial<ModelRecord> | undefined, also: ModelSteps): Promise<boolean> {
    for (let tries = 0; tries < CHANGE_TRIES; tries++) {
      const before = await require(id)
      const change = by(before.value)
      if (!change) return false
      if (await write(before, change, also)) return true
    }
    throw new AppError('changed_meanwhile', { kind: 'model' })
  }

  return {
    /** Throws record_not_found. */
    setEnabled: (id: string, enabled: boolean, also: ModelSteps): Promise<boolean> =>
      rewrite(id, model => model.enabled === enabled ? undefined : { enabled }, also),

    /** Another way to serve a model, unless it leads to that channel already; says whether it was added. Throws record_not_found. */
    addRoute: (id: string, route: Pick<Route, 'channel' | 'upstream' | 'cost'>, also: ModelSteps): Promise<boolean> =>
      rewrite(id, model => model.routes.some(({ channel }) => channel === route.channel) ? undefined : { routes: [...model.routes, readRoute({ ...route, priority: 0, weight: 1 })] }, also),

    /** Replaces the prices alone, of the version somebody has looked at. Throws record_not_found, changed_meanwhile. */
    async setPrices(id: string, version: string, prices: Prices, also: ModelSteps): Promise<void> {
      const before = await require(id)
      const change = { prices: readPrices(prices) }
      if (before.version !== version || !await write(before, change, also)) throw new AppError('changed_meanwhile', { kind: 'model' })
    },
  }
}
