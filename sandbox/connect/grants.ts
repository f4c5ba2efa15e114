import { randomBytes } from 'node:crypto'

/** What an authorization code stands for (RFC 6749 section 4.1, RFC 7636). */
export interface CodeGrant {
  clientId: string
  userId: number
  /** As sent to the authorization endpoint; undefined when the client left it out. */
  redirectUri: string | undefined
  codeChallenge: string | undefined
  nonce: string | undefined
  scopes: string[]
}

export interface IssuedTokens {
  accessToken: string
  refreshToken: string
}

interface StoredCode extends CodeGrant {
  expiresAt: number
  used: boolean
  /** Kept so that a replayed code can take back what it bought. */
  tokens: IssuedTokens | undefined
}

interface StoredToken {
  grant: CodeGrant
  expiresAt: number
}

export const codeLifetimeMs = 600_000
export const accessTokenLifetimeSeconds = 3600

/** The codes and tokens in circulation. `now` is in milliseconds. */
export type Grants = ReturnType<typeof createGrants>

export function createGrants(now: () => number) {
  const codes = new Map<string, StoredCode>()
  const accessTokens = new Map<string, StoredToken>()
  const refreshTokens = new Map<string, CodeGrant>()

  function forgetExpired(): void {
    for (const [code, stored] of codes) if (stored.expiresAt <= now()) codes.delete(code)
    for (const [token, stored] of accessTokens) if (stored.expiresAt <= now()) accessTokens.delete(token)
  }

  return {
    issueCode(grant: CodeGrant): string {
      forgetExpired()
      const code = randomBytes(24).toString('base64url')
      codes.set(code, { ...grant, expiresAt: now() + codeLifetimeMs, used: false, tokens: undefined })
      return code
    },

    /**
     * Takes a code out of circulation, whatever comes of it, and returns what it stood for.
     * A second use takes back the tokens of the first (RFC 6749 section 4.1.2).
     */
    spendCode(code: string): CodeGrant | undefined {
      const stored = codes.get(code)
      if (!stored || stored.expiresAt <= now()) return undefined
      if (stored.used) {
        accessTokens.delete(stored.tokens?.accessToken ?? '')
        refreshTokens.delete(stored.tokens?.refreshToken ?? '')
        return undefined
      }
      stored.used = true
      return stored
    },

    issueTokens(grant: CodeGrant, code?: string): IssuedTokens {
      const tokens = { accessToken: randomBytes(32).toString('base64url'), refreshToken: randomBytes(32).toString('base64url') }
      accessTokens.set(tokens.accessToken, { grant, expiresAt: now() + accessTokenLifetimeSeconds * 1000 })
      refreshTokens.set(tokens.refreshToken, grant)
      const stored = code === undefined ? undefined : codes.get(code)
      if (stored) stored.tokens = tokens
      return tokens
    },

    /** Refresh tokens rotate: each works once, for the client it was given to. */
    spendRefreshToken(token: string, clientId: string): CodeGrant | undefined {
      const grant = refreshTokens.get(token)
      if (!grant || grant.clientId !== clientId) return undefined
      refreshTokens.delete(token)
      return grant
    },

    userOf(accessToken: string): number | undefined {
      const stored = accessTokens.get(accessToken)
      return stored && stored.expiresAt > now() ? stored.grant.userId : undefined
    },
  }
}
