import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { z } from 'zod'
import { AppError } from '#server/errors/app-error'
import { api } from '#shared/schemas/api'
import type { Operation } from '#shared/schemas/api'
import { errorReply } from '#shared/schemas/common'
import { book, requestRecord } from '../billing-statement/records'
import { startConsole } from './console'
import type { Answer, Console } from './console'

let site: Console
let admin: string

beforeAll(async () => {
  site = await startConsole({ WELCOME_CREDIT: '0.5', MIN_TRUST_LEVEL: '1' })
  admin = await site.signIn('1', { username: 'admin' })
})
afterAll(() => site.close())

function read<O extends Operation & { reply: z.ZodType }>(operation: O, answer: Answer): z.output<O['reply']> {
  expect(answer.body).not.toHaveProperty('error')
  return operation.reply.parse(answer.body) as z.output<O['reply']>
}
const code = (answer: Answer) => errorReply.parse(answer.body).error.code
const call = (method: string, path: string, body?: unknown) => site.call(method, `/api/admin/${path}`, { cookie: admin, body })
const channel = (id: string, change = {}) => ({ id, name: id, dialect: 'openai-chat', baseUrl: 'https://api.example.com/v1', credentials: ['sk-first-0123456789', 'sk-second-987654'], ...change })
const make = async (id: string, change = {}) => read(api.createChannel, await call('POST', 'channels', channel(id, change)))

describe('channels', () => {
  it('show the last four characters of each credential and which one failed when', async () => {
    await make('seen')
    site.runtime.health.failed('seen', 1, new AppError('upstream_credential'))
    site.runtime.health.succeeded('seen', 0)
    const [listed] = read(api.listChannels, await call('GET', 'channels')).items
    expect(listed!.credentials).toMatchObject([
      { hint: '…6789', enabled: true, state: 'healthy', lastError: null, failedAt: null },
      { hint: '…7654', enabled: true, state: 'cooling', lastError: 'upstream_credential' },
    ])
    expect(Date.parse(listed!.credentials[1]!.failedAt!)).toBeGreaterThan(Date.now() - 10_000)
    site.runtime.health.succeeded('seen', 1)
    expect(read(api.listChannels, await call('GET', 'channels')).items[0]!.credentials[1]).toMatchObject({ state: 'healthy', lastError: 'upstream_credential' })
  })

  it('use only the credentials that are on, and keep one', async () => {
    const made = await make('keys')
    const live = async () => (await site.runtime.catalog.findChannel('keys'))!.credentials()
    const off = read(api.changeCredentials, await call('PATCH', 'channels/keys/credentials', { version: made.version, disable: [0] }))
    expect(off.credentials.map(({ hint, enabled }) => [hint, enabled])).toEqual([['…6789', false], ['…7654', true]])
    expect(await live()).toEqual(['sk-second-987654'])
    expect(code(await call('PATCH', 'channels/keys/credentials', { version: made.version, enable: [0] }))).toBe('changed_meanwhile')
    // Its place among those that are used is another one now: what the gateway learns belongs to the right one.
    site.runtime.health.failed('keys', 0, new AppError('upstream_busy'))
    const [, second] = read(api.listChannels, await call('GET', 'channels')).items.find(({ id }) => id === 'keys')!.credentials
    expect(second).toMatchObject({ hint: '…7654', lastError: 'upstream_busy' })
    read(api.testChannel, await call('POST', 'channels/keys/test', { model: 'm', credential: 0 }))
    expect(site.probed.at(-1)).toBe('sk-first-0123456789 m')
    read(api.testChannel, await call('POST', 'channels/keys/test', { model: 'm' }))
    expect(site.probed.at(-1)).toBe('sk-second-987654 m')
    const swapped = read(api.changeCredentials, await call('PATCH', 'channels/keys/credentials', { version: off.version, remove: [1], add: ['sk-third-abcdefgh'] }))
    expect(swapped.credentials.map(({ hint }) => hint)).toEqual(['…6789', '…efgh'])
    expect(await live()).toEqual(['sk-third-abcdefgh'])
    expect(code(await call('PATCH', 'channels/keys/credentials', { version: swapped.version, remove: [0, 1] }))).toBe('in_use')
    expect(code(await call('PATCH', 'channels/keys/credentials', { version: swapped.version }))).toBe('invalid_request')
    const none = read(api.changeCredentials, await call('PATCH', 'channels/keys/credentials', { version: swapped.version, disable: [1] }))
    expect(none.credentials.every(({ enabled }) => !enabled)).toBe(true)
    expect(errorReply.parse((await call('POST', 'channels/keys/test', { model: 'm' })).body).error.message).toContain('no credential that is switched on')
  })

  it('are copied with their credentials, switched off', async () => {
    await make('original', { priority: 3 })
    const copy = read(api.copyChannel, await call('POST', 'channels/original/copy'))
    expect(copy).toMatchObject({ name: 'original 2', priority: 3, enabled: false, credentials: [{ hint: '…6789' }, { hint: '…7654' }] })
    expect((await site.runtime.catalog.findChannel(copy.id))!.credentials()).toEqual(['sk-first-0123456789', 'sk-second-987654'])
    expect(code(await call('POST', 'channels/nowhere/copy'))).toBe('record_not_found')
  })

  it('are switched together; one that is gone does not stop the rest', async () => {
    await make('one')
    await make('two')
    const reply = read(api.enableChannels, await call('POST', 'channels/enable', { ids: ['one', 'gone', 'two'], enabled: false }))
    expect(reply).toEqual({ done: 2, refused: [{ id: 'gone', problem: expect.stringContaining('does not exist') }] })
    const { items } = read(api.listChannels, await call('GET', 'channels'))
    expect(items.filter(({ id }) => ['one', 'two'].includes(id)).map(({ enabled }) => enabled)).toEqual([false, false])
  })

  it('tell their tries, failures and speed', async () => {
    const now = Date.now()
    const attempt = { channel: 'fast', upstreamModel: 'm', status: 200, error: null, startedAt: now, durationMs: 900 }
    await book(site.runtime.store, requestRecord(now - 2, { user: '2', attempts: [{ ...attempt, answerMs: 100 }] }), requestRecord(now - 1, { user: '2', attempts: [{ ...attempt, answerMs: 300 }, { ...attempt, channel: 'slow', status: null, error: 'upstream_timeout' }] }))
    const { items } = read(api.channelTraffic, await call('GET', 'channels/traffic'))
    expect(items.find(row => row.channel === 'fast')).toMatchObject({ channel: 'fast', requests: 2, failed: 0, answerMs: 200 })
    expect(items.find(row => row.channel === 'slow')).toMatchObject({ channel: 'slow', requests: 1, failed: 1, cost: '0.0000001', upstreamCost: '0', answerMs: null })
    const stats = read(api.stats, await call('GET', 'stats?days=1'))
    expect(stats.range.requests).toBe(2)
    expect(stats.previous.requests).toBe(0)
    expect(stats.series).toHaveLength(7)
    expect(stats.channels.find(row => row.channel === 'fast')).toMatchObject({ name: 'fast', answerMs: 200 })
    const spending = read(api.userSpending, await call('GET', 'users/spending?users=3,2')).items
    expect(spending.map(({ user, today }) => [user, today.requests, today.cost])).toEqual([['3', 0, '0'], ['2', 2, stats.range.cost]])
    for (const users of ['', 'x', '2,,3', '2;3']) expect(code(await call('GET', `users/spending?users=${users}`)), users).toBe('invalid_request')
  })
})

describe('models', () => {
  it('of an upstream go on sale together; one that is listed gets a route and keeps its price', async () => {
    await make('first')
    await make('second')
    const offer = async (id: string, items: unknown[]) => read(api.offerModels, await call('POST', `channels/${id}/offer`, { items })).items
    expect(await offer('first', [{ name: 'm-1', prices: { input: '1', output: '2' }, context: 1000, modalities: ['text'] }, { name: 'm-2' }])).toEqual([
      { name: 'm-1', outcome: 'created', problem: null }, { name: 'm-2', outcome: 'created', problem: null },
    ])
    expect((await offer('second', [{ name: 'm-1', prices: { input: '9', output: '9' } }])).map(({ outcome }) => outcome)).toEqual(['routed'])
    expect((await offer('second', [{ name: 'm-1' }])).map(({ outcome }) => outcome)).toEqual(['listed'])
    const { items } = read(api.listModels, await call('GET', 'models'))
    expect(items.find(({ name }) => name === 'm-1')).toMatchObject({ prices: { input: '1', output: '2' }, context: 1000, routes: [{ channel: 'first' }, { channel: 'second' }] })
    expect(code(await call('POST', 'channels/nowhere/offer', { items: [{ name: 'x' }] }))).toBe('record_not_found')
  })

  it('are priced and switched together, each from the version somebody saw', async () => {
    const { items } = read(api.listModels, await call('GET', 'models'))
    const prices = { input: '3', output: '4' }
    const reply = read(api.priceModels, await call('POST', 'models/prices', { items: [{ id: items[0]!.id, version: 'old', prices }, { id: items[1]!.id, version: items[1]!.version, prices }] }))
    expect(reply).toMatchObject({ done: 1, refused: [{ id: items[0]!.id }] })
    read(api.enableModels, await call('POST', 'models/enable', { ids: items.map(({ id }) => id), enabled: false }))
    const after = read(api.listModels, await call('GET', 'models')).items
    expect(after.map(({ enabled }) => enabled)).toEqual([false, false])
    expect(after.map(model => model.prices?.input)).toEqual(['1', '3'])
  })

  it('of an upstream come with what it takes for them', async () => {
    const offer = async (id: string, items: unknown[]) => read(api.offerModels, await call('POST', `channels/${id}/offer`, { items })).items
    const cost = { input: '0.5', output: '1', longContext: { above: 200_000, prices: { input: '0.7' } } }
    expect((await offer('first', [{ name: 'm-9', prices: { input: '1', output: '2' }, cost }])).map(({ outcome }) => outcome)).toEqual(['created'])
    expect((await offer('second', [{ name: 'm-9', cost: { input: '0.4', output: '1' } }])).map(({ outcome }) => outcome)).toEqual(['routed'])
    const { items: models } = read(api.listModels, await call('GET', 'models'))
    expect(models.find(({ name }) => name === 'm-9')?.routes.map(route => route.cost)).toEqual([cost, { input: '0.4', output: '1' }])
  })
})

describe('users', () => {
  it('have keys an admin can see and switch off', async () => {
    const cookie = await site.signIn('5')
    const made = read(api.createKey, await site.call('POST', '/api/user/keys', { cookie, body: { name: 'laptop' } }))
    expect(read(api.listUserKeys, await call('GET', 'users/5/keys')).items.map(({ name }) => name)).toEqual(['laptop'])
    expect(read(api.switchUserKey, await call('PATCH', `users/5/keys/${made.id}`, { enabled: false })).enabled).toBe(false)
    expect(await site.runtime.keys.findCaller(made.secret!)).toMatchObject({ key: { enabled: false } })
    expect(code(await call('PATCH', `users/6/keys/${made.id}`, { enabled: true }))).toBe('record_not_found')
    expect(code(await site.call('PATCH', `/api/admin/users/5/keys/${made.id}`, { cookie, body: { enabled: true } }))).toBe('forbidden')
  })
})

describe('settings', () => {
  it('hold from the moment they are saved, and the environment where nothing is set', async () => {
    const before = read(api.getSettings, await call('GET', 'settings'))
    expect(before).toMatchObject({ defaults: { minTrustLevel: 1, welcomeCredit: '0.5', concurrency: 50 }, signUp: { settings: { open: true, minTrustLevel: null } } })
    const put = (group: string, version: string, settings: unknown) => call('PUT', 'settings', { group, version, settings })
    const saved = read(api.putSettings, await put('limits', before.limits.version, { concurrency: 3 }))
    expect(read(api.getUser, await call('GET', 'users/1')).limits.concurrency).toBe(3)
    expect(code(await put('limits', before.limits.version, { concurrency: 9 }))).toBe('changed_meanwhile')
    read(api.putSettings, await put('limits', saved.limits.version, { concurrency: null }))
    expect(site.runtime.shopSettings.concurrency()).toBe(50)
    read(api.putSettings, await put('signUp', before.signUp.version, { open: false, minTrustLevel: 3, welcomeCredit: '2' }))
    expect(read(api.loginInfo, await site.call('GET', '/api/auth/info'))).toMatchObject({ open: false, minTrustLevel: 3, welcomeCredit: '2' })
    read(api.putSettings, await put('site', before.site.version, { name: 'Tea House', notice: { zh: '欢迎', en: 'Welcome' } }))
    expect(read(api.site, await site.call('GET', '/api/site'))).toMatchObject({ name: 'Tea House', notice: { zh: '欢迎', en: 'Welcome' } })
    expect(code(await put('signUp', 'x', { open: 'no' }))).toBe('invalid_request')
  })
})

describe('announcements', () => {
  it('are shown between their times, in both languages', async () => {
    const hour = (n: number) => new Date(Date.now() + n * 3_600_000).toISOString()
    const create = async (body: object) => read(api.createAnnouncement, await call('POST', 'announcements', body))
    const now = await create({ title: { zh: '维护', en: 'Maintenance' }, level: 'warning', from: hour(-1), to: hour(1) })
    const later = await create({ title: { en: 'Soon' }, from: hour(1) })
    await create({ title: { en: 'Past' }, to: hour(-1) })
    expect(now.state).toBe('shown')
    expect(read(api.listAnnouncements, await call('GET', 'announcements')).items.map(({ state }) => state)).toEqual(['over', 'scheduled', 'shown'])
    const shown = async () => read(api.site, await site.call('GET', '/api/site')).announcements.map(({ title }) => title.en)
    expect(await shown()).toEqual(['Maintenance'])
    const { version, level, title, text, to } = later
    read(api.putAnnouncement, await call('PUT', `announcements/${later.id}`, { version, level, title, text, to, from: null }))
    expect(await shown()).toEqual(['Soon', 'Maintenance'])
    expect(code(await call('PUT', `announcements/${later.id}`, { version, level, title, text, to, from: null }))).toBe('changed_meanwhile')
    read(api.deleteAnnouncement, await call('DELETE', `announcements/${now.id}`))
    expect(await shown()).toEqual(['Soon'])
    expect(code(await call('POST', 'announcements', { title: { zh: '', en: ' ' } }))).toBe('invalid_request')
    expect(code(await call('POST', 'announcements', { title: { en: 'x' }, from: hour(1), to: hour(0) }))).toBe('invalid_request')
  })
})

describe('the audit', () => {
  it('is filtered by admin and by what was changed, and names the admins', async () => {
    const lines = async (query: string) => read(api.listAudit, await call('GET', `audit?limit=200&${query}`))
    expect((await lines('')).admins).toEqual([{ id: '1', username: 'admin' }])
    expect(new Set((await lines('action=announcement')).items.map(({ action }) => action))).toEqual(new Set(['announcement.create', 'announcement.put', 'announcement.delete']))
    expect((await lines('action=key.put')).items.map(({ after }) => after)).toEqual([{ user: '5', name: 'laptop', enabled: false }])
    expect((await lines('admin=2')).items).toEqual([])
    const first = read(api.listAudit, await call('GET', 'audit?limit=1&action=channel'))
    const second = read(api.listAudit, await call('GET', `audit?limit=1&action=channel&after=${first.next}`))
    expect(second.items[0]!.id).not.toBe(first.items[0]!.id)
    expect(JSON.stringify(await lines(''))).not.toMatch(/sk-(?:first|second|third)/)
  })
})
