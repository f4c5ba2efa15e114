import { z } from 'zod'
import { parseCents, parseSafeNano } from '#shared/utils/money'

const METRICS_TOKEN_MIN = 16
const CRON_SECRET_MIN = 16
const flag = z.enum(['true', 'false', '1', '0', '']).default('false').transform(text => text === 'true' || text === '1')
const optional = z.string().trim().default('')
const url = z.union([z.literal(''), z.url({ protocol: /^https?$/, message: 'must be an http(s) URL' })]).default('')
const secrets = z.string().default('').transform(text => text.split(',').map(part => part.trim()).filter(Boolean))
const creditsOr = (fallback: string) => z.string().default(fallback).transform((text, context) => {
  const nano = parseSafeNano(text)
  if (nano !== undefined && nano >= 0) return nano
  context.addIssue('must be a number of credits such as 0.5')
  return z.NEVER
})
/** Money of the payment gateway in cents; null when it is not set. */
const cents = z.string().optional().transform((text, context) => {
  if (text === undefined) return null
  const value = parseCents(text.trim())
  if (value !== undefined) return value
  context.addIssue('must be an amount of money such as 100 or 9.90')
  return z.NEVER
})
const credits = creditsOr('0')
const whole = (fallback: number, min: number, max: number) => z.coerce.number().int().min(min).max(max).default(fallback)

/** Every environment variable Vapor reads. `.env.example` and the README's table say the same in words. */
export const environment = z.object({
  NODE_ENV: z.string().default('development'),
  /** Address and port to listen on; no address is all of them. */
  HOST: optional,
  PORT: whole(3000, 0, 65_535),

  /** Signs sessions. Several, comma-separated: the first signs, all verify. */
  JWT_SECRET: secrets,
  /** Encrypts upstream credentials; same list rule. Empty: one is made and kept in the store, wrapped by JWT_SECRET. */
  VAPOR_SECRET: secrets,
  /** Where people reach the site: decides cookies and which `Origin` may change things. */
  FRONTEND_URL: url,
  ADMIN_UIDS: z.string().default('').transform(text => text.split(',').map(part => part.trim()).filter(Boolean)),

  OAUTH_CLIENT_ID: optional,
  OAUTH_CLIENT_SECRET: optional,
  OAUTH_REDIRECT_URI: url,
  OAUTH_AUTHORIZE_URL: url.transform(text => text || 'https://connect.linux.do/oauth2/authorize'),
  OAUTH_TOKEN_URL: url.transform(text => text || 'https://connect.linux.do/oauth2/token'),
  OAUTH_USERINFO_URL: url.transform(text => text || 'https://connect.linux.do/api/user'),
  OAUTH_ISSUER: url.transform(text => text || 'https://connect.linux.do/'),
  OAUTH_JWKS_URL: url.transform(text => text || 'https://connect.linux.do/.well-known/jwks.json'),
  /** New users need at least this LinuxDo trust level, 0 to 4. */
  MIN_TRUST_LEVEL: whole(0, 0, 4),
  /** Credits a new user starts with. */
  WELCOME_CREDIT: credits,

  /** `linuxdo` is LinuxDo Credit, `epay` any other gateway that speaks EPay v1 with MD5. */
  EPAY_KIND: z.enum(['linuxdo', 'epay']).default('linuxdo'),
  EPAY_PID: optional,
  EPAY_KEY: optional,
  EPAY_SUBMIT_URL: url.transform(text => text || 'https://credit.linux.do/epay/pay/submit.php'),
  EPAY_API_URL: url.transform(text => text || 'https://credit.linux.do/epay/api.php'),
  EPAY_NOTIFY_URL: url,
  EPAY_RETURN_URL: url,
  /** Ways of paying in the gateway's words; the first is the default. */
  EPAY_TYPES: z.string().default('epay').transform(text => text.split(',').map(part => part.trim()).filter(Boolean))
    .refine(types => types.length > 0 && types.every(type => /^[a-z0-9_]{1,20}$/.test(type)), 'must be names such as alipay,wxpay'),
  /** Up to this much a valid notice is believed while the gateway cannot be asked. Null: the largest preset. */
  EPAY_TRUST_NOTIFY_MAX: cents,
  /** Questions to the gateway go through this proxy. */
  EPAY_PROXY_URL: url,

  VAPOR_STORE: z.string().default('sqlite:.data/vapor.db'),
  /** Of `edgeone-kv`: the name its namespace is bound under, and the origin of the shop, which is OAUTH_REDIRECT_URI's. */
  VAPOR_KV_BINDING: z.string().default('vapor_kv').refine(name => /^[a-z_$][\w$]*$/i.test(name), 'must be a name such as vapor_kv'),
  VAPOR_KV_URL: url,
  /** What the store cannot refuse in time it limits: credits one hold may set aside, and holds one user may have open. */
  VAPOR_KV_HOLD_MAX: creditsOr('10'),
  VAPOR_KV_HOLDS: whole(4, 1, 1000),
  /** Who may start the jobs of /api/cron: `Authorization: Bearer <this>`. Empty: there is no /api/cron. */
  VAPOR_CRON_SECRET: optional.refine(text => text === '' || text.length >= CRON_SECRET_MIN, `must be at least ${CRON_SECRET_MIN} characters; make one with: openssl rand -hex 32`),
  /** Where the outbox and other local files live. */
  VAPOR_DATA_DIR: z.string().default('.data'),
  VAPOR_TIME_ZONE: z.string().default('Asia/Shanghai').refine(isTimeZone, 'must be an IANA time zone such as Asia/Shanghai'),
  VAPOR_REQUESTS_DAYS: whole(90, 1, 3650),
  /** Addresses whose X-Forwarded-For is believed, comma-separated. */
  VAPOR_TRUSTED_PROXIES: z.string().default('').transform(text => text.split(',').map(part => part.trim()).filter(Boolean)),
  /** Allow channels on plain http and on private or loopback addresses. */
  VAPOR_ALLOW_PRIVATE_UPSTREAMS: flag,
  VAPOR_BODY_MAX_MB: whole(32, 1, 256),
  /** Requests one user may have running at once, unless the user record says otherwise. */
  VAPOR_CONCURRENCY: whole(50, 1, 1000),
  /** Seconds until an upstream's headers, of silence within a stream, and of a whole answer. */
  VAPOR_HEADERS_TIMEOUT: whole(300, 1, 3600),
  VAPOR_SILENCE_TIMEOUT: whole(120, 1, 3600),
  VAPOR_DEADLINE: whole(3600, 1, 86_400),
  /** Who may read /metrics: `Authorization: Bearer <this>`. Empty: there is no /metrics. */
  VAPOR_METRICS_TOKEN: optional.refine(text => text === '' || text.length >= METRICS_TOKEN_MIN, `must be at least ${METRICS_TOKEN_MIN} characters; make one with: openssl rand -hex 32`),
  /** Seconds between a SIGTERM, from which on /readyz says no, and the closing of the door; then seconds for what still runs. */
  VAPOR_DRAIN_SECONDS: whole(10, 0, 600),
  VAPOR_STOP_SECONDS: whole(30, 0, 3600),
  VAPOR_LOG: z.enum(['silent', 'error', 'info']).default('info'),
})

export type Environment = z.output<typeof environment>

function isTimeZone(name: string): boolean {
  try {
    new Intl.DateTimeFormat('en', { timeZone: name })
    return true
  }
  catch { return false }
}
