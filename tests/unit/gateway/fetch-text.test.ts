import { createServer } from 'node:http'
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, describe, expect, it } from 'vitest'
import { createTextFetcher } from '#server/gateway/fetch-text'

const closers: (() => unknown)[] = []
afterEach(async () => { for (const close of closers.splice(0)) await close() })

async function serve(answer: (request: IncomingMessage, response: ServerResponse) => void) {
  const server = createServer(answer).listen(0, '127.0.0.1')
  await new Promise(resolve => server.once('listening', resolve))
  closers.push(() => server.closeAllConnections(), () => server.close())
  return { server, url: `http://127.0.0.1:${(server.address() as AddressInfo).port}` }
}
function open(options: { allowPrivate: boolean, proxyUrl: string }) {
  const fetcher = createTextFetcher(options)
  closers.push(fetcher.close)
  return (url: string, more = {}) => fetcher.fetchText({ method: 'GET', url, headers: {}, timeoutMs: 2000, ...more })
}
const direct = { allowPrivate: true, proxyUrl: '' }

describe('a small call of the shop', () => {
  it('answers status, headers and text, and follows no redirect', async () => {
    const { url } = await serve((request, response) => response.writeHead(302, { location: '/there' }).end(`${request.method} ${request.url}`))
    expect(await open(direct)(`${url}/a?b=1`)).toMatchObject({ status: 302, headers: { location: '/there' }, text: 'GET /a?b=1' })
  })

  it('sends a form', async () => {
    const { url } = await serve(async (request, response) => response.end(Buffer.concat(await request.toArray())))
    expect(await open(direct)(url, { method: 'POST', body: 'a=1' })).toMatchObject({ text: 'a=1' })
  })

  it('ends in time, whether headers or the rest do not come', async () => {
    const { url } = await serve((request, response) => { if (request.url === '/half') response.writeHead(200).write('{') })
    for (const path of ['/none', '/half']) {
      const began = Date.now()
      await expect(open(direct)(url + path, { timeoutMs: 200 })).rejects.toMatchObject({ code: 'upstream_timeout' })
      expect(Date.now() - began).toBeLessThan(1500)
    }
  })

  it('reads no more than 256 kB', async () => {
    const { url } = await serve((_, response) => response.end('x'.repeat(300_000)))
    await expect(open(direct)(url)).rejects.toMatchObject({ code: 'upstream_malformed' })
  })

  it('goes nowhere private unless allowed', async () => {
    await expect(open({ allowPrivate: false, proxyUrl: '' })('https://127.0.0.1:1/')).rejects.toMatchObject({ code: 'invalid_request' })
    await expect(open({ allowPrivate: false, proxyUrl: '' })('http://example.com/')).rejects.toMatchObject({ code: 'invalid_request' })
  })

  it('goes through a proxy where there is one', async () => {
    const seen: string[] = []
    const target = await serve((_, response) => response.end('there'))
    const proxy = await serve((request, response) => {
      seen.push(request.url ?? '')
      response.end('by the proxy')
    })
    proxy.server.on('connect', (request, socket) => {
      seen.push(request.url ?? '')
      socket.end('HTTP/1.1 502 no\r\n\r\n')
    })
    await open({ allowPrivate: true, proxyUrl: proxy.url })(`${target.url}/x`).catch(() => {})
    expect(seen.join()).toContain(target.url.replace('http://', ''))
  })
})
