/** What handlers write to Node's response comes out of a `Response`, as it is written. */
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, describe, expect, it } from 'vitest'
import { createReplyBridge } from '../../../presets/edgeone/reply-bridge'

const closers: (() => void)[] = []
afterEach(() => closers.splice(0).forEach(close => close()))

/** A request of a real connection, and the bridge for it; whoever asked waits for ever. */
async function bridged(method = 'GET') {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const client = new AbortController()
  fetch(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`, { method, signal: client.signal }).catch(() => {})
  const [req] = await once(server, 'request') as [IncomingMessage, ServerResponse]
  closers.push(() => {
    server.closeAllConnections()
    server.close()
  })
  return { ...createReplyBridge(req), client }
}

describe('the reply bridge', () => {
  it('answers with the head at once and the body as it comes', async () => {
    const { res, response } = await bridged()
    res.setHeader('set-cookie', ['a=1', 'b=2'])
    res.writeHead(201, { 'x-one': '1' })
    res.flushHeaders()
    const answer = await response
    expect([answer.status, answer.headers.get('x-one'), answer.headers.getSetCookie(), res.headersSent]).toEqual([201, '1', ['a=1', 'b=2'], true])
    const reader = answer.body!.getReader()
    res.write(Buffer.from([0xFF, 0, 0x80]))
    expect(Buffer.from((await reader.read()).value!)).toEqual(Buffer.from([0xFF, 0, 0x80]))
    res.end('茶')
    expect(Buffer.from((await reader.read()).value!).toString()).toBe('茶')
    expect((await reader.read()).done).toBe(true)
    expect(res.writableEnded).toBe(true)
  })

  it('knows answers without a body', async () => {
    for (const [method, status] of [['GET', 204], ['HEAD', 200], ['GET', 304]] as const) {
      const { res, response } = await bridged(method)
      res.statusCode = status
      res.end()
      const answer = await response
      expect([answer.status, answer.body]).toEqual([status, null])
    }
  })

  it('asks the handler to wait when the platform lags behind', async () => {
    const { res, response } = await bridged()
    expect(res.write('x')).toBe(true)
    expect(res.write(Buffer.alloc(100_000))).toBe(false)
    const drained = once(res, 'drain')
    const reader = (await response).body!.getReader()
    await reader.read()
    await reader.read()
    await drained
    expect(res.write('y')).toBe(true)
  })

  it('tells the handler that the client has left, once, and breaks the body', async () => {
    const { res, response, client } = await bridged()
    let closed = 0
    res.on('close', () => closed++)
    res.write('x')
    const reader = (await response).body!.getReader()
    await reader.read()
    client.abort()
    await once(res, 'close')
    await expect(reader.read()).rejects.toThrow('left')
    expect([closed, res.destroyed, res.write('late')]).toEqual([1, true, true])
    res.end()
    expect(closed).toBe(1)
  })

  it('gives up as the handler does, before the head and after it', async () => {
    const before = await bridged()
    before.res.destroy(new Error('no'))
    await expect(before.response).rejects.toThrow('no')
    const after = await bridged()
    after.res.write('x')
    const reader = (await after.response).body!.getReader()
    await reader.read()
    after.res.destroy()
    await expect(reader.read()).rejects.toThrow('cut')
  })
})
