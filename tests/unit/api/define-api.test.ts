import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { errorReply } from '#shared/schemas/common'
import { ORIGIN, startConsole } from './console'
import type { Console } from './console'

let site: Console
let user: string
let admin: string

beforeAll(async () => {
  site = await startConsole()
  admin = await site.signIn('1', { username: 'admin' })
  user = await site.signIn('2')
})
afterAll(() => site.close())

const code = (answer: { body: unknown }) => errorReply.parse(answer.body).error.code
const message = (answer: { body: unknown }) => errorReply.parse(answer.body).error.message

describe('who may call', () => {
  it('is asked at each call', async () => {
    expect((await site.call('GET', '/api/models')).status).toBe(200)
    expect(code(await site.call('GET', '/api/auth/me'))).toBe('signed_out')
    expect((await site.call('GET', '/api/auth/me', { cookie: user })).status).toBe(200)
    expect(code(await site.call('GET', '/api/admin/users', { cookie: user }))).toBe('forbidden')
    expect((await site.call('GET', '/api/admin/users', { cookie: admin })).status).toBe(200)
    expect(code(await site.call('GET', '/api/auth/me', { cookie: 'vapor_session=rubbish' }))).toBe('signed_out')
  })

  it('ends with the epoch and with a suspension', async () => {
    const cookie = await site.signIn('30')
    expect((await site.call('POST', '/api/auth/logout', { cookie, body: { everywhere: true } })).body).toEqual({ ok: true })
    expect(code(await site.call('GET', '/api/auth/me', { cookie }))).toBe('signed_out')
    const again = await site.signIn('30')
    await site.call('PUT', '/api/admin/users/30', { cookie: admin, body: { status: 'suspended' } })
    expect(code(await site.call('GET', '/api/auth/me', { cookie: again }))).toBe('signed_out')
    const later = await site.signIn('30')
    expect(await site.call('GET', '/api/auth/me', { cookie: later })).toMatchObject({ status: 403, body: { error: { code: 'user_suspended' } } })
  })

  it('does not follow from an id in ADMIN_UIDS of yesterday', async () => {
    site.runtime.config.ADMIN_UIDS.push('2')
    expect((await site.call('GET', '/api/admin/audit', { cookie: user })).status).toBe(200)
    site.runtime.config.ADMIN_UIDS.pop()
    expect((await site.call('GET', '/api/admin/audit', { cookie: user })).status).toBe(403)
  })
})

describe('where a changing call may come from', () => {
  /** Each from a session of its own, because it ends there. */
  const logout = async (headers: Record<string, string>, target = site) => target.call('POST', '/api/auth/logout', { cookie: await target.signIn('31'), body: {}, headers })

  it.each([
    [{ origin: ORIGIN }, 200],
    [{ origin: 'https://evil.example' }, 403],
    [{ origin: 'null' }, 403],
    [{ origin: `${ORIGIN}.evil.example` }, 403],
    [{ origin: ORIGIN.replace('http', 'https') }, 403],
  ])('%j is %i', async (headers, status) => expect((await logout(headers)).status).toBe(status))

  it('may be proven by Sec-Fetch-Site alone', async () => {
    const call = (headers: Record<string, string>) => fetch(`${site.url}/api/auth/logout`, { method: 'POST', headers: { 'content-type': 'application/json', ...headers }, body: '{}' }).then(response => response.status)
    expect(await call({})).toBe(403)
    expect(await call({ 'sec-fetch-site': 'cross-site' })).toBe(403)
    expect(await call({ 'sec-fetch-site': 'same-site' })).toBe(403)
    expect(await call({ 'sec-fetch-site': 'same-origin' })).toBe(200)
  })

  it('is the host that was asked while no public origin is known', async () => {
    site.runtime.config.publicOrigin = undefined
    expect((await logout({ origin: site.url })).status).toBe(200)
    expect((await logout({ origin: 'https://evil.example' })).status).toBe(403)
    site.runtime.config.publicOrigin = ORIGIN
  })

  it('does not matter for reading', async () => {
    expect((await site.call('GET', '/api/auth/me', { cookie: user, headers: { origin: 'https://evil.example' } })).status).toBe(200)
  })
})

describe('what a call may say', () => {
  const create = (body: unknown, headers: Record<string, string> = {}) => site.call('POST', '/api/user/keys', { cookie: user, body, headers })

  it('is checked field by field', async () => {
    expect(message(await create({}))).toContain('name: ')
    expect(message(await create({ name: '  ' }))).toBe('name: give the key a name')
    expect(message(await create({ name: 'x', spendLimit: '-1' }))).toBe('spendLimit: must not be negative')
    expect(message(await create({ name: 'x', spendLimit: '99999999' }))).toContain('spendLimit: at most')
    expect(message(await create({ name: 'x', surprise: 1 }))).toContain('body: ')
    expect(message(await create([]))).toContain('body: ')
    expect(message(await site.call('GET', '/api/user/keys?limit=0', { cookie: user }))).toContain('limit: ')
    expect(message(await site.call('GET', '/api/user/keys?limit=5&limit=6', { cookie: user }))).toContain('limit: ')
    expect(message(await site.call('GET', '/api/user/keys?color=red', { cookie: user }))).toContain('query: ')
    expect(message(await site.call('GET', '/api/user/keys?after=%00', { cookie: user }))).toContain('after: ')
    expect(message(await site.call('GET', '/api/admin/users/abc', { cookie: admin }))).toContain('uid: ')
    expect(message(await site.call('GET', '/api/admin/users/%zz', { cookie: admin }))).toContain('uid: ')
  })

  it('is JSON of at most 1 MB, and says so', async () => {
    expect(code(await create('{"name":'))).toBe('invalid_json')
    expect(message(await create('name=x', { 'content-type': 'application/x-www-form-urlencoded' }))).toContain('content-type')
    expect(message(await create('{"name":"x"}', { 'content-type': 'text/plain' }))).toContain('content-type')
    expect((await create('{"name":"typed"}', { 'content-type': 'application/json; charset=utf-8' })).status).toBe(200)
    expect(code(await create(`{"name":"${'x'.repeat(1024 * 1024)}"}`))).toBe('body_too_large')
    const chunked = await fetch(`${site.url}/api/user/keys`, {
      method: 'POST', headers: { 'origin': ORIGIN, 'cookie': user, 'content-type': 'application/json' }, duplex: 'half',
      body: new ReadableStream({ pull: controller => controller.enqueue(new Uint8Array(65_536).fill(32)) }),
    } as RequestInit).then(response => response.status, () => 413)
    expect(chunked).toBe(413)
  })
})

describe('an answer', () => {
  it('is never cached, has an id, and is nothing to run', async () => {
    const answer = await site.call('GET', '/api/models')
    expect(answer.headers.get('cache-control')).toBe('private, no-store')
    expect(answer.headers.get('x-request-id')).toMatch(/^req_[0-9a-z]{26}$/)
    expect(answer.headers.get('content-security-policy')).toBe('default-src \'none\'; frame-ancestors \'none\'')
    expect(answer.headers.get('x-content-type-options')).toBe('nosniff')
  })

  it('that breaks its schema, or was not expected, is internal and logged with the id', async () => {
    const { ledger } = site.runtime
    const { balance } = ledger
    ledger.balance = () => Promise.resolve({ available: 'much', held: 0, open: 0 } as never)
    const broken = await site.call('GET', '/api/auth/me', { cookie: user })
    ledger.balance = () => Promise.reject(new Error('a secret place'))
    const failed = await site.call('GET', '/api/auth/me', { cookie: user })
    ledger.balance = balance
    for (const answer of [broken, failed]) {
      expect(answer.status).toBe(500)
      const { error } = errorReply.parse(answer.body)
      expect(error.code).toBe('internal')
      expect(error.message).not.toContain('secret')
      expect(answer.headers.get('x-request-id')).toBe(error.requestId)
      expect(site.errors.some(line => line.includes(error.requestId))).toBe(true)
    }
  })

  it('to an unknown path or method has the same shape', async () => {
    expect(await site.call('GET', '/api/nothing?x=1')).toMatchObject({ status: 404, body: { error: { code: 'not_found', params: { path: '/api/nothing' } } } })
    const answer = await site.call('DELETE', '/api/user/keys', { cookie: user })
    expect(answer).toMatchObject({ status: 405, body: { error: { code: 'method_not_allowed' } } })
    expect(answer.headers.get('allow')).toBe('GET, POST')
    expect((await site.call('GET', '/api')).status).toBe(404)
  })
})

describe('an Idempotency-Key', () => {
  const create = (name: string, key: string, cookie = user) => site.call('POST', '/api/user/keys', { cookie, body: { name }, headers: { 'idempotency-key': key } })
  const count = async () => (await site.runtime.keys.list('2', { limit: 100 })).items.length

  it('makes a repeat answer the same, but for the secret', async () => {
    const before = await count()
    const first = await create('a', 'k1')
    const again = await create('a', 'k1')
    expect((first.body as { secret: string }).secret).toMatch(/^sk-/)
    expect(again.body).toEqual({ ...first.body as object, secret: null })
    expect(await count()).toBe(before + 1)
    const stored = JSON.stringify(await site.runtime.store.list('idem_', { limit: 100 }))
    expect(stored).not.toContain((first.body as { secret: string }).secret)
  })

  it('lets a race make one thing', async () => {
    const before = await count()
    const answers = await Promise.all(Array.from({ length: 8 }, () => create('race', 'k2')))
    expect(await count()).toBe(before + 1)
    expect(answers.every(answer => answer.status === 200 || code(answer) === 'already_running')).toBe(true)
  })

  it('belongs to one user, one operation and one body', async () => {
    await create('a', 'k3')
    expect(message(await create('b', 'k3'))).toContain('Idempotency-Key')
    const other = await site.signIn('3')
    expect((await create('b', 'k3', other)).status).toBe(200)
    expect((await create('a', 'two words')).status).toBe(400)
  })

  it('may be used again after a failure', async () => {
    const { keys } = site.runtime
    const { create: real } = keys
    keys.create = () => Promise.reject(new Error('not now'))
    expect((await create('a', 'k4')).status).toBe(500)
    keys.create = real
    expect((await create('a', 'k4')).status).toBe(200)
  })
})
