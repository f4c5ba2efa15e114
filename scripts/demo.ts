/**
 * `npm run demo`: the shop and its sandbox on this machine, stocked and ready to be clicked and called. Everything it
 * keeps is in `.data/demo/`; delete that folder to start afresh. Ctrl-C ends both.
 */
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { startSandbox } from '../sandbox/index.ts'
import type { Sandbox } from '../sandbox/index.ts'
import { createClient } from './demo/client.ts'
import { ADMIN, sandboxEnvironment } from './demo/environment.ts'
import type { Secrets } from './demo/environment.ts'
import { buildIfStale, choosePort, startServer, tail } from './demo/server.ts'
import { keyFor, stockShop } from './demo/stock.ts'
import { root } from './sources.ts'

const dataDir = join(root, '.data/demo')
const logFile = join(dataDir, 'server.log')
const summaryFile = join(root, '.data/demo.json')
const USER = '2'
const MODEL = 'sandbox-paced-100-50'

interface Summary {
  url: string
  key: string
  model: string
  adminLogin: string
  userLogin: string
  sandbox: string
}

/** Made once and kept, so that sessions and stored credentials outlive a restart. */
function secrets(): Secrets {
  const file = join(dataDir, 'secrets.json')
  if (existsSync(file)) return JSON.parse(readFileSync(file, 'utf8'))
  const made = { JWT_SECRET: randomBytes(32).toString('hex'), VAPOR_SECRET: randomBytes(32).toString('hex') }
  writeFileSync(file, JSON.stringify(made, null, 2), { mode: 0o600 })
  return made
}

function lastKey(): string | undefined {
  return existsSync(summaryFile) ? (JSON.parse(readFileSync(summaryFile, 'utf8')) as Summary).key : undefined
}

async function stock(origin: string, sandbox: Sandbox): Promise<Summary> {
  const admin = createClient(origin)
  await admin.signIn(ADMIN)
  const { upstream } = sandbox
  await stockShop(admin, { 'openai-chat': upstream, 'openai-responses': upstream.responses, 'anthropic': upstream.anthropic, 'gemini': upstream.gemini })
  const user = createClient(origin)
  await user.signIn(USER)
  return {
    url: origin,
    key: await keyFor(user, origin, lastKey()),
    model: MODEL,
    adminLogin: `${origin}/api/auth/login?login_hint=${ADMIN}`,
    userLogin: `${origin}/api/auth/login?login_hint=${USER}`,
    sandbox: sandbox.url,
  }
}

function describe({ url, key, model, adminLogin, userLogin, sandbox }: Summary): string {
  const body = JSON.stringify({ model, stream: true, messages: [{ role: 'user', content: 'hello' }] })
  return `
Vapor is open.

  Site              ${url}
  Sign in as admin  ${adminLogin}
  Sign in as user   ${userLogin}
  Sandbox           ${sandbox}
  Server log        .data/demo/server.log

Ask it something:

  curl -N ${url}/v1/chat/completions -H 'authorization: Bearer ${key}' -H 'content-type: application/json' -d '${body}'

Ctrl-C ends it. Everything it keeps is in .data/demo/.
`
}

async function main(): Promise<void> {
  mkdirSync(dataDir, { recursive: true })
  buildIfStale(line => console.log(line))
  const port = await choosePort(process.env['PORT'], 3000)
  const origin = `http://127.0.0.1:${port}`
  const sandbox = await startSandbox({ port: await choosePort(process.env['SANDBOX_PORT'], 4001), redirectUri: `${origin}/api/auth/callback` })
  const server = await startServer(origin, sandboxEnvironment({ origin, port, sandbox, dataDir, secrets: secrets() }), logFile)

  let asked = false
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.once(signal, () => {
      asked = true
      server.kill('SIGTERM')
    })
  }
  const ended = once(server, 'exit')
  try {
    const summary = await stock(origin, sandbox)
    writeFileSync(summaryFile, `${JSON.stringify(summary, null, 2)}\n`, { mode: 0o600 })
    console.log(describe(summary))
  }
  catch (error) {
    server.kill('SIGTERM')
    await ended
    await sandbox.close()
    throw error
  }
  await ended
  await sandbox.close()
  if (!asked) throw new Error(`The server ended by itself.\n${tail(logFile)}`)
}

try {
  await main()
}
catch (error) {
  console.error(error instanceof Error ? error.message : error)
  process.exit(1)
}
