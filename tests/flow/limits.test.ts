import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { KeyFields } from '#server/users/keys'
import { createPeriods } from '#server/billing/periods'
import { dialectIds } from '#shared/schemas/channel'
import type { DialectId } from '#shared/schemas/channel'
import { openShop } from '../support/shop'
import type { Shop } from '../support/shop'

/** What a key's limits say to a tool of each dialect. */
let shop: Shop
const MODEL = 'sandbox-text'
const SLOW = 'sandbox-slow-headers-700'
const periods = createPeriods('Asia/Shanghai')
const ISO_WITH_OFFSET = /\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\+08:00/

beforeAll(async () => {
  shop = await openShop({ available: 9_000_000_000_000, env: { VAPOR_TRUSTED_PROXIES: '127.0.0.1' } })
  await shop.sell(MODEL)
  await shop.sell(SLOW)
})
afterAll(() => shop.close())

async function makeKey(change: Partial<KeyFields>) {
  return shop.keys.create(await shop.users.require(shop.user), { name: 'limited', expiresAt: null, spendLimit: null, models: [], ...change })
}

const TEXT = 'Which tea goes with rain?'
const calls: Record<DialectId, (model: string) => { path: string, body: unknown, header: string }> = {
  'openai-chat': model => ({ path: '/v1/chat/completions', body: { model, messages: [{ role: 'user', content: TEXT }], max_tokens: 100 }, header: 'authorization' }),
  'openai-responses': model => ({ path: '/v1/responses', body: { model, input: TEXT, max_output_tokens: 100 }, header: 'authorization' }),
  'anthropic': model => ({ path: '/v1/messages', body: { model, messages: [{ role: 'user', content: TEXT }], max_tokens: 100 }, header: 'x-api-key' }),
  'gemini': model => ({ path: `/v1beta/models/${model}:generateContent`, body: { contents: [{ role: 'user', parts: [{ text: TEXT }] }], generationConfig: { maxOutputTokens: 100 } }, header: 'x-goog-api-key' }),
}

function call(dialect: DialectId, secret: string, options: { model?: string, headers?: Record<string, string> } = {}): Promise<Response> {
  const { path, body, header } = calls[dialect](options.model ?? MODEL)
  const key = header === 'authorization' ? `Bearer ${secret}` : secret
  return fetch(shop.url + path, { method: 'POST', headers: { [header]: key, 'content-type': 'application/json', ...options.headers }, body: JSON.stringify(body) })
}

interface Refused { message: string, code: string, status: number, retry: string | null, after: number | null }

/** An error in any dialect's shape, and that it is in this one's. */
async function read(dialect: DialectId, response: Response): Promise<Refused> {
  const body = await response.json() as Record<string, unknown>
  const error = body.error as Record<string, unknown>
  const after = response.headers.get('retry-after')
  const common = { message: String(error.message), status: response.status, retry: response.headers.get('x-should-retry'), after: after === null ? null : Number(after) }
  if (dialect === 'anthropic') {
    expect(body.type).toBe('error')
    return { ...common, code: String(error.type) }
  }
  if (dialect === 'gemini') {
    expect(error).toMatchObject({ code: response.status, status: response.status === 403 ? 'PERMISSION_DENIED' : 'RESOURCE_EXHAUSTED' })
    return { ...common, code: (error.details as { reason?: string }[])[0]!.reason! }
  }
  expect(error).toHaveProperty('type', response.status === 403 ? 'permission_error' : 'rate_limit_error')
  return { ...common, code: String(error.code) }
}

const codeOf = (dialect: DialectId, openai: string, own: string, status = 429) => dialect === 'gemini' ? own.toUpperCase() : dialect === 'anthropic' ? (status === 403 ? 'permission_error' : 'rate_limit_error') : openai
/** Long enough for two calls on a busy machine. */
const GRACE_MS = 3_000
const inSeconds = (moment: number) => (moment - Date.now()) / 1000

describe.each(dialectIds)('a key with limits answers a tool of %s', (dialect) => {
  it.each(['day', 'week', 'month'] as const)('when what it may spend a %s is gone', async (period) => {
    const { secret, key } = await makeKey({})
    await (await call(dialect, secret)).body?.cancel()
    // Set after the first call: what was spent before counts.
    await shop.keys.patch(shop.user, key.id, { limits: { [period]: 1 } })
    const reset = periods.endsOf(Date.now())[period]
    const refused = await read(dialect, await call(dialect, secret))
    expect(refused).toMatchObject({ status: 429, retry: 'false', code: codeOf(dialect, 'insufficient_quota', `${period}_limit_reached`) })
    expect(refused.message).toContain(periods.toIso(reset))
    expect(Math.abs(refused.after! - inSeconds(reset))).toBeLessThan(5)
    await shop.keys.patch(shop.user, key.id, { limits: { [period]: null } })
    expect((await call(dialect, secret)).status).toBe(200)
  })

  it('when its requests of this minute are used up, and says before what is left', async () => {
    const { secret } = await makeKey({ limits: { rpm: 2 } })
    const first = await call(dialect, secret)
    const names = dialect === 'anthropic' ? ['anthropic-ratelimit-requests-limit', 'anthropic-ratelimit-requests-remaining'] : ['x-ratelimit-limit-requests', 'x-ratelimit-remaining-requests']
    expect(first.status).toBe(200)
    expect(names.map(name => first.headers.get(name))).toEqual(['2', '1'])
    // Two minutes may meet in the middle of this test: then the third call is one of a new minute.
    const replies = [first, await call(dialect, secret), await call(dialect, secret), await call(dialect, secret), await call(dialect, secret)]
    const refused = await read(dialect, replies.find(reply => reply.status === 429)!)
    expect(refused).toMatchObject({ status: 429, retry: 'true', code: codeOf(dialect, 'rate_limit_exceeded', 'rpm_reached') })
    expect(refused.message).toMatch(ISO_WITH_OFFSET)
    expect(refused.after).toBeGreaterThan(0)
    expect(refused.after).toBeLessThanOrEqual(60)
  })

  it('when its tokens of this minute are used up, and at once when one request wants more than all', async () => {
    const { secret, key } = await makeKey({ limits: { tpm: 250 } })
    const replies = [await call(dialect, secret), await call(dialect, secret), await call(dialect, secret), await call(dialect, secret)]
    const refused = await read(dialect, replies.find(reply => reply.status === 429)!)
    expect(replies[0]!.status).toBe(200)
    expect(refused).toMatchObject({ retry: 'true', code: codeOf(dialect, 'rate_limit_exceeded', 'tpm_reached') })
    expect(refused.message).toMatch(ISO_WITH_OFFSET)
    await shop.keys.patch(shop.user, key.id, { limits: { tpm: 20 } })
    const never = await read(dialect, await call(dialect, secret))
    expect(never).toMatchObject({ status: 429, retry: 'false', after: null, code: codeOf(dialect, 'rate_limit_exceeded', 'tokens_over_limit') })
  })

  it('when as many run as may, and lets the next in when one has ended', async () => {
    const { secret } = await makeKey({ limits: { concurrency: 1 } })
    const running = call(dialect, secret, { model: SLOW })
    await until(async () => (await shop.ledger.balance(shop.user)).open > 0)
    const refused = await read(dialect, await call(dialect, secret))
    expect(refused).toMatchObject({ status: 429, retry: 'true', after: 1, code: codeOf(dialect, 'rate_limit_exceeded', 'key_too_many_open') })
    await (await running).text()
    expect((await call(dialect, secret)).status).toBe(200)
  })

  it('when it comes from another address than it may', async () => {
    const { secret } = await makeKey({ ips: ['203.0.113.0/24', '2001:db8::/32', '198.51.100.7'] })
    const from = (address: string) => call(dialect, secret, { headers: { 'x-forwarded-for': address } })
    const refused = await read(dialect, await from('203.0.114.1'))
    expect(refused).toMatchObject({ status: 403, retry: 'false', code: codeOf(dialect, 'address_not_allowed', 'address_not_allowed', 403) })
    expect(refused.message).toContain('203.0.114.1')
    for (const address of ['198.51.100.8', '2001:db9::1', '1.2.3.4, 9.9.9.9', '203.0.113.9, 9.9.9.9', '']) expect((await from(address)).status).toBe(403)
    for (const address of ['203.0.113.9', '::ffff:203.0.113.9', '2001:db8:1::5', '198.51.100.7', '9.9.9.9, 203.0.113.9']) expect((await from(address)).status).toBe(200)
  })
})

describe('a key whose secret is replaced', () => {
  it('works with both for as long as was asked, and with one afterwards', async () => {
    const { secret, key } = await makeKey({})
    expect((await call('anthropic', secret)).status).toBe(200)
    const second = await shop.keys.rotate(shop.user, key.id, GRACE_MS)
    expect(second.key).toMatchObject({ id: key.id, hint: expect.stringContaining(second.secret.slice(-4)) as string })
    expect((await call('openai-chat', secret)).status).toBe(200)
    expect((await call('openai-chat', second.secret)).status).toBe(200)
    await new Promise(resolve => setTimeout(resolve, GRACE_MS + 50))
    expect((await call('openai-chat', secret)).status).toBe(401)
    expect((await call('openai-chat', second.secret)).status).toBe(200)
    const third = await shop.keys.rotate(shop.user, key.id, 0)
    expect((await call('openai-chat', second.secret)).status).toBe(401)
    expect((await call('openai-chat', third.secret)).status).toBe(200)
  })
})

describe('GET /v1/key', () => {
  it('shows what is limited, used and left, and when it begins anew', async () => {
    const { secret } = await makeKey({ spendLimit: 5_000_000_000, limits: { day: 1_000_000_000, rpm: 7, concurrency: 3 }, ips: ['127.0.0.1', '::1'] })
    await (await call('openai-chat', secret)).body?.cancel()
    const shown = await (await fetch(`${shop.url}/v1/key`, { headers: { authorization: `Bearer ${secret}` } })).json() as { remaining: string, spent: string, ips: string[], limits: Record<string, Record<string, unknown>> }
    const ends = periods.endsOf(Date.now())
    expect(shown.limits.day).toEqual({ limit: '1', spent: shown.spent, remaining: shown.remaining, resets_at: periods.toIso(ends.day) })
    expect(shown.limits.week).toEqual({ limit: null, spent: shown.spent, remaining: null, resets_at: periods.toIso(ends.week) })
    expect(shown.limits.total).toMatchObject({ limit: '5', spent: shown.spent, resets_at: null })
    expect(shown.limits.requests_per_minute).toMatchObject({ limit: 7 })
    expect(shown.limits.tokens_per_minute).toMatchObject({ limit: null, remaining: null })
    expect(shown.limits.concurrency).toMatchObject({ limit: 3, used: 0, remaining: 3 })
    expect(shown.ips).toEqual(['127.0.0.1', '::1'])
    await shop.requireBooks()
  })
})

async function until(isTrue: () => Promise<boolean>): Promise<void> {
  for (let tries = 0; tries < 1_000; tries++) {
    if (await isTrue()) return
    await new Promise(resolve => setTimeout(resolve, 10))
  }
  throw new Error('it did not happen within 10 s')
}
