/** A server asks, the edge function answers: the real two sides over the emulated KV, with everything that can go wrong between. */
import { createHmac, hkdfSync } from 'node:crypto'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { createHttpBatch } from '#server/storage/drivers/edgeone-kv/http'
import type { KvOperation } from '#server/storage/drivers/edgeone-kv/kv'
import { KvTooLate } from '#server/storage/drivers/edgeone-kv/kv'
import { openKvStore } from '#server/storage/drivers/edgeone-kv/open'
import { rpcKey, sign } from '#server/storage/drivers/edgeone-kv/rpc'
import { onRequest } from '../../../presets/edgeone/edge/kv'
import { createKv } from '../../../sandbox/edgeone/kv'
import type { Kv } from '../../../sandbox/edgeone/kv'

const SECRET = 'a-secret-of-the-shop-0123456789abcdef'
const ORIGIN = 'https://shop.example'
const globals = globalThis as Record<string, unknown>

let kv: Kv
let env: Record<string, string>
/** Stands between the two sides. */
let line: (deliver: () => Promise<Response>) => Promise<Response>
let calls: { url: string, bytes: number }[]

beforeEach(() => {
  kv = createKv(1, { now: Date.now })
  env = { JWT_SECRET: SECRET }
  line = deliver => deliver()
  calls = []
  globals['vapor_kv'] = kv.nodes[0]
})
afterEach(() => {
  delete globals['vapor_kv']
  delete globals['__originalFetch']
  vi.restoreAllMocks()
})

const send = async (url: string | URL | Request, init?: RequestInit) => {
  const request = new Request(url, init)
  calls.push({ url: request.url, bytes: String(init?.body).length })
  return line(() => onRequest({ request, env }))
}
const batchOf = (change: { secret?: string, now?: () => number } = {}) => createHttpBatch({ origin: ORIGIN, secret: SECRET, fetch: send, now: Date.now, ...change })
const put = (key: string, value = 'v'): KvOperation => ({ op: 'put', key, value })
const get = (key: string): KvOperation => ({ op: 'get', key })
const reply = (text: string, status = 200) => new Response(text, { status })

describe('the way to the KV', () => {
  it('answers in the order asked', async () => {
    expect(await batchOf()([put('a', '1'), put('b', '2'), get('a'), get('c'), { op: 'list', prefix: '', limit: 10 }, { op: 'delete', key: 'a' }, get('a')]))
      .toEqual([true, true, '1', null, ['a', 'b'], true, null])
    expect(calls).toMatchObject([{ url: `${ORIGIN}/_kv/rpc` }])
  })

  it('signs with HKDF and HMAC as everybody else computes them', async () => {
    const key = Buffer.from(hkdfSync('sha256', SECRET, '', 'vapor edgeone-kv rpc v1', 32))
    expect(await sign(await rpcKey(SECRET), 5, 'body')).toBe(createHmac('sha256', key).update('5.body').digest('hex'))
  })

  it('takes any secret of the edge\'s list, and says what is set up wrong', async () => {
    env = { JWT_SECRET: `newer-${SECRET}, ${SECRET}` }
    expect(await batchOf()([put('a')])).toEqual([true])
    const refusals: [() => void, Parameters<typeof batchOf>[0], RegExp][] = [
      [() => {}, { secret: 'another' }, /same JWT_SECRET/],
      [() => {}, { now: () => Date.now() - 31_000 }, /clocks/],
      [() => {}, { now: () => Date.now() + 31_000 }, /clocks/],
      [() => { delete globals['vapor_kv'] }, {}, /VAPOR_KV_BINDING/],
      [() => { env = {} }, {}, /does not know JWT_SECRET/],
    ]
    for (const [spoil, change, sentence] of refusals) {
      spoil()
      const refused = batchOf(change)([put('x')])
      await expect(refused).rejects.toMatchObject({ code: 'configuration' })
      await expect(refused).rejects.toThrow(sentence)
    }
    expect([...kv.central.keys()]).toEqual(['a'])
  })

  it('does nothing for who cannot sign, or has signed something else', async () => {
    const at = String(Date.now())
    const signature = await sign(await rpcKey(SECRET), Number(at), 'other')
    const body = JSON.stringify({ operations: [put('a')], budgetMs: 1000 })
    const tries: HeadersInit[] = [{}, { 'x-vapor-at': at, 'x-vapor-signature': signature }, { 'x-vapor-at': at, 'x-vapor-signature': 'zz' }]
    for (const headers of tries) {
      const response = await onRequest({ request: new Request(`${ORIGIN}/_kv/rpc`, { method: 'POST', headers, body }), env })
      expect([response.status, await response.json()]).toEqual([200, { ok: false, error: 'unsigned' }])
    }
    expect(kv.central.size).toBe(0)
  })

  it('tells a put that comes too late from everything else, and does nothing behind it', async () => {
    const late = batchOf()([put('a'), { ...put('b'), notAfter: Date.now() - 1 } as KvOperation, put('c')])
    await expect(late).rejects.toBeInstanceOf(KvTooLate)
    expect([...kv.central.keys()]).toEqual(['a'])
  })

  it('reads again when the answer is lost, and never writes again', async () => {
    line = async (deliver) => {
      const answer = await deliver()
      if (calls.length < 3) throw new TypeError('fetch failed')
      return answer
    }
    expect(await batchOf()([get('a')])).toEqual([null])
    expect(calls).toHaveLength(3)
    calls = []
    await expect(batchOf()([get('a'), put('a')])).rejects.toThrow('fetch failed')
    expect(calls).toHaveLength(1)
    expect(kv.central.has('a')).toBe(true)
  })

  it.each([['a page', reply('<html>', 200)], ['an error of the platform', reply('Error return from script', 545)], ['an envelope that is none', reply('{"ok":"yes"}')], ['an envelope with another status', reply('{"ok":true,"answers":[true]}', 502)]])('does not take %s for an answer', async (_, answer) => {
    line = async () => answer.clone()
    await expect(batchOf()([put('a')])).rejects.toThrow('did not answer')
    expect(calls).toHaveLength(1)
  })

  it('asks in parts what the edge would not take at once, in order, and stops at the first that fails', async () => {
    const big = 'x'.repeat(400_000)
    await batchOf()(['a', 'b', 'c', 'd', 'e'].map(key => put(key, big)))
    expect(calls.length).toBe(3)
    expect(calls.every(({ bytes }) => bytes <= 1_000_000)).toBe(true)
    expect(kv.central.size).toBe(5)
    const answers = await batchOf()(['a', 'b', 'c', 'd', 'e'].map(get))
    expect(answers).toEqual(Array.from({ length: 5 }, () => big))

    const many = Array.from({ length: 500 }, (_, index) => put(`k${index}`))
    many.splice(100, 1, { ...put('late'), notAfter: 1 } as KvOperation)
    await expect(batchOf()(many)).rejects.toBeInstanceOf(KvTooLate)
    expect(kv.central.has('k99')).toBe(true)
    expect(kv.central.has('k300')).toBe(false)
  })

  it('begins nothing any more when the caller\'s time is over', async () => {
    const slow = createKv(1, { now: Date.now, fault: () => new Promise(resolve => setTimeout(resolve, 60)) })
    globals['vapor_kv'] = slow.nodes[0]
    const body = JSON.stringify({ operations: [put('a'), put('b'), put('c')], budgetMs: 80 })
    const at = Date.now()
    const headers = { 'x-vapor-at': String(at), 'x-vapor-signature': await sign(await rpcKey(SECRET), at, body) }
    const response = await onRequest({ request: new Request(ORIGIN, { method: 'POST', headers, body }), env })
    expect(await response.json()).toEqual({ ok: false, error: 'timeout' })
    await new Promise(resolve => setTimeout(resolve, 150))
    expect([...slow.central.keys()]).toEqual(['a', 'b'])
  })
})

describe('opening the store', () => {
  const settings = { binding: 'vapor_kv', origin: ORIGIN, secrets: [SECRET], reversed: [] }

  it('takes the binding where there is one', async () => {
    const store = await openKvStore(settings)
    await store.put('a', { n: 1 })
    expect((await store.get('a'))?.value).toEqual({ n: 1 })
    expect(calls).toEqual([])
  })

  it('asks the edge function otherwise, by the fetch that sends nothing twice', async () => {
    globals['__originalFetch'] = send
    vi.spyOn(globalThis, 'fetch').mockRejectedValue(new Error('the wrapped one'))
    const store = await openKvStore({ ...settings, binding: 'elsewhere' })
    await store.put('a', '值')
    expect((await store.get('a'))?.value).toBe('值')
    expect(calls.length).toBeGreaterThan(1)
  })

  it('says at once what is missing', async () => {
    for (const change of [{ origin: undefined }, { secrets: [] }])
      await expect(openKvStore({ ...settings, binding: 'elsewhere', ...change })).rejects.toMatchObject({ code: 'configuration' })
    globals['__originalFetch'] = () => Promise.reject(new TypeError('fetch failed'))
    await expect(openKvStore({ ...settings, binding: 'elsewhere' })).rejects.toMatchObject({ code: 'store_unavailable' })
  })
})
