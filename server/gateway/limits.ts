import { NO_LIMITS, RATE_WINDOW_MS } from '#server/billing/limits'
import type { KeyLimits, LimitRefusal, Rate, ShortLimit } from '#server/billing/limits'
import type { Periods } from '#server/billing/periods'
import { AppError } from '#server/errors/app-error'
import type { ErrorCode } from '#server/errors/codes'
import type { KeyRecord } from '#server/users/keys'
import type { LimitPeriod } from '#shared/schemas/key'
import { formatNano } from '#shared/utils/money'

const codes: Record<LimitPeriod, ErrorCode> = { day: 'day_limit_reached', week: 'week_limit_reached', month: 'month_limit_reached' }

/** What a key may beside its spend limit, in the ledger's words. */
export function limitsOf(key: Pick<KeyRecord, 'limits'>): KeyLimits {
  return { ...NO_LIMITS, ...key.limits }
}

/** Why a limit of a key refused, with the moment it begins anew. `least` is in nano-credits. */
export function limitError(refusal: Exclude<LimitRefusal, { reason: 'spend_limit' }>, request: { least: number, tokens: number, at: number }, periods: Periods): AppError {
  if (refusal.reason === 'key_concurrency') return new AppError('key_too_many_open', { limit: refusal.limit }, { retryAfterSeconds: 1 })
  if (refusal.reason === 'limits') return moneyError(refusal.short, request, periods)
  const resetsAt = refusal.since + RATE_WINDOW_MS
  const { limit, left } = refusal
  // Waiting makes the minute's count smaller, never the request.
  if (refusal.what === 'tokens' && request.tokens > limit) return new AppError('tokens_over_limit', { limit, needed: request.tokens })
  const moment = { at: periods.toIso(resetsAt) }
  const options = { retryAfterSeconds: secondsUntil(resetsAt, request.at) }
  return refusal.what === 'requests'
    ? new AppError('rpm_reached', { limit, ...moment }, options)
    : new AppError('tpm_reached', { limit, left, needed: request.tokens, ...moment }, options)
}

/** Of several limits the one that lasts longest: nothing runs before it begins anew. */
function moneyError(short: ShortLimit[], { least, at }: { least: number, at: number }, periods: Periods): AppError {
  const ends = periods.endsOf(at)
  const last = short.reduce((one, other) => ends[other.period] > ends[one.period] ? other : one)
  const params = { limit: formatNano(last.limit), left: formatNano(Math.max(0, last.left)), needed: formatNano(least) }
  const resetsAt = ends[last.period]
  return new AppError(codes[last.period], { ...params, at: periods.toIso(resetsAt) }, { retryAfterSeconds: secondsUntil(resetsAt, at) })
}

/**
 * What is left of this minute, in the words each dialect's tools read: https://platform.openai.com/docs/guides/rate-limits,
 * https://docs.anthropic.com/en/api/rate-limits. Nothing where nothing is limited.
 */
export function rateHeaders(dialect: string, { rpm, tpm }: KeyLimits, rate: Rate | undefined, startedAt: number): Record<string, string> {
  if (!rate) return {}
  const resetsAt = Math.floor(startedAt / RATE_WINDOW_MS) * RATE_WINDOW_MS + RATE_WINDOW_MS
  const limited = [['requests', rpm, rate.requests], ['tokens', tpm, rate.tokens]] as const
  return Object.fromEntries(limited.flatMap(([what, limit, used]) => {
    if (limit === null) return []
    const left = String(Math.max(0, limit - used))
    return dialect === 'anthropic'
      ? [[`anthropic-ratelimit-${what}-limit`, String(limit)], [`anthropic-ratelimit-${what}-remaining`, left], [`anthropic-ratelimit-${what}-reset`, new Date(resetsAt).toISOString()]]
      : [[`x-ratelimit-limit-${what}`, String(limit)], [`x-ratelimit-remaining-${what}`, left], [`x-ratelimit-reset-${what}`, `${secondsUntil(resetsAt, startedAt)}s`]]
  }))
}

function secondsUntil(moment: number, at: number): number {
  return Math.max(1, Math.ceil((moment - at) / 1000))
}
