import { environment } from './env'
import type { Environment } from './env'
import { platform } from './platform'
import type { Platform } from './platforms'

const SECRET_MIN = 32
const GATEWAY_URL_MAX = 100
/** `?o=` and an order number. */
const RETURN_QUERY_LENGTH = 35
const GATEWAY_KEY_MIN = 8

export interface Config extends Environment {
  production: boolean
  /** Origin people use; undefined while neither FRONTEND_URL nor OAUTH_REDIRECT_URI is set. */
  publicOrigin: string | undefined
  /** True when the public origin is https: cookies are `__Host-` and `Secure` then. */
  secure: boolean
  /** Names of the variables sign-in still needs. */
  missingForSignIn: string[]
  /** What payments still need: names of variables, with a reason where one is set but cannot work. */
  missingForPayments: string[]
  /** Where the edge function of the KV answers; undefined while no variable tells the shop's address. */
  kvOrigin: string | undefined
  /** What one hold may set aside, in nano-credits, and how many one user may have open: limits of a store that learns late. */
  holdMax: number
  holdsMax: number
}

/** A sentence per problem; `fatal` ones stop the start in production. */
export interface ConfigReport {
  config: Config | undefined
  fatal: string[]
  warnings: string[]
}

/** Reads and judges an environment. Values never appear in the sentences, names do. */
export function readConfig(env: Record<string, string | undefined>, on: Platform = platform): ConfigReport {
  const parsed = environment.safeParse({ ...on.defaults, ...withoutEmpty(env) })
  if (!parsed.success) {
    return { config: undefined, warnings: [], fatal: parsed.error.issues.map(issue => `${issue.path.join('.')} ${issue.message}`) }
  }
  const values = parsed.data
  const origin = originOf(values.FRONTEND_URL) ?? originOf(values.OAUTH_REDIRECT_URI)
  const eventual = values.VAPOR_STORE === 'edgeone-kv'
  const holdsMax = eventual ? values.VAPOR_KV_HOLDS : Number.MAX_SAFE_INTEGER
  const config: Config = {
    ...values,
    VAPOR_DEADLINE: Math.min(values.VAPOR_DEADLINE, on.deadlineMax),
    VAPOR_CONCURRENCY: Math.min(values.VAPOR_CONCURRENCY, holdsMax),
    VAPOR_BODY_MAX_MB: Math.min(values.VAPOR_BODY_MAX_MB, on.bodyMaxMb),
    // A function on demand is never somebody's development server, whatever its environment says.
    production: values.NODE_ENV === 'production' || on.onDemand,
    publicOrigin: origin,
    secure: origin?.startsWith('https:') ?? false,
    missingForSignIn: (['OAUTH_CLIENT_ID', 'OAUTH_CLIENT_SECRET', 'OAUTH_REDIRECT_URI', 'JWT_SECRET'] as const).filter(name => values[name].length === 0),
    missingForPayments: paymentProblems(values),
    kvOrigin: originOf(values.VAPOR_KV_URL) ?? originOf(values.OAUTH_REDIRECT_URI) ?? origin,
    holdMax: eventual ? values.VAPOR_KV_HOLD_MAX : Number.MAX_SAFE_INTEGER,
    holdsMax,
  }
  const fatal = [...fatalProblems(config), ...(on.onDemand ? unseen(config) : [])]
  return { config, fatal, warnings: weakPoints(config) }
}

function fatalProblems(config: Config): string[] {
  const problems: string[] = []
  if (config.production && config.JWT_SECRET.length === 0)
    problems.push('JWT_SECRET is not set. It signs sessions; make one with: openssl rand -hex 32')
  for (const name of ['JWT_SECRET', 'VAPOR_SECRET'] as const) {
    if (config.production && config[name].some(secret => secret.length < SECRET_MIN))
      problems.push(`${name} has a secret shorter than ${SECRET_MIN} characters; make one with: openssl rand -hex 32`)
  }
  return problems
}

/** Gateways take addresses of at most 100 characters, and put their own fields behind them. */
function paymentProblems(values: Environment): string[] {
  const missing = (['EPAY_PID', 'EPAY_KEY', 'EPAY_NOTIFY_URL', 'EPAY_RETURN_URL'] as const).filter(name => values[name] === '')
  const problems: string[] = []
  for (const [name, room] of [['EPAY_NOTIFY_URL', 0], ['EPAY_RETURN_URL', RETURN_QUERY_LENGTH]] as const) {
    if (values[name].length + room > GATEWAY_URL_MAX) problems.push(`${name} (at most ${GATEWAY_URL_MAX - room} characters)`)
    if (/[?#&]/.test(values[name])) problems.push(`${name} (must not have a query)`)
  }
  if (values.EPAY_KEY && values.EPAY_KEY.length < GATEWAY_KEY_MIN) problems.push(`EPAY_KEY (shorter than ${GATEWAY_KEY_MIN} characters: anybody could guess it)`)
  return [...missing, ...problems]
}

/** A warning in a log nobody reads is none: what a shop cannot be opened without is said by the shop itself. */
function unseen(config: Config): string[] {
  const missing = config.missingForSignIn.filter(name => name !== 'JWT_SECRET')
  return missing.map(name => `${name} is not set. Nobody can sign in without it.`)
}

function weakPoints(config: Config): string[] {
  const warnings: string[] = []
  if (config.missingForSignIn.length > 0) warnings.push(`Nobody can sign in until these are set: ${config.missingForSignIn.join(', ')}.`)
  if (config.missingForPayments.length > 0) warnings.push(`Payments are off until these are set: ${config.missingForPayments.join(', ')}.`)
  if (config.ADMIN_UIDS.length === 0) warnings.push('ADMIN_UIDS is empty: nobody is an admin. Set it to your LinuxDo id.')
  if (!config.publicOrigin) warnings.push('FRONTEND_URL is not set: the origin of each call cannot be checked against it.')
  else if (!config.secure && config.production) warnings.push('The site is served over plain http: session cookies are not Secure.')
  if (config.VAPOR_ALLOW_PRIVATE_UPSTREAMS && config.production) warnings.push('VAPOR_ALLOW_PRIVATE_UPSTREAMS is on: channels may reach this network.')
  return warnings
}

function originOf(url: string): string | undefined {
  return url ? new URL(url).origin : undefined
}

/** `NAME=` in an env file means "not set". */
function withoutEmpty(env: Record<string, string | undefined>): Record<string, string | undefined> {
  return Object.fromEntries(Object.entries(env).filter(([, value]) => value !== ''))
}

let current: Config | undefined

/** The configuration the boot plugin has accepted. */
export function useConfig(): Config {
  if (!current) throw new Error('the configuration is read at boot, before anything else runs')
  return current
}

export function setConfig(config: Config): void {
  current = config
}
