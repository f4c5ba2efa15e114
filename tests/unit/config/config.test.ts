import { describe, expect, it } from 'vitest'
import { readConfig } from '#server/config/index'

const SECRET = 'a-secret-that-is-long-enough-for-anything'
const production = (env: Record<string, string> = {}) => readConfig({ NODE_ENV: 'production', JWT_SECRET: SECRET, ...env })

describe('the configuration', () => {
  it('starts in production with a secret alone, and says what is missing for signing in', () => {
    const { config, fatal, warnings } = production()
    expect(fatal).toEqual([])
    expect(config?.missingForSignIn).toEqual(['OAUTH_CLIENT_ID', 'OAUTH_CLIENT_SECRET', 'OAUTH_REDIRECT_URI'])
    expect(warnings.join('\n')).toContain('OAUTH_CLIENT_ID, OAUTH_CLIENT_SECRET, OAUTH_REDIRECT_URI')
    expect(warnings.join('\n')).toContain('ADMIN_UIDS')
  })

  it.each([
    ['JWT_SECRET', { JWT_SECRET: '' }], ['JWT_SECRET', { JWT_SECRET: 'short' }], ['JWT_SECRET', { JWT_SECRET: `${SECRET},short` }],
    ['VAPOR_SECRET', { VAPOR_SECRET: 'short' }],
  ])('refuses production with a missing or short %s', (name, env) => {
    const { fatal } = production(env)
    expect(fatal).toHaveLength(1)
    expect(fatal[0]).toContain(name)
    expect(fatal[0]).toContain('openssl rand -hex 32')
    expect(fatal[0]).not.toContain('short,')
  })

  it.each([
    ['MIN_TRUST_LEVEL', '9'], ['WELCOME_CREDIT', 'lots'], ['WELCOME_CREDIT', '-1'], ['VAPOR_TIME_ZONE', 'Mars/Olympus'],
    ['OAUTH_REDIRECT_URI', 'not a url'], ['FRONTEND_URL', 'ftp://x'], ['VAPOR_BODY_MAX_MB', '0'], ['VAPOR_LOG', 'loud'], ['VAPOR_METRICS_TOKEN', 'guess'], ['PORT', '70000'],
  ])('names %s when it is %s', (name, value) => {
    const { config, fatal } = production({ [name]: value })
    expect(config).toBeUndefined()
    expect(fatal.join('\n')).toContain(name)
  })

  it('takes an empty variable for one that is not set', () => {
    expect(production({ FRONTEND_URL: '', VAPOR_STORE: '', MIN_TRUST_LEVEL: '' }).config).toMatchObject({ VAPOR_STORE: 'sqlite:.data/vapor.db', MIN_TRUST_LEVEL: 0 })
  })

  it('knows its public origin and whether cookies can be Secure', () => {
    expect(production({ FRONTEND_URL: 'https://shop.example/x' }).config).toMatchObject({ publicOrigin: 'https://shop.example', secure: true })
    expect(production({ OAUTH_REDIRECT_URI: 'http://10.0.0.5:3000/api/auth/callback' }).config).toMatchObject({ publicOrigin: 'http://10.0.0.5:3000', secure: false })
  })

  it('reads money and lists as what they are', () => {
    expect(production({ WELCOME_CREDIT: '0.5', ADMIN_UIDS: '1, 2 ,', JWT_SECRET: `${SECRET}, ${SECRET}2` }).config)
      .toMatchObject({ WELCOME_CREDIT: 500_000_000, ADMIN_UIDS: ['1', '2'], JWT_SECRET: [SECRET, `${SECRET}2`] })
  })
})

describe('payments', () => {
  const set = { EPAY_PID: 'p', EPAY_KEY: 'k'.repeat(16), EPAY_NOTIFY_URL: 'https://shop.example/api/pay/notify', EPAY_RETURN_URL: 'https://shop.example/api/pay/return' }
  const missing = (env: Record<string, string>) => readConfig({ JWT_SECRET: 's'.repeat(32), ...env }).config?.missingForPayments

  it('are off until everything is there, and the shop is not', () => {
    expect(missing(set)).toEqual([])
    for (const name of Object.keys(set)) expect(missing({ ...set, [name]: '' })).toEqual([name])
    expect(readConfig({ JWT_SECRET: 's'.repeat(32), NODE_ENV: 'production' }).fatal).toEqual([])
  })

  it.each([
    ['EPAY_RETURN_URL', `https://shop.example/${'x'.repeat(45)}`, 'EPAY_RETURN_URL (at most 65 characters)'],
    ['EPAY_NOTIFY_URL', `https://shop.example/${'x'.repeat(80)}`, 'EPAY_NOTIFY_URL (at most 100 characters)'],
    ['EPAY_NOTIFY_URL', 'https://shop.example/?a=1&b=2', 'EPAY_NOTIFY_URL (must not have a query)'],
    ['EPAY_KEY', 'short', 'EPAY_KEY (shorter than 8 characters: anybody could guess it)'],
  ])('are off with %s %s', (name, value, problem) => {
    expect(missing({ ...set, [name]: value })).toEqual([problem])
  })

  it('read amounts, kinds and ways of paying', () => {
    const { config } = readConfig({ JWT_SECRET: 's'.repeat(32), EPAY_TRUST_NOTIFY_MAX: '99.5', EPAY_TYPES: 'alipay, wxpay' })
    expect(config).toMatchObject({ EPAY_KIND: 'linuxdo', EPAY_TRUST_NOTIFY_MAX: 9950, EPAY_TYPES: ['alipay', 'wxpay'] })
    expect(readConfig({ JWT_SECRET: 's'.repeat(32) }).config?.EPAY_TRUST_NOTIFY_MAX).toBe(null)
    for (const [name, value] of [['EPAY_TRUST_NOTIFY_MAX', 'much'], ['EPAY_TYPES', 'a&b'], ['EPAY_KIND', 'other']] as const)
      expect(readConfig({ JWT_SECRET: 's'.repeat(32), [name]: value }).fatal.join(), name).toContain(name)
    expect(readConfig({ JWT_SECRET: 's'.repeat(32), VAPOR_CRON_SECRET: 'short' }).fatal.join()).toContain('VAPOR_CRON_SECRET')
  })
})
