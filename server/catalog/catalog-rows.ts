import { keys } from '#server/storage/keys'
import { LIST_MAX } from '#server/storage/store'
import type { ListedRecord, Store } from '#server/storage/store'
import { plainCosts } from '#shared/schemas/channel'
import { isVendor } from '#shared/schemas/vendors'
import type { ChannelRecord } from './channels'
import type { ModelRecord } from './models'

/** Every model. A catalogue is small: it is what people wrote by hand. */
export function listAllModels(store: Store): Promise<ListedRecord<ModelRecord>[]> {
  return listAll(store, keys.modelPrefix)
}

export async function listAllChannels(store: Store): Promise<ListedRecord<ChannelRecord>[]> {
  return (await listAll<StoredFields>(store, keys.channelPrefix)).map(upcastChannel)
}

/** A channel as it may stand in the store: connected before there were vendors or costs, or to a vendor only another release knows. */
export type StoredFields = Omit<ChannelRecord, 'vendor' | keyof typeof plainCosts> & Partial<typeof plainCosts> & { vendor?: string }

export function upcastChannel<T extends { value: StoredFields }>(stored: T): Omit<T, 'value'> & { value: ChannelRecord } {
  const { vendor } = stored.value
  return { ...stored, value: { ...plainCosts, ...stored.value, vendor: isVendor(vendor) ? vendor : 'generic' } }
}

async function listAll<T>(store: Store, prefix: string): Promise<ListedRecord<T>[]> {
  const rows: ListedRecord<T>[] = []
  for (;;) {
    const page = await store.list<T>(prefix, { limit: LIST_MAX, after: rows.at(-1)?.key })
    rows.push(...page)
    if (page.length < LIST_MAX) return rows
  }
}
