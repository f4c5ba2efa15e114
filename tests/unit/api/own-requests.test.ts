import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { api } from '#shared/schemas/api'
import { errorReply } from '#shared/schemas/common'
import { createEndedSessions } from '#server/users/ended-sessions'
import { playgroundKeyId } from '#server/users/playground-keys'
import { book, requestRecord } from '../billing-statement/records'
import { startConsole } from './console'
import type { Answer, Console } from './console'

let site: Console
let user: string
let other: string
const HOUR = 3_600_000

beforeAll(async () => {
  site = await startConsole()
  user = await site.signIn('2')
  other = await site.signIn('3')
})
afterAll(() => site.close())

const code = (answer: Answer) => errorReply.parse(answer.body).error.code
const get = (path: string, cookie = user) => site.call('GET', path, { cookie })
const ids = async (query: string) => api.listOwnRequests.reply.parse((await get(`/api/user/requests${query}`)).body).items.map(request => request.id)

describe('a user\'s requests', () => {
  const now = Date.now()
  const old = requestRecord(now - 48 * HOUR, { user: '2' })
  const left = requestRecord(now - 2 * HOUR, { user: '2', endReason: 'client_left', status: 499 })
  const failed = requestRecord(now - 1000, { user: '2', error: 'upstream_cut', endReason: 'upstream_cut', status: 502, model: { id: 'mdl_b', name: '=cmd()' }, cost: 1 })
  const foreign = requestRecord(now - 500, { user: '3' })
  beforeAll(() => book(site.runtime.store, old, left, failed, foreign))

  it('are listed by outcome, model and time, newest first', async () => {
    expect(await ids('')).toEqual([failed.id, left.id, old.id])
    expect(await ids('?outcome=failed')).toEqual([failed.id])
    expect(await ids('?outcome=completed')).toEqual([old.id])
    expect(await ids('?outcome=client_left')).toEqual([left.id])
    expect(await ids('?model=gpt-5')).toEqual([left.id, old.id])
    expect(await ids(`?from=${new Date(now - 3 * HOUR).toISOString()}`)).toEqual([failed.id, left.id])
    expect(await ids(`?to=${new Date(now - HOUR).toISOString()}`)).toEqual([left.id, old.id])
    expect(await ids(`?from=${new Date(now - 3 * HOUR).toISOString()}&to=${new Date(now - HOUR).toISOString()}`)).toEqual([left.id])
    expect(await ids(`?from=${new Date(left.bookedAt).toISOString()}&to=${new Date(left.bookedAt).toISOString()}`)).toEqual([left.id])
  })

  it('go on where a page has ended, inside the same hours', async () => {
    const query = `limit=1&to=${new Date(now - HOUR).toISOString()}`
    const first = api.listOwnRequests.reply.parse((await get(`/api/user/requests?${query}`)).body)
    expect(first.items.map(item => item.id)).toEqual([left.id])
    const second = api.listOwnRequests.reply.parse((await get(`/api/user/requests?${query}&after=${first.next}`)).body)
    expect([second.items.map(item => item.id), second.next]).toEqual([[old.id], null])
  })

  it('show one with its tries, but not where', async () => {
    const answer = await get(`/api/user/requests/${failed.id}`)
    const detail = api.getRequest.reply.parse(answer.body)
    expect(detail.attempts).toEqual([{ startedAt: new Date(failed.attempts[0]!.startedAt).toISOString(), durationMs: 5, status: 200, error: null }])
    expect(JSON.stringify(answer.body)).not.toContain('main')
    expect(code(await get(`/api/user/requests/${foreign.id}`))).toBe('record_not_found')
    expect(code(await get('/api/user/requests/req_none'))).toBe('record_not_found')
    expect(code(await site.call('GET', `/api/user/requests/${failed.id}`))).toBe('signed_out')
  })

  it('leave as a file with the same filters, exact money and no formula', async () => {
    const whole = await get('/api/user/requests.csv')
    expect(whole.headers.get('content-type')).toContain('text/csv')
    const lines = String(whole.body).trim().split('\r\n')
    expect(lines[0]).toMatch(/^\uFEFF?time,model,key,outcome,status,error,input,cached_input,output,cost,/)
    expect(lines).toHaveLength(4)
    expect(lines[1]).toContain(`'=cmd(),laptop,upstream_cut,502,upstream_cut,15,5,7,0.000000001,`)
    const some = await get('/api/user/requests.csv?outcome=client_left')
    expect(String(some.body).trim().split('\r\n')).toHaveLength(2)
    expect(code(await get('/api/user/requests.csv?outcome=nothing'))).toBe('invalid_request')
    expect(code(await site.call('GET', '/api/user/requests.csv'))).toBe('signed_out')
    expect(String((await get('/api/user/requests.csv', other)).body)).not.toContain(failed.id)
  })

  it('make the parts of the chart: models by cost, and their sum the total of the day', async () => {
    const usage = api.usage.reply.parse((await get('/api/user/usage?days=7')).body)
    expect(usage.models.map(({ model, total }) => [model, total.requests])).toEqual([['mdl_a', 2], ['mdl_b', 1]])
    const nano = (text: string) => Math.round(Number(text) * 1e9)
    usage.series.forEach((day, at) => {
      expect(usage.models.reduce((sum, part) => sum + nano(part.costs[at]!), nano(usage.rest[at]!))).toBe(nano(day.cost))
    })
    expect(usage.rest.every(cost => cost === '0')).toBe(true)
  })

  it('keep their parts when they are folded', async () => {
    await book(site.runtime.store, requestRecord(now - HOUR, { user: '4', model: { id: 'mdl_x_y', name: 'x' } }))
    await site.runtime.statistics.fold()
    const usage = await site.runtime.statistics.ofUser('4', 7)
    expect(usage.models.map(({ id, total }) => [id, total.requests, total.cost])).toEqual([['mdl_x_y', 1, 100n]])
    expect(usage.rest.every(cost => cost === 0n)).toBe(true)
  })
})

describe('the key of the playground', () => {
  const make = (cookie: string) => site.call('POST', '/api/user/playground-key', { cookie })

  it('is made for a session, and listed nowhere', async () => {
    const { secret, expiresAt } = api.playgroundKey.reply.parse((await make(user)).body)
    expect(Date.parse(expiresAt) - Date.now()).toBeGreaterThan(590_000)
    expect((await site.runtime.playgroundKeys.findCaller(secret))?.user.id).toBe('2')
    expect(api.listKeys.reply.parse((await get('/api/user/keys')).body).items).toEqual([])
    expect(code(await site.call('POST', '/api/user/playground-key'))).toBe('signed_out')
  })

  it('dies with the sign-out of its session, together with the session\'s cookie', async () => {
    const [one, two] = [await site.signIn('2'), await site.signIn('2')]
    const ofOne = api.playgroundKey.reply.parse((await make(one)).body).secret
    const ofTwo = api.playgroundKey.reply.parse((await make(two)).body).secret
    await site.call('POST', '/api/auth/logout', { cookie: one, body: {} })
    expect(await site.runtime.playgroundKeys.findCaller(ofOne)).toBeUndefined()
    expect(code(await make(one))).toBe('signed_out')
    expect((await site.runtime.playgroundKeys.findCaller(ofTwo))?.user.id).toBe('2')
    await site.call('POST', '/api/auth/logout', { cookie: two, body: { everywhere: true } })
    expect(await site.runtime.playgroundKeys.findCaller(ofTwo)).toBeUndefined()
    user = await site.signIn('2')
  })

  it('dies with a suspension', async () => {
    const session = await site.signIn('5')
    const { secret } = api.playgroundKey.reply.parse((await make(session)).body)
    await site.runtime.users.change('5', () => ({ status: 'suspended' }))
    expect(await site.runtime.playgroundKeys.findCaller(secret)).toBeUndefined()
    expect((await make(session)).status).toBe(401)
  })

  it('remembers an ended session for as long as its token could live', async () => {
    let life: number | undefined
    const ended = createEndedSessions({ store: { get: async () => undefined, put: async (_key, _value, options) => {
      life = options?.ttlMs
    } } })
    await ended.end('a-b')
    expect(life).toBe(7 * 24 * HOUR)
  })
})

describe('the doctor', () => {
  let since: string
  const look = async (cookie = user) => api.doctor.reply.parse((await get(`/api/user/doctor?since=${since}`, cookie)).body)
  const refusal = { id: 'req_x', code: 'model_not_found' as const, params: { model: 'gpt-x' }, method: 'POST', path: '/v1/messages', dialect: 'anthropic', agent: 'claude-cli/2', sent: 'ours' as const, key: { id: 'key_a', name: 'laptop' } }
  beforeEach(async () => {
    await new Promise(resolve => setTimeout(resolve, 2))
    since = new Date().toISOString()
  })

  it('tells what arrived since, requests and refusals, to whom they belong', async () => {
    const record = requestRecord(Date.now(), { user: '2' })
    await book(site.runtime.store, record)
    site.runtime.refusals.note({ user: '2' }, refusal)
    const seen = await look()
    expect(seen.requests.map(request => request.id)).toEqual([record.id])
    expect(seen.refusals).toMatchObject([{ code: 'model_not_found', params: { model: 'gpt-x' }, agent: 'claude-cli/2', key: { name: 'laptop' } }])
    expect(await look(other)).toMatchObject({ requests: [], refusals: [] })
    since = seen.now
    await new Promise(resolve => setTimeout(resolve, 2))
    since = new Date().toISOString()
    expect(await look()).toMatchObject({ requests: [], refusals: [] })
  })

  it('does not tell a failed request twice, nor what the playground did', async () => {
    const failed = requestRecord(Date.now(), { user: '2', error: 'upstream_unavailable', status: 503, endReason: 'upstream_failed' })
    const own = { id: playgroundKeyId('2'), name: 'playground' }
    await book(site.runtime.store, failed, requestRecord(Date.now(), { user: '2', key: own }))
    site.runtime.refusals.note({ user: '2' }, { ...refusal, id: failed.id })
    site.runtime.refusals.note({ user: '2' }, { ...refusal, id: 'req_y', key: own })
    const seen = await look()
    expect(seen.requests.map(request => request.id)).toEqual([failed.id])
    expect(seen.refusals).toEqual([])
  })

  it('shows calls without a key of anybody to readers at their address', async () => {
    site.runtime.refusals.note({ address: '127.0.0.1' }, { ...refusal, sent: 'anthropic', code: 'invalid_key', params: {}, key: null })
    expect((await look()).refusals).toMatchObject([{ code: 'invalid_key', sent: 'anthropic', key: null }])
    const behind = await site.call('GET', `/api/user/doctor?since=${since}`, { cookie: user, headers: { 'x-forwarded-for': '203.0.113.9' } })
    expect(api.doctor.reply.parse(behind.body).refusals).toEqual([])
  })

  it('wants a time', async () => {
    expect(code(await get('/api/user/doctor'))).toBe('invalid_request')
    expect(code(await site.call('GET', `/api/user/doctor?since=${since}`))).toBe('signed_out')
  })
})
