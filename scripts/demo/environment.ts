/** What a server is told so that its sign-in and its payments go through the sandbox. */
import { join } from 'node:path'
import type { Sandbox } from '../../sandbox/index.ts'

/** The only admin of a shop in the sandbox. */
export const ADMIN = '1'

export interface Secrets {
  JWT_SECRET: string
  VAPOR_SECRET: string
}

export interface Place {
  /** Without a trailing slash. */
  origin: string
  port: number
  sandbox: Sandbox
  /** The store and all local files live here. */
  dataDir: string
  secrets: Secrets
}

export function sandboxEnvironment({ origin, port, sandbox: { connect, credit }, dataDir, secrets }: Place): Record<string, string> {
  return {
    ...secrets,
    NODE_ENV: 'production',
    HOST: '127.0.0.1',
    PORT: String(port),
    FRONTEND_URL: origin,
    ADMIN_UIDS: ADMIN,
    WELCOME_CREDIT: '10',
    OAUTH_CLIENT_ID: connect.clientId,
    OAUTH_CLIENT_SECRET: connect.clientSecret,
    OAUTH_REDIRECT_URI: connect.redirectUris[0] ?? '',
    OAUTH_AUTHORIZE_URL: connect.authorizeUrl,
    OAUTH_TOKEN_URL: connect.tokenUrl,
    OAUTH_USERINFO_URL: connect.userinfoUrl,
    OAUTH_ISSUER: connect.issuer,
    OAUTH_JWKS_URL: connect.jwksUrl,
    EPAY_KIND: credit.profile,
    EPAY_PID: credit.pid,
    EPAY_KEY: credit.key,
    EPAY_SUBMIT_URL: credit.submitUrl,
    EPAY_API_URL: credit.apiUrl,
    EPAY_NOTIFY_URL: `${origin}/api/pay/notify`,
    EPAY_RETURN_URL: `${origin}/api/pay/return`,
    VAPOR_STORE: `sqlite:${join(dataDir, 'vapor.db')}`,
    VAPOR_DATA_DIR: dataDir,
    // The sandbox's upstream is on the loopback address, over plain http.
    VAPOR_ALLOW_PRIVATE_UPSTREAMS: 'true',
  }
}
