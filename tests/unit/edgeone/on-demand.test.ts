import { describe, expect, it, vi } from 'vitest'
import { readConfig } from '#server/config'
import { edgeonePlatform, nodePlatform } from '#server/config/platforms'
import { createJobs } from '#server/ops/jobs'
import { StartRefused, startOnDemand, whenStarted } from '#server/ops/on-demand'
import { createThaw } from '#server/ops/thaw'
import { deriveVaultSecrets } from '#server/secrets/derived'

const env = { JWT_SECRET: 'x'.repeat(40), OAUTH_CLIENT_ID: 'id', OAUTH_CLIENT_SECRET: 'secret', OAUTH_REDIRECT_URI: 'https://shop.example/api/auth/callback' }

describe('the configuration on EdgeOne Pages', () => {
  it('needs the list of the README and nothing else', () => {
    const { config, fatal } = readConfig(env, edgeonePlatform)
    expect(fatal).toEqual([])
    expect(config).toMatchObject({ VAPOR_STORE: 'edgeone-kv', kvOrigin: 'https://shop.example', VAPOR_KV_BINDING: 'vapor_kv', production: true, holdMax: 10_000_000_000, holdsMax: 4, VAPOR_DATA_DIR: '/tmp/vapor' })
  })

  it('ends answers before the platform does, and knows its bodies', () => {
    expect(readConfig(env, edgeonePlatform).config).toMatchObject({ VAPOR_DEADLINE: 112, VAPOR_BODY_MAX_MB: 6 })
    expect(readConfig({ ...env, VAPOR_DEADLINE: '30', VAPOR_BODY_MAX_MB: '2' }, edgeonePlatform).config).toMatchObject({ VAPOR_DEADLINE: 30, VAPOR_BODY_MAX_MB: 2 })
    expect(readConfig(env, nodePlatform).config).toMatchObject({ VAPOR_DEADLINE: 3600, VAPOR_BODY_MAX_MB: 32, VAPOR_STORE: 'sqlite:.data/vapor.db', holdMax: Number.MAX_SAFE_INTEGER })
  })

  it('names what is missing, and says no value', () => {
    const { fatal } = readConfig({ OAUTH_CLIENT_SECRET: 'hush-hush' }, edgeonePlatform)
    for (const name of ['JWT_SECRET', 'OAUTH_CLIENT_ID', 'OAUTH_REDIRECT_URI']) expect(fatal.join(' ')).toContain(name)
    expect(fatal.join(' ')).not.toContain('hush')
    expect(readConfig({ ...env, VAPOR_KV_HOLDS: '0', VAPOR_KV_HOLD_MAX: '-1', VAPOR_KV_BINDING: 'a-b', VAPOR_CRON_SECRET: 'short' }, edgeonePlatform).fatal).toHaveLength(4)
  })

  it('makes the same vault secrets on every node', () => {
    expect(deriveVaultSecrets(['a', 'b'])).toEqual([...deriveVaultSecrets(['a']), ...deriveVaultSecrets(['b'])])
    expect(new Set(deriveVaultSecrets(['a', 'b'])).size).toBe(2)
    expect(deriveVaultSecrets(['a'])[0]).toHaveLength(43)
  })
})

describe('a start on demand', () => {
  it('happens once, says what is in the way, and is tried again', async () => {
    vi.useFakeTimers()
    const boot = vi.fn<() => Promise<void>>().mockRejectedValueOnce(new StartRefused(['JWT_SECRET is not set.'])).mockResolvedValue()
    startOnDemand(boot)
    expect(await Promise.all([whenStarted(), whenStarted()])).toEqual([['JWT_SECRET is not set.'], ['JWT_SECRET is not set.']])
    expect(boot).toHaveBeenCalledTimes(1)
    vi.advanceTimersByTime(2_000)
    expect(await whenStarted()).toEqual([])
    expect(await whenStarted()).toEqual([])
    expect(boot).toHaveBeenCalledTimes(2)
    vi.useRealTimers()
  })
})

describe('a process that stood still', () => {
  it('asks what has changed before it serves, unless it has lately', async () => {
    let at = 0
    const poll = vi.fn(async () => {})
    const thaw = createThaw({ poll, now: () => at })
    await thaw()
    expect(poll).not.toHaveBeenCalled()
    at = 30_000
    await Promise.all([thaw(), thaw()])
    await thaw()
    expect(poll).toHaveBeenCalledTimes(1)
  })

  it('asks again when it got no answer', async () => {
    let at = 0
    const poll = vi.fn(async () => {}).mockRejectedValueOnce(new Error('away'))
    const thaw = createThaw({ poll, now: () => at })
    at = 40_000
    await expect(thaw()).rejects.toThrow('away')
    await thaw()
    expect(poll).toHaveBeenCalledTimes(2)
  })
})

describe('jobs', () => {
  it('all run, whatever one of them does, and once at a time', async () => {
    const errors: unknown[] = []
    const jobs = createJobs({ onError: error => errors.push(error) })
    const run = vi.fn(async () => {})
    jobs.add({ name: 'bad', run: () => Promise.reject(new Error('no')) }, { name: 'good', run })
    const expected = [{ job: 'bad', done: false }, { job: 'good', done: true }]
    expect(await Promise.all([jobs.runAll(), jobs.runAll()])).toEqual([expected, expected])
    expect(run).toHaveBeenCalledTimes(1)
    expect(errors).toHaveLength(1)
  })

  it('run by the way at most once a minute, and keep nobody longer than he has patience', async () => {
    let at = 1
    const run = vi.fn(() => new Promise<void>(resolve => setTimeout(resolve, 60)))
    const jobs = createJobs({ onError: () => {}, now: () => at })
    jobs.add({ name: 'slow', run })
    const begun = performance.now()
    await jobs.runDue(10)
    expect(performance.now() - begun).toBeLessThan(50)
    at += 59_999
    await jobs.runDue(1000)
    expect(run).toHaveBeenCalledTimes(1)
    at += 1
    await jobs.runDue(1000)
    expect(run.mock.calls.length).toBeGreaterThanOrEqual(1)
    await new Promise(resolve => setTimeout(resolve, 80))
    at += 60_000
    await jobs.runDue(1000)
    expect(run).toHaveBeenCalledTimes(2)
  })
})
