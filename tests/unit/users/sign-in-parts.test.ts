import { describe, expect, it } from 'vitest'
import { readPerson } from '#server/users/connect-person'
import { pickNextPath } from '#server/users/next-path'
import { createAttemptCookies } from '#server/users/oauth-cookie'
import { createSessions, sessionCookie } from '#server/users/session'
import { SignJWT } from 'jose'
import { deriveKey, keyIdOf } from '#server/secrets/derive'

const [A, B] = ['a'.repeat(40), 'b'.repeat(40)]

describe('who a userinfo reply names', () => {
  const reply = { id: 108990, sub: '108990', username: 'u', login: 'u', name: 'N', avatar_template: '/user_avatar/linux.do/u/{size}/1_2.png', active: true, trust_level: 1, silenced: false, external_ids: null, api_key: 'secret', email: 'u@linux.do' }

  it('is read from the recorded shape, without e-mail and forum key', () => {
    expect(readPerson(reply)).toEqual({ id: '108990', username: 'u', name: 'N', avatar: 'https://linux.do/user_avatar/linux.do/u/240/1_2.png', trustLevel: 1, active: true, silenced: false })
  })

  it.each([
    ['a numeric sub', { sub: 5 }, { id: '5' }],
    ['no sub', { sub: undefined }, { id: '108990' }],
    ['a null sub', { sub: null }, { id: '108990' }],
    ['active missing', { active: undefined }, { active: false }],
    ['active as text', { active: 'true' }, { active: false }],
    ['trust level as text', { trust_level: '3' }, { trustLevel: 3 }],
    ['a trust level nobody knows', { trust_level: 9 }, { trustLevel: 0 }],
    ['no names', { username: '', login: null, name: null }, { username: 'u108990', name: '' }],
    ['control characters in a name', { name: 'a\u0000\u202Eb\nc' }, { name: 'a b c' }],
    ['an avatar of another scheme', { avatar_template: 'javascript:alert(1)' }, { avatar: '' }],
    ['an avatar of another host', { avatar_template: '//cdn.ldstatic.com/a_{size}.png' }, { avatar: 'https://cdn.ldstatic.com/a_240.png' }],
    ['only avatar_url', { avatar_template: undefined, avatar_url: 'https://linux.do/x.png' }, { avatar: 'https://linux.do/x.png' }],
  ])('falls back for %s', (_, change, expected) => {
    expect(readPerson({ ...reply, ...change })).toMatchObject(expected)
  })

  it.each([[null], ['text'], [{}], [{ ...reply, sub: '0' }], [{ ...reply, sub: '-5' }], [{ ...reply, sub: '1e5' }], [{ ...reply, sub: '12345678901234567890' }], [{ ...reply, id: 1.5, sub: null }]])('is nobody for %j', (value) => {
    expect(readPerson(value)).toBeUndefined()
  })
})

describe('where to go after sign-in', () => {
  it.each(['/', '/console/keys?tab=1#x', '/admin', '/models/a%2Fb', '/apis'])('%s is ours', path => expect(pickNextPath(path)).toBe(path))
  it.each([undefined, '', 'console', '//evil.example', '/\\evil.example', '\\\\evil', 'https://evil.example', '/\t/evil.example', '/\n/evil.example', '/.//evil.example', '/x/..//evil.example', 'javascript:alert(1)', '/api/auth/login', '/api', '/./api/auth/login', ' //evil.example'])('%j is not', path => expect(pickNextPath(path)).toBe('/console'))
})

describe('the cookies of sign-ins under way', () => {
  it('bring back the attempt for its own state, for 10 minutes', () => {
    let at = 1_000_000
    const cookies = createAttemptCookies([A], true, () => at)
    const { attempt, cookie } = cookies.begin('/console/keys', {})
    expect(cookie).toMatchObject({ options: { httpOnly: true, secure: true, sameSite: 'lax', path: '/', maxAge: 600 } })
    expect(cookie.name).toMatch(/^__Host-vapor_oauth_[0-9a-f]{16}$/)
    const present = { [cookie.name]: cookie.value }
    expect(cookies.take(attempt.state, present)).toEqual(attempt)
    expect(cookies.take('another', present)).toBeUndefined()
    expect(cookies.take(attempt.state, {})).toBeUndefined()
    expect(cookies.take(attempt.state, { [cookie.name]: `${cookie.value.slice(0, -2)}AA` })).toBeUndefined()
    expect(createAttemptCookies([B], true).take(attempt.state, present)).toBeUndefined()
    at += 601_000
    expect(cookies.take(attempt.state, present)).toBeUndefined()
  })

  it('live side by side, at most five, the oldest going first', () => {
    let at = 1_000_000
    const cookies = createAttemptCookies([A], false, () => at++)
    const present: Record<string, string> = { vapor_oauth_0123456789abcdef: 'rubbish', vapor_session: 'mine' }
    const states: string[] = []
    for (let count = 0; count < 7; count++) {
      const { attempt, cookie, drop } = cookies.begin('/', present)
      for (const name of drop) delete present[name]
      present[cookie.name] = cookie.value
      states.push(attempt.state)
    }
    expect(states.map(state => cookies.take(state, present) !== undefined)).toEqual([false, false, true, true, true, true, true])
    expect(present['vapor_session']).toBe('mine')
    expect(Object.keys(present)).toHaveLength(6)
  })
})

describe('sessions', () => {
  it('prove a user and an epoch', async () => {
    const sessions = createSessions([A])
    const session = await sessions.read(await sessions.issue({ id: '7', epoch: 3 }))
    expect(session).toMatchObject({ user: '7', epoch: 3 })
    expect(session?.id).toMatch(/^[0-9a-f-]{36}$/)
  })

  it('survive a rotation of the secret while the old one is listed', async () => {
    const token = await createSessions([A]).issue({ id: '7', epoch: 0 })
    expect(await createSessions([B, A]).read(token)).toBeDefined()
    expect(await createSessions([B]).read(token)).toBeUndefined()
    expect(await createSessions([]).read(token)).toBeUndefined()
    await expect(createSessions([]).issue({ id: '7', epoch: 0 })).rejects.toMatchObject({ code: 'sign_in_not_configured' })
  })

  it('end after 7 days and 60 s, and believe no unsigned or foreign token', async () => {
    const key = deriveKey(A, 'sessions')
    const sign = (claims: Record<string, unknown>, by: Uint8Array = key) => new SignJWT({ epoch: 0, jti: 'x', sub: '7', iss: 'vapor', ...claims }).setProtectedHeader({ alg: 'HS256', kid: keyIdOf(key) }).sign(by)
    const seconds = Math.floor(Date.now() / 1000)
    const sessions = createSessions([A])
    expect(await sessions.read(await sign({ exp: seconds - 30 }))).toBeDefined()
    expect(await sessions.read(await sign({ exp: seconds - 61 }))).toBeUndefined()
    expect(await sessions.read(await sign({}))).toBeUndefined()
    expect(await sessions.read(await sign({ exp: seconds + 9, iss: 'other' }))).toBeUndefined()
    expect(await sessions.read(await sign({ exp: seconds + 9 }, Buffer.from(A)))).toBeUndefined()
    const [, payload] = (await sign({ exp: seconds + 9 })).split('.')
    const none = Buffer.from(JSON.stringify({ alg: 'none', kid: keyIdOf(key) })).toString('base64url')
    expect(await sessions.read(`${none}.${payload}.`)).toBeUndefined()
  })

  it('sit in a __Host- cookie on https only', () => {
    expect(sessionCookie(true)).toMatchObject({ name: '__Host-vapor_session', options: { secure: true, maxAge: 604_800 } })
    expect(sessionCookie(false)).toMatchObject({ name: 'vapor_session', options: { secure: false } })
  })
})
