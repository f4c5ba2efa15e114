import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createReceipts } from '#server/billing/receipts'
import type { Entry, RequestRecord } from '#server/billing/records'
import type { Counters } from '#server/billing/tally'
import { readConfig } from '#server/config/index'
import { createSigner } from '#server/secrets/signing-key'
import { openVault } from '#server/secrets/vault'
import { createMemoryStore } from '#server/storage/drivers/memory'
import { openSqliteStore } from '#server/storage/drivers/sqlite'
import { keys } from '#server/storage/keys'
import type { Store } from '#server/storage/store'
import { api } from '#shared/schemas/api'
import type { Operation } from '#shared/schemas/api'
import type { PaymentsOverview } from '#shared/schemas/payment'
import type { AdminRequest } from '#shared/schemas/request'
import type { StatsReply, UsageReply } from '#shared/schemas/usage'
import type { UserReply } from '#shared/schemas/user'
import { formatNano, parseNano } from '#shared/utils/money'
import { createClient } from '../../scripts/demo/client'
import type { Client } from '../../scripts/demo/client'
import { fillShop } from '../../scripts/fixture/fill'
import type { Filled } from '../../scripts/fixture/fill'
import { scales } from '../../scripts/fixture/scales'
import type { Scale } from '../../scripts/fixture/scales'
import { fillCall, pageData } from '../support/page-data'
import type { Known } from '../support/page-data'
import { startVapor } from '../support/server'
import type { Vapor } from '../support/server'

const secrets = { JWT_SECRET: 'fixture-session-secret-0123456789abcdef', VAPOR_SECRET: 'fixture-vault-secret-0123456789abcdef00' }
const dataDir = mkdtempSync(join(tmpdir(), 'vapor-fixture-'))
const config = readConfig({ ...secrets, EPAY_PID: '1000', EPAY_KEY: 'fixture-epay-key', EPAY_NOTIFY_URL: 'http://127.0.0.1/api/pay/notify', EPAY_RETURN_URL: 'http://127.0.0.1/api/pay/return' }).config!
let filled: Filled
let records: RequestRecord[]
let entries: bigint
let dayCost: bigint
let dayRequests: number
let receipts: number

const fill = (store: Store, scale: Scale, now: number) => fillShop({ store, config, now, scale, seed: 7, onDay: () => {} })

async function* rowsOf<T>(store: Store, prefix: string): AsyncGenerator<T> {
  for (let after: string | undefined; ;) {
    const rows = await store.list<T>(prefix, { limit: 1000, after })
    for (const { value } of rows) yield value
    if (rows.length < 1000) return
    after = rows.at(-1)!.key
  }
}

async function all<T>(store: Store, prefix: string): Promise<T[]> {
  const found: T[] = []
  for await (const value of rowsOf<T>(store, prefix)) found.push(value)
  return found
}

/** Every request, with its receipt signed: that throws where the entries do not come to what the record says. */
async function lookThrough(store: Store): Promise<void> {
  const vault = await openVault({ store, vaporSecrets: config.VAPOR_SECRET, jwtSecrets: config.JWT_SECRET, production: true })
  const { of } = createReceipts({ store, signer: createSigner({ store, vault }), issuer: 'vapor' })
  records = await all<RequestRecord>(store, 'request_')
  receipts = 0
  for (const { id } of records) {
    if ((await of(id)).receipt.request === id) receipts++
  }
  entries = (await all<Entry>(store, 'entry_')).reduce((sum, { amount }) => sum + BigInt(amount), 0n)
  const days = await all<Counters>(store, keys.statPrefix('all', 'all'))
  dayCost = days.reduce((sum, { cost }) => sum + BigInt(cost), 0n)
  dayRequests = days.reduce((sum, { requests }) => sum + requests, 0)
}

beforeAll(async () => {
  const store = await openSqliteStore({ file: join(dataDir, 'vapor.db') })
  filled = await fill(store, scales.small, Date.now())
  await lookThrough(store)
  await store.close()
})
afterAll(() => rmSync(dataDir, { recursive: true, force: true }))

describe('a filled store', () => {
  it('has what its scale says, and books that add up', () => {
    expect(filled).toMatchObject({ users: scales.small.users, requests: scales.small.requests, audit: { users: scales.small.users, driftCount: 0, orphanCount: 0, unsettled: 0, openHolds: 0 } })
    expect(BigInt(filled.audit.entries)).toBe(entries)
    expect(BigInt(filled.audit.available)).toBe(entries)
    expect(records.reduce((sum, { cost }) => sum + BigInt(cost), 0n)).toBe(filled.charged)
  })

  it('has a receipt for every request', () => {
    expect(receipts).toBe(scales.small.requests)
  })

  it('has roll-ups of all requests but those of the last minutes', () => {
    const late = records.filter(({ bookedAt }) => bookedAt > Math.max(...records.map(record => record.bookedAt)) - 900_000)
    expect(dayRequests).toBeGreaterThanOrEqual(records.length - late.length)
    expect(filled.charged - dayCost).toBeLessThanOrEqual(late.reduce((sum, { cost }) => sum + BigInt(cost), 0n))
  })

  it('has requests of every kind', () => {
    const kinds = new Set(records.flatMap(({ endReason, error, stream, converted, usage, attempts }) => [endReason, error === null ? '' : 'failed', stream ? 'stream' : 'whole', converted ? 'converted' : '', usage.cachedInput ? 'cached' : '', usage.reasoning ? 'reasoning' : '', attempts.length > 1 ? 'retried' : '']))
    for (const kind of ['completed', 'upstream_failed', 'client_left', 'stream', 'whole', 'converted', 'cached', 'reasoning', 'failed', 'retried']) expect(kinds, kind).toContain(kind)
  })
})

describe('filling', () => {
  const scale: Scale = { users: 5, channels: 4, models: 4, days: 4, requests: 120 }

  it('tells the same story for the same seed and moment, in any store', async () => {
    const now = Date.parse('2026-06-01T12:00:00Z')
    const [one, other] = await Promise.all([createMemoryStore(), createMemoryStore()].map(store => fill(store, scale, now)))
    expect(one!.audit).toMatchObject({ driftCount: 0, users: 5 })
    expect(other!.charged).toBe(one!.charged)
    expect(other!.audit.entries).toBe(one!.audit.entries)
    const another = await fillShop({ store: createMemoryStore(), config, now, scale, seed: 8, onDay: () => {} })
    expect(another.charged).not.toBe(one!.charged)
  })

  it('refuses a store with anything in it, and leaves it alone', async () => {
    const store = createMemoryStore()
    await store.put('user_1', { v: 1 })
    await expect(fill(store, scale, Date.now())).rejects.toMatchObject({ code: 'in_use' })
    expect(await store.list('user', { limit: 10 })).toHaveLength(1)
  })
})

describe('the server on it', () => {
  let vapor: Vapor
  let clients: Record<'nobody' | 'user' | 'admin', Client>
  let known: Known

  const read = <T>(who: keyof typeof clients, path: string) => clients[who].call<T>('GET', path)
  const schemaOf = (path: string): Operation['reply'] => {
    const [plain = ''] = path.split('?')
    return Object.values<Operation>(api).find(operation => operation.method === 'GET' && new RegExp(`^${operation.path.replaceAll(/\{\w+\}/g, '[^/]+')}$`).test(plain))!.reply
  }

  beforeAll(async () => {
    vapor = await startVapor({ dataDir, env: { ...secrets, WELCOME_CREDIT: '0' } })
    clients = { nobody: createClient(vapor.url), user: createClient(vapor.url), admin: createClient(vapor.url) }
    await clients.user.signIn('1')
    await clients.admin.signIn('1')
    const { items: [request] } = await read<{ items: AdminRequest[] }>('admin', '/api/admin/requests?limit=1&user=1')
    const { items: [order] } = await read<{ items: { id: string }[] }>('admin', '/api/admin/orders?limit=1')
    known = { uid: '1', request: request!.id, order: order!.id, key: request!.key.id, channel: 'openai-main', model: request!.model }
  })
  afterAll(() => vapor.stop())

  it.each(pageData)('opens the data of $page', async ({ reader, calls }) => {
    for (const call of calls) {
      const reply = await read(reader, fillCall(call, known))
      expect(schemaOf(fillCall(call, known))?.safeParse(reply), call).toMatchObject({ success: true })
    }
  })

  it('opens something for every operation that reads', () => {
    const opened = pageData.flatMap(({ calls }) => calls.map(call => call.split('?')[0]))
    const reads = Object.values<Operation>(api).filter(({ method, reply }) => method === 'GET' && reply).map(({ path }) => path.replaceAll('{id}', path.includes('orders') ? '{order}' : '{request}'))
    // These two ask somebody outside.
    expect(reads.filter(path => !opened.includes(path) && !['/api/admin/channels/{request}/models', '/api/pay/query/{trade_no}'].includes(path))).toEqual([])
  })

  it('counts on its pages what was charged', async () => {
    const { range, users, models } = await read<StatsReply>('admin', '/api/admin/stats?days=90')
    const sum = (rows: { cost: string }[]) => rows.reduce((total, { cost }) => total + parseNano(cost)!, 0n)
    // The story began 90 times 24 hours ago, in the middle of a day the pages do not show.
    const shown = records.filter(({ bookedAt }) => days(bookedAt) > days(Date.now() - 90 * 86_400_000))
    expect(range).toMatchObject({ requests: shown.length, cost: formatNano(shown.reduce((total, { cost }) => total + BigInt(cost), 0n)) })
    expect(sum(users)).toBe(parseNano(range.cost))
    expect(sum(models)).toBe(parseNano(range.cost))
  })

  it('shows each user the balance and the sums of his own requests', async () => {
    const { items } = await read<{ items: UserReply[] }>('admin', '/api/admin/users?limit=200')
    expect(items.reduce((sum, { available }) => sum + parseNano(available)!, 0n)).toBe(entries)
    const usage = await read<UsageReply>('user', '/api/user/usage?days=90')
    const own = records.filter(({ user, bookedAt }) => user === '1' && days(bookedAt) > days(Date.now() - 90 * 86_400_000))
    expect(usage.series.reduce((sum, { requests }) => sum + requests, 0)).toBe(own.length)
  })

  it('has orders in more than one state, and totals of all of them', async () => {
    const { states } = await read<PaymentsOverview>('admin', '/api/admin/payments')
    const { items } = await read<{ items: { state: string }[] }>('admin', '/api/admin/orders?limit=200')
    expect(Object.values(states).reduce((sum, { orders }) => sum + orders, 0)).toBe(items.length)
    expect(new Set(items.map(({ state }) => state)).size).toBeGreaterThan(1)
  })
})

/** The day of a time in the shop's zone, as a number that grows. */
function days(at: number): number {
  return Math.floor((at + 8 * 3_600_000) / 86_400_000)
}
