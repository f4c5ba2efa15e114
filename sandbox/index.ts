import type { IncomingMessage, Server, ServerResponse } from 'node:http'
import { createServer } from 'node:http'
import type { ConnectContext } from './connect/context.ts'
import { handleConnect } from './connect/connect.ts'
import type { Faults } from './connect/faults.ts'
import { parseFaults } from './connect/faults.ts'
import { createGrants } from './connect/grants.ts'
import type { SandboxUser } from './connect/users.ts'
import { createUsers } from './connect/users.ts'
import type { Gateway } from './credit/context.ts'
import type { Credit } from './credit/credit.ts'
import { createCredit } from './credit/credit.ts'
import type { Merchant } from './credit/gateway.ts'
import { createGateway, handleGateway } from './credit/gateway.ts'
import { frontPage } from './front-page.ts'
import type { Exchange } from './http.ts'
import { sendHtml, sendJson, sendNotFound } from './http.ts'
import type { RecordedRequest } from './upstream/requests.ts'
import { createRequestLog } from './upstream/requests.ts'
import type { UpstreamContext } from './upstream/upstream.ts'
import { clearUpstream, handleUpstream } from './upstream/upstream.ts'

export type { Faults } from './connect/faults.ts'
export type { SandboxUser, UserClaims } from './connect/users.ts'
export type { PayAction } from './credit/context.ts'
export type { Credit, NoticeChange } from './credit/credit.ts'
export type { CreditFaults } from './credit/faults.ts'
export type { Notice } from './credit/notifier.ts'
export type { CreditOrder } from './credit/orders.ts'
export type { AnthropicUsage } from './upstream/anthropic/usage.ts'
export { usageOfAnthropic } from './upstream/anthropic/usage.ts'
export { countsOfRequest, replyToRequest } from './upstream/charge.ts'
export type { Counts } from './upstream/counts.ts'
export { countsOf } from './upstream/counts.ts'
export type { GeminiUsage } from './upstream/gemini/usage.ts'
export { usageOfGemini } from './upstream/gemini/usage.ts'
export { replyOf } from './upstream/openai-chat/reply.ts'
export { usageOf } from './upstream/openai-chat/usage.ts'
export type { Usage } from './upstream/openai-chat/usage.ts'
export type { ResponsesUsage } from './upstream/openai-responses/usage.ts'
export { usageOfResponses } from './upstream/openai-responses/usage.ts'
export type { Reply } from './upstream/reply.ts'
export type { RecordedRequest } from './upstream/requests.ts'
export { listedModels, scenarios } from './upstream/scenarios.ts'

export interface SandboxOptions {
  /** 0, the default, takes a free one. */
  port?: number
  /** The addresses sign-in may return to, compared to the letter. */
  redirectUri?: string | string[]
  clientId?: string
  clientSecret?: string
  /** The keys the upstreams accept, each of them. */
  apiKeys?: string[]
  /** The merchant at LinuxDo Credit and at the generic gateway, where they are not to be the sandbox's own. */
  credit?: Partial<Merchant>
  epay?: Partial<Merchant>
  /** Milliseconds since 1970. Codes, tokens and orders expire by it; pauses on the wire are real time. */
  now?: () => number
}

export interface UpstreamAddress {
  baseUrl: string
  apiKey: string
}

export interface Sandbox {
  /** The origin, such as `http://127.0.0.1:4001`, without a trailing slash. */
  url: string
  connect: {
    authorizeUrl: string
    tokenUrl: string
    userinfoUrl: string
    /** Ends in a slash, like the real one. */
    issuer: string
    jwksUrl: string
    discoveryUrl: string
    clientId: string
    clientSecret: string
    /** Live: push an address to register it, for a client that learns its own port late. */
    redirectUris: string[]
    /** Replaces every fault in force; `{}` heals. */
    setFault: (faults: Faults) => void
    /** Live: change a user and the next claims follow. */
    users: SandboxUser[]
  }
  upstream: {
    /** What a client of OpenAI's chat completions takes as its base URL. */
    baseUrl: string
    apiKey: string
    /** Every upstream accepts all of them. */
    apiKeys: string[]
    /** The addresses end in the version: `…/v1`, and `…/v1beta` for Gemini. */
    anthropic: UpstreamAddress
    gemini: UpstreamAddress
    responses: UpstreamAddress
    requests: () => RecordedRequest[]
    /** Forgets the requests and starts the flaky models anew. */
    clear: () => void
  }
  /** LinuxDo Credit. */
  credit: Credit
  /** A generic EPay gateway, 彩虹 v1. */
  epay: Credit
  /** Ends every connection, running or idle, and frees the port. */
  close: () => Promise<void>
}

const defaultRedirectUris = ['http://127.0.0.1:3000/api/auth/callback', 'http://localhost:3000/api/auth/callback']

/** Starts the fakes on 127.0.0.1. Throws in production, where signing in as anyone must not exist. */
export async function startSandbox(options: SandboxOptions = {}): Promise<Sandbox> {
  if (process.env['NODE_ENV'] === 'production') {
    throw new Error('The sandbox lets anyone sign in as anyone and does not run with NODE_ENV=production; unset NODE_ENV, or configure the real services.')
  }
  const server = createServer()
  // Clients keep connections for a while; a server that hangs up sooner makes their next request fail by chance.
  server.keepAliveTimeout = 65_000
  const origin = await listen(server, options.port ?? 0)
  const rooms = createRooms(origin, options)
  server.on('request', (request, response) => void answer(rooms, request, response))
  const { connect, connect: { base }, upstream, credit, epay } = rooms
  const apiKey = upstream.vendors.apiKeys[0] ?? ''

  return {
    url: origin,
    connect: {
      authorizeUrl: `${base}/oauth2/authorize`,
      tokenUrl: `${base}/oauth2/token`,
      userinfoUrl: `${base}/api/user`,
      issuer: connect.issuer,
      jwksUrl: `${base}/.well-known/jwks.json`,
      discoveryUrl: `${base}/.well-known/openid-configuration`,
      clientId: connect.clientId,
      clientSecret: connect.clientSecret,
      redirectUris: connect.redirectUris,
      setFault: (faults) => { connect.faults = parseFaults(faults) },
      users: connect.users,
    },
    upstream: {
      baseUrl: `${origin}/upstream/openai/v1`,
      apiKey,
      apiKeys: upstream.vendors.apiKeys,
      anthropic: { baseUrl: `${origin}/upstream/anthropic/v1`, apiKey },
      gemini: { baseUrl: `${origin}/upstream/gemini/v1beta`, apiKey },
      responses: { baseUrl: `${origin}/upstream/openai-responses/v1`, apiKey },
      requests: () => upstream.log.all(),
      clear: () => clearUpstream(upstream),
    },
    credit: createCredit(credit, { submit: '/epay/pay/submit.php', api: '/epay/api.php' }),
    epay: createCredit(epay, { submit: '/submit.php', api: '/api.php' }),
    close: () => {
      for (const gateway of [credit, epay]) gateway.notifier.close()
      return close(server)
    },
  }
}

interface Rooms {
  origin: string
  connect: ConnectContext
  upstream: UpstreamContext
  credit: Gateway
  epay: Gateway
}

function createRooms(origin: string, options: SandboxOptions): Rooms {
  const now = options.now ?? Date.now
  const redirectUris = options.redirectUri ?? defaultRedirectUris
  const users = createUsers()
  return {
    origin,
    connect: {
      base: `${origin}/connect`,
      issuer: `${origin}/connect/`,
      clientId: options.clientId ?? 'sandbox-client',
      clientSecret: options.clientSecret ?? 'sandbox-client-secret',
      redirectUris: typeof redirectUris === 'string' ? [redirectUris] : [...redirectUris],
      now,
      users,
      grants: createGrants(now),
      signIns: new Map(),
      faults: {},
    },
    upstream: {
      log: createRequestLog(),
      vendors: { origin, apiKeys: options.apiKeys ?? ['sk-sandbox-one', 'sk-sandbox-two'], now, attempts: new Map(), answers: 0 },
    },
    credit: createGateway({ kind: 'linuxdo', base: `${origin}/credit`, merchant: options.credit, now, users }),
    epay: createGateway({ kind: 'epay', base: `${origin}/epay`, merchant: options.epay, now, users }),
  }
}

function listen(server: Server, port: number): Promise<string> {
  return new Promise((resolve, reject) => {
    server.once('error', reject)
    server.listen(port, '127.0.0.1', () => {
      server.off('error', reject)
      const address = server.address()
      resolve(`http://127.0.0.1:${typeof address === 'object' ? address?.port : port}`)
    })
  })
}

function close(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve())
    server.closeAllConnections()
  })
}

async function answer(rooms: Rooms, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const gone = new AbortController()
  response.once('close', () => gone.abort())
  const url = URL.parse(rooms.origin + (request.url ?? '/'))
  if (!url) return sendJson(response, 400, { error: 'invalid_request', error_description: 'The sandbox cannot read this address.' })
  try {
    await route(rooms, { request, response, url, gone: gone.signal })
  }
  catch (error) {
    // A client that leaves while its body is read ends up here too, and there is nobody left to tell.
    if (gone.signal.aborted || response.headersSent) response.destroy()
    else sendJson(response, 500, { error: 'sandbox_error', error_description: error instanceof Error ? error.message : String(error) })
  }
}

async function route({ origin, connect, upstream, credit, epay }: Rooms, exchange: Exchange): Promise<void> {
  const { url, response } = exchange
  if (url.pathname === '/') return sendHtml(response, 200, frontPage(origin, connect, upstream.vendors.apiKeys, [credit, epay]))
  if (url.pathname.startsWith('/connect/')) return handleConnect(connect, exchange, url.pathname.slice('/connect'.length))
  if (url.pathname.startsWith('/upstream/')) return handleUpstream(upstream, exchange, url.pathname.slice('/upstream'.length))
  if (url.pathname.startsWith('/credit/')) return handleGateway(credit, exchange, url.pathname.slice('/credit'.length))
  if (url.pathname.startsWith('/epay/')) return handleGateway(epay, exchange, url.pathname.slice('/epay'.length))
  sendNotFound(response, url.pathname)
}
