/** The drill of the handbook: copy the store of a running shop, and open the shop again from the copy. */
import { spawnSync } from 'node:child_process'
import { copyFileSync, mkdirSync, mkdtempSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { root } from '../../scripts/sources'
import { startSandbox } from '../../sandbox/index.ts'
import type { Sandbox } from '../../sandbox/index.ts'
import { stockShop } from '../support/console'
import { startVapor } from '../support/server'
import type { Vapor } from '../support/server'

const folder = mkdtempSync(join(tmpdir(), 'vapor-backup-'))
const dataDir = join(folder, 'data')
const copy = join(folder, 'copy.db')
let sandbox: Sandbox
let vapor: Vapor

beforeAll(async () => {
  sandbox = await startSandbox()
  vapor = await startVapor({ dataDir, sandbox })
})
afterAll(async () => {
  await vapor?.stop()
  await sandbox.close()
  rmSync(folder, { recursive: true, force: true })
})

function backup(store: string, target: string) {
  const { status, stdout, stderr } = spawnSync(process.execPath, [join(root, 'scripts/backup-store.ts'), target], { encoding: 'utf8', env: { PATH: process.env['PATH'], VAPOR_STORE: store } })
  return { status, text: stdout + stderr }
}

describe('a copy of the store of a running server', () => {
  it('opens as the same shop, to the nano', async () => {
    const { user, key } = await stockShop(vapor.url, sandbox.upstream, ['sandbox-text', 'sandbox-paced-20-20'])
    const chat = (model: string, stream: boolean) => fetch(`${vapor.url}/v1/chat/completions`, {
      method: 'POST',
      headers: { 'authorization': `Bearer ${key}`, 'content-type': 'application/json' },
      body: JSON.stringify({ model, stream, messages: [{ role: 'user', content: 'go' }] }),
    })
    for (let call = 0; call < 5; call++) await (await chat('sandbox-text', false)).text()
    const before = await user.get<{ available: string }>('/api/auth/me')
    const running = chat('sandbox-paced-20-20', true).then(response => response.text())
    const { status, text } = backup(`sqlite:${join(dataDir, 'vapor.db')}`, copy)
    expect(text).toMatch(/^\d+ records of /)
    expect(status).toBe(0)
    expect(statSync(copy).mode & 0o777).toBe(0o600)
    await running
    expect((await user.get<{ available: string }>('/api/auth/me')).available).not.toBe(before.available)

    await vapor.kill('SIGTERM')
    const restored = join(folder, 'restored')
    mkdirSync(restored)
    copyFileSync(copy, join(restored, 'vapor.db'))
    vapor = await startVapor({ dataDir: restored, sandbox, port: vapor.port })
    const after = await user.get<{ available: string, held: string }>('/api/auth/me')
    // The stream may have been under way in the copy; what was set aside for it is not lost.
    expect(nano(after.available) + nano(after.held)).toBe(nano(before.available))
    expect((await chat('sandbox-text', false)).status).toBe(200)
  }, 60_000)

  it('is refused where it would overwrite something, and for what is no file', () => {
    expect(backup(`sqlite:${join(dataDir, 'vapor.db')}`, copy)).toMatchObject({ status: 1, text: expect.stringContaining('there already') })
    expect(backup(`sqlite:${join(folder, 'none.db')}`, join(folder, 'other.db'))).toMatchObject({ status: 1, text: expect.stringContaining('There is no store') })
    const refused = backup('redis://user:hunter2@host', join(folder, 'other.db'))
    expect(refused).toMatchObject({ status: 1, text: expect.stringContaining('own tools') })
    expect(refused.text).not.toContain('hunter2')
  })
})

const nano = (credits: string) => Math.round(Number(credits) * 1e9)
