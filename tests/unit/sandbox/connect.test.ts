import { createRemoteJWKSet, jwtVerify } from 'jose'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import type { Sandbox } from '../../../sandbox/index.ts'
import { startSandbox } from '../../../sandbox/index.ts'
import { askAuthorize, askToken, authorizeReply, makePkce, readUser, signIn } from './connect-sign-in.ts'

const redirectUri = 'http://127.0.0.1:3999/api/auth/callback'
let sandbox: Sandbox
let clock = 1_800_000_000_000

beforeAll(async () => {
  sandbox = await startSandbox({ redirectUri, now: () => clock })
})
afterEach(() => sandbox.connect.setFault({}))
afterAll(() => sandbox.close())

async function takeCode(parameters: Record<string, string> = {}): Promise<string> {
  const { code } = await authorizeReply(sandbox, { login_hint: '2', ...parameters })
  return code ?? ''
}

describe('authorize', () => {
  it('returns a code and the state to the registered address alone', async () => {
    const response = await askAuthorize(sandbox, { login_hint: '2', state: 'a b&c' })
    const back = new URL(response.headers.get('location') ?? '')
    expect(response.status).toBe(302)
    expect(back.origin + back.pathname).toBe(redirectUri)
    expect(back.searchParams.get('state')).toBe('a b&c')
  })

  it('never redirects to an address or for a client it does not know', async () => {
    const strangers: Record<string, string>[] = [
      { redirect_uri: `${redirectUri}/` }, { redirect_uri: `${redirectUri}?x=1` }, { redirect_uri: 'https://evil.invalid/' }, { client_id: 'other' },
    ]
    for (const parameters of strangers) {
      const response = await askAuthorize(sandbox, { login_hint: '2', ...parameters })
      expect(response.status).toBe(400)
      expect(response.headers.get('location')).toBeNull()
    }
  })

  it('takes the one registered address when none is given', async () => {
    const code = await takeCode({ redirect_uri: '' })
    expect((await askToken(sandbox, { code, redirect_uri: '' })).status).toBe(200)
  })

  it('answers with RFC 6749 errors where the client may hear them', async () => {
    expect(await authorizeReply(sandbox, { response_type: 'token', state: 's' })).toMatchObject({ error: 'unsupported_response_type', state: 's' })
    expect(await authorizeReply(sandbox, { login_hint: 'deny', state: 's' })).toMatchObject({ error: 'access_denied', state: 's' })
    expect(await authorizeReply(sandbox, { decision: 'deny' })).toMatchObject({ error: 'access_denied' })
    expect(await authorizeReply(sandbox, { code_challenge: makePkce().challenge })).toMatchObject({ error: 'invalid_request' })
    expect(await authorizeReply(sandbox, { code_challenge: 'short', code_challenge_method: 'S256' })).toMatchObject({ error: 'invalid_request' })
  })

  it('shows a page to choose on, with the request kept and markup escaped', async () => {
    const response = await askAuthorize(sandbox, { state: '"><script>' })
    const html = await response.text()
    expect(response.status).toBe(200)
    expect(html).toContain('login_hint=1')
    expect(html).toContain('decision=deny')
    expect(html).not.toContain('<script>')
    expect(html).not.toMatch(/(?:src|href)="https?:/)
  })
})

describe('token', () => {
  it('accepts the secret in the body and in the header', async () => {
    const posted = await askToken(sandbox, { code: await takeCode() })
    expect(posted.body).toMatchObject({ token_type: 'bearer', expires_in: 3600, refresh_token: expect.any(String) })
    expect(posted.body).not.toHaveProperty('id_token')
    expect(posted.headers.get('cache-control')).toBe('no-store')
    const authorization = `Basic ${btoa(`${sandbox.connect.clientId}:${sandbox.connect.clientSecret}`)}`
    const basic = await askToken(sandbox, { code: await takeCode(), client_id: '', client_secret: '' }, { authorization })
    expect(basic.status).toBe(200)
    const both = await askToken(sandbox, { code: await takeCode() }, { authorization })
    expect(both).toMatchObject({ status: 400, body: { error: 'invalid_request' } })
  })

  it('refuses wrong clients with 401', async () => {
    expect(await askToken(sandbox, { code: await takeCode(), client_secret: 'wrong' })).toMatchObject({ status: 401, body: { error: 'invalid_client' } })
    const basic = await askToken(sandbox, { client_id: '', client_secret: '' }, { authorization: `Basic ${btoa('a:b')}` })
    expect(basic).toMatchObject({ status: 401, body: { error: 'invalid_client' } })
    expect(basic.headers.get('www-authenticate')).toContain('Basic')
  })

  it('binds a code to its challenge', async () => {
    const { verifier, challenge } = makePkce()
    const pkce = { code_challenge: challenge, code_challenge_method: 'S256' }
    expect(await askToken(sandbox, { code: await takeCode(pkce), code_verifier: verifier })).toMatchObject({ status: 200 })
    for (const wrong of [makePkce().verifier, '', 'short']) {
      expect(await askToken(sandbox, { code: await takeCode(pkce), code_verifier: wrong })).toMatchObject({ status: 400, body: { error: 'invalid_grant' } })
    }
    expect(await askToken(sandbox, { code: await takeCode(), code_verifier: verifier })).toMatchObject({ body: { error: 'invalid_grant' } })
  })

  it('binds a code to its redirect_uri', async () => {
    for (const wrong of ['', `${redirectUri}/`]) {
      expect(await askToken(sandbox, { code: await takeCode(), redirect_uri: wrong })).toMatchObject({ status: 400, body: { error: 'invalid_grant' } })
    }
  })

  it('takes a code once, and takes back what a replayed one bought', async () => {
    const code = await takeCode()
    const { body } = await askToken(sandbox, { code })
    expect(await readUser(sandbox, body.access_token)).toMatchObject({ id: 2 })
    expect(await askToken(sandbox, { code })).toMatchObject({ status: 400, body: { error: 'invalid_grant' } })
    expect(await readUser(sandbox, body.access_token)).toMatchObject({ error: 'invalid_token' })
  })

  it('lets codes die after ten minutes and tokens after an hour', async () => {
    const late = await takeCode()
    clock += 600_000
    expect(await askToken(sandbox, { code: late })).toMatchObject({ body: { error: 'invalid_grant' } })
    const { body } = await askToken(sandbox, { code: await takeCode() })
    clock += 3_600_000
    expect(await readUser(sandbox, body.access_token)).toMatchObject({ error: 'invalid_token' })
  })

  it('rotates refresh tokens', async () => {
    const { body } = await askToken(sandbox, { code: await takeCode() })
    const refresh = { grant_type: 'refresh_token', refresh_token: body.refresh_token, redirect_uri: '' }
    const renewed = await askToken(sandbox, refresh)
    expect(await readUser(sandbox, renewed.body.access_token)).toMatchObject({ id: 2 })
    expect(await askToken(sandbox, refresh)).toMatchObject({ status: 400, body: { error: 'invalid_grant' } })
  })

  it('reads forms only, and knows its grant types', async () => {
    const response = await fetch(sandbox.connect.tokenUrl, { method: 'POST', headers: { 'content-type': 'application/json' }, body: '{}' })
    expect(response.status).toBe(400)
    expect(await response.json()).toMatchObject({ error: 'invalid_request' })
    expect(await askToken(sandbox, { grant_type: 'password' })).toMatchObject({ status: 400, body: { error: 'unsupported_grant_type' } })
    expect((await fetch(sandbox.connect.tokenUrl)).status).toBe(405)
  })
})

describe('id_token', () => {
  async function verify() {
    const code = await takeCode({ scope: 'openid profile email', nonce: 'n-1' })
    const { body } = await askToken(sandbox, { code })
    const keys = createRemoteJWKSet(new URL(sandbox.connect.jwksUrl))
    return jwtVerify(body.id_token ?? '', keys, {
      issuer: sandbox.connect.issuer,
      audience: sandbox.connect.clientId,
      algorithms: ['RS256'],
      currentDate: new Date(clock),
    })
  }

  it('verifies against the served keys and says what the user endpoint says', async () => {
    const { payload } = await verify()
    const discovery = await (await fetch(sandbox.connect.discoveryUrl)).json() as Record<string, unknown>
    expect(discovery).toMatchObject({ issuer: sandbox.connect.issuer, jwks_uri: sandbox.connect.jwksUrl, token_endpoint: sandbox.connect.tokenUrl })
    expect(sandbox.connect.issuer).toMatch(/\/$/)
    expect(payload).toMatchObject({ ...await signIn(sandbox, '2'), nonce: 'n-1' })
  })

  it('can be spoilt', async () => {
    const codes = {
      'wrong-aud': 'ERR_JWT_CLAIM_VALIDATION_FAILED',
      'wrong-issuer': 'ERR_JWT_CLAIM_VALIDATION_FAILED',
      'bad-signature': 'ERR_JWS_SIGNATURE_VERIFICATION_FAILED',
      'expired': 'ERR_JWT_EXPIRED',
      'alg-none': 'ERR_JOSE_ALG_NOT_ALLOWED',
      'none': 'ERR_JWS_INVALID',
    } as const
    for (const [idToken, code] of Object.entries(codes)) {
      sandbox.connect.setFault({ idToken: idToken as keyof typeof codes })
      await expect(verify(), idToken).rejects.toMatchObject({ code })
    }
    sandbox.connect.setFault({ idToken: 'wrong-nonce' })
    expect((await verify()).payload['nonce']).not.toBe('n-1')
    sandbox.connect.setFault({ idToken: 'wrong-subject' })
    expect((await verify()).payload.sub).not.toBe('2')
  })
})

describe('users', () => {
  it('have the recorded shape, one for each case', async () => {
    expect(await signIn(sandbox, '1')).toMatchObject({ id: 1, sub: '1', username: 'admin', login: 'admin', trust_level: 4, active: true, silenced: false, external_ids: null })
    expect(await signIn(sandbox, 'newcomer')).toMatchObject({ id: 3, trust_level: 0 })
    expect(await signIn(sandbox, 'banned')).toMatchObject({ active: false })
    expect(await signIn(sandbox, 'silenced')).toMatchObject({ silenced: true })
    expect(await signIn(sandbox, 'no-email')).not.toHaveProperty('email')
    expect(await signIn(sandbox, 'no-name')).toMatchObject({ name: '' })
    expect(await signIn(sandbox, 'relative-avatar')).toMatchObject({ avatar_template: expect.stringMatching(/^\/.*\{size\}/) })
    expect((await signIn(sandbox, '9'))['username']).toBe('before-rename')
    expect((await signIn(sandbox, '9'))['username']).toBe('after-rename')
    expect(await signIn(sandbox, '123456')).toMatchObject({ id: 123456, sub: '123456', active: true })
  })

  it('have a picture of our own', async () => {
    for (const hint of ['2', '8']) {
      const { avatar_template: template } = await signIn(sandbox, hint)
      const address = new URL(String(template).replace('{size}', '96'), sandbox.url)
      expect(address.origin).toBe(sandbox.url)
      expect((await fetch(address)).headers.get('content-type')).toBe('image/svg+xml')
    }
  })
})

describe('faults', () => {
  it('stay until cleared, set in process or over HTTP', async () => {
    const faultsUrl = `${sandbox.url}/connect/_faults`
    expect((await fetch(faultsUrl, { method: 'POST', body: '{"token":"429","user":"html403"}' })).status).toBe(200)
    for (let time = 0; time < 2; time++) expect((await askToken(sandbox, { code: 'any' })).status).toBe(429)
    const wall = await fetch(sandbox.connect.userinfoUrl)
    expect([wall.status, wall.headers.get('content-type')]).toEqual([403, 'text/html; charset=utf-8'])
    await fetch(faultsUrl, { method: 'DELETE' })
    expect((await askToken(sandbox, { code: await takeCode() })).status).toBe(200)
    expect((await fetch(faultsUrl, { method: 'POST', body: '{"token":"nonsense"}' })).status).toBe(400)
    expect(() => sandbox.connect.setFault({ token: 'nonsense' } as never)).toThrow('429')
  })

  it('break the endpoints each in its way', async () => {
    const ask = () => fetch(sandbox.connect.tokenUrl, { method: 'POST', body: new URLSearchParams() })
    sandbox.connect.setFault({ token: '500' })
    expect((await ask()).status).toBe(500)
    sandbox.connect.setFault({ token: 'badjson' })
    await expect((await ask()).json()).rejects.toThrow()
    sandbox.connect.setFault({ token: 'reset' })
    await expect(ask()).rejects.toThrow()
    sandbox.connect.setFault({ token: 'slow', slowMs: 80 })
    const start = performance.now()
    expect((await ask()).status).toBe(401)
    expect(performance.now() - start).toBeGreaterThan(70)
    sandbox.connect.setFault({ token: 'invalid_grant' })
    expect(await askToken(sandbox, { code: await takeCode() })).toMatchObject({ status: 400, body: { error: 'invalid_grant' } })
    sandbox.connect.setFault({ user: 'other-user' })
    expect(await signIn(sandbox, '2')).toMatchObject({ id: 3, sub: '3' })
  })
})
