/**
 * What one call costs, and how many a machine carries: `node bench/instances.ts <instances> <store url> [pid of the engine]`.
 * Starts the built servers with the sandbox in this process, so all of them share this machine; the processor time per
 * call is what scales, the calls a second are what this machine gave.
 */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs'
import { Agent, request as httpRequest } from 'node:http'
import { cpus, tmpdir } from 'node:os'
import { join } from 'node:path'
import { startSandbox } from '../sandbox/index.ts'
import { createClient } from '../scripts/demo/client.ts'
import { choosePort } from '../scripts/demo/server.ts'
import { keyFor, stockShop } from '../scripts/demo/stock.ts'
import { root } from '../scripts/sources.ts'

const [count = '1', store = '', engine] = process.argv.slice(2)
const SECONDS = 12
/** The engine of JavaScript compiles what is called often, so the first calls tell nothing. */
const WARM_SECONDS = 8
/** Each calls one thing at a time. */
const USERS = 32
const FIRST_USER = 1000
const STREAMS = 200
/** Linux counts processor time in hundredths of a second. */
const TICK_MS = 10

const output = process.env['VAPOR_TEST_BUILD'] ?? join(root, '.output')
const folder = mkdtempSync(join(tmpdir(), 'vapor-bench-'))
const sandbox = await startSandbox()
const agent = new Agent({ keepAlive: true, maxSockets: 1000 })

async function startServer(index: number) {
  const port = await choosePort(undefined, 20_000 + Math.floor(Math.random() * 20_000))
  const url = `http://127.0.0.1:${port}`
  sandbox.connect.redirectUris.push(`${url}/api/auth/callback`)
  const child = spawn(process.execPath, [join(output, 'server/index.mjs')], {
    stdio: ['ignore', 'ignore', 'inherit'],
    env: {
      PATH: process.env['PATH'], NODE_ENV: 'production', HOST: '127.0.0.1', PORT: String(port), FRONTEND_URL: url, ADMIN_UIDS: '1', WELCOME_CREDIT: '1000', VAPOR_LOG: 'error',
      JWT_SECRET: 'bench-only-session-secret-0123456789abcdef', VAPOR_STORE: store || `sqlite:${join(folder, 'vapor.db')}`, VAPOR_DATA_DIR: join(folder, String(index)),
      VAPOR_ALLOW_PRIVATE_UPSTREAMS: 'true', VAPOR_CONCURRENCY: '1000', VAPOR_DRAIN_SECONDS: '0',
      OAUTH_CLIENT_ID: sandbox.connect.clientId, OAUTH_CLIENT_SECRET: sandbox.connect.clientSecret, OAUTH_REDIRECT_URI: `${url}/api/auth/callback`,
      OAUTH_AUTHORIZE_URL: sandbox.connect.authorizeUrl, OAUTH_TOKEN_URL: sandbox.connect.tokenUrl, OAUTH_USERINFO_URL: sandbox.connect.userinfoUrl,
      OAUTH_ISSUER: sandbox.connect.issuer, OAUTH_JWKS_URL: sandbox.connect.jwksUrl,
    },
  })
  while (!await fetch(`${url}/readyz`).then(response => response.ok, () => false)) await pause(50)
  return { url, child }
}

const pause = (ms: number) => new Promise(resolve => setTimeout(resolve, ms))

/** Fields of /proc/<pid>/stat behind the name in brackets: https://man7.org/linux/man-pages/man5/proc_pid_stat.5.html */
const statOf = (pid: number | string): string[] => readFileSync(`/proc/${pid}/stat`, 'utf8').replace(/^.*\) /s, '').split(' ')
const cpuMs = (pid: number | string): number => statOf(pid).slice(11, 15).reduce((sum, ticks) => sum + Number(ticks), 0) * TICK_MS

/** Of an engine with all its processes. */
function engineCpuMs(): number {
  if (!engine) return 0
  const children = readdirSync('/proc').filter(name => /^\d+$/.test(name)).filter((name) => {
    try { return statOf(name)[1] === engine }
    catch { return false }
  })
  return [engine, ...children].reduce((sum, pid) => sum + cpuMs(pid), 0)
}

const memoryMb = (pid: number): number => Math.round(Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))![1]) / 1024)

function chat(url: string, key: string, model: string, stream: boolean): Promise<number> {
  const start = performance.now()
  return new Promise((resolve, reject) => {
    const sent = httpRequest(`${url}/v1/chat/completions`, { method: 'POST', agent, headers: { 'authorization': `Bearer ${key}`, 'content-type': 'application/json' } }, (response) => {
      response.resume()
      response.on('end', () => response.statusCode === 200 ? resolve(performance.now() - start) : reject(new Error(String(response.statusCode))))
      response.on('error', reject)
    })
    sent.on('error', reject)
    sent.end(JSON.stringify({ model, stream, messages: [{ role: 'user', content: 'hello' }] }))
  })
}

const servers = await Promise.all(Array.from({ length: Number(count) }, (_, index) => startServer(index)))
const pids = servers.map(({ child }) => child.pid!)
const serversCpuMs = () => pids.reduce((sum, pid) => sum + cpuMs(pid), 0)

/** Calls from all sides for a while, each as soon as the one before has ended, every side another user. */
async function closedLoop(keys: string[], seconds: number): Promise<number[]> {
  const times: number[] = []
  const until = Date.now() + seconds * 1000
  await Promise.all(keys.map(async (key, worker) => {
    while (Date.now() < until) times.push(await chat(servers[worker % servers.length]!.url, key, 'sandbox-text', false))
  }))
  return times
}

async function measure(keys: string[]): Promise<void> {
  await closedLoop(keys, WARM_SECONDS)
  const before = [serversCpuMs(), engineCpuMs()] as const
  const times = (await closedLoop(keys, SECONDS)).toSorted((a, b) => a - b)
  const [ours, engines] = [serversCpuMs() - before[0], engineCpuMs() - before[1]]
  const at = (part: number) => `${times[Math.floor(times.length * part)]!.toFixed(1)} ms`
  console.log(`${count} × ${store.split(':')[0] || 'sqlite'} on ${cpus().length} cores: ${Math.round(times.length / SECONDS)} calls/s, half within ${at(0.5)}, 99 % within ${at(0.99)}; processor time per call ${(ours / times.length).toFixed(2)} ms, engine ${(engines / times.length).toFixed(2)} ms; memory ${pids.map(memoryMb).join(', ')} MB`)

  const idle = pids.map(memoryMb)
  const beforeStreams = serversCpuMs()
  const streams = Promise.all(Array.from({ length: STREAMS }, (_, index) => chat(servers[index % servers.length]!.url, keys[index % keys.length]!, 'sandbox-paced-100-50', true)))
  await pause(3000)
  const grown = pids.map((pid, index) => memoryMb(pid) - idle[index]!)
  const lasted = await streams
  console.log(`  ${STREAMS} streams of 50 chunks at once: processor time per stream ${((serversCpuMs() - beforeStreams) / STREAMS).toFixed(1)} ms, the slowest took ${(Math.max(...lasted) / 1000).toFixed(2)} s of 5; memory grown by ${grown.join(', ')} MB`)
}

try {
  const admin = createClient(servers[0]!.url)
  await admin.signIn('1')
  const { upstream } = sandbox
  await stockShop(admin, { 'openai-chat': upstream, 'openai-responses': upstream.responses, 'anthropic': upstream.anthropic, 'gemini': upstream.gemini })
  const keys: string[] = []
  for (let index = 0; index < USERS; index++) {
    const id = FIRST_USER + index
    sandbox.connect.users.push({ ...sandbox.connect.users[1]!, id, username: `user${id}`, email: `u${id}@linux.do` })
    const user = createClient(servers[0]!.url)
    await user.signIn(String(id))
    keys.push(await keyFor(user, servers[0]!.url, undefined))
  }
  // What was just put on sale is known everywhere within three seconds.
  await pause(3000)
  await measure(keys)
}
finally {
  await Promise.all(servers.map(async ({ child }) => {
    const gone = once(child, 'exit')
    child.kill('SIGINT')
    await gone
  }))
  await sandbox.close()
  agent.destroy()
  rmSync(folder, { recursive: true, force: true })
}
