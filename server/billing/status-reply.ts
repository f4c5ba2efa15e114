import type { ServedReply, StatusRange, StatusReply } from '#shared/schemas/status'
import { firstByteAt, judged, speedAt } from './measures'
import type { Measures } from './measures'
import type { Served, ServiceStatus } from './service-status'

/** Fewer calls than these tell more about who called than about the shop: in a range, and in one slot of it. */
const CALLS_MIN = 10
const SLOT_CALLS_MIN = 5
/** Rates are told to a tenth of a per cent, so that they do not give away what they were divided by. */
const RATE_STEPS = 1000
const MEDIAN = 50
const SLOWEST = 95

/** Rates and times only: no counts, no channels. @param models what is on sale. */
export function toStatusReply(range: StatusRange, { slots, all, models: served }: ServiceStatus, models: { id: string, name: string }[]): StatusReply {
  const none = { total: {}, slots: slots.map(() => ({})) }
  return {
    range,
    at: new Date().toISOString(),
    slots: slots.map(slot => typeof slot === 'number' ? new Date(slot).toISOString() : slot),
    overall: toServed(all),
    models: models.map(({ id, name }) => ({ model: name, ...toServed(served.get(id) ?? none) })),
  }
}

function toServed({ total, slots }: Served): ServedReply {
  const p50 = firstByteAt(total, MEDIAN)
  const p95 = firstByteAt(total, SLOWEST)
  const enough = judged(total) >= CALLS_MIN
  return {
    success: rateOf(total, CALLS_MIN),
    firstByte: enough && p50 !== undefined && p95 !== undefined ? { p50, p95 } : null,
    speed: enough ? speedAt(total, MEDIAN) ?? null : null,
    history: slots.map(slot => rateOf(slot, SLOT_CALLS_MIN)),
  }
}

function rateOf(measures: Measures, least: number): number | null {
  const calls = judged(measures)
  return calls < least ? null : Math.floor((measures['good'] ?? 0) * RATE_STEPS / calls) / RATE_STEPS
}
