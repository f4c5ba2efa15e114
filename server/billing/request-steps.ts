import { keys } from '#server/storage/keys'
import type { Step } from '#server/storage/store'
import type { RequestRecord } from './records'

/**
 * The record of a finished request and its row in every list it belongs to. `before` is the record a sweep has left of
 * the same request: its rows go, so that a request stands in a list once.
 */
export function requestSteps(record: RequestRecord, ttlMs: number, before?: RequestRecord): Step[] {
  const rows = rowsOf(record)
  const stale = before ? rowsOf(before).filter(key => !rows.includes(key)) : []
  return [
    { put: keys.request(record.id), value: record, ttlMs },
    ...rows.map(key => ({ put: key, value: record.id, ttlMs })),
    ...stale.map(key => ({ delete: key })),
  ]
}

function rowsOf(record: RequestRecord): string[] {
  const channels = [...new Set(record.attempts.map(attempt => attempt.channel))]
  return [
    keys.requestRow({ list: 'all' }, record.bookedAt, record.id),
    keys.requestRow({ list: 'user', id: record.user }, record.bookedAt, record.id),
    keys.requestRow({ list: 'key', id: record.key.id }, record.bookedAt, record.id),
    keys.requestRow({ list: 'model', id: record.model.id }, record.bookedAt, record.id),
    ...channels.map(id => keys.requestRow({ list: 'channel', id }, record.bookedAt, record.id)),
    ...(record.error ? [keys.requestRow({ list: 'failed' }, record.bookedAt, record.id)] : []),
  ]
}
