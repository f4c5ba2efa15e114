/** A server that is asked to stop: what it still does, and what becomes of whom it cannot wait for. */
import { mkdtempSync, rmSync } from 'node:fs'
import { once } from 'node:events'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { startSandbox } from '../../sandbox/index.ts'
import type { Sandbox } from '../../sandbox/index.ts'
import { stockShop } from '../support/console'
import type { Console } from '../support/console'
import { startVapor } from '../support/server'
import type { Vapor } from '../support/server'

interface Me { available: string, held: string }

let sandbox: Sandbox
let vapor: Vapor
let user: Console
let key: string
const dataDir = mkdtempSync(join(tmpdir(), 'vapor-stop-'))
const env = { VAPOR_DRAIN_SECONDS: '2', VAPOR_STOP_SECONDS: '1', VAPOR_METRICS_TOKEN: 'a-token-for-the-tests' }
const models = ['sandbox-text', 'sandbox-paced-50-2000', 'sandbox-paced-50-20', 'sandbox-slow-headers-60000']

beforeAll(async () => {
  sandbox = await startSandbox()
  vapor = await startVapor({ dataDir, sandbox, env })
  const shop = await stockShop(vapor.url, sandbox.upstream, models)
  user = shop.user
  key = shop.key
})
afterEach(async () => {
  if (vapor.process.exitCode !== null) vapor = await startVapor({ dataDir, sandbox, port: vapor.port, env })
})
afterAll(async () => {
  await vapor?.stop()
  await sandbox.close()
  rmSync(dataDir, { recursive: true, force: true })
})

const chat = (model: string, stream = true) => fetch(`${vapor.url}/v1/chat/completions`, {
  method: 'POST',
  headers: { 'authorization': `Bearer ${key}`, 'content-type': 'application/json' },
  body: JSON.stringify({ model, stream, messages: [{ role: 'user', content: 'go' }] }),
})
const ready = async () => {
  const response = await fetch(`${vapor.url}/readyz`)
  return { status: response.status, ...await response.json() as object }
}
const metrics = (token: string) => fetch(`${vapor.url}/metrics`, { headers: { authorization: `Bearer ${token}` } })

describe('a server that runs', () => {
  it('says that it lives and is ready, and keeps connections longer than balancers do', async () => {
    expect(await (await fetch(`${vapor.url}/healthz`)).text()).toBe('ok')
    expect(await ready()).toEqual({ status: 200, ready: true, problems: [] })
    const { headers } = await fetch(`${vapor.url}/v1/models`)
    expect(Number(/timeout=(\d+)/.exec(headers.get('keep-alive') ?? '')?.[1])).toBeGreaterThanOrEqual(65)
  })

  it('tells its metrics to whoever has the token', async () => {
    await (await chat('sandbox-text')).text()
    expect((await metrics('another')).status).toBe(401)
    const text = await (await metrics(env.VAPOR_METRICS_TOKEN)).text()
    expect(text).toMatch(/^vapor_requests_total\{dialect="openai-chat",status="200"\} 1$/m)
    expect(text).toMatch(/^vapor_cost_credits_total 0\.\d+$/m)
    expect(text).toMatch(/^vapor_store_seconds_count\{operation="commit"\} \d+$/m)
    expect(text).not.toContain(key)
  })
})

describe('a server that is asked to stop', () => {
  it('serves on while balancers look elsewhere, lets answers end, and goes', async () => {
    const running = chat('sandbox-paced-50-20').then(response => response.text())
    await expect.poll(async () => (await user.get<Me>('/api/auth/me')).held).not.toBe('0')
    const gone = once(vapor.process, 'exit')
    vapor.process.kill('SIGTERM')
    await expect.poll(ready).toEqual({ status: 503, ready: false, problems: ['draining'] })
    const late = await chat('sandbox-text', false)
    expect([late.status, late.headers.get('connection')]).toEqual([200, 'close'])
    expect(await late.json()).toHaveProperty('choices')
    expect((await running).endsWith('data: [DONE]\n\n')).toBe(true)
    expect(await gone).toEqual([0, null])
  }, 30_000)

  it('ends what it cannot wait for, says so, and charges what was delivered', async () => {
    const before = await user.get<Me>('/api/auth/me')
    expect(before.held).toBe('0')
    const response = await chat('sandbox-paced-50-2000')
    const whole = chat('sandbox-slow-headers-60000', false)
    await expect.poll(async () => /^vapor_open_requests (\d+)$/m.exec(await (await metrics(env.VAPOR_METRICS_TOKEN)).text())?.[1]).toBe('2')
    const gone = once(vapor.process, 'exit')
    vapor.process.kill('SIGTERM')
    const text = await response.text()
    expect(text).toContain('This server is being restarted')
    expect(text).not.toContain('[DONE]')
    const refused = await whole
    expect([refused.status, (await refused.json() as { error: { code: string } }).error.code]).toEqual([503, 'restarting'])
    expect(await gone).toEqual([0, null])

    vapor = await startVapor({ dataDir, sandbox, port: vapor.port, env })
    const after = await user.get<Me>('/api/auth/me')
    expect(after.held).toBe('0')
    const { requests } = await user.get<{ requests: { items: { endReason: string, chargeRule: string, error: string, cost: string }[] } }>('/api/user/usage')
    const ended = requests.items.filter(item => item.endReason === 'interrupted')
    expect(ended.map(({ chargeRule, error }) => [chargeRule, error]).toSorted()).toEqual([['counted', 'restarting'], ['free_failure', 'restarting']])
    const cost = nano(ended.find(item => item.chargeRule === 'counted')!.cost)
    expect(cost).toBeGreaterThan(0)
    expect(nano(before.available) - nano(after.available)).toBe(cost)
  }, 30_000)

  it('goes at once when it is asked at a terminal and nobody is there', async () => {
    const start = Date.now()
    await vapor.kill('SIGINT')
    expect(vapor.process.exitCode).toBe(0)
    expect(Date.now() - start).toBeLessThan(2_000)
  }, 30_000)
})

describe('without a token for them', () => {
  it('there are no metrics', async () => {
    const other = await startVapor({ sandbox: false })
    try { expect((await fetch(`${other.url}/metrics`)).status).toBe(404) }
    finally { await other.stop() }
  }, 30_000)
})

const nano = (credits: string) => Math.round(Number(credits) * 1e9)
