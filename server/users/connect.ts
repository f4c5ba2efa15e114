/**
 * A client of LinuxDo Connect, an OAuth 2 server with OpenID Connect on top (https://connect.linux.do). The addresses
 * come from the configuration only, never from a request's Host.
 */
import { createHash } from 'node:crypto'
import { createRemoteJWKSet, errors, jwtVerify } from 'jose'
import type { Config } from '#server/config'
import { AppError } from '#server/errors/app-error'
import { readPerson } from './connect-person'
import type { Person } from './connect-person'
import { callConnect, unexpected } from './connect-reply'

const SCOPE = 'openid profile'
const JWKS_TIMEOUT_MS = 15_000
const CLOCK_TOLERANCE_S = 60
/** Signatures whose key the server publishes; a shared-secret algorithm would let the client id's owner sign anyone in. */
const ALGORITHMS = ['RS256', 'RS384', 'RS512', 'PS256', 'ES256', 'ES384', 'EdDSA']

export type ConnectConfig = Pick<Config,
  'OAUTH_CLIENT_ID' | 'OAUTH_CLIENT_SECRET' | 'OAUTH_REDIRECT_URI' | 'OAUTH_AUTHORIZE_URL' | 'OAUTH_TOKEN_URL'
  | 'OAUTH_USERINFO_URL' | 'OAUTH_ISSUER' | 'OAUTH_JWKS_URL'>

/** What one sign-in keeps between its two halves. */
export interface Attempt {
  state: string
  /** PKCE code verifier (RFC 7636). */
  verifier: string
  nonce: string
}

export interface Connect {
  /** Where the browser goes. `loginHint` is dropped unless Connect is a fake on the loopback address. */
  authorizeUrl(attempt: Attempt, loginHint?: string): string
  /** Turns the code of the callback into who signed in; throws sign_in_failed or sign_in_unavailable. */
  identify(code: string, attempt: Attempt): Promise<Person>
}

export function createConnect(config: ConnectConfig): Connect {
  const loopback = isLoopback(config.OAUTH_AUTHORIZE_URL)
  const keySet = createRemoteJWKSet(new URL(config.OAUTH_JWKS_URL), { timeoutDuration: JWKS_TIMEOUT_MS })

  async function readSubject(idToken: string, nonce: string): Promise<string> {
    try {
      const { payload } = await jwtVerify(idToken, keySet, {
        issuer: config.OAUTH_ISSUER,
        audience: config.OAUTH_CLIENT_ID,
        algorithms: ALGORITHMS,
        clockTolerance: CLOCK_TOLERANCE_S,
        requiredClaims: ['exp', 'sub'],
      })
      if (payload.nonce === nonce) return String(payload.sub)
    }
    catch (cause) {
      throw isBadToken(cause) ? failed('LinuxDo Connect sent an identity that does not verify', cause) : new AppError('sign_in_unavailable', {}, { cause })
    }
    throw failed('LinuxDo Connect answered another sign-in than this one')
  }

  return {
    authorizeUrl(attempt, loginHint) {
      const url = new URL(config.OAUTH_AUTHORIZE_URL)
      const parameters = {
        response_type: 'code',
        client_id: config.OAUTH_CLIENT_ID,
        redirect_uri: config.OAUTH_REDIRECT_URI,
        scope: SCOPE,
        state: attempt.state,
        nonce: attempt.nonce,
        code_challenge: createHash('sha256').update(attempt.verifier).digest('base64url'),
        code_challenge_method: 'S256',
        ...(loginHint && loopback ? { login_hint: loginHint } : {}),
      }
      for (const [name, value] of Object.entries(parameters)) url.searchParams.set(name, value)
      return url.href
    },

    async identify(code, attempt) {
      const tokens = await exchangeCode(config, code, attempt.verifier)
      const subject = tokens.idToken === undefined ? undefined : await readSubject(tokens.idToken, attempt.nonce)
      const reply = await callConnect(config.OAUTH_USERINFO_URL, { method: 'GET', headers: { accept: 'application/json', authorization: `Bearer ${tokens.accessToken}` } })
      const person = reply.status === 200 ? readPerson(reply.body, loopback ? new URL(config.OAUTH_USERINFO_URL).origin : undefined) : undefined
      if (!person) throw unexpected(reply, 'userinfo')
      // OpenID Connect Core 5.3.2: a userinfo reply about somebody else must not be used.
      if (subject !== undefined && subject !== person.id) throw failed('LinuxDo Connect spoke of two different users')
      return person
    },
  }
}

/** RFC 6749 section 4.1.3, with `client_secret_post`. */
async function exchangeCode(config: ConnectConfig, code: string, verifier: string): Promise<{ accessToken: string, idToken: string | undefined }> {
  const reply = await callConnect(config.OAUTH_TOKEN_URL, {
    method: 'POST',
    headers: { 'accept': 'application/json', 'content-type': 'application/x-www-form-urlencoded' },
    body: new URLSearchParams({
      grant_type: 'authorization_code',
      code,
      redirect_uri: config.OAUTH_REDIRECT_URI,
      client_id: config.OAUTH_CLIENT_ID,
      client_secret: config.OAUTH_CLIENT_SECRET,
      code_verifier: verifier,
    }).toString(),
  })
  const { access_token: accessToken, id_token: idToken } = reply.body ?? {}
  if (reply.status === 200 && typeof accessToken === 'string' && accessToken)
    return { accessToken, idToken: typeof idToken === 'string' ? idToken : undefined }
  throw refusals[String(reply.body?.['error'])]?.() ?? unexpected(reply, 'token')
}

/** Error codes of RFC 6749 section 5.2 that tell what to do; all others mean "not now". */
const refusals: Record<string, (() => AppError) | undefined> = {
  invalid_grant: () => failed('the code was used before or is too old'),
  invalid_client: () => failed('LinuxDo Connect does not accept OAUTH_CLIENT_ID and OAUTH_CLIENT_SECRET of this site'),
  unauthorized_client: () => failed('LinuxDo Connect does not accept OAUTH_CLIENT_ID and OAUTH_CLIENT_SECRET of this site'),
}

function failed(problem: string, cause?: unknown): AppError {
  return new AppError('sign_in_failed', { problem }, { cause })
}

/** A verdict on the token itself; everything else of jose means that the published keys could not be read. */
function isBadToken(error: unknown): boolean {
  return [
    errors.JWSSignatureVerificationFailed, errors.JWTClaimValidationFailed, errors.JWTExpired, errors.JOSEAlgNotAllowed,
    errors.JWSInvalid, errors.JWTInvalid, errors.JWKSNoMatchingKey, errors.JWKSMultipleMatchingKeys, errors.JOSENotSupported,
  ].some(kind => error instanceof kind)
}

function isLoopback(address: string): boolean {
  const { hostname } = new URL(address)
  return hostname === 'localhost' || hostname === '[::1]' || /^127(?:\.\d{1,3}){3}$/.test(hostname)
}
