/**
 * The counters of a key, and what its limits make of them: steps the ledger puts into its commits, so that a limit is
 * decided by the storage engine together with the hold. Money is counted for every key, limited or not; a limit that is
 * set later finds what was spent before.
 */
import { keys } from '#server/storage/keys'
import type { Json, Step, Store } from '#server/storage/store'
import { limitPeriods } from '#shared/schemas/key'
import type { LimitPeriod } from '#shared/schemas/key'
import type { Hold } from './records'

/** From the last write: the longest look back is 30 days, a row begins up to 31 days before its last write. */
const PERIOD_TTL_MS = 100 * 86_400_000
export const RATE_WINDOW_MS = 60_000

/** Null is no limit. Money in nano-credits; the spend limit of a key's whole life is not among them. */
export interface KeyLimits extends Record<LimitPeriod, number | null> {
  /** Requests and expected tokens that may start in a minute. */
  rpm: number | null
  tpm: number | null
  /** Holds the key may have open. */
  concurrency: number | null
}

export const NO_LIMITS: KeyLimits = { day: null, week: null, month: null, rpm: null, tpm: null, concurrency: null }

/** What was counted in a minute. */
export interface Rate { requests: number, tokens: number }

/** One money limit that cannot pay for a request. */
export interface ShortLimit { period: LimitPeriod, limit: number, left: number }

export type LimitRefusal =
  | { ok: false, reason: 'spend_limit', left: number }
  | { ok: false, reason: 'limits', short: ShortLimit[] }
  | { ok: false, reason: 'rate', what: keyof Rate, limit: number, left: number, since: number }
  | { ok: false, reason: 'key_concurrency', limit: number }

type NamedStep = [name: 'period' | 'rate' | 'key_open', step: Step]

/** What a reservation counts. `tokens` is what its request is expected to use. */
export function reserveLimitSteps(hold: Hold, limits: KeyLimits & { tokens: number } = { ...NO_LIMITS, tokens: 0 }): NamedStep[] {
  const { key } = hold
  const rate = { requests: 1, tokens: limits.tokens }
  const rateCeil = { ...(limits.rpm === null ? {} : { requests: limits.rpm }), ...(limits.tpm === null ? {} : { tokens: limits.tpm }) }
  return [
    ...periodSteps(hold, hold.amount, limits).map((step): NamedStep => ['period', step]),
    ...(hold.counted ? [['key_open', { add: keys.keyOpen(key.id), by: 1, ...(limits.concurrency === null ? {} : { ceil: limits.concurrency }) }] as NamedStep] : []),
    ...(limits.rpm === null && limits.tpm === null ? [] : [['rate', { add: keys.keyRate(key.id, minuteOf(hold.startedAt)), by: rate, ceil: rateCeil, ttlMs: 2 * RATE_WINDOW_MS }] as NamedStep]),
  ]
}

/** Money that moves in the periods of a hold, whenever it moves. Holds of earlier releases stand in none. */
export function periodSteps({ key, counted }: { key: Hold['key'], counted?: Hold['counted'] }, by: number, limits?: KeyLimits): Step[] {
  if (!counted) return []
  const rows = new Map<string, { by: Record<string, number>, ceil: Record<string, number> }>()
  for (const period of limitPeriods) {
    const { row, field } = cellOf(key.id, period, counted[period])
    const { by: amounts, ceil } = rows.get(row) ?? { by: {}, ceil: {} }
    const limit = limits?.[period]
    rows.set(row, { by: { ...amounts, [field]: by }, ceil: { ...ceil, ...(typeof limit === 'number' ? { [field]: limit } : {}) } })
  }
  return [...rows].map(([row, amounts]) => ({ add: row, ...amounts, ttlMs: PERIOD_TTL_MS }))
}

/** A hold that ends runs no more. */
export function releaseLimitSteps(hold: Hold): Step[] {
  return hold.counted ? [{ add: keys.keyOpen(hold.key.id), by: -1 }] : []
}

interface MoneyOrder { least: number, spendLimit: number | null, limits?: KeyLimits }

/**
 * What is left of all money limits of a key, and which of them cannot pay the least. The spend limit goes first: it is
 * the one that never begins anew.
 */
export async function readLeft(store: Store, { key, counted }: Hold, { least, spendLimit, limits }: MoneyOrder): Promise<{ left: number, refusal?: LimitRefusal }> {
  const cells = counted ? limitPeriods.map(period => ({ period, ...cellOf(key.id, period, counted[period]) })) : []
  const [spent, ...rows] = await store.getMany([keys.spent(key.id), ...cells.map(cell => cell.row)])
  const total = spendLimit === null ? Infinity : spendLimit - Number(spent?.value ?? 0)
  if (total < least) return { left: total, refusal: { ok: false, reason: 'spend_limit', left: total } }
  const limited = cells.flatMap(({ period, field }, index) => {
    const limit = limits?.[period] ?? null
    return limit === null ? [] : [{ period, limit, left: limit - amountIn(rows[index]?.value, field) }]
  })
  const short = limited.filter(({ left }) => left < least)
  return { left: Math.min(total, ...limited.map(({ left }) => left)), ...(short.length > 0 ? { refusal: { ok: false, reason: 'limits', short } } : {}) }
}

/** Which count refused, from the counter that stood in the way. */
export function countRefusal(step: 'key_open' | 'rate', hold: Hold, limits: KeyLimits, before: Json): LimitRefusal {
  if (step === 'key_open') return { ok: false, reason: 'key_concurrency', limit: limits.concurrency ?? 0 }
  const since = minuteOf(hold.startedAt)
  const requests = amountIn(before, 'requests')
  if (limits.rpm !== null && requests >= limits.rpm) return { ok: false, reason: 'rate', what: 'requests', limit: limits.rpm, left: 0, since }
  const limit = limits.tpm ?? 0
  return { ok: false, reason: 'rate', what: 'tokens', limit, left: Math.max(0, limit - amountIn(before, 'tokens')), since }
}

export function minuteOf(at: number): number {
  return Math.floor(at / RATE_WINDOW_MS) * RATE_WINDOW_MS
}

/** Where a period is counted: days, weeks and months that begin in one month share a record. */
export function cellOf(key: string, period: LimitPeriod, name: string): { row: string, field: string } {
  const row = keys.spentIn(key, name.slice(0, 7))
  return { row, field: period === 'month' ? 'm' : `${period[0]}${name.slice(8)}` }
}

export function amountIn(record: Json | undefined, field: string): number {
  return Number((record as Record<string, number> | undefined)?.[field] ?? 0)
}
