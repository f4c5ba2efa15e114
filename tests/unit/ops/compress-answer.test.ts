import { once } from 'node:events'
import type { Server } from 'node:http'
import { createServer, request } from 'node:http'
import type { AddressInfo } from 'node:net'
import { Readable } from 'node:stream'
import { gunzipSync } from 'node:zlib'
import { createApp, createRouter, defineEventHandler, sendStream, setResponseHeader, toNodeListener, toPlainHandler } from 'h3'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { compressAnswer } from '#server/ops/compress-answer'

const long = '<p>蒸汽 steam</p>'.repeat(500)
const rows = { items: Array.from({ length: 200 }, (_, id) => ({ id, name: 'row' })) }
const bytes = Buffer.alloc(5000, 7)

let server: Server
const app = createApp({ onBeforeResponse: compressAnswer })
beforeAll(async () => {
  const answers: Record<string, (event: Parameters<typeof setResponseHeader>[0]) => unknown> = {
    '/page': () => long,
    '/short': () => '<p>hello</p>',
    '/api/rows': () => rows,
    '/api/list': () => rows.items,
    '/v1/models': () => rows,
    '/bytes': () => bytes,
    '/stream': event => sendStream(event, Readable.from([bytes])),
    '/packed': (event) => {
      setResponseHeader(event, 'content-encoding', 'br')
      return long
    },
    '/picture': (event) => {
      setResponseHeader(event, 'content-type', 'image/svg+xml')
      return long
    },
  }
  const router = createRouter()
  for (const [path, answer] of Object.entries(answers)) router.get(path, defineEventHandler(answer))
  server = createServer(toNodeListener(app.use(router))).listen(0, '127.0.0.1')
  await once(server, 'listening')
})
afterAll(() => {
  server.close()
})

/** As it comes over the wire: `fetch` would unpack it. */
async function get(path: string, encodings?: string) {
  const { port } = server.address() as AddressInfo
  const sent = request({ host: '127.0.0.1', port, path, headers: encodings === undefined ? {} : { 'accept-encoding': encodings } }).end()
  const [answer] = await once(sent, 'response') as [Readable & { headers: Record<string, string> }]
  return { headers: answer.headers, body: Buffer.concat(await answer.toArray() as Buffer[]) }
}

describe('an answer to a browser', () => {
  it('is packed when it is text of some length', async () => {
    const page = await get('/page', 'gzip, deflate, br')
    expect(page.headers).toMatchObject({ 'content-encoding': 'gzip', 'content-type': 'text/html', 'vary': 'Accept-Encoding' })
    expect(gunzipSync(page.body).toString()).toBe(long)
    expect(page.body.length).toBeLessThan(long.length / 5)
    const data = await get('/api/rows', 'br;q=1, gzip;q=0.5')
    expect(data.headers).toMatchObject({ 'content-encoding': 'gzip', 'content-type': 'application/json' })
    expect(JSON.parse(gunzipSync(data.body).toString())).toEqual(rows)
    expect(JSON.parse(gunzipSync((await get('/api/list', 'gzip')).body).toString())).toEqual(rows.items)
  })

  it.each([undefined, '', 'br', 'gzip;q=0', 'gzip; q=0.0, identity', 'x-gzip'])('is plain for whoever takes no gzip: %s', async (encodings) => {
    const page = await get('/page', encodings)
    expect(page.headers['content-encoding']).toBeUndefined()
    expect(page.headers['vary']).toBe('Accept-Encoding')
    expect(page.body.toString()).toBe(long)
  })

  it('stays as it is when it is short, bytes, a stream, a picture or packed already', async () => {
    for (const path of ['/short', '/bytes', '/stream', '/picture']) {
      expect((await get(path, 'gzip')).headers['content-encoding'], path).toBeUndefined()
    }
    expect((await get('/bytes', 'gzip')).body).toEqual(bytes)
    const packed = await get('/packed', 'gzip')
    expect([packed.headers['content-encoding'], packed.body.toString()]).toEqual(['br', long])
  })

  it('stays as it is when the server has asked itself', async () => {
    const { body } = await toPlainHandler(app)({ method: 'GET', path: '/page', headers: { 'accept-encoding': 'gzip' } })
    expect(body).toBe(long)
  })

  it('is never touched on the public protocol', async () => {
    const models = await get('/v1/models', 'gzip')
    expect(models.headers['content-encoding']).toBeUndefined()
    expect(models.headers['vary']).toBeUndefined()
    expect(JSON.parse(models.body.toString())).toEqual(rows)
  })
})
