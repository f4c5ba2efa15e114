/**
 * How well requests were served, as counters that can be added up: answers that came and that did not, and histograms of
 * the time to the first content and of tokens per second over fixed buckets. Nothing in them leads to a user.
 */
import { errorCodes } from '#server/errors/codes'
import { keys } from '#server/storage/keys'
import type { RequestRecord } from './records'
import { totalOutput } from './usage'

/**
 * `good` and `bad` answers, `first_<n>` and `speed_<n>` for the buckets of the histograms; what is absent is 0. Widening
 * the buckets would make the old counters say something else: give new ones a new name instead.
 */
export type Measures = Record<string, number>

/** Upper bounds: milliseconds until the first content, and tokens per second. The last bucket of each has none. */
const firstBounds = [100, 200, 300, 400, 500, 600, 800, 1000, 1250, 1500, 2000, 2500, 3000, 4000, 5000, 7000, 10_000, 15_000, 20_000, 30_000, 60_000]
const speedBounds = [5, 10, 15, 20, 25, 30, 40, 50, 60, 70, 80, 100, 120, 150, 200, 300, 500, 1000]

/** A shorter answer says nothing about speed. */
const SPEED_TOKENS_MIN = 20
const SPEED_MS_MIN = 50
const SECOND_MS = 1000
const HOUR_MS = 3_600_000
const DAY_MS = 86_400_000

/** The lengths counters are kept in. Each outlives what the status page shows of it. */
export const measureTtlMs = { window: 4 * HOUR_MS, hour: 3 * DAY_MS, day: 40 * DAY_MS }
export type MeasureSpan = keyof typeof measureTtlMs

/** All models together, beside their ids. */
export const EVERY_MODEL = 'all'

const failures = new Set<RequestRecord['endReason']>(['upstream_failed', 'upstream_cut', 'stalled', 'deadline', 'interrupted'])

/**
 * What one request adds. Who left, was refused or ran out of credit says nothing about how well the shop serves, nor does
 * a request that was wrong in itself.
 */
export function measuresOf(record: RequestRecord): Measures {
  if (failures.has(record.endReason)) return isOurFault(record) ? { bad: 1 } : {}
  if (record.endReason !== 'completed') return {}
  if (!record.stream || record.firstByteMs === null) return { good: 1 }
  const speed = speedOf(record, record.firstByteMs)
  return {
    good: 1,
    [`first_${bucketOf(firstBounds, record.firstByteMs)}`]: 1,
    ...(speed === undefined ? {} : { [`speed_${bucketOf(speedBounds, speed)}`]: 1 }),
  }
}

/** A request that fails before it is sent on, by its own mistake, ends like one whose upstream failed. */
function isOurFault({ endReason, error }: RequestRecord): boolean {
  const kind = error !== null && error in errorCodes ? errorCodes[error as keyof typeof errorCodes] : undefined
  return endReason !== 'upstream_failed' || !kind || kind.status >= 500 || kind.retryable
}

/** Tokens per second, from the first content on; with hidden thoughts, which came before it, over the whole time. */
function speedOf({ usage, durationMs }: RequestRecord, firstByteMs: number): number | undefined {
  const ms = usage.reasoning ? durationMs : durationMs - firstByteMs
  const tokens = totalOutput(usage)
  return tokens < SPEED_TOKENS_MIN || ms < SPEED_MS_MIN ? undefined : tokens * SECOND_MS / ms
}

function bucketOf(bounds: number[], value: number): number {
  const index = bounds.findIndex(bound => value < bound)
  return index < 0 ? bounds.length : index
}

/** Adds in place. */
export function addMeasures(sum: Measures, more: Measures): void {
  for (const [name, count] of Object.entries(more)) sum[name] = (sum[name] ?? 0) + count
}

/** Rows of the store one request is counted in, with what it adds to each. `window` is the start of its five minutes. */
export function measureRowsOf(record: RequestRecord, window: number, day: string): [key: string, measures: Measures][] {
  const measures = measuresOf(record)
  if (Object.keys(measures).length === 0) return []
  const hour = window - window % HOUR_MS
  return [EVERY_MODEL, record.model.id].flatMap((model): [string, Measures][] => [
    [keys.measure('window', keys.measureSlot(window), model), measures],
    [keys.measure('hour', keys.measureSlot(hour), model), measures],
    [keys.measure('day', keys.measureSlot(day), model), measures],
  ])
}

/** The length of what a row of {@link measureRowsOf} counts. */
export function spanOf(key: string): MeasureSpan {
  const span = (Object.keys(measureTtlMs) as MeasureSpan[]).find(candidate => key.startsWith(keys.measurePrefix(candidate)))
  if (!span) throw new Error(`not a row of measures: ${key}`)
  return span
}

export const judged = (measures: Measures): number => (measures['good'] ?? 0) + (measures['bad'] ?? 0)

/** Milliseconds to the first content below which `percent` of the answers stayed; undefined when none was measured. */
export const firstByteAt = (measures: Measures, percent: number): number | undefined => quantile(measures, 'first', firstBounds, percent)
/** Tokens per second, likewise. */
export const speedAt = (measures: Measures, percent: number): number | undefined => quantile(measures, 'speed', speedBounds, percent)

/** Within a bucket values are taken to be spread evenly; the last one stands for its lower bound. */
function quantile(measures: Measures, name: string, bounds: number[], percent: number): number | undefined {
  const counts = [...bounds, Infinity].map((_, index) => measures[`${name}_${index}`] ?? 0)
  const total = counts.reduce((sum, count) => sum + count, 0)
  if (total === 0) return undefined
  let left = total * percent / 100
  for (const [index, count] of counts.entries()) {
    const [lower = 0, upper] = [bounds[index - 1], bounds[index]]
    if (count > 0 && left <= count) return upper === undefined ? lower : Math.ceil(lower + (upper - lower) * left / count)
    left -= count
  }
  return bounds.at(-1)
}
