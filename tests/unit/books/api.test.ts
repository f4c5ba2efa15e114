import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { keys } from '#server/storage/keys'
import { api } from '#shared/schemas/api'
import { errorReply } from '#shared/schemas/common'
import { startConsole } from '../api/console'
import type { Answer, Console } from '../api/console'
import { book, requestRecord } from '../billing-statement/records'

let site: Console
let admin: string
let user: string
const attempt = { upstreamModel: 'x', status: 200, error: null, startedAt: 0, durationMs: 1 }
const channel = { name: 'Main', dialect: 'openai-chat', baseUrl: 'https://api.example/v1', credentials: ['sk-0123456789'] }

beforeAll(async () => {
  site = await startConsole()
  admin = await site.signIn('1', { username: 'admin' })
  user = await site.signIn('2', { username: 'Neo' })
  await site.runtime.ledger.credit({ user: '2', kind: 'topup', amount: 5_000_000_000, reference: 'x', note: '' })
  const now = Date.now()
  await book(
    site.runtime.store,
    requestRecord(now, { user: '2', cost: 900_000_000, attempts: [{ ...attempt, channel: 'main', cost: 300_000_000 }] }),
    requestRecord(now, { user: '2', cost: 100_000_000, attempts: [{ ...attempt, channel: 'other' }] }),
  )
})
afterAll(() => site.close())

const code = (answer: Answer) => errorReply.parse(answer.body).error.code

describe('/api/admin/books', () => {
  it('is for admins alone', async () => {
    for (const [method, path] of [['GET', '/api/admin/books'], ['POST', '/api/admin/books/check'], ['GET', '/api/admin/books.csv']] as const) {
      expect((await site.call(method, path)).status).toBe(401)
      expect((await site.call(method, path, { cookie: user })).status).toBe(403)
    }
  })

  it('shows revenue against upstream cost, by channel and model', async () => {
    const books = api.books.reply.parse((await site.call('GET', '/api/admin/books?days=7', { cookie: admin })).body)
    expect(books).toMatchObject({ last: null, running: null, runs: [], total: { cost: '1', costed: '0.9', upstreamCost: '0.3' } })
    expect(books.channels).toMatchObject([{ channel: 'main', name: 'main', cost: '0.9', costed: '0.9', upstreamCost: '0.3' }, { channel: 'other', cost: '0.1', costed: '0', upstreamCost: '0' }])
    expect(books.models).toMatchObject([{ model: 'mdl_a', cost: '1', costed: '0.9', upstreamCost: '0.3' }])
    expect(code(await site.call('GET', '/api/admin/books?days=8', { cookie: admin }))).toBe('invalid_request')
  })

  it('checks when asked, names who is off, and not twice within a minute', async () => {
    await site.runtime.store.commit('corrupt', [{ add: keys.available('2'), by: 1_500_000_000 }])
    const checked = api.checkBooks.reply.parse((await site.call('POST', '/api/admin/books/check', { cookie: admin })).body)
    expect(checked.running).toBeNull()
    expect(checked.last).toMatchObject({ users: 2, entries: '5', balances: '6.5', driftCount: 1, drifts: [{ user: '2', username: 'Neo', kind: 'balance', expected: '5', found: '6.5', difference: '1.5' }] })
    const again = await site.call('POST', '/api/admin/books/check', { cookie: admin })
    expect([again.status, code(again), Number(again.headers.get('retry-after'))]).toEqual([429, 'checked_just_now', expect.any(Number)])
    const books = api.books.reply.parse((await site.call('GET', '/api/admin/books', { cookie: admin })).body)
    expect(books).toMatchObject({ last: checked.last, runs: [{ driftCount: 1, trigger: 'admin' }] })
    const alerts = api.listAlerts.reply.parse((await site.call('GET', '/api/admin/alerts', { cookie: admin })).body)
    expect(alerts.items).toMatchObject([{ kind: 'books_drift', user: '2', params: { counter: 'balance', expected: '5', found: '6.5' } }])
  })

  it('gives the table as a file', async () => {
    const file = await site.call('GET', '/api/admin/books.csv?days=7', { cookie: admin })
    expect(file.headers.get('content-type')).toContain('text/csv')
    const lines = String(file.body).replace('\uFEFF', '').trim().split('\r\n')
    expect(lines).toEqual([
      'by,id,name,requests,failed,input tokens,output tokens,revenue,revenue with known cost,upstream cost,margin',
      'channel,main,main,1,0,15,7,0.9,0.9,0.3,0.6',
      'channel,other,other,1,0,15,7,0.1,0,0,0',
      'model,mdl_a,mdl_a,2,0,30,14,1,0.9,0.3,0.6',
      'all,,,2,0,30,14,1,0.9,0.3,0.6',
    ])
    expect((await site.call('GET', '/api/admin/books.csv?days=x', { cookie: admin })).status).toBe(400)
  })
})

describe('cost prices in the catalogue', () => {
  it('are kept to the digit, stay when a form says nothing of them, and reach no buyer', async () => {
    const made = api.createChannel.reply.parse((await site.call('POST', '/api/admin/channels', { cookie: admin, body: { id: 'costs', ...channel, costCurrency: 'USD', costRate: '7.25' } })).body)
    expect(made).toMatchObject({ costCurrency: 'USD', costRate: '7.25' })
    const { version } = made
    const plain = { ...channel, enabled: true, priority: 0, weight: 1, credentials: undefined, version }
    expect((await site.call('PUT', '/api/admin/channels/costs', { cookie: admin, body: plain })).body).toMatchObject({ costCurrency: 'USD', costRate: '7.25' })
    const cost = { input: '0.000000001', output: '10', longContext: { above: 5, prices: { input: '2' } } }
    const model = api.createModel.reply.parse((await site.call('POST', '/api/admin/models', { cookie: admin, body: { name: 'm', prices: { input: '1', output: '20' }, routes: [{ channel: 'costs', cost }] } })).body)
    expect(model.routes).toEqual([{ channel: 'costs', upstream: '', priority: 0, weight: 1, cost }])
    expect(JSON.stringify((await site.call('GET', '/api/models')).body)).not.toContain('0.000000001')
    const lines = api.listAudit.reply.parse((await site.call('GET', '/api/admin/audit', { cookie: admin })).body)
    expect(JSON.stringify(lines)).toContain('0.000000001')
  })

  it.each([[{ costRate: '0' }], [{ costRate: '0.0' }], [{ costRate: '-1' }], [{ costRate: 'abc' }], [{ costCurrency: 'far too long a name' }]])('refuse %j', async (change) => {
    expect((await site.call('POST', '/api/admin/channels', { cookie: admin, body: { ...channel, ...change } })).status).toBe(400)
  })

  it('need input and output, like the prices of the shop', async () => {
    expect((await site.call('POST', '/api/admin/models', { cookie: admin, body: { name: 'n', routes: [{ channel: 'costs', cost: { input: '1' } }] } })).status).toBe(400)
  })

  it('of a channel from before them count in credits', async () => {
    const stored = await site.runtime.store.get<Record<string, unknown>>(keys.channel('costs'))
    const { costCurrency: _, costRate: __, ...before } = stored!.value
    await site.runtime.store.put(keys.channel('costs'), before)
    expect((await site.call('GET', '/api/admin/channels', { cookie: admin })).body).toMatchObject({ items: [{ id: 'costs', costCurrency: '', costRate: '1' }] })
  })
})
