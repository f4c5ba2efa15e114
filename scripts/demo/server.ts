/** The built server as a child: building it when it is stale, starting it, waiting for it, ending it. */
import { spawn, spawnSync } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { closeSync, existsSync, openSync, readFileSync, statSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { newestSource, root } from '../sources.ts'

const READY_MS = 60_000
const buildDir = process.env['NUXT_BUILD_DIR']
const output = join(root, buildDir ? `${buildDir}/output` : '.output')

/** Builds unless `.output` is younger than every source. */
export function buildIfStale(say: (line: string) => void): void {
  const stamp = join(output, 'nitro.json')
  if (existsSync(stamp) && statSync(stamp).mtimeMs > newestSource()) return
  say('Building the site, about half a minute …')
  const result = spawnSync(process.execPath, [join(root, 'node_modules/nuxt/bin/nuxt.mjs'), 'build', '--logLevel', 'silent'], {
    cwd: root,
    encoding: 'utf8',
    env: { ...process.env, NODE_ENV: 'production', NUXT_TELEMETRY_DISABLED: '1' },
  })
  if (result.status !== 0) throw new Error(`The build failed.\n${result.stdout}${result.stderr}`)
}

/** The port asked for, which must be free, else the first free one from `first` on. */
export async function choosePort(asked: string | undefined, first: number): Promise<number> {
  if (asked) {
    if (await isFree(Number(asked))) return Number(asked)
    throw new Error(`Port ${asked} is taken.`)
  }
  for (let port = first; port < first + 100; port++) {
    if (await isFree(port)) return port
  }
  throw new Error(`No port from ${first} to ${first + 99} is free.`)
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer()
    server.once('error', () => resolve(false))
    server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)))
  })
}

/** Starts the server with its output in `logFile` and answers once it does. */
export async function startServer(origin: string, env: Record<string, string>, logFile: string): Promise<ChildProcess> {
  const log = openSync(logFile, 'w')
  const child = spawn(process.execPath, [join(output, 'server/index.mjs')], {
    cwd: root,
    stdio: ['ignore', log, log],
    env: { PATH: process.env['PATH'] ?? '', ...env },
  })
  closeSync(log)
  const deadline = Date.now() + READY_MS
  while (Date.now() < deadline) {
    if (child.exitCode !== null || child.signalCode !== null) throw new Error(`The server ended while it started.\n${tail(logFile)}`)
    if (await fetch(`${origin}/v1/models`).then(response => response.ok, () => false)) return child
    await new Promise(resolve => setTimeout(resolve, 50))
  }
  child.kill('SIGKILL')
  throw new Error(`The server did not answer within ${READY_MS / 1000} s.\n${tail(logFile)}`)
}

export function tail(logFile: string): string {
  return readFileSync(logFile, 'utf8').trimEnd().split('\n').slice(-15).join('\n')
}
