/** The whole shop in this process: real rooms, real sockets, the sandbox as its upstream. One at a time: the runtime is global. */
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createApp, createRouter, toNodeListener } from 'h3'
import { createLedger } from '#server/billing/ledger'
import { openOutbox } from '#server/billing/outbox'
import type { Entry, Hold, RequestRecord } from '#server/billing/records'
import { readConfig } from '#server/config/index'
import { createClientAddress } from '#server/gateway/client-address'
import { createGateway } from '#server/gateway/index'
import { createJobs } from '#server/ops/jobs'
import { setRuntime } from '#server/runtime'
import { openVault } from '#server/secrets/vault'
import { createServices } from '#server/services'
import { createMemoryStore } from '#server/storage/drivers/memory'
import { keys } from '#server/storage/keys'
import type { StoreDriver } from '#server/storage/store'
import { watchVersions } from '#server/storage/versions'
import type { DialectId } from '#shared/schemas/channel'
import type { VendorId } from '#shared/schemas/vendors'
import type { Prices } from '#shared/schemas/price'
import { startSandbox } from '../../sandbox/index.ts'

export interface ShopOptions {
  env?: Record<string, string>
  /** Credits of the user, decimal nano. */
  available?: number
  prices?: Prices
  /** Stands between the shop and its store, to make it fail. */
  wrapStore?: (store: StoreDriver) => StoreDriver
  openAfterMs?: number
  keepAliveMs?: number
  settleWaitMs?: number
}

/** 1 and 2 credits per million tokens: 1,000 and 2,000 nano a token, so that costs are easy to follow. */
export const PRICES: Prices = { input: '1', output: '2', cachedInput: '0.5' }
export const costOfTokens = (input: number, output: number, cached = 0): number => input * 1_000 + output * 2_000 + cached * 500

const USER = '2'

export type Shop = Awaited<ReturnType<typeof openShop>>

export async function openShop(options: ShopOptions = {}) {
  const dataDir = mkdtempSync(join(tmpdir(), 'vapor-shop-'))
  const sandbox = await startSandbox()
  const { config } = readConfig({ NODE_ENV: 'test', JWT_SECRET: 'x'.repeat(40), VAPOR_ALLOW_PRIVATE_UPSTREAMS: 'true', VAPOR_SILENCE_TIMEOUT: '1', VAPOR_HEADERS_TIMEOUT: '2', VAPOR_DATA_DIR: dataDir, ...options.env })
  if (!config) throw new Error('the test environment is wrong')
  const engine = createMemoryStore()
  const store = options.wrapStore?.(engine) ?? engine
  const errors: unknown[] = []
  const onError = (error: unknown) => errors.push(error)
  const versions = watchVersions(store, { onError })
  const vault = await openVault({ store: engine, vaporSecrets: config.VAPOR_SECRET, jwtSecrets: config.JWT_SECRET, production: false })
  const ledger = createLedger({ store })
  const noCalls = () => Promise.reject(new Error('there is no payment gateway here'))
  const services = createServices({ config, store, versions, vault, ledger, instance: 'ins_test', fetchText: noCalls, fetchOwn: noCalls, onError })
  const outbox = await openOutbox({ file: join(dataDir, 'outbox.jsonl'), settle: order => ledger.settle(order), onError })
  const gateway = createGateway({ config, instance: 'ins_test', store, ledger, outbox, keys: services.keys, catalog: services.catalog, concurrency: services.shopSettings.concurrency, onError, openAfterMs: options.openAfterMs, keepAliveMs: options.keepAliveMs, settleWaitMs: options.settleWaitMs })
  const logged: unknown[] = []
  setRuntime({ ...services, ...gateway, config, store, versions, ledger, addressOf: createClientAddress(config.VAPOR_TRUSTED_PROXIES), outboxSize: () => outbox.size, log: { error: (message, cause) => logged.push(message, cause), info: () => {} }, jobs: createJobs({ onError }), notReady: async () => [], writeMetrics: undefined })

  const { user } = await services.users.signIn({ id: USER, username: 'user', name: '', avatar: '', trustLevel: 2, active: true, silenced: false })
  const available = options.available ?? 1_000_000_000
  if (available > 0) await ledger.credit({ user: USER, kind: 'topup', amount: available, reference: 'start', note: '' })
  const made = await services.keys.create(user, { name: 'test', expiresAt: null, spendLimit: null, models: [] })
  const { url, close: closeServer } = await listen()

  /** Another channel of the sandbox; it refuses everything when given a wrong credential. */
  async function addChannel(id: string, change: { priority?: number, credentials?: string[], baseUrl?: string, dialect?: DialectId, vendor?: VendorId } = {}): Promise<string> {
    await services.channels.create({ id, name: id, dialect: 'openai-chat', baseUrl: sandbox.upstream.baseUrl, enabled: true, priority: 0, weight: 1, credentials: [sandbox.upstream.apiKey], ...change })
    return id
  }

  /** Puts a scenario of the sandbox on sale under its own name, or another. */
  async function sell(upstream: string, change: { name?: string, prices?: Prices, routes?: { channel: string, upstream: string, priority?: number }[] } = {}): Promise<string> {
    const name = change.name ?? upstream
    const routes = (change.routes ?? [{ channel: 'sandbox', upstream }]).map(route => ({ priority: 0, weight: 1, ...route }))
    await services.models.create({ name, description: '', enabled: true, prices: change.prices ?? options.prices ?? PRICES, routes })
    return name
  }

  await addChannel('sandbox')

  return {
    ...services,
    url,
    user: USER,
    key: made.secret,
    keyId: made.key.id,
    sandbox,
    engine,
    ledger,
    outbox,
    gateway,
    versions,
    errors,
    logged,
    addChannel,
    sell,
    /** Posts a chat completion; the body may be text that is no JSON. */
    chat: (body: unknown, init: { headers?: Record<string, string>, signal?: AbortSignal } = {}) => fetch(`${url}/v1/chat/completions`, {
      method: 'POST',
      headers: { 'authorization': `Bearer ${made.secret}`, 'content-type': 'application/json', ...init.headers },
      body: typeof body === 'string' ? body : JSON.stringify(body),
      ...(init.signal ? { signal: init.signal } : {}),
    }),
    /** The only request there is, once it is settled. */
    async settled(): Promise<RequestRecord> {
      for (let tries = 0; tries < 400; tries++) {
        const rows = await engine.list<string>(keys.requestListPrefix({ list: 'user', id: USER }), { limit: 10, reverse: true })
        const record = rows[0] && await engine.get<RequestRecord>(keys.request(rows[0].value))
        if (record && (await engine.list<Hold>(keys.holdPrefix, { limit: 1 })).length === 0) return record.value
        await new Promise(resolve => setTimeout(resolve, 25))
      }
      throw new Error('nothing was settled within 10 s')
    },
    async requireBooks(): Promise<void> {
      const entries = await listAll<Entry>(engine, keys.entryPrefix(USER))
      const holds = await listAll<Hold>(engine, keys.holdPrefix)
      const balance = await ledger.balance(USER)
      const held = holds.reduce((sum, hold) => sum + hold.amount, 0)
      const sum = entries.reduce((total, entry) => total + entry.amount, 0)
      if (balance.held !== held || balance.available + held !== sum || balance.open !== holds.length)
        throw new Error(`the books differ: ${JSON.stringify({ balance, held, sum })}`)
    },
    async close(): Promise<void> {
      versions.close()
      outbox.close()
      await closeServer()
      await gateway.close()
      await sandbox.close()
      await engine.close()
      rmSync(dataDir, { recursive: true, force: true })
    },
  }
}

async function listAll<T>(engine: StoreDriver, prefix: string): Promise<T[]> {
  const values: T[] = []
  for (let after: string | undefined; ;) {
    const rows = await engine.list<T>(prefix, { limit: 1000, ...(after === undefined ? {} : { after }) })
    values.push(...rows.map(row => row.value))
    if (rows.length < 1000) return values
    after = rows.at(-1)!.key
  }
}

async function listen() {
  const app = createApp()
  const router = createRouter()
  const route = async (path: string, module: Promise<{ default: Parameters<typeof router.use>[1] }>) => router.use(path, (await module).default)
  await route('/v1/chat/completions', import('../../server/routes/v1/chat/completions'))
  for (const path of ['/chat/completions', '/responses', '/messages'] as const) await route(path, import('../../server/routes/chat/completions'))
  await route('/v1', import('../../server/routes/v1/index'))
  await route('/v1/responses', import('../../server/routes/v1/responses'))
  await route('/v1/messages', import('../../server/routes/v1/messages/index'))
  await route('/v1/messages/count_tokens', import('../../server/routes/v1/messages/count_tokens'))
  await route('/v1beta/**', import('../../server/routes/v1beta/[...path]'))
  await route('/v1/completions', import('../../server/routes/v1/completions'))
  await route('/v1/embeddings', import('../../server/routes/v1/embeddings'))
  await route('/v1/moderations', import('../../server/routes/v1/moderations'))
  await route('/v1/rerank', import('../../server/routes/v1/rerank'))
  await route('/v1/images/generations', import('../../server/routes/v1/images/generations'))
  await route('/v1/images/edits', import('../../server/routes/v1/images/edits'))
  await route('/v1/audio/speech', import('../../server/routes/v1/audio/speech'))
  await route('/v1/audio/transcriptions', import('../../server/routes/v1/audio/transcriptions'))
  await route('/v1/audio/translations', import('../../server/routes/v1/audio/translations'))
  await route('/v1/models', import('../../server/routes/v1/models/index'))
  await route('/v1/models/**:id', import('../../server/routes/v1/models/[...id]'))
  await route('/v1/key', import('../../server/routes/v1/key'))
  await route('/v1/receipts/:id', import('../../server/routes/v1/receipts/[id]'))
  await route('/.well-known/jwks.json', import('../../server/routes/.well-known/jwks.json.get'))
  await route('/v1/**', import('../../server/routes/v1/[...path]'))
  app.use(router)
  const server = createServer(toNodeListener(app)).listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    async close() {
      server.closeAllConnections()
      server.close()
      await once(server, 'close')
    },
  }
}
