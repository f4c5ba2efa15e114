import { setTimeout as wait } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { openRedisStore } from '#server/storage/drivers/redis'
import { startRedis } from '../support/redis'
import type { RedisServer } from '../support/redis'
import { testStore } from './store'

const server = await startRedis()

describe.skipIf(server === undefined)('redis', () => {
  const url = (prefix: string) => `${server!.url}?prefix=${prefix}`
  const quiet = () => {}
  afterAll(() => server?.close())

  testStore('redis', async () => {
    const prefix = `t${process.pid}`
    const open = () => openRedisStore({ url: url(prefix), warn: quiet })
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

  describe('a server money must not be kept on', () => {
    let odd: RedisServer | undefined
    const start = async (...settings: string[]) => { odd = await startRedis({ own: true, settings }) }
    afterAll(() => odd?.close())

    it.each([
      [['--appendonly', 'no'], 'Set appendonly yes'],
      [['--maxmemory', '100mb', '--maxmemory-policy', 'allkeys-lru'], 'Set maxmemory-policy noeviction'],
      [['--cluster-enabled', 'yes'], 'names a Redis Cluster'],
    ])('is refused: %j', async (settings, sentence) => {
      await start(...settings)
      if (!odd) return
      await expect(openRedisStore({ url: odd.url, warn: quiet })).rejects.toMatchObject({ code: 'configuration', message: expect.stringContaining(sentence) as string })
      await odd.close()
    })

    it('is warned of when it writes to disk once a second', async () => {
      const said: string[] = []
      const store = await openRedisStore({ url: url('warn'), warn: sentence => said.push(sentence) })
      await store.close()
      expect(said.join()).toMatch(/last second/)
    })
  })

  it('never tells the password', async () => {
    const wrong = openRedisStore({ url: 'redis://me:sesame@127.0.0.1:1/0', warn: quiet })
    await expect(wrong).rejects.toMatchObject({ code: 'configuration' })
    await expect(wrong).rejects.not.toThrow(/sesame/)
  })

  describe('two servers on one store', () => {
    const both: Awaited<ReturnType<typeof openRedisStore>>[] = []
    beforeAll(async () => { for (const _ of [1, 2]) both.push(await openRedisStore({ url: url('two'), warn: quiet })) })
    afterAll(async () => { for (const store of both) await store.close() })

    it('never overdraw together', async () => {
      await both[0]!.put('purse', 100)
      const results = await Promise.all(Array.from({ length: 300 }, (_, n) =>
        both[n % 2]!.commit(`take ${n}`, [{ add: 'purse', by: -1, floor: 0 }, { add: 'taken', by: 1 }])))
      expect(results.filter(result => result.ok)).toHaveLength(100)
      expect((await both[1]!.getMany(['purse', 'taken'])).map(row => row?.value)).toEqual([0, 100])
    })

    it('forget what has expired, in lists too', async () => {
      await both[0]!.commit('short', [{ put: 'short_a', value: 1, ttlMs: 20 }, { put: 'short_b', value: 2 }])
      await wait(60)
      expect((await both[1]!.list('short_', { limit: 10 })).map(row => row.key)).toEqual(['short_b'])
    })
  })
})
