/** The folder built for EdgeOne Pages, under Node 20, on an emulated platform. */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { spawn, spawnSync } from 'node:child_process'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createKv } from '../../sandbox/edgeone/kv.ts'
import { findNode20 } from '../../sandbox/edgeone/host.ts'
import type { Host } from '../../sandbox/edgeone/host.ts'
import { startSandbox } from '../../sandbox/index.ts'
import type { Sandbox } from '../../sandbox/index.ts'
import { ensureBuild } from '../support/build'
import { freePort } from '../support/server'
import { ensureEdgeOneBuild, SESSION_SECRET, startOnEdgeOne } from '../support/edgeone'
import { CREDENTIAL, startEndpointsUpstream, sha256, SOUND } from '../support/endpoints-upstream'
import { signIn } from '../support/console'
import type { Console } from '../support/console'
import type { OrderCreated, OrderReply } from '#shared/schemas/payment'
import { root } from '../../scripts/sources.ts'

const BUILD_MS = 300_000
const MODELS = ['sandbox-text', 'sandbox-paced-150-6', 'sandbox-paced-100-200', 'sandbox-no-usage', 'sandbox-error-401', 'sandbox-error-429', 'sandbox-error-500']

let folder: string
let sandbox: Sandbox

beforeAll(async () => {
  folder = await ensureEdgeOneBuild()
  sandbox = await startSandbox()
  if (!findNode20()) process.stderr.write('There is no Node 20 here (set NODE20 to one): the folder runs under this Node, which is not what the platform has.\n')
}, BUILD_MS)

afterAll(async () => sandbox.close())

describe('the folder', () => {
  const filesIn = (path: string) => readdirSync(path, { withFileTypes: true, recursive: true }).filter(entry => entry.isFile()).map(entry => join(entry.parentPath, entry.name))

  it('holds what the platform looks for and nothing of Nuxt in its package.json', () => {
    const names = filesIn(folder).map(file => file.slice(folder.length + 1))
    for (const name of ['edgeone.json', 'package.json', 'edge-functions/_kv/rpc.js', '.edgeone/cloud-functions/ssr-node/handler.js', '.edgeone/cloud-functions/ssr-node/config.json'])
      expect(names).toContain(name)
    expect(names.some(name => name.startsWith('assets/_nuxt/'))).toBe(true)
    expect(readFileSync(join(folder, 'package.json'), 'utf8')).not.toContain('nuxt')
    expect(JSON.parse(readFileSync(join(folder, 'edgeone.json'), 'utf8'))).toMatchObject({ outputDirectory: 'assets', cloudFunctions: { nodejs: { maxDuration: 120 } }, schedules: [{ path: '/api/cron', method: 'POST' }] })
  })

  it('imports nothing Node 20 or the platform lacks, and keeps nothing of the machine that built it', () => {
    const texts = filesIn(folder).filter(file => /\.(?:m?js|json)$/.test(file)).map(file => readFileSync(file, 'utf8'))
    const all = texts.join('\n')
    for (const gone of [/['"]undici['"]/, /node:sqlite/, /['"]ioredis['"]/, /['"]pg['"]/, /\bwithResolvers\b/]) expect(all).not.toMatch(gone)
    expect(all).not.toContain(root.replace(/\/$/, ''))
    const env = Object.entries(process.env).filter(([name, value]) => /SECRET|TOKEN|PASSWORD/i.test(name) && (value?.length ?? 0) > 7)
    for (const [name, value] of [...env, ['JWT_SECRET', SESSION_SECRET]]) expect(all.includes(value ?? ''), name).toBe(false)
  })

  it('is not what a deployment of the source takes: that fails and says why', () => {
    const { buildCommand } = JSON.parse(readFileSync(join(root, 'edgeone.json'), 'utf8')) as { buildCommand: string }
    const result = spawnSync('sh', ['-c', buildCommand], { cwd: root })
    expect(result.status).toBe(1)
    expect(result.stderr.toString()).toContain('npm run build:edgeone')
  })
})

describe('the other build', () => {
  it('says where the platform has put it that it does not belong there', async () => {
    const port = await freePort()
    const child = spawn(process.execPath, ['--import', 'data:text/javascript,globalThis.__originalFetch=fetch', join(await ensureBuild(), 'server/index.mjs')], { env: { PATH: process.env['PATH'], NODE_ENV: 'production', JWT_SECRET: SESSION_SECRET, HOST: '127.0.0.1', PORT: String(port) }, stdio: 'ignore' })
    try {
      const answer = await expect.poll(async () => fetch(`http://127.0.0.1:${port}/v1/models`).then(async response => `${response.status} ${await response.text()}`, () => ''), { timeout: 10_000 })
      await answer.toMatch(/^503 .*npm run build:edgeone/)
    }
    finally { child.kill('SIGKILL') }
  })
})

describe('a shop on the platform', () => {
  let host: Host
  let admin: Console
  let user: Console
  let key: string
  let endpoints: Awaited<ReturnType<typeof startEndpointsUpstream>>

  beforeAll(async () => {
    host = await startOnEdgeOne(folder, sandbox, { vars: { VAPOR_CRON_SECRET: 'cron-secret-for-tests' } })
    endpoints = await startEndpointsUpstream()
    admin = await signIn(host.url, '1')
    await admin.send('POST', '/api/admin/channels', { id: 'sandbox', name: 'Sandbox', dialect: 'openai-chat', baseUrl: sandbox.upstream.baseUrl, credentials: [sandbox.upstream.apiKey] })
    await admin.send('POST', '/api/admin/channels', { id: 'sounds', name: 'Sounds', dialect: 'openai-chat', baseUrl: endpoints.baseUrl, credentials: [CREDENTIAL] })
    for (const name of MODELS) await admin.send('POST', '/api/admin/models', { name, prices: { input: '1', output: '2' }, routes: [{ channel: 'sandbox' }] })
    await admin.send('POST', '/api/admin/models', { name: 'listener', prices: { input: '1', output: '2', audioSeconds: '0', request: '0' }, routes: [{ channel: 'sounds' }] })
    user = await signIn(host.url, '2')
    await admin.send('PUT', '/api/admin/users/2', { adjust: { amount: '5', reason: 'start' } }, 'start')
    key = (await user.send<{ secret: string }>('POST', '/api/user/keys', { name: 'test' })).secret
  }, 60_000)

  afterAll(async () => {
    await host.close()
    await endpoints.close()
  })

  const post = (path: string, body: unknown, init: RequestInit = {}) => fetch(host.url + path, {
    method: 'POST',
    headers: { 'authorization': `Bearer ${key}`, 'content-type': 'application/json' },
    body: JSON.stringify(body),
    ...init,
  })
  const ask = (model: string, stream: boolean, init: RequestInit = {}) => post('/v1/chat/completions', { model, stream, messages: [{ role: 'user', content: 'hi' }] }, init)
  const upstreamCalls = (model: string) => sandbox.upstream.requests().filter(request => request.model === model)
  const balance = async () => {
    const me = await user.get<{ available: string, held: string }>('/api/auth/me')
    return me
  }

  it('renders pages and serves their files', async () => {
    const page = await fetch(`${host.url}/login`)
    expect(page.status).toBe(200)
    const html = await page.text()
    const script = /\/_nuxt\/[\w-]+\.js/.exec(html)?.[0]
    expect((await fetch(host.url + script)).status).toBe(200)
  })

  it('takes a payment in, once however it is told of it', async () => {
    const before = Number((await balance()).available)
    const order = async () => {
      const { order: { id }, form } = await user.send<OrderCreated>('POST', '/api/pay/create', { money: '10' })
      expect((await fetch(form.action, { method: form.method, body: new URLSearchParams(form.fields), redirect: 'manual' })).status).toBe(302)
      return id
    }
    const told = await order()
    await sandbox.credit.pay(told)
    await sandbox.credit.notifyNow(told)
    expect(await user.get<OrderReply>(`/api/pay/query/${told}`)).toMatchObject({ state: 'paid', credit: '10' })
    const untold = await order()
    sandbox.credit.setFault({ notify: 'lost' })
    await sandbox.credit.pay(untold)
    sandbox.credit.setFault({})
    expect(await user.get<OrderReply>(`/api/pay/query/${untold}`)).toMatchObject({ state: 'paid' })
    expect(Number((await balance()).available)).toBe(before + 20)
  })

  it('streams as the upstream speaks, and has booked when the stream ends', async () => {
    const before = await balance()
    const response = await ask('sandbox-paced-150-6', true)
    expect(response.headers.get('content-type')).toContain('text/event-stream')
    const times: number[] = []
    let text = ''
    for await (const chunk of response.body!) {
      times.push(Date.now())
      text += Buffer.from(chunk).toString('utf8')
    }
    expect(text).toContain('[DONE]')
    // Six words with 150 ms before each: a stream that was kept back would come at once.
    expect(times.at(-1)! - times[0]!).toBeGreaterThan(500)
    const after = await balance()
    expect(after.held).toBe('0')
    expect(Number(after.available)).toBeLessThan(Number(before.available))
    const usage = await user.get<{ requests: { items: { endReason: string, chargeRule: string }[] } }>('/api/user/usage')
    expect(usage.requests.items[0]).toMatchObject({ endReason: 'completed', chargeRule: 'reported' })
  })

  it('counts what nobody has reported', async () => {
    const response = await ask('sandbox-no-usage', false)
    expect(response.status).toBe(200)
    const usage = await user.get<{ requests: { items: { chargeRule: string }[] } }>('/api/user/usage')
    expect(usage.requests.items[0]).toMatchObject({ chargeRule: 'counted' })
  })

  it('hands a binary body on as it came', async () => {
    const form = new FormData()
    form.set('model', 'listener')
    form.set('file', new File([SOUND], 'sound.mp3', { type: 'audio/mpeg' }))
    const response = await fetch(`${host.url}/v1/audio/transcriptions`, { method: 'POST', headers: { authorization: `Bearer ${key}` }, body: form })
    expect(response.status, await response.clone().text()).toBe(200)
    expect(JSON.stringify(await response.json())).toContain(sha256(SOUND))
  })

  it('ends the upstream\'s work when the client leaves', async () => {
    const client = new AbortController()
    const response = await ask('sandbox-paced-100-200', true, { signal: client.signal })
    await response.body!.getReader().read()
    client.abort()
    await expect.poll(() => upstreamCalls('sandbox-paced-100-200')[0]?.closed, { timeout: 5000 }).toBe('aborted')
  })

  it.each([401, 429, 500])('asks an upstream that answers %i once', async (status) => {
    const model = `sandbox-error-${status}`
    const response = await ask(model, false)
    expect(response.status).toBeGreaterThanOrEqual(400)
    const tries = upstreamCalls(model)
    expect(tries.every(({ headers }) => headers['oe-host'] === undefined)).toBe(true)
    expect(tries).toHaveLength(1)
  })

  it('believes the platform, and nobody else, who asks and where', async () => {
    const response = await fetch(`${host.url}/api/auth/login`, { redirect: 'manual', headers: { 'x-forwarded-for': '198.51.100.1', 'eo-connecting-ip': '198.51.100.2' } })
    expect(new URL(response.headers.get('location')!).searchParams.get('redirect_uri')).toBe(`${host.url}/api/auth/callback`)
  })

  it('does its jobs when it is called, and only for whoever may', async () => {
    const call = (headers: Record<string, string>) => fetch(`${host.url}/api/cron`, { method: 'POST', headers })
    expect((await call({ authorization: 'Bearer wrong' })).status).toBe(401)
    const response = await call({ authorization: 'Bearer cron-secret-for-tests' })
    expect(response.status).toBe(200)
    expect(await response.json()).toEqual({ jobs: ['maintain', 'ask', 'sweep', 'claims', 'fold'].map(job => ({ job, done: true })) })
    expect((await call({})).status).toBe(202)
  })

  it('lets no more requests of one user run than an overdraft may cost', async () => {
    await admin.send('PUT', '/api/admin/users/2', { limits: { concurrency: 20 } })
    const clients = Array.from({ length: 5 }, () => new AbortController())
    const answers = await Promise.all(clients.map(async ({ signal }) => ask('sandbox-paced-150-6', true, { signal })))
    expect(answers.map(answer => answer.status).sort()).toEqual([200, 200, 200, 200, 429])
    await Promise.all(answers.map(answer => answer.text()))
  })
})

describe('two processes on two nodes', () => {
  it('are one shop: what one has set up serves on the other', async () => {
    const kv = createKv(2, { now: Date.now })
    const first = await startOnEdgeOne(folder, sandbox, { kv, node: 0, vars: { WELCOME_CREDIT: '5' } })
    // Both start a new shop, and neither sees the other's secrets before it has made its own.
    const second = await startOnEdgeOne(folder, sandbox, { kv, node: 1, vars: { WELCOME_CREDIT: '5' } })
    try {
      expect((await Promise.all([first, second].map(host => fetch(`${host.url}/healthz`)))).map(answer => answer.status)).toEqual([200, 200])
      const admin = await signIn(first.url, '1')
      await admin.send('POST', '/api/admin/channels', { id: 'sandbox', name: 'Sandbox', dialect: 'openai-chat', baseUrl: sandbox.upstream.baseUrl, credentials: [sandbox.upstream.apiKey] })
      await admin.send('POST', '/api/admin/models', { name: 'sandbox-text', prices: { input: '1', output: '2' }, routes: [{ channel: 'sandbox' }] })
      const { secret } = await admin.send<{ secret: string }>('POST', '/api/user/keys', { name: 'test' })
      const answer = await fetch(`${second.url}/v1/chat/completions`, { method: 'POST', headers: { 'authorization': `Bearer ${secret}`, 'content-type': 'application/json' }, body: JSON.stringify({ model: 'sandbox-text', messages: [{ role: 'user', content: 'hi' }] }) })
      expect(answer.status, await answer.clone().text()).toBe(200)
    }
    finally { await Promise.all([first.close(), second.close()]) }
  })
})

describe('what is set up wrong', () => {
  const problemOf = async (change: Parameters<typeof startOnEdgeOne>[2]) => {
    const host = await startOnEdgeOne(folder, sandbox, change)
    try {
      const page = await fetch(`${host.url}/`)
      const api = await fetch(`${host.url}/v1/models`)
      expect([page.status, api.status]).toEqual([503, 503])
      expect((await api.json() as { error: { code: string } }).error.code).toBe('configuration')
      return await page.text()
    }
    finally { await host.close() }
  }

  it('is said by name on every path: variables', async () => {
    const text = await problemOf({ vars: { JWT_SECRET: '', OAUTH_CLIENT_ID: '', OAUTH_CLIENT_SECRET: '' } })
    for (const name of ['JWT_SECRET', 'OAUTH_CLIENT_ID', 'OAUTH_CLIENT_SECRET']) expect(text).toContain(name)
    expect(text).not.toContain(sandbox.connect.clientSecret)
  })

  it('is said by name on every path: the store', async () => {
    expect(await problemOf({ bound: false })).toContain('vapor_kv')
    expect(await problemOf({ edgeEnv: {} })).toContain('JWT_SECRET')
    expect(await problemOf({ edgeEnv: { JWT_SECRET: 'y'.repeat(40) } })).toContain('JWT_SECRET')
    expect(await problemOf({ vars: { VAPOR_STORE: 'sqlite:/tmp/vapor.db' } })).toContain('VAPOR_STORE')
  })

  it('ends an answer that takes too long with a word about it, and books it', async () => {
    const host = await startOnEdgeOne(folder, sandbox, { vars: { VAPOR_DEADLINE: '2', WELCOME_CREDIT: '5', VAPOR_KV_HOLD_MAX: '0.001' }, maxDurationMs: 8_000 })
    try {
      const admin = await signIn(host.url, '1')
      await admin.send('POST', '/api/admin/channels', { id: 'sandbox', name: 'Sandbox', dialect: 'openai-chat', baseUrl: sandbox.upstream.baseUrl, credentials: [sandbox.upstream.apiKey] })
      await admin.send('POST', '/api/admin/models', { name: 'sandbox-paced-100-200', prices: { input: '1', output: '2' }, routes: [{ channel: 'sandbox' }] })
      const { secret } = await admin.send<{ secret: string }>('POST', '/api/user/keys', { name: 'test' })
      const response = await fetch(`${host.url}/v1/chat/completions`, { method: 'POST', headers: { 'authorization': `Bearer ${secret}`, 'content-type': 'application/json' }, body: JSON.stringify({ model: 'sandbox-paced-100-200', stream: true, messages: [{ role: 'user', content: 'hi' }] }) })
      // One hold sets aside no more than it may, however much the answer could cost.
      expect((await admin.get<{ held: string }>('/api/auth/me')).held).toBe('0.001')
      expect(await response.text()).toContain('deadline')
      const usage = await admin.get<{ requests: { items: { endReason: string }[] } }>('/api/user/usage')
      expect(usage.requests.items[0]).toMatchObject({ endReason: 'deadline' })
    }
    finally { await host.close() }
  })
})
