import type { AppError } from '#server/errors/app-error'
import type { ErrorCode } from '#server/errors/codes'

interface State { until: number, failures: number, lastError: ErrorCode | null, lastFailure: Failure | null }
interface Failure { code: ErrorCode, at: number }

export interface ChannelHealth {
  state: 'unknown' | 'healthy' | 'cooling'
  until: number | null
  lastError: ErrorCode | null
}

const CREDENTIAL_MS = 300_000
const BUSY_MS = 10_000
/** The n-th failure in a row cools for 5 s · 2ⁿ⁻¹, at most two minutes. */
const FIRST_COOLING_MS = 5_000
const LONGEST_COOLING_MS = 120_000

export type Health = ReturnType<typeof createHealth>

/** What this process has seen of each channel's credentials: who failed lately is asked last. */
export function createHealth(now: () => number = Date.now) {
  const states = new Map<string, State>()
  const stateOf = (channel: string, credential: number) => states.get(`${channel} ${credential}`)

  function succeeded(channel: string, credential: number): void {
    states.set(`${channel} ${credential}`, { until: 0, failures: 0, lastError: null, lastFailure: stateOf(channel, credential)?.lastFailure ?? null })
  }

  function failed(channel: string, credential: number, error: AppError): void {
    const failures = (stateOf(channel, credential)?.failures ?? 0) + 1
    states.set(`${channel} ${credential}`, { until: now() + coolingMs(error, failures), failures, lastError: error.code, lastFailure: { code: error.code, at: now() } })
  }

  const isCooling = (channel: string, credential: number): boolean => (stateOf(channel, credential)?.until ?? 0) > now()

  function of(channel: string, credentials: number): ChannelHealth {
    const known = Array.from({ length: credentials }, (_, index) => stateOf(channel, index)).filter(state => state !== undefined)
    if (known.length === 0) return { state: 'unknown', until: null, lastError: null }
    const best = known.reduce((one, other) => other.until < one.until ? other : one)
    const cooling = known.length === credentials && best.until > now()
    return { state: cooling ? 'cooling' : 'healthy', until: cooling ? best.until : null, lastError: known.find(state => state.lastError)?.lastError ?? null }
  }

  /** One credential: its latest failure stays known even when it has worked since. */
  function ofCredential(channel: string, credential: number): ChannelHealth & { lastFailure: Failure | null } {
    const state = stateOf(channel, credential)
    if (!state) return { state: 'unknown', until: null, lastError: null, lastFailure: null }
    const cooling = state.until > now()
    return { state: cooling ? 'cooling' : 'healthy', until: cooling ? state.until : null, lastError: state.lastError, lastFailure: state.lastFailure }
  }

  /** A saved channel starts afresh: its credentials may be others now. */
  function forget(channel: string): void {
    for (const key of states.keys()) if (key.startsWith(`${channel} `)) states.delete(key)
  }

  return { succeeded, failed, isCooling, of, ofCredential, forget }
}

function coolingMs(error: AppError, failures: number): number {
  if (error.code === 'upstream_credential') return CREDENTIAL_MS
  if (error.code === 'upstream_busy') return error.retryAfterSeconds ? error.retryAfterSeconds * 1000 : BUSY_MS
  return Math.min(LONGEST_COOLING_MS, FIRST_COOLING_MS * 2 ** (failures - 1))
}
