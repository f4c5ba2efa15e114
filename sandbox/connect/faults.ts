import { setTimeout as sleep } from 'node:timers/promises'
import type { Exchange } from '../http.ts'
import { send, sendJson } from '../http.ts'

/** What can go wrong at the endpoints. `slow` answers rightly, but late; `reset` drops the connection. */
export const endpointFaults = ['401', '429', 'html403', '500', '502', 'slow', 'badjson', 'empty', 'reset'] as const
/** On top, the token endpoint can refuse every code. */
export const tokenFaults = [...endpointFaults, 'invalid_grant'] as const
/** On top, the user endpoint can speak of someone else than the id_token did (OpenID Connect Core 5.3.2). */
export const userFaults = [...endpointFaults, 'other-user'] as const
/** What can be wrong with an id_token. `none` leaves it out; `alg-none` sends it unsigned. */
export const idTokenFaults = [
  'wrong-nonce', 'wrong-aud', 'wrong-issuer', 'wrong-subject', 'bad-signature', 'expired', 'alg-none', 'none',
] as const

export type EndpointFault = typeof endpointFaults[number]
export type IdTokenFault = typeof idTokenFaults[number]

/** The faults in force. They stay until others are set; an empty object is a healthy Connect. */
export interface Faults {
  token?: typeof tokenFaults[number]
  user?: typeof userFaults[number]
  idToken?: IdTokenFault
  /** How long `slow` waits, in milliseconds; 30,000 unless told. */
  slowMs?: number
}

const choices: Record<string, readonly string[]> = { token: tokenFaults, user: userFaults, idToken: idTokenFaults }

/** Checks faults that came as JSON; throws an Error whose message lists what there is. */
export function parseFaults(value: unknown): Faults {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new Error('Send a JSON object such as {"token":"429"}; {} clears every fault.')
  }
  for (const [name, fault] of Object.entries(value)) {
    if (fault === undefined) continue
    if (name === 'slowMs') {
      if (typeof fault !== 'number' || !(fault >= 0 && fault <= 600_000)) throw new Error('slowMs is a number of milliseconds from 0 to 600000.')
      continue
    }
    const known = Object.hasOwn(choices, name) ? choices[name] : undefined
    if (!known) throw new Error(`There is no switch "${name}"; there are token, user, idToken and slowMs.`)
    if (!known.includes(String(fault))) throw new Error(`"${name}" knows these faults: ${known.join(', ')}.`)
  }
  return { ...value }
}

/**
 * Plays a fault in place of an endpoint's answer.
 * Returns true when it has answered (or the client has left), false when the endpoint should go on.
 */
export async function playEndpointFault(fault: string | undefined, exchange: Exchange, slowMs = 30_000): Promise<boolean> {
  const { response } = exchange
  switch (fault as EndpointFault | undefined) {
    case '401':
      sendJson(response, 401, { error: 'invalid_token', error_description: 'The sandbox was told to refuse every token.' })
      return true
    case '429':
      sendJson(response, 429, { error: 'too_many_requests', error_description: 'The sandbox was told to be busy.' }, { 'retry-after': '3' })
      return true
    case 'html403':
      send(response, 403, 'text/html; charset=utf-8', '<!doctype html><title>Just a moment</title><p>The sandbox plays a wall before the site.', { 'server': 'cloudflare', 'cf-mitigated': 'challenge' })
      return true
    case '500':
      sendJson(response, 500, { error: 'server_error', error_description: 'The sandbox was told to break.' })
      return true
    case '502':
      send(response, 502, 'text/html; charset=utf-8', '<!doctype html><title>502</title><p>The sandbox plays a gateway without a host behind it.', { server: 'cloudflare' })
      return true
    case 'badjson':
      send(response, 200, 'application/json', '{"access_token":"cut-off-in-the-mid')
      return true
    case 'empty':
      send(response, 200, 'application/json', '')
      return true
    case 'reset':
      response.destroy()
      return true
    case 'slow':
      await sleep(slowMs, undefined, { signal: exchange.gone }).catch(() => undefined)
      return exchange.gone.aborted
    default:
      return false
  }
}
