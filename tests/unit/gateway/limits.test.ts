import { describe, expect, it } from 'vitest'
import { NO_LIMITS } from '#server/billing/limits'
import { createPeriods } from '#server/billing/periods'
import { createAddressSet } from '#server/gateway/client-address'
import { limitError, limitsOf, rateHeaders } from '#server/gateway/limits'

const periods = createPeriods('Europe/Berlin')
/** A Friday, and the last day of its month. */
const AT = Date.parse('2024-05-31T12:00:00+02:00')
const request = { least: 1_000_000_000, tokens: 500, at: AT }

describe('the error of a limit', () => {
  it('names the limit that lasts longest, and the moment it begins anew', () => {
    const short = (names: ('day' | 'week' | 'month')[]) => limitError({ ok: false, reason: 'limits', short: names.map(period => ({ period, limit: 5_000_000_000, left: -1 })) }, request, periods)
    expect(short(['day'])).toMatchObject({ code: 'day_limit_reached', retryable: false, retryAfterSeconds: 43_200, params: { limit: '5', left: '0', needed: '1', at: '2024-06-01T00:00:00+02:00' } })
    expect(short(['day', 'month'])).toMatchObject({ params: { at: '2024-06-01T00:00:00+02:00' } })
    // The week ends two days after its month.
    expect(short(['month', 'week', 'day'])).toMatchObject({ code: 'week_limit_reached', retryAfterSeconds: 43_200 + 2 * 86_400, params: { at: '2024-06-03T00:00:00+02:00' } })
  })

  it('tells to wait for the minute, or not to wait at all', () => {
    const rate = (what: 'requests' | 'tokens', limit: number) => limitError({ ok: false, reason: 'rate', what, limit, left: 10, since: AT - 20_500 }, request, periods)
    expect(rate('requests', 60)).toMatchObject({ code: 'rpm_reached', retryable: true, retryAfterSeconds: 40, params: { limit: 60, at: '2024-05-31T12:00:39+02:00' } })
    expect(rate('tokens', 500)).toMatchObject({ code: 'tpm_reached', retryable: true, retryAfterSeconds: 40 })
    expect(rate('tokens', 499)).toMatchObject({ code: 'tokens_over_limit', retryable: false, retryAfterSeconds: undefined })
    expect(limitError({ ok: false, reason: 'key_concurrency', limit: 3 }, request, periods)).toMatchObject({ code: 'key_too_many_open', retryable: true, retryAfterSeconds: 1, params: { limit: 3 } })
  })
})

describe('the limits of a key record', () => {
  it('are none where it says nothing', () => {
    expect(limitsOf({})).toEqual(NO_LIMITS)
    expect(limitsOf({ limits: { rpm: 5 } })).toEqual({ ...NO_LIMITS, rpm: 5 })
  })
})

describe('the headers of a rate', () => {
  const start = Math.floor(AT / 60_000) * 60_000
  it('speak of what is limited, in the words of the dialect', () => {
    expect(rateHeaders('openai-chat', { ...NO_LIMITS, rpm: 10 }, { requests: 4, tokens: 900 }, start + 1_000)).toEqual({ 'x-ratelimit-limit-requests': '10', 'x-ratelimit-remaining-requests': '6', 'x-ratelimit-reset-requests': '59s' })
    expect(rateHeaders('anthropic', { ...NO_LIMITS, tpm: 1_000 }, { requests: 4, tokens: 900 }, start)).toEqual({ 'anthropic-ratelimit-tokens-limit': '1000', 'anthropic-ratelimit-tokens-remaining': '100', 'anthropic-ratelimit-tokens-reset': new Date(start + 60_000).toISOString() })
    expect(rateHeaders('gemini', NO_LIMITS, undefined, start)).toEqual({})
  })
})

describe('a set of addresses', () => {
  const isIn = createAddressSet(['203.0.113.7', '198.51.100.128/25', '2001:db8::/33', '::1', '::ffff:192.0.2.1'])

  it.each(['203.0.113.7', '198.51.100.128', '198.51.100.255', '2001:db8:7fff::1', '2001:0DB8::0:5', '::1', '0:0:0:0:0:0:0:1', '192.0.2.1'])('has %s', address => expect(isIn(address)).toBe(true))
  it.each(['203.0.113.8', '198.51.100.127', '2001:db8:8000::1', '::2', '', 'localhost', '203.0.113.7 ', '1.2.3', '192.0.2.2'])('has not %s', address => expect(isIn(address)).toBe(false))
  it('has nothing when it names nothing', () => expect(createAddressSet([])('127.0.0.1')).toBe(false))
})
