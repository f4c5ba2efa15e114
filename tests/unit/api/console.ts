/// <reference types="vite/client" />
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { createApp, createRouter, toNodeListener } from 'h3'
import type { EventHandler } from 'h3'
import { createLedger } from '#server/billing/ledger'
import type { FetchText } from '#server/billing/payments/index'
import { readConfig } from '#server/config'
import type { Config } from '#server/config'
import { createHealth } from '#server/gateway/health'
import { createRefusals } from '#server/gateway/refusals'
import middleware from '#server/middleware/request-id-and-headers'
import { createJobs } from '#server/ops/jobs'
import { setRuntime } from '#server/runtime'
import type { Runtime } from '#server/runtime'
import { openVault } from '#server/secrets/vault'
import { createServices } from '#server/services'
import { createMemoryStore } from '#server/storage/drivers/memory'
import { watchVersions } from '#server/storage/versions'
import { sessionCookie } from '#server/users/session'
import { person } from '../users/people'

const SECRET = 'j'.repeat(40)

export const ORIGIN = 'http://127.0.0.1:3000'

export interface Answer {
  status: number
  headers: Headers
  body: unknown
}

export interface Console {
  url: string
  runtime: Runtime
  errors: string[]
  probed: string[]
  /** Signs a user in, making it when needed, and answers its cookie. */
  signIn(id: string, change?: Parameters<typeof person>[1]): Promise<string>
  call(method: string, path: string, options?: { cookie?: string, body?: unknown, headers?: Record<string, string> }): Promise<Answer>
  close(): Promise<void>
}

/** How the shop's payments call the outside, where a test lets them. */
export interface Lines { gateway?: FetchText, own?: FetchText }

/** The console API on its own server: real handlers, a store in memory, and a gateway that is not there. */
export async function startConsole(env: Record<string, string> = {}, lines: Lines = {}): Promise<Console> {
  const { config, fatal } = readConfig({
    NODE_ENV: 'test', JWT_SECRET: SECRET, FRONTEND_URL: ORIGIN, ADMIN_UIDS: '1', OAUTH_CLIENT_ID: 'vapor', OAUTH_CLIENT_SECRET: 'secret',
    OAUTH_REDIRECT_URI: `${ORIGIN}/api/auth/callback`, VAPOR_ALLOW_PRIVATE_UPSTREAMS: 'true', ...env,
  })
  if (!config) throw new Error(fatal.join('\n'))
  const errors: string[] = []
  const probed: string[] = []
  const runtime = await createTestRuntime(config, errors, probed, lines)
  setRuntime(runtime)
  const server = createServer(toNodeListener(createConsoleApp(await loadHandlers())))
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`

  return {
    url,
    runtime,
    errors,
    probed,
    async signIn(id, change) {
      const { user } = await runtime.users.signIn(person(id, change))
      return `${sessionCookie(config.secure).name}=${await runtime.sessions.issue(user)}`
    },
    async call(method, path, { cookie, body, headers = {} } = {}) {
      const response = await fetch(url + path, {
        method,
        redirect: 'manual',
        headers: { origin: ORIGIN, ...(cookie ? { cookie } : {}), ...(body === undefined ? {} : { 'content-type': 'application/json' }), ...headers },
        ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
      })
      const text = await response.text()
      return { status: response.status, headers: response.headers, body: text.startsWith('{') ? JSON.parse(text) : text }
    },
    async close() {
      runtime.versions.close()
      await new Promise(resolve => server.close(resolve))
    },
  }
}

async function createTestRuntime(config: Config, errors: string[], probed: string[], lines: Lines): Promise<Runtime> {
  const store = createMemoryStore()
  const versions = watchVersions(store, { intervalMs: 60_000 })
  const vault = await openVault({ store, vaporSecrets: [], jwtSecrets: config.JWT_SECRET, production: false })
  const notHere = () => Promise.reject(new Error('there is no gateway in this test'))
  const ledger = createLedger({ store })
  return {
    ...createServices({ config, store, versions, vault, ledger, instance: 'ins_test', fetchText: lines.gateway ?? notHere, fetchOwn: lines.own ?? notHere, onError: error => errors.push(String(error)) }),
    config,
    store,
    jobs: createJobs({ onError: error => errors.push(String(error)) }),
    versions,
    ledger,
    health: createHealth(),
    relay: notHere,
    modelList: { list: notHere, one: notHere },
    countTokens: notHere,
    keyInfo: { key: notHere, subscription: notHere, usage: notHere },
    requireCaller: notHere,
    refusals: createRefusals({ now: Date.now }),
    noteRefusal: notHere,
    probe: {
      async testUpstream({ credential, upstreamModel }) {
        probed.push(`${credential} ${upstreamModel}`)
        return { ok: true, status: 200, durationMs: 12, message: 'hello' }
      },
      listUpstreamModels: async () => ['gpt-5-2025', 'gpt-4'],
    },
    addressOf: () => '127.0.0.1',
    openRequests: () => 2,
    outboxSize: () => 0,
    notReady: async () => [],
    endRunning: () => {},
    writeMetrics: undefined,
    log: { info: () => {}, error: (message: string, cause?: unknown) => errors.push(`${message} ${String(cause)}`) },
  } as Runtime
}

interface Route { method: string | undefined, path: string, handler: EventHandler }

/** Every handler under the path Nitro gives it. */
async function loadHandlers(): Promise<Route[]> {
  const files = import.meta.glob<{ default: EventHandler }>(['../../../server/api/**/*.ts', '../../../server/routes/docs/*.ts'])
  return Promise.all(Object.entries(files).map(async ([file, load]) => {
    const [, place = ''] = file.split(/\/server(?:\/routes)?(?=\/)/)
    const [, name = '', method] = /^(.*?)(?:\.(get|post|put|patch|delete))?\.ts$/.exec(place) ?? []
    const path = name.replace(/\/index$/, '').replace('[...]', '**').replace(/\[(\w+)\]/g, ':$1')
    return { method, path, handler: (await load()).default }
  }))
}

function createConsoleApp(routes: Route[]) {
  const router = createRouter({ preemptive: true })
  for (const { method, path, handler } of routes) router.add(path, handler, method as 'get' | undefined)
  const app = createApp()
  app.use(middleware)
  app.use(router)
  return app
}
