/** The folder for EdgeOne Pages, built once for the same sources, and a shop served from it. */
import { createHash } from 'node:crypto'
import { existsSync, readFileSync, renameSync, rmSync, utimesSync } from 'node:fs'
import { join } from 'node:path'
import { startHost } from '../../sandbox/edgeone/host.ts'
import type { Host, HostOptions } from '../../sandbox/edgeone/host.ts'
import type { Sandbox } from '../../sandbox/index.ts'
import { buildEdgeOne } from '../../scripts/edgeone/build.ts'
import { hashSources, root } from '../../scripts/sources.ts'
import { locked, store } from './build'

const WORK_DIR = '.nuxt-test-edgeone'

/** `VAPOR_TEST_EDGEONE` names a finished one. */
export async function ensureEdgeOneBuild(): Promise<string> {
  const given = process.env['VAPOR_TEST_EDGEONE']
  if (given) return given
  const builder = createHash('sha256').update(readFileSync(join(root, 'scripts/edgeone/build.ts'))).digest('hex').slice(0, 8)
  const finished = join(store, `edgeone-${hashSources()}-${builder}`)
  if (!existsSync(finished)) {
    await locked(async () => {
      if (existsSync(finished)) return
      const target = join(root, WORK_DIR, 'dist')
      await buildEdgeOne(WORK_DIR, target)
      rmSync(finished, { recursive: true, force: true })
      renameSync(target, finished)
    })
  }
  utimesSync(finished, new Date(), new Date())
  return finished
}

export const SESSION_SECRET = 'test-only-session-secret-0123456789abcdef'

/** What a project on the platform is given, and nothing more: the list of the README. */
export function projectEnv(origin: string, { connect, credit }: Sandbox): Record<string, string> {
  return {
    EPAY_PID: credit.pid,
    EPAY_KEY: credit.key,
    EPAY_SUBMIT_URL: credit.submitUrl,
    EPAY_API_URL: credit.apiUrl,
    EPAY_NOTIFY_URL: `${origin}/api/pay/notify`,
    EPAY_RETURN_URL: `${origin}/api/pay/return`,
    JWT_SECRET: SESSION_SECRET,
    ADMIN_UIDS: '1',
    VAPOR_ALLOW_PRIVATE_UPSTREAMS: 'true',
    OAUTH_CLIENT_ID: connect.clientId,
    OAUTH_CLIENT_SECRET: connect.clientSecret,
    OAUTH_REDIRECT_URI: `${origin}/api/auth/callback`,
    OAUTH_AUTHORIZE_URL: connect.authorizeUrl,
    OAUTH_TOKEN_URL: connect.tokenUrl,
    OAUTH_USERINFO_URL: connect.userinfoUrl,
    OAUTH_ISSUER: connect.issuer,
    OAUTH_JWKS_URL: connect.jwksUrl,
  }
}

export async function startOnEdgeOne(folder: string, sandbox: Sandbox, change: Partial<HostOptions> & { vars?: Record<string, string> } = {}): Promise<Host> {
  const { vars = {}, ...options } = change
  const host = await startHost({ folder, env: origin => ({ ...projectEnv(origin, sandbox), ...vars }), ...options })
  sandbox.connect.redirectUris.push(`${host.url}/api/auth/callback`)
  return host
}
