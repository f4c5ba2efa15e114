import { afterEach, describe, expect, it, vi } from 'vitest'
import { playEndpointFault } from '../../../sandbox/connect/faults.ts'
import type { Exchange } from '../../../sandbox/http.ts'
import { scenarios, startSandbox } from '../../../sandbox/index.ts'
import { play } from '../../../sandbox/upstream/player.ts'
import type { RecordedRequest } from '../../../sandbox/upstream/requests.ts'
import { ask, readUntil } from './chat-client.ts'

afterEach(() => vi.unstubAllEnvs())

describe('startSandbox', () => {
  it('refuses to run in production', async () => {
    vi.stubEnv('NODE_ENV', 'production')
    await expect(startSandbox()).rejects.toThrow('NODE_ENV')
  })

  it('takes the port, client and addresses it is given', async () => {
    const first = await startSandbox({ redirectUri: ['http://127.0.0.1:1/a'], clientId: 'me', clientSecret: 'hush', apiKeys: ['sk-mine'] })
    const port = Number(new URL(first.url).port)
    expect(first.connect).toMatchObject({ clientId: 'me', clientSecret: 'hush', redirectUris: ['http://127.0.0.1:1/a'] })
    expect(first.upstream.apiKey).toBe('sk-mine')
    await expect(startSandbox({ port })).rejects.toMatchObject({ code: 'EADDRINUSE' })
    await first.close()
    const second = await startSandbox({ port })
    expect(second.url).toBe(first.url)
    await second.close()
  })

  it('says on its front page what lives here, and nothing of elsewhere', async () => {
    const sandbox = await startSandbox()
    const html = await (await fetch(sandbox.url)).text()
    for (const { name } of scenarios) expect(html).toContain(name.replace('<', '&lt;').split('>')[0])
    for (const { username } of sandbox.connect.users) expect(html).toContain(username)
    expect(html).not.toMatch(/(?:src|href)="https?:/)
    expect((await fetch(`${sandbox.url}/nothing`)).status).toBe(404)
    await sandbox.close()
  })

  it('ends every connection when it closes', async () => {
    const sandbox = await startSandbox()
    sandbox.connect.setFault({ token: 'slow' })
    const stalled = await ask(sandbox, 'sandbox-stall', { stream: true })
    const waiting = ask(sandbox, 'sandbox-slow-headers-60000').catch(() => 'gone')
    const slow = fetch(sandbox.connect.tokenUrl, { method: 'POST', body: new URLSearchParams() }).catch(() => 'gone')
    await vi.waitFor(() => expect(sandbox.upstream.requests()).toHaveLength(2))
    const ended = readUntil(stalled, () => false)
    await sandbox.close()
    expect([(await ended).broke, await waiting, await slow]).toEqual([true, 'gone', 'gone'])
  })
})

describe('a wait', () => {
  it('ends with the connection, so that no timer is left behind', async () => {
    const client = new AbortController()
    const exchange = { gone: client.signal } as Exchange
    const waits = Promise.all([
      playEndpointFault('slow', exchange, 60_000),
      play([{ do: 'wait', ms: 60_000 }], { ...exchange, response: { end: vi.fn() } } as unknown as Exchange, {} as RecordedRequest),
    ])
    client.abort()
    await expect(waits).resolves.toEqual([true, undefined])
  }, 1000)
})
