import type { Exchange } from '../http.ts'
import { sendHtml, sendRedirect } from '../http.ts'
import { choosePage, refusalPage } from './authorize-page.ts'
import type { ConnectContext } from './context.ts'
import { repeatedParameter } from './context.ts'
import type { SandboxUser } from './users.ts'
import { findOrCreateUser } from './users.ts'

/**
 * GET /oauth2/authorize (RFC 6749 section 4.1.1, RFC 7636, OpenID Connect Core 3.1.2).
 * `login_hint` or `user` (an id or a username) answers at once; `decision=deny` or `login_hint=deny` refuses.
 */
export function authorize(context: ConnectContext, { response, url }: Exchange): void {
  const query = url.searchParams
  const redirectUri = query.get('redirect_uri') ?? (context.redirectUris.length === 1 ? context.redirectUris[0] : undefined)
  // Nobody may be sent to an address that is not registered, so these two refusals stay on our own page.
  if (query.get('client_id') !== context.clientId) {
    sendHtml(response, 400, refusalPage(`client_id 不正确。`, `The client_id must be "${context.clientId}".`))
    return
  }
  if (redirectUri === undefined || query.getAll('redirect_uri').length > 1 || !context.redirectUris.includes(redirectUri)) {
    sendHtml(response, 400, refusalPage('redirect_uri 未登记。', `The redirect_uri must be exactly one of: ${context.redirectUris.join(', ')}`))
    return
  }

  const back = (parameters: Record<string, string>): void => {
    const target = new URL(redirectUri)
    for (const [name, value] of Object.entries(parameters)) target.searchParams.set(name, value)
    const state = query.get('state')
    if (state !== null) target.searchParams.set('state', state)
    sendRedirect(response, target.href)
  }

  const problem = problemOf(query)
  if (problem) return back({ error: problem[0], error_description: problem[1] })

  const hint = query.get('login_hint') ?? query.get('user')
  if (query.get('decision') === 'deny' || hint === 'deny') {
    return back({ error: 'access_denied', error_description: 'The user refused the request.' })
  }
  if (hint === null || hint === '') return sendHtml(response, 200, choosePage(context, url))

  const user = findOrCreateUser(context.users, hint)
  if (!user) {
    return sendHtml(response, 400, refusalPage(`没有用户“${hint}”。`, `Nobody is called "${hint}"; a number makes a new user.`))
  }
  back({ code: issueCode(context, query, user) })
}

function issueCode(context: ConnectContext, query: URLSearchParams, user: SandboxUser): string {
  const code = context.grants.issueCode({
    clientId: context.clientId,
    userId: user.id,
    redirectUri: query.get('redirect_uri') ?? undefined,
    codeChallenge: query.get('code_challenge') ?? undefined,
    nonce: query.get('nonce') ?? undefined,
    scopes: (query.get('scope') ?? '').split(/[ :]/).filter(scope => scope !== ''),
  })
  const signIns = (context.signIns.get(user.id) ?? 0) + 1
  context.signIns.set(user.id, signIns)
  if (signIns === 2 && user.renamedTo !== undefined) user.username = user.renamedTo
  return code
}

/** Returns an RFC 6749 error code and a sentence, or undefined when the request is in order. */
function problemOf(query: URLSearchParams): [string, string] | undefined {
  const repeated = repeatedParameter(query)
  if (repeated !== undefined) return ['invalid_request', `The parameter ${repeated} may be given once only.`]
  if (query.get('response_type') === null) return ['invalid_request', 'The parameter response_type is missing.']
  if (query.get('response_type') !== 'code') return ['unsupported_response_type', 'The sandbox knows response_type=code only.']
  const challenge = query.get('code_challenge')
  const method = query.get('code_challenge_method')
  if (challenge === null) {
    return method === null ? undefined : ['invalid_request', 'A code_challenge_method needs a code_challenge.']
  }
  // A client that forgets the method means "plain" by RFC 7636, which protects nothing here: better to hear of it early.
  if (method !== 'S256') return ['invalid_request', 'The code_challenge_method must be S256.']
  if (!/^[\w-]{43}$/.test(challenge)) return ['invalid_request', 'The code_challenge must be 43 characters of base64url.']
  return undefined
}
