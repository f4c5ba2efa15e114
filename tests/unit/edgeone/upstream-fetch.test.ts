/** Upstream calls by fetch keep the promises of the port that undici keeps on Node. */
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { IncomingMessage, Server, ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { gzipSync } from 'node:zlib'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { readAll } from '#server/gateway/upstream'
import { createUpstream } from '#server/gateway/upstream.fetch'

let server: Server
let url: string
let serve: (req: IncomingMessage, res: ServerResponse) => void
let wrapped = 0
const plainFetch = globalThis.fetch

beforeEach(async () => {
  server = createServer((req, res) => serve(req, res)).listen(0, '127.0.0.1')
  await once(server, 'listening')
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1/x`
  wrapped = 0
  Object.assign(globalThis, {
    __originalFetch: plainFetch,
    fetch: () => {
      wrapped++
      throw new Error('the fetch of the platform')
    },
  })
})
afterEach(() => {
  Object.assign(globalThis, { fetch: plainFetch, __originalFetch: undefined })
  server.closeAllConnections()
  server.close()
})

const upstream = (change: Partial<Parameters<typeof createUpstream>[0]> = {}) => createUpstream({ allowPrivate: true, headersTimeoutMs: 300, silenceTimeoutMs: 300, ...change })
const post = (signal: AbortSignal = new AbortController().signal) => ({ method: 'POST' as const, url, headers: { 'x-one': '1' }, body: Buffer.from([0xFF, 0, 0x80]), signal })

describe('an upstream by fetch', () => {
  it('sends bytes and reads them as they come, past the fetch of the platform', async () => {
    let got: Buffer | undefined
    let accepted = 0
    serve = async (req, res) => {
      got = Buffer.concat(await Array.fromAsync(req) as Buffer[])
      res.writeHead(200, { 'content-type': 'text/event-stream' }).write('one')
      setTimeout(() => res.end('two'), 100)
    }
    const reply = await upstream().call(post(), () => accepted++)
    const parts = []
    for await (const chunk of reply.chunks) parts.push(Buffer.from(chunk).toString())
    expect(parts).toEqual(['one', 'two'])
    expect(got).toEqual(Buffer.from([0xFF, 0, 0x80]))
    expect([accepted, wrapped, reply.headers['content-type']]).toEqual([1, 0, 'text/event-stream'])
  })

  it('passes every status on, follows nothing, and asks once', async () => {
    for (const status of [401, 429, 500, 302]) {
      let asked = 0
      serve = (_, res) => {
        asked++
        res.writeHead(status, { location: '/elsewhere' }).end('no')
      }
      const reply = await upstream().call(post())
      expect([reply.status, (await readAll(reply.chunks, 10))?.toString(), asked]).toEqual([status, 'no', 1])
    }
  })

  it('undoes an encoding nobody asked for, and speaks of it no more', async () => {
    let asked: string | undefined
    serve = (req, res) => {
      asked = req.headers['accept-encoding']
      res.writeHead(200, { 'content-encoding': 'gzip' }).end(gzipSync('plain'))
    }
    const reply = await upstream().call(post())
    expect((await readAll(reply.chunks, 10))?.toString()).toBe('plain')
    expect([asked, reply.headers['content-encoding']]).toEqual(['identity', undefined])
  })

  it('says what went wrong', async () => {
    serve = () => {}
    await expect(upstream().call(post())).rejects.toMatchObject({ code: 'upstream_timeout' })
    serve = (_, res) => void res.writeHead(200).write('x')
    await expect(readAll((await upstream().call(post())).chunks, 10)).rejects.toMatchObject({ code: 'upstream_stalled' })
    serve = (_, res) => {
      res.writeHead(200).write('x')
      setTimeout(() => res.destroy(), 50)
    }
    await expect(readAll((await upstream().call(post())).chunks, 10)).rejects.toMatchObject({ code: 'upstream_cut' })
    serve = (_, res) => void res.destroy()
    await expect(upstream().call(post())).rejects.toMatchObject({ code: 'upstream_unavailable' })
  })

  it('ends with the client, by his reason, and with the reader', async () => {
    const closed = () => new Promise<void>((resolve) => {
      serve = (_, res) => {
        res.once('close', () => resolve())
        res.writeHead(200).write('x')
      }
    })
    const client = new AbortController()
    const first = closed()
    const reply = await upstream().call(post(client.signal))
    await reply.chunks.next()
    client.abort('client_left')
    await expect(reply.chunks.next()).rejects.toBe('client_left')
    await first

    const second = closed()
    for await (const _ of (await upstream().call(post())).chunks) break
    await second
    await expect(upstream().call(post(AbortSignal.abort('gone')))).rejects.toBe('gone')
  })

  it('refuses addresses of this network', async () => {
    serve = (_, res) => void res.end()
    await expect(upstream({ allowPrivate: false }).call(post())).rejects.toThrow('https')
    await expect(upstream({ allowPrivate: false }).call({ ...post(), url: 'https://localhost:1/' })).rejects.toThrow('private')
    await expect(upstream({ allowPrivate: false }).call({ ...post(), url: 'https://[::1]:1/' })).rejects.toThrow('private')
  })
})
