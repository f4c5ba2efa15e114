import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { signIn, stockShop } from '../support/console'
import type { Console } from '../support/console'
import { startVapor } from '../support/server'
import type { Vapor } from '../support/server'

/** Who may keep a page: nobody what is somebody's own, and nobody a page that could not be loaded whole. */
let vapor: Vapor
let user: Console

beforeAll(async () => {
  vapor = await startVapor()
  const { upstream } = vapor.sandbox!
  await stockShop(vapor.url, { baseUrl: upstream.baseUrl, apiKey: upstream.apiKeys[0]! }, ['sandbox-text'])
  user = await signIn(vapor.url, '2')
})
afterAll(() => vapor.stop())

async function open(path: string, cookie = '') {
  const answer = await fetch(vapor.url + path, { redirect: 'manual', headers: { accept: 'text/html', cookie } })
  return { status: answer.status, keeps: answer.headers.get('cache-control'), nonce: answer.headers.get('content-security-policy'), html: await answer.text() }
}

// First, while nothing is remembered yet.
describe('a page with a part that could not be loaded', () => {
  it('is kept by nobody, and the next visitor gets it whole', async () => {
    const database = new DatabaseSync(join(vapor.dataDir, 'vapor.db'), { timeout: 10_000 })
    const path = '/status'
    database.exec('ALTER TABLE record RENAME TO gone')
    const broken = await open(path).finally(() => {
      database.exec('ALTER TABLE gone RENAME TO record')
      database.close()
    })
    expect(broken.html).toContain('role="alert"')
    expect([broken.status, broken.keeps]).toEqual([200, 'private, no-store'])
    const whole = await open(path)
    expect(whole.html).not.toContain('role="alert"')
    expect([whole.status, whole.keeps]).toEqual([200, 'private, no-cache'])
  })
})

describe('a page', () => {
  it.each(['/console', '/console/wallet', '/', '/models', '/status', '/login?error=sign_in_denied'])('of somebody signed in is kept by nobody: %s', async (path) => {
    const page = await open(path, user.cookies())
    expect([page.status, page.keeps]).toEqual([200, 'private, no-store'])
  })

  it.each(['/', '/models', '/models/sandbox-text', '/status', '/docs', '/?invite=abcdefghij'])('for anybody is asked for again each time: %s', async (path) => {
    for (let visit = 0; visit < 2; visit++) expect(await open(path)).toMatchObject({ status: 200, keeps: 'private, no-cache' })
  })

  it.each([['/console', 302], ['/admin', 302], ['/nowhere', 404], ['/login', 200]])('that shows nothing public is kept by nobody: %s', async (path, status) => {
    const page = await open(path)
    expect(page.status).toBe(status)
    expect(page.keeps ?? '').not.toMatch(/public|max-age=[1-9]/)
    if (status === 200) expect(page.keeps).toBe('private, no-store')
  })

  it('of an admin refused to somebody else is kept by nobody', async () => {
    const page = await open('/admin', user.cookies())
    expect([page.status, page.keeps]).toEqual([403, 'private, no-store'])
  })

  it.each(['/api/auth/me', '/api/user/keys', '/api/user/entries.csv', '/api/models'])('is not made of answers somebody has kept: %s', async (path) => {
    const answer = await fetch(vapor.url + path, { headers: { cookie: user.cookies() } })
    await answer.body?.cancel()
    expect([answer.status, answer.headers.get('cache-control')]).toEqual([200, 'private, no-store'])
  })

  it('is nobody else\'s: what a signed-in user sees is not shown to the next visitor', async () => {
    const own = await open('/models?own', user.cookies())
    const anybody = await open('/models?own')
    expect(own.html).toContain('"username"')
    expect(anybody.html).not.toContain('"username"')
  })
})
