import { keys } from '#server/storage/keys'
import { LIST_MAX } from '#server/storage/store'
import type { ListedRecord, Store } from '#server/storage/store'
import type { ChannelRecord } from './channels'
import type { ModelRecord } from './models'

/** Every model. A catalogue is small: it is what people wrote by hand. */
export function listAllModels(store: Store): Promise<ListedRecord<ModelRecord>[]> {
  return listAll(store, keys.modelPrefix)
}

export function listAllChannels(store: Store): Promise<ListedRecord<ChannelRecord>[]> {
  return listAll(store, keys.channelPrefix)
}

async function listAll<T>(store: Store, prefix: string): Promise<ListedRecord<T>[]> {
  const rows: ListedRecord<T>[] = []
  for (;;) {
    const page = await store.list<T>(prefix, { limit: LIST_MAX, after: rows.at(-1)?.key })
    rows.push(...page)
    if (page.length < LIST_MAX) return rows
  }
}
