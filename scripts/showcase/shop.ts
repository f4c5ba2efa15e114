/** A shop that looks lived in: the built server on a store filled by `npm run fixture`, with the sandbox beside it. */
import { spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { startSandbox } from '../../sandbox/index.ts'
import { createClient } from '../demo/client.ts'
import type { Client } from '../demo/client.ts'
import type { Secrets } from '../demo/environment.ts'
import { ADMIN, sandboxEnvironment } from '../demo/environment.ts'
import { buildIfStale, choosePort, startServer } from '../demo/server.ts'
import { root } from '../sources.ts'

export type Scale = 'small' | 'full'

export interface Shop {
  /** Without a trailing slash. */
  origin: string
  /** LinuxDo ids of somebody who may see the admin pages and of a customer. */
  admin: string
  user: string
  /** Ends the server and the sandbox and clears what they kept. */
  close: () => Promise<void>
}

const FIRST_PORT = 4100

/** Builds when the build is stale, fills a store, and starts. `say` hears what takes its time. */
export async function openShop(scale: Scale, say: (line: string) => void): Promise<Shop> {
  buildIfStale(say)
  const dataDir = mkdtempSync(join(tmpdir(), 'vapor-showcase-'))
  const port = await choosePort(undefined, FIRST_PORT)
  const origin = `http://127.0.0.1:${port}`
  const secrets = { JWT_SECRET: randomBytes(32).toString('hex'), VAPOR_SECRET: randomBytes(32).toString('hex') }
  const sandbox = await startSandbox({ redirectUri: `${origin}/api/auth/callback` })
  // Also on the way out of an interrupt.
  const forget = () => rmSync(dataDir, { recursive: true, force: true })
  process.once('exit', forget)
  const clear = async () => {
    await sandbox.close()
    forget()
  }
  try {
    say('Filling the store …')
    await fill(dataDir, scale, secrets)
    const server = await startServer(origin, { ...sandboxEnvironment({ origin, port, sandbox, dataDir, secrets }), VAPOR_DRAIN_SECONDS: '0' }, join(dataDir, 'server.log'))
    process.once('exit', () => server.kill('SIGKILL'))
    const close = async () => {
      if (server.exitCode === null && server.signalCode === null) {
        const ended = once(server, 'exit')
        server.kill('SIGTERM')
        await ended
      }
      await clear()
    }
    const admin = createClient(origin)
    await admin.signIn(ADMIN)
    return { origin, admin: ADMIN, user: await busiest(admin), close }
  }
  catch (error) {
    await clear()
    throw error
  }
}

/** The generator keeps what opens its store where it runs: in the folder that goes away, not among the reader's own. */
async function fill(folder: string, scale: Scale, secrets: Secrets): Promise<void> {
  const child = spawn(process.execPath, [join(root, 'scripts/fixture.ts'), '--store', `sqlite:${join(folder, 'vapor.db')}`, '--scale', scale], {
    cwd: folder,
    stdio: ['ignore', 'ignore', 'inherit'],
    env: { ...process.env, ...secrets, ADMIN_UIDS: ADMIN },
  })
  const [code] = await once(child, 'exit')
  if (code !== 0) throw new Error('The store could not be filled; `npm run fixture` tells why.')
}

/** Whoever called most within thirty days and may still sign in: his pages have something to show. */
async function busiest(admin: Client): Promise<string> {
  const { users } = await admin.call<{ users: { user: string, requests: number }[] }>('GET', '/api/admin/stats?days=30')
  for (const { user } of users.toSorted((a, b) => b.requests - a.requests)) {
    if (user === ADMIN) continue
    const { items } = await admin.call<{ items: { id: string, status: string }[] }>('GET', `/api/admin/users?search=${user}`)
    if (items.some(found => found.id === user && found.status === 'active')) return user
  }
  throw new Error('Nobody has bought anything in this shop.')
}
