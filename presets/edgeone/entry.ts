/**
 * The way in on EdgeOne Pages: the platform's bootstrap gives each request of Node's, and takes a `Response`.
 *
 * Beside that it has taken the place of `fetch` by one that sends again what an upstream refused; here it is put back.
 */
import type { IncomingMessage } from 'node:http'
import { toNodeListener } from 'h3'
import { useNitroApp } from 'nitropack/runtime'
import { createLog } from '#server/config/log'
import { whenStarted } from '#server/ops/on-demand'
import { RPC_PATH } from '#server/storage/drivers/edgeone-kv/rpc'
import { createReplyBridge } from './reply-bridge'

const unwrapped = globalThis as typeof globalThis & { __originalFetch?: typeof fetch }
if (unwrapped.__originalFetch) globalThis.fetch = unwrapped.__originalFetch

const listener = toNodeListener(useNitroApp().h3App)

// One request's mistake must not end the answers of all others.
const log = createLog('error')
process.on('unhandledRejection', error => log.error('a promise failed where nobody waits', error))
process.on('uncaughtException', error => log.error('something threw where nobody catches', error))

export default async function handle(req: IncomingMessage): Promise<Response> {
  const path = (req.url ?? '/').split('?')[0] ?? '/'
  // The edge answers here. That this came through says it is not deployed; asking it would come back here for ever.
  if (path === RPC_PATH) return said(path, 404, ['The edge function of the KV is not deployed. Build with npm run build:edgeone and deploy the whole folder.'])
  const problems = await whenStarted()
  if (problems.length > 0) return said(path, 503, problems)
  tellPlatformHeaders(req)
  const { res, response } = createReplyBridge(req)
  void Promise.resolve(listener(req, res)).catch((error: Error) => res.destroy(error))
  return response
}

/** The platform writes `eo-` headers itself and lets none from outside pass, so these two say who asks and for which host. */
function tellPlatformHeaders(req: IncomingMessage): void {
  const { 'eo-pages-host': host, 'eo-connecting-ip': address } = req.headers
  if (typeof host === 'string') req.headers.host = host
  if (typeof address === 'string') req.headers['x-forwarded-for'] = address
  else delete req.headers['x-forwarded-for']
}

/** Nothing of Vapor runs yet, so this is plain: a tool gets its JSON, a person the sentences. */
function said(path: string, status: number, problems: string[]): Response {
  const headers = { 'cache-control': 'no-store', ...(status === 503 ? { 'retry-after': '5' } : {}) }
  if (/^\/(?:v1|v1beta|api)(?:\/|$)/.test(path) || path === RPC_PATH) {
    return new Response(JSON.stringify({ error: { code: 'configuration', message: problems.join(' '), type: 'configuration' } }), { status, headers: { ...headers, 'content-type': 'application/json' } })
  }
  const text = `Vapor cannot start yet:\n\n${problems.map(problem => `- ${problem}`).join('\n')}\n`
  return new Response(text, { status, headers: { ...headers, 'content-type': 'text/plain; charset=utf-8' } })
}
