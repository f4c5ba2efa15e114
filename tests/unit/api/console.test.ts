import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { z } from 'zod'
import { api } from '#shared/schemas/api'
import type { Operation } from '#shared/schemas/api'
import { errorReply } from '#shared/schemas/common'
import { book, requestRecord } from '../billing-statement/records'
import { startConsole } from './console'
import type { Answer, Console } from './console'

let site: Console
let user: string
let admin: string

beforeAll(async () => {
  site = await startConsole({ WELCOME_CREDIT: '0.5' })
  admin = await site.signIn('1', { username: 'admin' })
  user = await site.signIn('2', { username: 'Neo' })
})
afterAll(() => site.close())

/** The body, once it has proven to be what the table promises and nothing beside it. */
function read<O extends Operation & { reply: z.ZodType }>(operation: O, answer: Answer): z.output<O['reply']> {
  expect(answer.body).not.toHaveProperty('error')
  return operation.reply.parse(answer.body) as z.output<O['reply']>
}
const code = (answer: Answer) => errorReply.parse(answer.body).error.code

describe('a user', () => {
  it('sees itself', async () => {
    expect(read(api.me, await site.call('GET', '/api/auth/me', { cookie: user }))).toMatchObject({ id: '2', username: 'Neo', role: 'user', available: '0', held: '0' })
    const me = await site.call('GET', '/api/auth/me', { cookie: admin })
    expect(read(api.me, me).role).toBe('admin')
    expect(me.body).not.toHaveProperty('note')
  })

  it('makes, changes and deletes a key', async () => {
    const made = read(api.createKey, await site.call('POST', '/api/user/keys', { cookie: user, body: { name: 'laptop', spendLimit: '2.5', expiresAt: '2030-01-01T00:00:00Z' } }))
    expect(made).toMatchObject({ name: 'laptop', spendLimit: '2.5', spent: '0', enabled: true, expiresAt: '2030-01-01T00:00:00.000Z', lastUsedAt: null })
    const changed = read(api.changeKey, await site.call('PATCH', `/api/user/keys/${made.id}`, { cookie: user, body: { enabled: false, spendLimit: null } }))
    expect(changed).toMatchObject({ name: 'laptop', enabled: false, spendLimit: null })
    expect(read(api.listKeys, await site.call('GET', '/api/user/keys', { cookie: user })).items.map(key => key.id)).toContain(made.id)
    expect(code(await site.call('DELETE', `/api/user/keys/${made.id}`, { cookie: admin }))).toBe('record_not_found')
    read(api.deleteKey, await site.call('DELETE', `/api/user/keys/${made.id}`, { cookie: user }))
    expect(code(await site.call('DELETE', `/api/user/keys/${made.id}`, { cookie: user }))).toBe('record_not_found')
    expect(await site.runtime.keys.findCaller(made.secret ?? '')).toBeUndefined()
  })

  it('limits a key, sees what is left of each limit, and replaces its secret', async () => {
    const body = { name: 'limited', limits: { day: '1.5', rpm: 60, concurrency: 4 }, spendLimit: '9', ips: ['203.0.113.0/24', '2001:db8::1'] }
    const made = read(api.createKey, await site.call('POST', '/api/user/keys', { cookie: user, body }))
    expect(made).toMatchObject({ limits: { day: '1.5', week: null, month: null, rpm: 60, tpm: null, concurrency: 4 }, ips: body.ips, usage: { today: '0', sevenDays: '0', thirtyDays: '0' }, open: 0, oldSecretUntil: null })
    expect(made.budgets).toEqual([
      { period: 'day', limit: '1.5', spent: '0', remaining: '1.5', resetsAt: expect.stringMatching(/T16:00:00\.000Z$/) as string },
      { period: 'total', limit: '9', spent: '0', remaining: '9', resetsAt: null },
    ])
    const changed = read(api.changeKey, await site.call('PATCH', `/api/user/keys/${made.id}`, { cookie: user, body: { limits: { day: null, week: '2' } } }))
    expect(changed).toMatchObject({ limits: { day: null, week: '2', rpm: 60 }, ips: body.ips })
    const path = `/api/user/keys/${made.id}/rotate`
    const rotated = read(api.rotateKey, await site.call('POST', path, { cookie: user, body: { grace: 3600 } }))
    expect(rotated).toMatchObject({ id: made.id, limits: changed.limits, oldSecretUntil: expect.any(String) as string })
    expect(rotated.secret).not.toBe(made.secret)
    for (const secret of [made.secret, rotated.secret]) expect((await site.runtime.keys.findCaller(secret!))?.key.id).toBe(made.id)
    expect(code(await site.call('POST', path, { cookie: admin, body: { grace: 0 } }))).toBe('record_not_found')
  })

  it.each([
    { limits: { rpm: 0 } }, { limits: { rpm: 1.5 } }, { limits: { day: '-1' } }, { limits: { year: '1' } }, { limits: { day: '99999999' } },
    { ips: ['example.com'] }, { ips: ['10.0.0.0/33'] }, { ips: ['2001:db8::/129'] }, { ips: ['10.0.0'] },
  ])('cannot limit a key by %j', async (body) => {
    expect(code(await site.call('POST', '/api/user/keys', { cookie: user, body: { name: 'odd', ...body } }))).toBe('invalid_request')
  })

  it.each([{}, { grace: 60 }, { grace: '3600' }])('cannot replace a secret by %j', async (body) => {
    const made = read(api.createKey, await site.call('POST', '/api/user/keys', { cookie: user, body: { name: 'odd' } }))
    expect(code(await site.call('POST', `/api/user/keys/${made.id}/rotate`, { cookie: user, body }))).toBe('invalid_request')
    read(api.deleteKey, await site.call('DELETE', `/api/user/keys/${made.id}`, { cookie: user }))
  })

  it('sees its requests and sums, and nobody else\'s', async () => {
    const now = Date.now()
    await book(site.runtime.store, requestRecord(now - 2, { user: '2' }), requestRecord(now - 1, { user: '2', error: 'upstream_cut', status: 502 }), requestRecord(now, { user: '9' }))
    const all = read(api.usage, await site.call('GET', '/api/user/usage?days=3', { cookie: user }))
    expect(all.totals.today).toEqual({ requests: 2, failed: 1, inputTokens: 30, outputTokens: 14, cost: '0.0000002' })
    expect(all.series).toHaveLength(3)
    expect(all.requests.items).toHaveLength(2)
    expect(JSON.stringify(all)).not.toContain('attempts')
    const failed = read(api.usage, await site.call('GET', '/api/user/usage?outcome=failed&model=gpt-5', { cookie: user }))
    expect(failed.requests.items.map(request => request.status)).toEqual([502])
  })
})

describe('an admin', () => {
  const channel = { id: 'main', name: 'Main', dialect: 'openai-chat', baseUrl: 'https://api.example.com/v1', credentials: ['sk-upstream-0123456789'] }

  it('connects a channel, prices a model, and sells it', async () => {
    const made = read(api.createChannel, await site.call('POST', '/api/admin/channels', { cookie: admin, body: channel }))
    expect(made).toMatchObject({ id: 'main', credentials: [{ hint: '…6789', enabled: true, state: 'unknown', until: null, lastError: null, failedAt: null }], health: { state: 'unknown', until: null, lastError: null } })
    expect(await site.call('POST', '/api/admin/channels', { cookie: admin, body: channel })).toMatchObject({ status: 409, body: { error: { code: 'already_exists' } } })
    expect(code(await site.call('POST', '/api/admin/channels/main/test', { cookie: admin, body: {} }))).toBe('invalid_request')

    const bare = read(api.createModel, await site.call('POST', '/api/admin/models', { cookie: admin, body: { name: 'org/gpt-5', routes: [{ channel: 'main', upstream: 'gpt-5-2025' }] } }))
    expect(bare.notForSale).toEqual(['no_price'])
    const { name, description, enabled, routes, version } = bare
    const sold = read(api.putModel, await site.call('PUT', `/api/admin/models/${bare.id}`, { cookie: admin, body: { name, description, enabled, routes, version, prices: { input: '0', output: '10.25' } } }))
    expect(sold.notForSale).toEqual([])
    expect(read(api.listPublicModels, await site.call('GET', '/api/models')).items).toMatchObject([{ name: 'org/gpt-5', description: '', prices: { input: '0', output: '10.25' } }])

    expect(read(api.testChannel, await site.call('POST', '/api/admin/channels/main/test', { cookie: admin, body: {} }))).toMatchObject({ ok: true, model: 'gpt-5-2025' })
    expect(site.probed).toEqual(['sk-upstream-0123456789 gpt-5-2025'])
    expect(read(api.listUpstreamModels, await site.call('GET', '/api/admin/channels/main/models', { cookie: admin })).items).toEqual([{ id: 'gpt-5-2025', onSale: true }, { id: 'gpt-4', onSale: false }])
    expect(code(await site.call('PUT', `/api/admin/models/${bare.id}`, { cookie: admin, body: { name, description, enabled, routes, version, prices: null } }))).toBe('changed_meanwhile')

    read(api.deleteChannel, await site.call('DELETE', '/api/admin/channels/main', { cookie: admin }))
    expect(read(api.listModels, await site.call('GET', '/api/admin/models', { cookie: admin })).items[0]).toMatchObject({ routes: [], notForSale: ['no_route'] })
    read(api.deleteModel, await site.call('DELETE', `/api/admin/models/${bare.id}`, { cookie: admin }))
    expect(read(api.listChannels, await site.call('GET', '/api/admin/channels', { cookie: admin })).items).toEqual([])
  })

  it('finds users and reads one', async () => {
    expect(read(api.listUsers, await site.call('GET', '/api/admin/users?search=ne', { cookie: admin })).items.map(found => found.id)).toEqual(['2'])
    expect(read(api.getUser, await site.call('GET', '/api/admin/users/2', { cookie: admin }))).toMatchObject({ username: 'Neo', limits: { concurrency: 50 } })
    expect(await site.call('GET', '/api/admin/users/999', { cookie: admin })).toMatchObject({ status: 404, body: { error: { code: 'record_not_found' } } })
  })

  it('adjusts a balance by a delta, once per key, never below zero', async () => {
    const put = (adjust: unknown, key?: string) => site.call('PUT', '/api/admin/users/2', { cookie: admin, body: { adjust }, headers: key ? { 'idempotency-key': key } : {} })
    expect(read(api.putUser, await put({ amount: '3.5', reason: 'sorry' }, 'same')).available).toBe('3.5')
    expect(read(api.putUser, await put({ amount: '3.5', reason: 'sorry' }, 'same')).available).toBe('3.5')
    await Promise.all([put({ amount: '1', reason: 'double click' }, 'race'), put({ amount: '1', reason: 'double click' }, 'race')])
    expect(read(api.putUser, await put({ amount: '-4.5', reason: 'taken back' })).available).toBe('0')
    expect(await put({ amount: '-0.1', reason: 'more' })).toMatchObject({ status: 422, body: { error: { code: 'adjust_below_zero', params: { available: '0' } } } })
    expect(code(await put({ amount: '0', reason: 'x' }))).toBe('invalid_request')
    expect(code(await put({ amount: '999999999', reason: 'x' }))).toBe('balance_out_of_range')
    const entries = read(api.listUserEntries, await site.call('GET', '/api/admin/users/2/entries', { cookie: admin }))
    expect(entries.items.map(entry => [entry.kind, entry.amount, entry.note])).toEqual([['adjust', '-4.5', 'taken back'], ['adjust', '1', 'double click'], ['adjust', '3.5', 'sorry']])
    expect(read(api.listEntries, await site.call('GET', '/api/user/entries', { cookie: user })).items).toEqual(entries.items)
  })

  it('survives that the same key reaches two users', async () => {
    await site.signIn('4')
    const give = (uid: string) => site.call('PUT', `/api/admin/users/${uid}`, { cookie: admin, body: { adjust: { amount: '1', reason: 'r' } }, headers: { 'idempotency-key': 'twice' } })
    expect((await give('4')).status).toBe(200)
    expect((await give('2')).status).toBe(400)
  })

  it('suspends users, but no admin', async () => {
    expect(code(await site.call('PUT', '/api/admin/users/1', { cookie: admin, body: { status: 'suspended' } }))).toBe('in_use')
    const changed = read(api.putUser, await site.call('PUT', '/api/admin/users/4', { cookie: admin, body: { status: 'suspended', note: 'n', discount: 1000, limits: { concurrency: 2 } } }))
    expect(changed).toMatchObject({ status: 'suspended', note: 'n', discount: 1000, limits: { concurrency: 2 } })
    expect(code(await site.call('PUT', '/api/admin/users/4', { cookie: admin, body: {} }))).toBe('invalid_request')
  })

  it('sees requests of everybody, and the sums', async () => {
    const requests = read(api.listRequests, await site.call('GET', '/api/admin/requests?user=2&outcome=failed', { cookie: admin }))
    expect(requests.items[0]).toMatchObject({ username: 'Neo', attempts: [{ channel: 'main' }] })
    const stats = read(api.stats, await site.call('GET', '/api/admin/stats?days=1', { cookie: admin }))
    expect(stats).toMatchObject({ open: 2, outbox: 0, totals: { today: { requests: 3, cost: '0.0000003' } }, channels: [{ channel: 'main', requests: 3 }] })
    expect(stats.users.map(row => [row.user, row.username, row.requests])).toEqual([['2', 'Neo', 2], ['9', '', 1]])
  })

  it('leaves a line for every change, without a secret', async () => {
    const { items } = read(api.listAudit, await site.call('GET', '/api/admin/audit?limit=200', { cookie: admin }))
    const actions = items.map(line => `${line.action} ${line.target}`).reverse()
    expect(actions.slice(0, 5).map(line => line.split(' ')[0])).toEqual(['channel.create', 'model.create', 'model.put', 'channel.delete', 'model.delete'])
    expect(actions.filter(line => line === 'user.adjust 2')).toHaveLength(3)
    expect(items.find(line => line.action === 'user.put')).toMatchObject({ admin: { id: '1', username: 'admin' }, before: { status: 'active' }, after: { status: 'suspended' } })
    expect(JSON.stringify(items)).not.toContain('sk-upstream')
    const paged = read(api.listAudit, await site.call('GET', '/api/admin/audit?limit=2', { cookie: admin }))
    expect(paged.items).toHaveLength(2)
    expect(paged.next).not.toBeNull()
  })
})

describe('the table of operations', () => {
  it('has a handler for every row', async () => {
    for (const operation of Object.values<Operation>(api)) {
      const path = operation.path.replace('{uid}', '2').replace(/\{\w+\}/g, 'x')
      const answer = await site.call(operation.method, path, { body: operation.method === 'GET' ? undefined : {} })
      const found = answer.body as { error?: { code: string } }
      expect([operation.path, found.error?.code]).not.toEqual([operation.path, 'not_found'])
      expect([operation.path, found.error?.code]).not.toEqual([operation.path, 'method_not_allowed'])
    }
  })

  it('is described by /docs/api.json', async () => {
    const { body } = await site.call('GET', '/docs/api.json')
    const document = body as { openapi: string, paths: Record<string, Record<string, { requestBody?: unknown, parameters: { name: string }[] }>> }
    expect(document.openapi).toBe('3.1.0')
    expect(Object.values(document.paths).flatMap(path => Object.keys(path))).toHaveLength(Object.keys(api).length)
    expect(document.paths['/api/user/keys']?.['post']?.parameters.map(parameter => parameter.name)).toEqual(['Idempotency-Key'])
    expect(JSON.stringify(document.paths['/api/user/keys']?.['post']?.requestBody)).toContain('spendLimit')
  })
})
