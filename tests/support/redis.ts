/** A real Redis for tests: the one `TEST_REDIS_URL` names, else one started here from the system's `redis-server`. */
import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { createServer } from 'node:net'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { Redis } from 'ioredis'

const READY_MS = 10_000

export interface RedisServer {
  /** With a path for the database, without a query. */
  url: string
  close(): Promise<void>
}

/**
 * Undefined, with a sentence on the terminal, when there is none to be had; `own` starts one even when the environment
 * names another, because its settings matter.
 */
export async function startRedis({ own = false, settings = [] }: { own?: boolean, settings?: string[] } = {}): Promise<RedisServer | undefined> {
  const given = process.env['TEST_REDIS_URL']
  if (given && !own) return { url: given, close: async () => {} }
  if (spawnSync('redis-server', ['--version']).status !== 0) {
    console.warn('SKIPPED: no redis-server on this machine and no TEST_REDIS_URL; the tests on Redis did not run.')
    return undefined
  }
  const folder = mkdtempSync(join(tmpdir(), 'vapor-redis-'))
  const port = await freePort()
  const child = spawn('redis-server', ['--port', String(port), '--bind', '127.0.0.1', '--dir', folder, '--save', '', '--appendonly', 'yes', ...settings], { stdio: 'ignore' })
  const url = `redis://127.0.0.1:${port}/0`
  await ready(url)
  return {
    url,
    close: async () => {
      if (child.exitCode === null && child.signalCode === null) {
        const ended = once(child, 'exit')
        child.kill('SIGTERM')
        await ended
      }
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

async function ready(url: string): Promise<void> {
  const deadline = Date.now() + READY_MS
  for (;;) {
    const client = new Redis(url, { lazyConnect: true, retryStrategy: () => null, maxRetriesPerRequest: 0 })
    client.on('error', () => {})
    try {
      await client.connect()
      await client.ping()
      return
    }
    catch (error) {
      if (Date.now() > deadline) throw error
      await wait(50)
    }
    finally { client.disconnect() }
  }
}

export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  server.close()
  await once(server, 'close')
  return port
}
