/** A shop's store moved by the commands of the documentation, from each kind to the next, and back to where it began. */
import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createLedger } from '#server/billing/ledger'
import { openStore } from '#server/storage'
import { keys } from '#server/storage/keys'
import { createUsers } from '#server/users/users'
import { startPostgres } from '../support/postgres'
import { startRedis } from '../support/redis'

const folder = mkdtempSync(join(tmpdir(), 'vapor-move-'))
const sqlite = (name: string) => `sqlite:${join(folder, name)}`
const archive = join(folder, 'shop.jsonl')
const JWT_SECRET = 'a-jwt-secret-that-is-long-enough-0123456789'
const USERS = ['11', '12', '13']

const [redis, postgres] = await Promise.all([startRedis(), startPostgres()])
beforeAll(() => fillShop(sqlite('first.db')))
afterAll(async () => {
  await redis?.close()
  await postgres?.close()
  rmSync(folder, { recursive: true, force: true })
})

async function fillShop(spec: string): Promise<void> {
  const store = await openStore(spec, { production: true })
  const users = createUsers({ store, versions: { touch: () => {} } })
  const ledger = createLedger({ store })
  for (const id of USERS) {
    await users.signIn({ id, username: `user${id}`, name: '名', avatar: '', trustLevel: 1, active: true, silenced: false })
    for (let n = 0; n < 40; n++) await ledger.credit({ user: id, kind: n % 3 === 0 ? 'adjust' : 'topup', amount: 7_000_000_000_001 * (n + 1), reference: `${id} ${n}`, note: '“纸” \u0000' })
  }
  await ledger.credit({ user: '11', kind: 'refund', amount: -3, reference: 'back', note: '' })
  const hold = { request: 'req_1', user: '12', key: { id: 'key_1', name: 'k' }, model: { id: 'model_1', name: 'm' }, price: { prices: { input: 1 }, discount: 0 }, instance: 'ins_1', dialect: 'openai-chat', stream: true, usage: null, idempotency: null, startedAt: Date.now() }
  expect((await ledger.reserve({ hold, wanted: 5000, least: 1, concurrency: 4, spendLimit: null, idempotencyTtlMs: 1000 })).ok).toBe(true)
  await store.put('idem_short', 'soon gone', { ttlMs: 1 })
  await store.put('idem_long', 'kept', { ttlMs: 3_600_000 })
  await store.close()
}

function move(task: 'export' | 'import', spec: string): { said: string, status: number | null } {
  const { stdout, stderr, status } = spawnSync(process.execPath, ['scripts/move-store.ts', task, archive], { encoding: 'utf8', env: { PATH: process.env['PATH'], NODE_ENV: 'production', JWT_SECRET, FRONTEND_URL: 'https://shop.example', VAPOR_STORE: spec } })
  return { said: stdout + stderr, status }
}

const booksIn = (said: string) => /Books: .*/.exec(said)?.[0]

describe('a store', () => {
  it.skipIf(!redis || !postgres)('moves from sqlite to postgres to redis to sqlite, to the last nano', async () => {
    const stops = [sqlite('first.db'), `${postgres!.url}?schema=moved`, `${redis!.url}?prefix=moved`, sqlite('last.db')]
    const books: (string | undefined)[] = []
    for (const [at, spec] of stops.entries()) {
      if (at > 0) {
        const { said, status } = move('import', spec)
        expect(status, said).toBe(0)
        books.push(booksIn(said))
      }
      const { said, status } = move('export', spec)
      expect(status, said).toBe(0)
      books.push(booksIn(said))
    }
    expect(new Set(books).size).toBe(1)
    expect(books[0]).toMatch(/3 users.*held 0\.000005\./)

    const [before, after] = await Promise.all([stops[0]!, stops.at(-1)!].map(spec => openStore(spec, { production: true })))
    for (const id of USERS) expect(await createLedger({ store: after! }).balance(id)).toEqual(await createLedger({ store: before! }).balance(id))
    const [long] = await after!.list('idem_long', { limit: 1 })
    expect(long!.expiresAt! - Date.now()).toBeGreaterThan(3_400_000)
    await before!.close()
    await after!.close()
  })

  it('is not filled over another', async () => {
    move('export', sqlite('first.db'))
    const { said, status } = move('import', sqlite('first.db'))
    expect(status).toBe(1)
    expect(said).toMatch(/not empty/)
  })

  it('is not filled from an archive that is cut or changed, and does not start half filled', async () => {
    move('export', sqlite('first.db'))
    const whole = readFileSync(archive, 'utf8')
    writeFileSync(archive, whole.split('\n').slice(0, -2).join('\n'))
    expect(move('import', sqlite('cut.db')).said).toMatch(/cut short or changed/)
    await expect(openStore(sqlite('cut.db'), { production: true })).rejects.toThrow(/not whole/)
    writeFileSync(archive, whole.replace('"topup"', '"bonus"'))
    expect(move('import', sqlite('changed.db')).said).toMatch(/cut short or changed/)
  })

  it('is not written down while a server holds a lease on it', async () => {
    const store = await openStore(sqlite('busy.db'), { production: true })
    await store.put(keys.lease('ins_1'), {}, { ttlMs: 60_000 })
    await store.close()
    expect(move('export', sqlite('busy.db')).said).toMatch(/Stop it first/)
  })
})
