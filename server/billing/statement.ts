/** What a user was charged and why: the lists of entries and requests. Reads only. */
import { readCursor, writeCursor } from '#server/storage/cursor'
import { keys, readRowTime, timePart } from '#server/storage/keys'
import type { RequestList } from '#server/storage/keys'
import type { Store } from '#server/storage/store'
import type { EndReason, Outcome } from '#shared/schemas/request'
import type { Entry, RequestRecord } from './records'

const BATCH = 200
/** Rows a page may look at in search of those that fit. */
const SEARCHED_MAX = 2000

export interface PageOptions {
  after?: string | undefined
  limit: number
}

export interface RequestFilter {
  user?: string | undefined
  key?: string | undefined
  channel?: string | undefined
  /** The internal id picks the list when the model still exists; the name decides. */
  model?: { id: string | undefined, name: string } | undefined
  failed?: boolean | undefined
  endReason?: EndReason | undefined
  /** Epoch milliseconds of booking, both included. */
  from?: number | undefined
  to?: number | undefined
}

export interface RequestPage {
  items: RequestRecord[]
  next: string | null
  /** Epoch milliseconds a filtered search has come back to when it stopped before its end. */
  searchedTo?: number
}

export type Statement = ReturnType<typeof createStatement>

export function createStatement({ store }: { store: Store }) {
  /** Entries of a user, newest first. */
  async function listEntries(user: string, { after, limit }: PageOptions): Promise<{ items: Entry[], next: string | null }> {
    const prefix = keys.entryPrefix(user)
    const rows = await store.list<Entry>(prefix, { after: readCursor(prefix, after), limit: limit + 1, reverse: true })
    const shown = rows.slice(0, limit)
    return { items: shown.map(row => row.value), next: rows.length > limit ? writeCursor(prefix, shown.at(-1)?.key) : null }
  }

  /**
   * Requests that fit a filter, newest first by booking time. One list is read, the most selective there is; the rest of
   * the filter is applied to its rows, 2,000 at most. All lists have the same rows behind their prefix, so a cursor stays
   * good when the filter changes.
   */
  async function listRequests(filter: RequestFilter, { after, limit }: PageOptions): Promise<RequestPage> {
    const prefix = keys.requestListPrefix(pickList(filter))
    const items: RequestRecord[] = []
    let last = readCursor(prefix, after) ?? (filter.to === undefined ? undefined : prefix + timePart(filter.to + 1))
    for (let searched = 0; searched < SEARCHED_MAX; searched += BATCH) {
      const rows = await store.list<string>(prefix, { after: last, limit: BATCH, reverse: true })
      const records = await store.getMany<RequestRecord>(rows.map(row => keys.request(row.value)))
      for (const [index, row] of rows.entries()) {
        if (filter.from !== undefined && readRowTime(prefix, row.key) < filter.from) return { items, next: null }
        const record = records[index]?.value
        const found = record && fits(record, filter)
        if (found && items.length === limit) return { items, next: writeCursor(prefix, last) }
        if (found) items.push(record)
        last = row.key
      }
      if (rows.length < BATCH) return { items, next: null }
    }
    return { items, next: writeCursor(prefix, last), ...(last === undefined ? {} : { searchedTo: readRowTime(prefix, last) }) }
  }

  /** One request, of this user where one is named; undefined when it is not there, or somebody else's. */
  async function findRequest(id: string, user: string | undefined): Promise<RequestRecord | undefined> {
    // An id comes from an address; what is no part of a key names no request.
    const record = /^\w+$/.test(id) ? (await store.get<RequestRecord>(keys.request(id)))?.value : undefined
    return user === undefined || record?.user === user ? record : undefined
  }

  return { listEntries, listRequests, findRequest }
}

/** What an outcome asks of a request. */
export function filterOfOutcome(outcome: Outcome): Pick<RequestFilter, 'failed' | 'endReason'> {
  if (outcome === 'all') return {}
  return outcome === 'failed' ? { failed: true } : { endReason: outcome }
}

/** A caller got an error: what the list of failures holds. */
export function isFailed(record: RequestRecord): boolean {
  return record.error !== null
}

function pickList({ key, user, failed, channel, model }: RequestFilter): RequestList {
  if (key !== undefined) return { list: 'key', id: key }
  if (user !== undefined) return { list: 'user', id: user }
  if (failed) return { list: 'failed' }
  if (channel !== undefined) return { list: 'channel', id: channel }
  if (model?.id !== undefined) return { list: 'model', id: model.id }
  return { list: 'all' }
}

function fits(record: RequestRecord, { user, key, channel, model, failed, endReason }: RequestFilter): boolean {
  return (user === undefined || record.user === user)
    && (key === undefined || record.key.id === key)
    && (channel === undefined || record.attempts.some(attempt => attempt.channel === channel))
    && (model === undefined || record.model.id === model.id || record.model.name === model.name)
    && (!failed || isFailed(record))
    && (endReason === undefined || record.endReason === endReason)
}
