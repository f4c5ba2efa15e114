import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { startSandbox } from '../../sandbox/index.ts'
import type { Sandbox } from '../../sandbox/index.ts'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { stockShop } from '../support/console'
import type { Console } from '../support/console'
import { startVapor } from '../support/server'
import type { Vapor } from '../support/server'

/** A lease lapses 70 s after its last renewal, and the sweeper looks every 15 s. */
const SWEPT_WITHIN_MS = 120_000

let sandbox: Sandbox
let vapor: Vapor
let user: Console
let key: string
const dataDir = mkdtempSync(join(tmpdir(), 'vapor-crash-'))
const models = ['sandbox-text', 'sandbox-paced-50-2000', 'sandbox-long-9000']

beforeAll(async () => {
  sandbox = await startSandbox()
  vapor = await startVapor({ dataDir, sandbox })
  const shop = await stockShop(vapor.url, sandbox.upstream, models)
  user = shop.user
  key = shop.key
})
afterAll(async () => {
  await vapor?.stop()
  await sandbox.close()
  rmSync(dataDir, { recursive: true, force: true })
})

const chat = (model: string) => fetch(`${vapor.url}/v1/chat/completions`, {
  method: 'POST',
  headers: { 'authorization': `Bearer ${key}`, 'content-type': 'application/json' },
  body: JSON.stringify({ model, stream: true, messages: [{ role: 'user', content: 'go' }] }),
})

describe('a server killed in the middle of streams', () => {
  it('loses no charge, and gives back what was only held', async () => {
    await (await chat('sandbox-text')).text()
    const before = await user.get<{ available: string, held: string }>('/api/auth/me')
    expect(before.held).toBe('0')
    const reader = (await chat('sandbox-paced-50-2000')).body!.getReader()
    await reader.read()
    const during = await user.get<{ available: string, held: string }>('/api/auth/me')
    expect(Number(during.held)).toBeGreaterThan(0)
    await vapor.kill('SIGKILL')
    await reader.cancel().catch(() => {})

    vapor = await startVapor({ dataDir, sandbox, port: vapor.port })
    const after = await user.get<{ available: string, held: string }>('/api/auth/me')
    expect([after.available, after.held]).toEqual([during.available, during.held])
    const swept = await waitForRelease()
    expect(swept.available).toBe(before.available)
    const { requests } = await user.get<{ requests: { items: { endReason: string, chargeRule: string, cost: string }[] } }>('/api/user/usage')
    expect(requests.items.map(item => item.endReason).toSorted()).toEqual(['completed', 'interrupted'])
    expect(requests.items.find(item => item.endReason === 'interrupted')).toMatchObject({ chargeRule: 'interrupted', cost: '0' })
    expect((await (await chat('sandbox-text')).text()).endsWith('data: [DONE]\n\n')).toBe(true)
  }, SWEPT_WITHIN_MS + 60_000)

  it('refuses a second server on the same store, and says why', async () => {
    await expect(startVapor({ dataDir, sandbox })).rejects.toThrow(/another|already|second/i)
  }, 60_000)
})

async function waitForRelease(): Promise<{ available: string, held: string }> {
  for (const until = Date.now() + SWEPT_WITHIN_MS; Date.now() < until;) {
    const me = await user.get<{ available: string, held: string }>('/api/auth/me')
    if (me.held === '0') return me
    await new Promise(resolve => setTimeout(resolve, 1000))
  }
  throw new Error('the hold of the dead server was not released')
}
