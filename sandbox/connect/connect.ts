import type { Exchange } from '../http.ts'
import { readBody, send, sendJson, sendNotFound, sendWrongMethod } from '../http.ts'
import { authorize } from './authorize.ts'
import type { ConnectContext } from './context.ts'
import { parseFaults, playEndpointFault } from './faults.ts'
import { publicKeys } from './keys.ts'
import { exchangeToken } from './token.ts'
import { claimsOf, drawAvatar } from './users.ts'

const avatarPath = /^\/user_avatar\/sandbox\/[^/]+\/(\d{1,4})\/(\d{1,15})\.svg$/

/** Answers everything below `/connect`. `path` is what follows it, such as `/oauth2/token`. */
export async function handleConnect(context: ConnectContext, exchange: Exchange, path: string): Promise<void> {
  const { request, response } = exchange
  const route = routes[path]
  if (route) {
    const handler = route[request.method ?? '']
    return handler ? handler(context, exchange) : sendWrongMethod(response, Object.keys(route).join(', '))
  }
  const avatar = avatarPath.exec(path)
  if (avatar) return sendAvatar(context, exchange, Number(avatar[2]), Number(avatar[1]))
  sendNotFound(response, `/connect${path}`)
}

type Handler = (context: ConnectContext, exchange: Exchange) => Promise<void> | void

const routes: Record<string, Record<string, Handler>> = {
  '/oauth2/authorize': { GET: authorize },
  '/oauth2/token': { POST: exchangeToken },
  '/api/user': { GET: sendUserInfo },
  '/.well-known/openid-configuration': { GET: sendDiscovery },
  '/.well-known/jwks.json': { GET: async (_context, { response }) => sendJson(response, 200, await publicKeys()) },
  '/_faults': { GET: sendFaults, POST: setFaults, DELETE: clearFaults },
}

/** GET /api/user with a bearer token (RFC 6750); the reply is UserClaims. */
async function sendUserInfo(context: ConnectContext, exchange: Exchange): Promise<void> {
  const { request, response } = exchange
  if (await playEndpointFault(context.faults.user, exchange, context.faults.slowMs)) return
  const token = /^bearer +(\S+)$/i.exec(request.headers.authorization ?? '')?.[1]
  const userId = token === undefined ? undefined : context.grants.userOf(token)
  const user = context.users.find(({ id }) => id === userId)
  if (!user) {
    // Without any token the challenge carries no error code (RFC 6750 section 3.1).
    const challenge = token === undefined ? 'Bearer realm="sandbox connect"' : 'Bearer realm="sandbox connect", error="invalid_token"'
    return sendJson(response, 401, { error: 'invalid_token', error_description: 'The access token is missing, unknown or expired.' }, { 'www-authenticate': challenge })
  }
  const claims = claimsOf(user, context.base)
  const told = context.faults.user === 'other-user' ? { ...claims, id: claims.id + 1, sub: String(claims.id + 1) } : claims
  sendJson(response, 200, told, { 'cache-control': 'no-store' })
}

/** OpenID Connect Discovery 1.0 section 3. */
function sendDiscovery({ base, issuer }: ConnectContext, { response }: Exchange): void {
  sendJson(response, 200, {
    issuer,
    authorization_endpoint: `${base}/oauth2/authorize`,
    token_endpoint: `${base}/oauth2/token`,
    userinfo_endpoint: `${base}/api/user`,
    jwks_uri: `${base}/.well-known/jwks.json`,
    response_types_supported: ['code'],
    grant_types_supported: ['authorization_code', 'refresh_token'],
    subject_types_supported: ['public'],
    id_token_signing_alg_values_supported: ['RS256'],
    scopes_supported: ['openid', 'profile', 'email'],
    token_endpoint_auth_methods_supported: ['client_secret_basic', 'client_secret_post'],
    code_challenge_methods_supported: ['S256'],
  })
}

function sendAvatar(context: ConnectContext, { response }: Exchange, id: number, size: number): void {
  const user = context.users.find(known => known.id === id)
  if (!user) return sendNotFound(response, 'this avatar')
  const letter = /^[a-z0-9]/i.exec(user.username)?.[0].toUpperCase() ?? '·'
  send(response, 200, 'image/svg+xml', drawAvatar(id, letter, Math.min(512, Math.max(16, size))), { 'cache-control': 'max-age=60' })
}

function sendFaults({ faults }: ConnectContext, { response }: Exchange): void {
  sendJson(response, 200, faults)
}

async function setFaults(context: ConnectContext, { request, response }: Exchange): Promise<void> {
  try {
    context.faults = parseFaults(JSON.parse((await readBody(request, 4096)).toString()))
  }
  catch (error) {
    return sendJson(response, 400, { error: 'invalid_request', error_description: error instanceof Error ? error.message : String(error) })
  }
  sendJson(response, 200, context.faults)
}

function clearFaults(context: ConnectContext, { response }: Exchange): void {
  context.faults = {}
  sendJson(response, 200, context.faults)
}
