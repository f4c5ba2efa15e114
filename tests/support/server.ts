/** The built server as a child process, with a sandbox beside it. */
import { spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { createServer } from 'node:net'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { startSandbox } from '../../sandbox/index.ts'
import type { Sandbox } from '../../sandbox/index.ts'
import { ensureBuild } from './build'

const READY_MS = 30_000
const STOP_MS = 15_000

export interface VaporOptions {
  /** On top of the test environment. */
  env?: Record<string, string>
  /** Given: kept after `stop`, so that a second server can go on with it. */
  dataDir?: string
  /** Given: a server that starts again keeps its address. */
  port?: number
  /** Given: not closed by `stop`. False: none, sign-in is not configured. */
  sandbox?: Sandbox | false
  /** Takes money at the sandbox's gateway, and its clock goes ten minutes forward by each SIGUSR2 (`clock.ts`). */
  payments?: boolean
}

export interface Vapor {
  /** Origin without a trailing slash. */
  url: string
  port: number
  dataDir: string
  sandbox: Sandbox | undefined
  process: ChildProcess
  /** All of stdout and stderr so far. */
  log: () => string
  /** Asks politely, waits, and clears what this start has made. */
  stop: () => Promise<void>
  /** Sends a signal and waits until the process is gone; data and sandbox stay. */
  kill: (signal?: NodeJS.Signals) => Promise<void>
}

/** Starts the built server on 127.0.0.1 and waits until it answers. */
export async function startVapor(options: VaporOptions = {}): Promise<Vapor> {
  const build = await ensureBuild()
  const port = options.port ?? await freePort()
  const url = `http://127.0.0.1:${port}`
  const dataDir = options.dataDir ?? mkdtempSync(join(tmpdir(), 'vapor-test-'))
  const sandbox = options.sandbox === false ? undefined : options.sandbox ?? await startSandbox()
  sandbox?.connect.redirectUris.push(`${url}/api/auth/callback`)

  const output: Buffer[] = []
  const child = spawn(process.execPath, [join(build, 'server/index.mjs')], {
    env: { ...inheritedEnv(), ...testEnv(url, dataDir, sandbox), ...(options.payments && sandbox ? paymentsEnv(url, sandbox) : {}), ...options.env, PORT: String(port), HOST: '127.0.0.1' },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  child.stdout.on('data', (part: Buffer) => output.push(part))
  child.stderr.on('data', (part: Buffer) => output.push(part))
  const log = () => Buffer.concat(output).toString('utf8')

  const kill = async (signal: NodeJS.Signals = 'SIGKILL') => {
    if (child.exitCode !== null || child.signalCode !== null) return
    const gone = once(child, 'exit')
    child.kill(signal)
    await gone
  }
  const clear = async () => {
    if (!options.sandbox) await sandbox?.close()
    if (!options.dataDir) rmSync(dataDir, { recursive: true, force: true })
  }
  const stop = async () => {
    const patience = setTimeout(() => child.kill('SIGKILL'), STOP_MS)
    await kill('SIGTERM')
    clearTimeout(patience)
    await clear()
  }

  try {
    await waitUntilReady(url, child)
  }
  catch (error) {
    await kill()
    await clear()
    throw new Error(`Vapor did not start: ${error instanceof Error ? error.message : error}\n${log()}`, { cause: error })
  }
  return { url, port, dataDir, sandbox, process: child, log, stop, kill }
}

/** What a child may know of the machine: nothing a developer has exported for his own Vapor. */
function inheritedEnv(): NodeJS.ProcessEnv {
  const kept = ['PATH', 'HOME', 'TMPDIR', 'TEMP', 'SYSTEMROOT', 'LANG', 'NODE_OPTIONS', 'NODE_EXTRA_CA_CERTS']
  return Object.fromEntries(kept.flatMap(name => process.env[name] === undefined ? [] : [[name, process.env[name]]]))
}

function testEnv(url: string, dataDir: string, sandbox: Sandbox | undefined): Record<string, string> {
  return {
    NODE_ENV: 'production',
    JWT_SECRET: 'test-only-session-secret-0123456789abcdef',
    VAPOR_SECRET: 'test-only-vault-secret-0123456789abcdef00',
    FRONTEND_URL: url,
    ADMIN_UIDS: '1',
    WELCOME_CREDIT: '10',
    VAPOR_STORE: `sqlite:${join(dataDir, 'vapor.db')}`,
    VAPOR_DATA_DIR: dataDir,
    VAPOR_DRAIN_SECONDS: '0',
    VAPOR_ALLOW_PRIVATE_UPSTREAMS: 'true',
    ...(sandbox ? oauthEnv(url, sandbox) : {}),
  }
}

function oauthEnv(url: string, { connect }: Sandbox): Record<string, string> {
  return {
    OAUTH_CLIENT_ID: connect.clientId,
    OAUTH_CLIENT_SECRET: connect.clientSecret,
    OAUTH_REDIRECT_URI: `${url}/api/auth/callback`,
    OAUTH_AUTHORIZE_URL: connect.authorizeUrl,
    OAUTH_TOKEN_URL: connect.tokenUrl,
    OAUTH_USERINFO_URL: connect.userinfoUrl,
    OAUTH_ISSUER: connect.issuer,
    OAUTH_JWKS_URL: connect.jwksUrl,
  }
}

function paymentsEnv(url: string, { credit }: Sandbox): Record<string, string> {
  return {
    EPAY_PID: credit.pid,
    EPAY_KEY: credit.key,
    EPAY_SUBMIT_URL: credit.submitUrl,
    EPAY_API_URL: credit.apiUrl,
    EPAY_NOTIFY_URL: `${url}/api/pay/notify`,
    EPAY_RETURN_URL: `${url}/api/pay/return`,
    NODE_OPTIONS: `--import=${new URL('clock.ts', import.meta.url).href}`,
  }
}

/** A port nobody listens on just now. */
export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  server.close()
  await once(server, 'close')
  return port
}

async function waitUntilReady(url: string, child: ChildProcess): Promise<void> {
  const deadline = Date.now() + READY_MS
  while (Date.now() < deadline) {
    if (child.exitCode !== null || child.signalCode !== null) throw new Error(`it ended with ${child.exitCode ?? child.signalCode}`)
    // The list of models is public and needs the store: whoever answers it is ready.
    const status = await fetch(`${url}/v1/models`, { signal: AbortSignal.timeout(5000) }).then(response => response.status, () => 0)
    if (status > 0 && status < 500) return
    await new Promise(resolve => setTimeout(resolve, 50))
  }
  throw new Error(`no answer within ${READY_MS / 1000} s`)
}
