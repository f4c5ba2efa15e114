/** What the status page shows: how well each model was served lately, from counters folded of the request list. */
import { keys } from '#server/storage/keys'
import { LIST_MAX } from '#server/storage/store'
import type { Store } from '#server/storage/store'
import type { StatusRange } from '#shared/schemas/status'
import type { createDays } from './days'
import { addMeasures, EVERY_MODEL, measureRowsOf } from './measures'
import type { Measures, MeasureSpan } from './measures'
import type { RequestRecord } from './records'

const WINDOW_MS = 300_000
const HOUR_MS = 3_600_000
/** Rows of one page: thirty days of six hundred models; models beyond it would show no history, never a wrong one. */
const ROWS_MAX = 20_000

const spans: Record<StatusRange, { span: MeasureSpan, count: number, ms: number }> = {
  hour: { span: 'window', count: 12, ms: WINDOW_MS },
  day: { span: 'hour', count: 24, ms: HOUR_MS },
  month: { span: 'day', count: 30, ms: 24 * HOUR_MS },
}

export interface Served {
  total: Measures
  /** One for each slot of the range, oldest first. */
  slots: Measures[]
}

export interface ServiceStatus {
  /** Where each slot begins: epoch milliseconds, or a day as YYYY-MM-DD. */
  slots: (number | string)[]
  all: Served
  /** By the model's internal id; who had no traffic is not in it. */
  models: Map<string, Served>
}

export interface ServiceStatusOptions {
  store: Store
  days: ReturnType<typeof createDays>
  now: number
  range: StatusRange
  /** Requests no counter holds yet. */
  unfolded: { record: RequestRecord, day: string }[]
}

export async function readServiceStatus({ store, days, now, range, unfolded }: ServiceStatusOptions): Promise<ServiceStatus> {
  const { span } = spans[range]
  const slots = slotsOf(range, now, days)
  const indexes = new Map(slots.map((slot, index) => [keys.measureSlot(slot), index]))
  const served = new Map<string, Served>()
  const add = (key: string, measures: Measures) => {
    const { slot, model } = keys.readMeasure(span, key)
    const index = indexes.get(slot)
    if (index === undefined) return
    const row = served.get(model) ?? { total: {}, slots: slots.map(() => ({})) }
    served.set(model, row)
    addMeasures(row.total, measures)
    addMeasures(row.slots[index] ?? {}, measures)
  }
  await readRows(store, span, slots[0] ?? 0, add)
  for (const { record, day } of unfolded) {
    const window = record.bookedAt - record.bookedAt % WINDOW_MS
    for (const [key, measures] of measureRowsOf(record, window, day)) {
      if (key.startsWith(keys.measurePrefix(span))) add(key, measures)
    }
  }
  const all = served.get(EVERY_MODEL) ?? { total: {}, slots: slots.map(() => ({})) }
  served.delete(EVERY_MODEL)
  return { slots, all, models: served }
}

function slotsOf(range: StatusRange, now: number, days: ServiceStatusOptions['days']): (number | string)[] {
  const { count, ms } = spans[range]
  if (range === 'month') return days.lastDays(now, count)
  const last = now - now % ms
  return Array.from({ length: count }, (_, index) => last - (count - 1 - index) * ms)
}

async function readRows(store: Store, span: MeasureSpan, from: number | string, add: (key: string, measures: Measures) => void): Promise<void> {
  const prefix = keys.measurePrefix(span)
  let after = prefix + keys.measureSlot(from)
  for (let read = 0; read < ROWS_MAX; read += LIST_MAX) {
    const rows = await store.list<Measures>(prefix, { after, limit: LIST_MAX })
    for (const row of rows) add(row.key, row.value)
    if (rows.length < LIST_MAX) return
    after = rows.at(-1)?.key ?? after
  }
}
