import { createHash, randomBytes } from 'node:crypto'
import type { Sandbox } from '../../../sandbox/index.ts'

export interface TokenReply {
  access_token: string
  token_type: string
  expires_in: number
  refresh_token: string
  id_token?: string
  error?: string
  error_description?: string
}

/** A verifier and its S256 challenge (RFC 7636). */
export function makePkce(): { verifier: string, challenge: string } {
  const verifier = randomBytes(32).toString('base64url')
  return { verifier, challenge: createHash('sha256').update(verifier).digest('base64url') }
}

/** Asks the authorize endpoint without following its answer. */
export function askAuthorize(sandbox: Sandbox, parameters: Record<string, string>): Promise<Response> {
  const url = new URL(sandbox.connect.authorizeUrl)
  const all = { response_type: 'code', client_id: sandbox.connect.clientId, redirect_uri: sandbox.connect.redirectUris[0] ?? '', ...parameters }
  for (const [name, value] of Object.entries(all)) if (value !== '') url.searchParams.set(name, value)
  return fetch(url, { redirect: 'manual' })
}

/** What the authorize endpoint sends back to the client. */
export async function authorizeReply(sandbox: Sandbox, parameters: Record<string, string>): Promise<Record<string, string>> {
  const response = await askAuthorize(sandbox, parameters)
  return Object.fromEntries(new URL(response.headers.get('location') ?? 'about:blank').searchParams)
}

/** Asks the token endpoint with the secret in the body; an empty value leaves a parameter out. */
export async function askToken(
  sandbox: Sandbox,
  parameters: Record<string, string>,
  headers: Record<string, string> = {},
): Promise<{ status: number, headers: Headers, body: TokenReply }> {
  const all = {
    grant_type: 'authorization_code',
    redirect_uri: sandbox.connect.redirectUris[0] ?? '',
    client_id: sandbox.connect.clientId,
    client_secret: sandbox.connect.clientSecret,
    ...parameters,
  }
  const body = new URLSearchParams(Object.entries(all).filter(([, value]) => value !== ''))
  const response = await fetch(sandbox.connect.tokenUrl, { method: 'POST', headers, body })
  return { status: response.status, headers: response.headers, body: await response.json() as TokenReply }
}

export async function readUser(sandbox: Sandbox, accessToken: string): Promise<Record<string, unknown>> {
  const response = await fetch(sandbox.connect.userinfoUrl, { headers: { authorization: `Bearer ${accessToken}` } })
  return await response.json() as Record<string, unknown>
}

/** The whole way, for a user id or name: authorize, token, claims. */
export async function signIn(sandbox: Sandbox, hint: string): Promise<Record<string, unknown>> {
  const { code = '' } = await authorizeReply(sandbox, { login_hint: hint })
  const { body } = await askToken(sandbox, { code })
  return readUser(sandbox, body.access_token)
}
