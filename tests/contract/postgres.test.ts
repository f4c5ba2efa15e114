import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { Client } from 'pg'
import { openPostgresStore } from '#server/storage/drivers/postgres'
import { startPostgres } from '../support/postgres'
import { testStore } from './store'

const server = await startPostgres()

describe.skipIf(server === undefined)('postgres', () => {
  const url = (schema: string) => `${server!.url}?schema=${schema}`
  const quiet = () => {}
  afterAll(() => server?.close())

  testStore('postgres', async () => {
    const open = () => openPostgresStore({ url: url(`t${process.pid}`), warn: quiet })
    const opened = {
      store: await open(),
      reopen: async () => {
        await opened.store.close()
        return opened.store = await open()
      },
      close: () => opened.store.close(),
    }
    return opened
  })

  it('is refused when nobody answers, without telling the password', async () => {
    const wrong = openPostgresStore({ url: 'postgres://me:sesame@127.0.0.1:1/vapor', warn: quiet })
    await expect(wrong).rejects.toMatchObject({ code: 'configuration' })
    await expect(wrong).rejects.not.toThrow(/sesame/)
  })

  it('warns of a server that answers before a commit is on disk', async () => {
    const client = new Client(server!.url)
    await client.connect()
    await client.query('CREATE ROLE hasty LOGIN SUPERUSER; ALTER ROLE hasty SET synchronous_commit = off')
    await client.end()
    const said: string[] = []
    const address = new URL(url('hasty'))
    address.username = 'hasty'
    await (await openPostgresStore({ url: address.href, warn: sentence => said.push(sentence) })).close()
    expect(said.join()).toMatch(/synchronous_commit off/)
  })

  describe('two servers on one store', () => {
    const both: Awaited<ReturnType<typeof openPostgresStore>>[] = []
    beforeAll(async () => { both.push(...await Promise.all([1, 2].map(() => openPostgresStore({ url: url('two'), warn: quiet })))) })
    afterAll(async () => { for (const store of both) await store.close() })

    it('never overdraw together, whatever order they name their keys in', async () => {
      await both[0]!.put('purse', 100)
      const results = await Promise.all(Array.from({ length: 300 }, (_, n) => both[n % 2]!.commit(`take ${n}`, n % 3 === 0
        ? [{ add: 'purse', by: -1, floor: 0 }, { add: 'taken', by: 1 }, { put: `new_${n}`, value: n }]
        : [{ put: `new_${n}`, value: n }, { add: 'taken', by: 1 }, { add: 'purse', by: -1, floor: 0 }])))
      expect(results.filter(result => result.ok)).toHaveLength(100)
      expect((await both[1]!.getMany(['purse', 'taken'])).map(row => row?.value)).toEqual([0, 100])
      expect(await both[0]!.list('new_', { limit: 1000 })).toHaveLength(100)
    })

    it('let one of many win a key that was absent', async () => {
      const results = await Promise.all(Array.from({ length: 100 }, (_, n) => both[n % 2]!.commit(`once ${n}`, [{ once: 'won', value: n }])))
      const winner = results.findIndex(result => result.ok)
      expect(results.filter(result => result.ok)).toHaveLength(1)
      expect((await both[1]!.get('won'))?.value).toBe(winner)
      for (const result of results) if (!result.ok) expect(result.value).toBe(winner)
    })
  })
})
