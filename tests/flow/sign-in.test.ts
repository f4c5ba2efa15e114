import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { errorReply } from '#shared/schemas/common'
import { startSandbox } from '../../sandbox/index.ts'
import type { Faults, Sandbox } from '../../sandbox/index.ts'
import { ORIGIN, startConsole } from '../unit/api/console'
import type { Console } from '../unit/api/console'

const redirectUri = `${ORIGIN}/api/auth/callback`
let sandbox: Sandbox
let site: Console

beforeAll(async () => {
  sandbox = await startSandbox({ redirectUri, clientId: 'vapor', clientSecret: 'secret' })
  const { connect } = sandbox
  site = await startConsole({
    OAUTH_AUTHORIZE_URL: connect.authorizeUrl, OAUTH_TOKEN_URL: connect.tokenUrl, OAUTH_USERINFO_URL: connect.userinfoUrl,
    OAUTH_ISSUER: connect.issuer, OAUTH_JWKS_URL: connect.jwksUrl, WELCOME_CREDIT: '0.5',
  })
})
afterAll(async () => {
  await site.close()
  await sandbox.close()
})
beforeEach(() => sandbox.connect.setFault({}))

/** A browser: it keeps cookies and follows nothing by itself. */
function createBrowser() {
  const jar = new Map<string, string>()
  const cookie = () => [...jar].map(([name, value]) => `${name}=${value}`).join('; ')
  return {
    jar,
    async get(path: string, headers: Record<string, string> = {}) {
      const answer = await site.call('GET', path, { cookie: cookie(), headers })
      for (const line of answer.headers.getSetCookie()) {
        const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(line) ?? []
        if (/max-age=0/i.test(line) || value === '') jar.delete(name)
        else jar.set(name, decodeURIComponent(value))
      }
      return answer
    },
    /** To Connect and back, as far as the address of the callback. */
    async toCallback(hint: string, next = '/console/keys'): Promise<string> {
      const begun = await this.get(`/api/auth/login?next=${encodeURIComponent(next)}&login_hint=${hint}`)
      expect(begun.status).toBe(302)
      const back = await fetch(begun.headers.get('location')!, { redirect: 'manual' })
      const location = new URL(back.headers.get('location')!)
      expect(location.origin + location.pathname).toBe(redirectUri)
      return location.pathname + location.search
    },
    async signIn(hint: string, next?: string) {
      return this.get(await this.toCallback(hint, next))
    },
  }
}

const code = (answer: { body: unknown }) => errorReply.parse(answer.body).error.code

describe('signing in', () => {
  it('makes a user with a session and a welcome, once', async () => {
    const browser = createBrowser()
    const answer = await browser.signIn('user')
    expect(answer.status).toBe(302)
    expect(answer.headers.get('location')).toBe('/console/keys')
    expect([...browser.jar.keys()]).toEqual(['vapor_session'])
    expect(answer.headers.getSetCookie().join()).toMatch(/vapor_session=[^;]+; Max-Age=604800; Path=\/; HttpOnly; SameSite=Lax/)
    expect((await browser.get('/api/auth/me')).body).toMatchObject({ id: '2', username: 'user', role: 'user', trustLevel: 2, available: '0.5' })
    await createBrowser().signIn('user')
    expect((await browser.get('/api/auth/me')).body).toMatchObject({ available: '0.5' })
    expect((await browser.get('/api/user/entries')).body).toMatchObject({ items: [{ kind: 'welcome', amount: '0.5' }], next: null })
  })

  it('gives the welcome also when the first attempt broke behind it', async () => {
    const { users } = site.runtime
    const { signIn } = users
    users.signIn = () => Promise.reject(new Error('the process is gone'))
    expect((await createBrowser().signIn('4001')).status).toBe(500)
    users.signIn = signIn
    const browser = createBrowser()
    await browser.signIn('4001')
    expect((await browser.get('/api/auth/me')).body).toMatchObject({ available: '0.5' })
  })

  it('makes an admin of an id in ADMIN_UIDS', async () => {
    const browser = createBrowser()
    await browser.signIn('admin', '/admin')
    expect((await browser.get('/api/auth/me')).body).toMatchObject({ id: '1', role: 'admin' })
  })

  it('keeps neither e-mail nor the forum\'s key', async () => {
    await createBrowser().signIn('user')
    const stored = JSON.stringify(await site.runtime.store.list('user_2', { limit: 10 }))
    expect(stored).not.toMatch(/@linux\.do|sandbox-forum-key|api_key|email/)
  })

  it.each([['no-name', { name: '' }], ['no-email', {}], ['relative-avatar', {}], ['markup', { name: '<img src=x onerror=alert(1)> & "quotes" 🦊' }]])('takes %s', async (hint, expected) => {
    const browser = createBrowser()
    expect((await browser.signIn(hint)).status).toBe(302)
    const { body } = await browser.get('/api/auth/me')
    expect(body).toMatchObject({ username: hint, ...expected })
    expect((body as { avatar: string }).avatar).toMatch(/^http:\/\/127\.0\.0\.1:\d+\/connect\/user_avatar\//)
  })

  it('keeps the id through a rename, while somebody else takes the old name', async () => {
    const browser = createBrowser()
    await browser.signIn('9')
    expect((await browser.get('/api/auth/me')).body).toMatchObject({ id: '9', username: 'before-rename' })
    await createBrowser().signIn('10')
    await browser.signIn('9')
    expect((await browser.get('/api/auth/me')).body).toMatchObject({ id: '9', username: 'after-rename' })
    const found = await site.runtime.users.list({ search: 'before-rename', limit: 10 })
    expect(found.items.map(user => user.id)).toEqual(['10'])
  })

  it('goes only to places of this site', async () => {
    expect((await createBrowser().signIn('user', '//evil.example')).headers.get('location')).toBe('/console')
  })

  it('works in two tabs at once, in any order', async () => {
    const browser = createBrowser()
    const first = await browser.toCallback('user', '/one')
    const second = await browser.toCallback('user', '/two')
    expect((await browser.get(second)).headers.get('location')).toBe('/two')
    expect((await browser.get(first)).headers.get('location')).toBe('/one')
  })

  it('passes login_hint on to a loopback address only', async () => {
    const { createConnect } = await import('#server/users/connect')
    const attempt = { state: 's', verifier: 'v', nonce: 'n' }
    const real = createConnect({ ...site.runtime.config, OAUTH_AUTHORIZE_URL: 'https://connect.linux.do/oauth2/authorize' }).authorizeUrl(attempt, 'admin')
    expect(new URL(real).searchParams.get('login_hint')).toBeNull()
    expect(Object.fromEntries(new URL(real).searchParams)).toMatchObject({ scope: 'openid profile', code_challenge_method: 'S256', redirect_uri: redirectUri, nonce: 'n', state: 's' })
  })
})

describe('a sign-in is refused', () => {
  it('with a state this browser never began, or used before', async () => {
    const browser = createBrowser()
    const callback = await browser.toCallback('user')
    expect(code(await createBrowser().get(callback))).toBe('sign_in_failed')
    expect(code(await browser.get(callback.replace(/state=[^&]+/, 'state=other')))).toBe('sign_in_failed')
    expect(code(await browser.get('/api/auth/callback?code=x'))).toBe('sign_in_failed')
    expect(code(await browser.get(`${callback}&state=again`))).toBe('sign_in_failed')
    expect((await browser.get(callback)).status).toBe(302)
    expect(code(await browser.get(callback))).toBe('sign_in_failed')
  })

  it('when the person says no', async () => {
    expect(code(await createBrowser().signIn('deny'))).toBe('sign_in_denied')
  })

  it('when somebody else puts his code in', async () => {
    const [mine, his] = [createBrowser(), createBrowser()]
    const callback = await mine.toCallback('user')
    const stolen = new URLSearchParams((await his.toCallback('admin')).split('?')[1]).get('code')!
    // PKCE: the verifier in my cookie does not belong to his code.
    expect(code(await mine.get(callback.replace(/code=[^&]+/, `code=${stolen}`)))).toBe('sign_in_failed')
  })

  it.each<[Faults['idToken'], string]>([
    ['wrong-nonce', 'sign_in_failed'], ['wrong-aud', 'sign_in_failed'], ['wrong-issuer', 'sign_in_failed'], ['wrong-subject', 'sign_in_failed'],
    ['bad-signature', 'sign_in_failed'], ['expired', 'sign_in_failed'], ['alg-none', 'sign_in_failed'],
  ])('with an id_token that is %s', async (idToken, expected) => {
    sandbox.connect.setFault({ idToken })
    const browser = createBrowser()
    expect(code(await browser.signIn('user'))).toBe(expected)
    expect([...browser.jar.keys()]).toEqual([])
  })

  it('but not for want of an id_token', async () => {
    sandbox.connect.setFault({ idToken: 'none' })
    expect((await createBrowser().signIn('user')).status).toBe(302)
  })

  it.each<[Faults, string]>([
    [{ token: 'html403' }, 'sign_in_unavailable'], [{ token: '502' }, 'sign_in_unavailable'], [{ token: '500' }, 'sign_in_unavailable'],
    [{ token: '429' }, 'sign_in_unavailable'], [{ token: 'badjson' }, 'sign_in_unavailable'], [{ token: 'empty' }, 'sign_in_unavailable'],
    [{ token: 'reset' }, 'sign_in_unavailable'], [{ token: 'invalid_grant' }, 'sign_in_failed'],
    [{ user: 'html403' }, 'sign_in_unavailable'], [{ user: '401' }, 'sign_in_unavailable'], [{ user: 'badjson' }, 'sign_in_unavailable'],
    [{ user: 'reset' }, 'sign_in_unavailable'], [{ user: 'other-user' }, 'sign_in_failed'],
  ])('when Connect answers %j', async (faults, expected) => {
    sandbox.connect.setFault(faults)
    const answer = await createBrowser().signIn('user')
    expect(code(answer)).toBe(expected)
    expect(JSON.stringify(answer.body)).not.toContain('127.0.0.1')
  })

  it('with a page for people, and JSON for programs', async () => {
    const answer = await createBrowser().get('/api/auth/callback?code=x&state=y', { accept: 'text/html,application/xhtml+xml' })
    expect(answer.status).toBe(302)
    expect(answer.headers.get('location')).toMatch(/^\/login\?error=sign_in_failed&id=req_/)
  })
})

describe('the gates', () => {
  const find = (id: number) => sandbox.connect.users.find(user => user.id === id)!

  it('stop an inactive user always, and remember it', async () => {
    expect(code(await createBrowser().signIn('banned'))).toBe('inactive_user')
    expect(await site.runtime.users.get('4')).toBeUndefined()
    await createBrowser().signIn('5001')
    find(5001).active = false
    expect(code(await createBrowser().signIn('5001'))).toBe('inactive_user')
    expect((await site.runtime.users.get('5001'))?.active).toBe(false)
    find(5001).active = true
    expect((await createBrowser().signIn('5001')).status).toBe(302)
    expect((await site.runtime.users.get('5001'))?.active).toBe(true)
  })

  it('stop a silenced user at the first sign-in only', async () => {
    expect(code(await createBrowser().signIn('silenced'))).toBe('silenced_user')
    expect((await site.runtime.ledger.balance('5')).available).toBe(0)
    await createBrowser().signIn('5002')
    find(5002).silenced = true
    expect((await createBrowser().signIn('5002')).status).toBe(302)
  })

  it('ask for a trust level at the first sign-in only', async () => {
    site.runtime.config.MIN_TRUST_LEVEL = 2
    const browser = createBrowser()
    const page = await browser.get(await browser.toCallback('newcomer'), { accept: 'text/html' })
    expect(page.headers.get('location')).toMatch(/^\/login\?error=trust_level_too_low&needed=2&level=0&id=req_\w+$/)
    expect(await createBrowser().signIn('newcomer')).toMatchObject({ status: 403, body: { error: { code: 'trust_level_too_low', params: { needed: 2, level: 0 } } } })
    await createBrowser().signIn('5003')
    find(5003).trustLevel = 0
    expect((await createBrowser().signIn('5003')).status).toBe(302)
    site.runtime.config.MIN_TRUST_LEVEL = 0
  })

  it('take nobody new while sign-up is closed, and give what the settings say when it is open', async () => {
    const { groups } = site.runtime.shopSettings
    const put = async (change: object) => {
      const { version, settings } = await groups.signUp.load()
      await groups.signUp.write({ version, settings: { ...settings, ...change } }, () => [])
    }
    await createBrowser().signIn('5006')
    await put({ open: false })
    expect(await createBrowser().signIn('5007')).toMatchObject({ status: 403, body: { error: { code: 'sign_up_closed' } } })
    expect((await createBrowser().signIn('5006')).status).toBe(302)
    await put({ open: true, welcomeCredit: '3' })
    expect((await createBrowser().signIn('5007')).status).toBe(302)
    expect((await site.runtime.ledger.balance('5007')).available).toBe(3_000_000_000)
    await put({ welcomeCredit: null })
  })

  it('stop a suspended user', async () => {
    await createBrowser().signIn('5004')
    await site.runtime.users.change('5004', () => ({ status: 'suspended' }))
    expect(code(await createBrowser().signIn('5004'))).toBe('user_suspended')
  })
})

describe('without the settings', () => {
  it('the login page is told what is missing', async () => {
    const bare = await startConsole({ OAUTH_CLIENT_ID: '', JWT_SECRET: '' })
    expect((await bare.call('GET', '/api/auth/info')).body).toEqual({ ready: false, missing: ['OAUTH_CLIENT_ID', 'JWT_SECRET'], secure: false, open: true, minTrustLevel: 0, welcomeCredit: '0' })
    expect(await bare.call('GET', '/api/auth/login')).toMatchObject({ status: 503, body: { error: { code: 'sign_in_not_configured', params: { missing: 'OAUTH_CLIENT_ID, JWT_SECRET' } } } })
    await bare.close()
  })
})
