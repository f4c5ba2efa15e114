/**
 * Three servers on one store behind a balancer, under load, while one is killed and one is restarted.
 * `VAPOR_SOAK_SECONDS=60` asks for a longer time of load.
 */
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Entry, Hold, RequestRecord } from '#server/billing/records'
import { openStore } from '#server/storage/index'
import { keys } from '#server/storage/keys'
import type { Store } from '#server/storage/store'
import { startSandbox } from '../../sandbox/index.ts'
import type { Sandbox } from '../../sandbox/index.ts'
import { readBooks } from '../../scripts/move/books'
import { startBalancer } from '../support/balancer'
import type { Balancer } from '../support/balancer'
import { signIn, stockShop } from '../support/console'
import type { Console } from '../support/console'
import { startLoad } from '../support/mixed-load'
import type { Outcome } from '../support/mixed-load'
import { startPostgres } from '../support/postgres'
import { freePort, startRedis } from '../support/redis'
import { startVapor } from '../support/server'
import type { Vapor } from '../support/server'

const SOAK_MS = Number(process.env['VAPOR_SOAK_SECONDS'] ?? 10) * 1000
const INSTANCES = 3
const models = ['sandbox-text', 'sandbox-paced-20-20', 'sandbox-paced-50-2000', 'sandbox-long-200']
const WORKERS = 12
const LIMIT = 4
/** A sweep every 15 s by one of all, and a slot more when that one was killed. */
const SWEPT_WITHIN_MS = 40_000
const KNOWN_WITHIN_MS = 3_000

const engines = [
  { engine: 'Redis', start: () => startRedis(), url: (url: string) => `${url}?prefix=instances${process.pid}` },
  { engine: 'PostgreSQL', start: startPostgres, url: (url: string) => `${url}?schema=instances${process.pid}` },
]

describe.each(engines)('three servers on one $engine', ({ start, url }) => {
  const folder = mkdtempSync(join(tmpdir(), 'vapor-instances-'))
  let engine: Awaited<ReturnType<typeof start>>
  let sandbox: Sandbox
  let balancer: Balancer
  let store: Store
  let servers: Vapor[]
  let admin: Console
  let user: Console
  let key: string

  const startServer = (index: number, port?: number) => startVapor({ sandbox, dataDir: join(folder, String(index)), ...(port ? { port } : {}), env: {
    VAPOR_STORE: url(engine!.url),
    VAPOR_DRAIN_SECONDS: '1',
    WELCOME_CREDIT: '100',
    FRONTEND_URL: balancer.url,
    OAUTH_REDIRECT_URI: `${balancer.url}/api/auth/callback`,
  } })

  beforeAll(async () => {
    engine = await start()
    if (!engine) return
    sandbox = await startSandbox()
    const ports = await Promise.all(Array.from({ length: INSTANCES }, freePort))
    balancer = await startBalancer(await freePort(), ports.map(port => `http://127.0.0.1:${port}`))
    sandbox.connect.redirectUris.push(`${balancer.url}/api/auth/callback`)
    servers = await Promise.all(ports.map((port, index) => startServer(index, port)))
    await balancer.allReady()
    const shop = await stockShop(balancer.url, sandbox.upstream, models)
    admin = shop.admin
    user = shop.user
    key = shop.key
    store = await openStore(url(engine.url), { production: true })
  }, 60_000)

  afterAll(async () => {
    await store?.close()
    await Promise.all((servers ?? []).map(server => server.stop()))
    await balancer?.close()
    await sandbox?.close()
    await engine?.close()
    rmSync(folder, { recursive: true, force: true })
  })

  it('fail nobody but who was with the killed one, and keep the books', async ({ skip }) => {
    if (!engine) skip()
    await expect.poll(onSale, { timeout: KNOWN_WITHIN_MS }).toEqual(servers.map(() => models.length))
    const limited = await limitedUser()
    const load = startLoad({ url: balancer.url, cookies: user.cookies(), key, workers: WORKERS })
    const crowd = startCrowd(limited.key)
    await wait(SOAK_MS * 0.2)

    const killed = servers[1]!
    const orphan = await openStream(killed)
    const hold = (await store.get<Hold>(keys.hold(orphan)))!.value
    await killed.kill('SIGKILL')
    const killedAt = Date.now()
    // What 70 s without a renewal come to.
    await store.put(keys.lease(hold.instance), { since: 0 }, { ttlMs: 1 })
    const back = startServer(1, killed.port)

    await wait(SOAK_MS * 0.2)
    const drained = servers[2]!
    drained.process.kill('SIGTERM')
    const [code] = await once(drained.process, 'exit') as [number]
    expect(code).toBe(0)
    servers = [servers[0]!, await back, await startServer(2, drained.port)]
    await balancer.allReady()

    await wait(Math.max(0, SOAK_MS * 0.8 - (Date.now() - killedAt)))
    await Promise.all([load.stop(), crowd.stop()])
    requireOnlyInFlight(load.outcomes, killed.url, killedAt)
    expect(crowd.most).toBeGreaterThanOrEqual(LIMIT - 1)
    expect(crowd.most).toBeLessThanOrEqual(LIMIT + INSTANCES - 1)
    expect(crowd.refused).toBeGreaterThan(0)

    await expect.poll(async () => (await store.list(keys.holdPrefix, { limit: 1 })).length, { timeout: SWEPT_WITHIN_MS, interval: 500 }).toBe(0)
    await requireExactBooks(load.outcomes, orphan)
    console.info(`${load.outcomes.length} calls, ${load.outcomes.filter(outcome => outcome.problem).length} failed with the killed server, ${crowd.refused} refused by the limit, at most ${crowd.most} at once of ${LIMIT}`)
  }, SOAK_MS + 120_000)

  it('share sessions, and forget a deleted key and a suspended user everywhere within 3 s', async ({ skip }) => {
    if (!engine) skip()
    for (const server of servers) {
      const response = await fetch(`${server.url}/api/auth/me`, { headers: { cookie: user.cookies() } })
      expect([response.status, (await response.json() as { id: string }).id]).toEqual([200, '2'])
    }
    const kept = await user.send<{ id: string, secret: string }>('POST', '/api/user/keys', { name: 'kept' })
    const deleted = await user.send<{ id: string, secret: string }>('POST', '/api/user/keys', { name: 'deleted' })
    expect(await statuses(deleted.secret)).toEqual([200, 200, 200])
    await user.send('DELETE', `/api/user/keys/${deleted.id}`)
    await expect.poll(() => statuses(deleted.secret), { timeout: KNOWN_WITHIN_MS }).toEqual([401, 401, 401])
    expect(await statuses(kept.secret)).toEqual([200, 200, 200])
    await admin.send('PUT', '/api/admin/users/2', { status: 'suspended' })
    await expect.poll(() => statuses(kept.secret), { timeout: KNOWN_WITHIN_MS }).toEqual([403, 403, 403])
    for (const server of servers) expect((await fetch(`${server.url}/api/auth/me`, { headers: { cookie: user.cookies() } })).status).toBe(401)
  }, 30_000)

  /** How many models each server offers. */
  const onSale = () => Promise.all(servers.map(async server => (await (await fetch(`${server.url}/v1/models`)).json() as { data: unknown[] }).data.length))

  const statuses = (secret: string) => Promise.all(servers.map(async server => (await ask(server.url, secret, 'sandbox-text', false)).status))

  async function limitedUser(): Promise<{ key: string }> {
    const console = await signIn(balancer.url, '3')
    await admin.send('PUT', '/api/admin/users/3', { limits: { concurrency: LIMIT } })
    return { key: (await console.send<{ secret: string }>('POST', '/api/user/keys', { name: 'limited' })).secret }
  }

  /** A stream that would run for minutes; answers its request id once it is under way. */
  async function openStream(server: Vapor): Promise<string> {
    const response = await ask(server.url, key, 'sandbox-paced-50-2000', true)
    void response.text().catch(() => {})
    return response.headers.get('x-request-id')!
  }

  /** More streams of one user than may run at once, all the time; counts those that are accepted and not yet over. */
  function startCrowd(secret: string) {
    const crowd = { most: 0, refused: 0, stop: async () => {} }
    let now = 0
    let stopped = false
    async function one(): Promise<void> {
      while (!stopped) {
        const response = await ask(balancer.url, secret, 'sandbox-paced-20-20', true).catch(() => undefined)
        if (response?.status === 429) crowd.refused++
        if (response?.status !== 200) {
          await response?.text()
          await wait(100)
          continue
        }
        crowd.most = Math.max(crowd.most, ++now)
        await response.text().catch(() => '')
        now--
      }
    }
    const all = Array.from({ length: LIMIT * 2 }, one)
    crowd.stop = async () => {
      stopped = true
      await Promise.all(all)
    }
    return crowd
  }

  /** Entries against balances of every user, and each answer a client has got against the one entry that pays it. */
  async function requireExactBooks(outcomes: Outcome[], orphan: string): Promise<void> {
    const books = await readBooks(store)
    expect(books).toMatchObject({ drift: [], held: 0n, users: 3 })
    expect(books.entries).toBe(books.balances)
    for (const id of ['2', '3']) expect((await store.get<number>(keys.open(id)))?.value ?? 0).toBe(0)
    const charges = new Map<string, number[]>()
    for (const { value: entry } of await all<Entry>(keys.entryPrefix('2'))) {
      if (entry.kind === 'charge') charges.set(entry.reference, [...charges.get(entry.reference) ?? [], entry.amount])
    }
    const answered = outcomes.filter(outcome => outcome.problem === undefined && ['whole', 'stream'].includes(outcome.what))
    expect(answered.length).toBeGreaterThan(0)
    for (const { request } of answered) {
      const record = (await store.get<RequestRecord>(keys.request(request)))?.value
      expect(record).toMatchObject({ endReason: 'completed', chargeRule: 'reported' })
      expect(charges.get(request)).toEqual([-record!.cost])
    }
    expect((await store.get<RequestRecord>(keys.request(orphan)))?.value).toMatchObject({ endReason: 'interrupted', chargeRule: 'interrupted' })
  }

  async function all<T>(prefix: string) {
    const rows = await store.list<T>(prefix, { limit: 1000 })
    for (let page = rows; page.length === 1000;) {
      page = await store.list<T>(prefix, { limit: 1000, after: page.at(-1)!.key })
      rows.push(...page)
    }
    return rows
  }
})

function ask(url: string, key: string, model: string, stream: boolean): Promise<Response> {
  return fetch(`${url}/v1/chat/completions`, {
    method: 'POST',
    headers: { 'authorization': `Bearer ${key}`, 'content-type': 'application/json' },
    body: JSON.stringify({ model, stream, messages: [{ role: 'user', content: 'go' }] }),
  })
}

/** Who failed was with the killed server at that moment; every kind of call has been tried by then and after. */
function requireOnlyInFlight(outcomes: Outcome[], killed: string, killedAt: number): void {
  const failed = outcomes.filter(outcome => outcome.problem !== undefined)
  expect(failed.filter(({ servedBy, startedAt, endedAt }) => servedBy !== killed || startedAt > killedAt || endedAt < killedAt - 100)).toEqual([])
  expect(failed.length).toBeLessThanOrEqual(WORKERS)
  for (const what of ['whole', 'stream', 'POST /api/user/keys', 'GET /api/auth/me', 'GET /api/user/usage'])
    expect(outcomes.some(outcome => outcome.what === what && outcome.startedAt > killedAt), what).toBe(true)
}
