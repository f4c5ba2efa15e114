import { describe, expect, it } from 'vitest'
import { startVapor } from '../support/server'

describe('starting the built server', () => {
  it.each([
    ['without JWT_SECRET', { JWT_SECRET: '' }, /JWT_SECRET is not set/],
    ['with a short JWT_SECRET', { JWT_SECRET: 'short' }, /JWT_SECRET has a secret shorter than 32/],
    ['with a store that forgets', { VAPOR_STORE: 'memory' }, /VAPOR_STORE=memory forgets/],
    ['with a store it does not know', { VAPOR_STORE: 'mysql://user:hunter2@host/db' }, /names no kind of store/],
    ['with nonsense', { MIN_TRUST_LEVEL: 'high', WELCOME_CREDIT: 'lots' }, /MIN_TRUST_LEVEL[\s\S]*WELCOME_CREDIT/],
  ])('%s is refused in production, in a sentence', async (_, env, sentence) => {
    const failure = await startVapor({ env, sandbox: false }).then(async vapor => vapor.stop().then(() => undefined), (error: Error) => error)
    expect(failure?.message).toMatch(sentence)
    expect(failure?.message).not.toContain('hunter2')
    expect(failure?.message).not.toMatch(/\n\s+at /)
  })

  it('without OAuth credentials the site starts, and the login page says exactly what to set', async () => {
    const vapor = await startVapor({ sandbox: false })
    try {
      const page = await (await fetch(`${vapor.url}/login`)).text()
      for (const name of ['OAUTH_CLIENT_ID', 'OAUTH_CLIENT_SECRET', 'OAUTH_REDIRECT_URI']) expect(page).toContain(name)
      expect((await fetch(`${vapor.url}/v1/models`)).status).toBe(200)
      const login = await fetch(`${vapor.url}/api/auth/login`, { redirect: 'manual' })
      expect(login.status).not.toBe(500)
      expect(vapor.log()).toContain('Nobody can sign in until these are set')
      expect(vapor.log()).not.toContain('test-only')
    }
    finally { await vapor.stop() }
  })
})
