import { createHash } from 'node:crypto'
import type { Exchange } from '../http.ts'
import { readBody, sendJson } from '../http.ts'
import type { ConnectContext } from './context.ts'
import { repeatedParameter } from './context.ts'
import { playEndpointFault } from './faults.ts'
import type { CodeGrant } from './grants.ts'
import { accessTokenLifetimeSeconds } from './grants.ts'
import { signIdToken } from './keys.ts'
import { claimsOf } from './users.ts'

/** An answer of the token endpoint that is an error: RFC 6749 section 5.2. */
interface Refusal {
  status: 400 | 401
  error: 'invalid_request' | 'invalid_client' | 'invalid_grant' | 'unsupported_grant_type'
  description: string
}

const noStore = { 'cache-control': 'no-store', 'pragma': 'no-cache' }

/** POST /oauth2/token, form-encoded only, with `client_secret_basic` or `client_secret_post`. */
export async function exchangeToken(context: ConnectContext, exchange: Exchange): Promise<void> {
  const { request, response } = exchange
  const body = await readBody(request, 65_536)
  if (await playEndpointFault(context.faults.token, exchange, context.faults.slowMs)) return

  const type = request.headers['content-type']?.split(';')[0]?.trim().toLowerCase()
  const form = new URLSearchParams(body.toString())
  const granted = type === 'application/x-www-form-urlencoded'
    ? grantFor(context, form, request.headers.authorization)
    : refuse('invalid_request', 'The body must be application/x-www-form-urlencoded.')
  if ('error' in granted) return sendRefusal(exchange, granted)

  const tokens = context.grants.issueTokens(granted, form.get('code') ?? undefined)
  const idToken = granted.scopes.includes('openid') ? await idTokenFor(context, granted) : undefined
  sendJson(response, 200, {
    access_token: tokens.accessToken,
    token_type: 'bearer',
    expires_in: accessTokenLifetimeSeconds,
    refresh_token: tokens.refreshToken,
    ...(idToken !== undefined && { id_token: idToken }),
  }, noStore)
}

function sendRefusal({ request, response }: Exchange, refusal: Refusal): void {
  const challenge = refusal.status === 401 && request.headers.authorization !== undefined
    ? { 'www-authenticate': 'Basic realm="sandbox connect"' }
    : undefined
  sendJson(response, refusal.status, { error: refusal.error, error_description: refusal.description }, { ...noStore, ...challenge })
}

function refuse(error: Refusal['error'], description: string): Refusal {
  return { status: error === 'invalid_client' ? 401 : 400, error, description }
}

function grantFor(context: ConnectContext, form: URLSearchParams, authorization: string | undefined): CodeGrant | Refusal {
  const repeated = repeatedParameter(form)
  if (repeated !== undefined) return refuse('invalid_request', `The parameter ${repeated} may be given once only.`)
  const clientProblem = clientProblemOf(context, form, authorization)
  if (clientProblem) return clientProblem
  if (context.faults.token === 'invalid_grant') return refuse('invalid_grant', 'The sandbox was told to refuse every code.')

  switch (form.get('grant_type')) {
    case null: return refuse('invalid_request', 'The parameter grant_type is missing.')
    case 'authorization_code': return grantForCode(context, form)
    case 'refresh_token': {
      const token = form.get('refresh_token')
      if (!token) return refuse('invalid_request', 'The parameter refresh_token is missing.')
      return context.grants.spendRefreshToken(token, context.clientId) ?? refuse('invalid_grant', 'The refresh token is unknown or was used.')
    }
    default: return refuse('unsupported_grant_type', 'The sandbox knows authorization_code and refresh_token.')
  }
}

/** Checks who asks. Both ways may name the client, but only one may carry the secret (RFC 6749 section 2.3). */
function clientProblemOf(context: ConnectContext, form: URLSearchParams, authorization: string | undefined): Refusal | undefined {
  let id = form.get('client_id')
  let secret = form.get('client_secret')
  if (authorization !== undefined) {
    if (secret !== null) return refuse('invalid_request', 'The client must authenticate in one way, not in two.')
    const basic = readBasic(authorization)
    if (!basic || (id !== null && id !== basic.id)) return refuse('invalid_client', 'The Authorization header does not name the client.')
    id = basic.id
    secret = basic.secret
  }
  return id === context.clientId && secret === context.clientSecret
    ? undefined
    : refuse('invalid_client', 'The client is unknown, or its secret is wrong.')
}

/** Both halves of the header are form-encoded before they are joined (RFC 6749 section 2.3.1). */
function readBasic(authorization: string): { id: string, secret: string } | undefined {
  const coded = /^basic +([\w+/=-]+)$/i.exec(authorization)?.[1]
  const halves = /^([^:]*):(.*)$/s.exec(Buffer.from(coded ?? '', 'base64').toString())
  if (!halves) return undefined
  try {
    const [id, secret] = [halves[1] ?? '', halves[2] ?? ''].map(half => decodeURIComponent(half.replaceAll('+', ' ')))
    return { id: id ?? '', secret: secret ?? '' }
  }
  catch {
    return undefined
  }
}

function grantForCode(context: ConnectContext, form: URLSearchParams): CodeGrant | Refusal {
  const code = form.get('code')
  if (!code) return refuse('invalid_request', 'The parameter code is missing.')
  const grant = context.grants.spendCode(code)
  if (!grant) return refuse('invalid_grant', 'The code is unknown, was used, or is older than ten minutes.')
  if (grant.redirectUri !== undefined && form.get('redirect_uri') !== grant.redirectUri) {
    return refuse('invalid_grant', 'The redirect_uri is not the one the code was asked with.')
  }
  const verifier = form.get('code_verifier')
  if (grant.codeChallenge === undefined) {
    // A verifier without a challenge means that someone took the challenge away on the road (RFC 9700 section 2.1.1).
    return verifier === null ? grant : refuse('invalid_grant', 'A code_verifier was sent, but no code_challenge before it.')
  }
  const matches = /^[\w.~-]{43,128}$/.test(verifier ?? '')
    && createHash('sha256').update(verifier ?? '').digest('base64url') === grant.codeChallenge
  return matches ? grant : refuse('invalid_grant', 'The code_verifier does not match the code_challenge.')
}

async function idTokenFor(context: ConnectContext, grant: CodeGrant): Promise<string | undefined> {
  const user = context.users.find(({ id }) => id === grant.userId)
  if (!user) return undefined
  const seconds = Math.floor(context.now() / 1000)
  return signIdToken({
    ...claimsOf(user, context.base),
    iss: context.issuer,
    aud: context.clientId,
    iat: seconds,
    exp: seconds + accessTokenLifetimeSeconds,
    ...(grant.nonce !== undefined && { nonce: grant.nonce }),
  }, context.faults.idToken)
}
