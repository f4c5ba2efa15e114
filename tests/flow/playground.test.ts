import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { signIn, stockShop } from '../support/console'
import type { Console } from '../support/console'
import { startVapor } from '../support/server'
import type { Vapor } from '../support/server'

interface Seen { open: number, requests: { model: string }[], refusals: { code: string, path: string, sent: string, params: object, key: { name: string } | null }[] }

let vapor: Vapor
let shop: Awaited<ReturnType<typeof stockShop>>

beforeAll(async () => {
  vapor = await startVapor()
  const { baseUrl, apiKeys } = vapor.sandbox!.upstream
  shop = await stockShop(vapor.url, { baseUrl, apiKey: apiKeys[0]! }, ['sandbox-text', 'sandbox-paced-50-200'])
})
afterAll(() => vapor?.stop())

const keyOf = async (user: Console) => (await user.send<{ secret: string }>('POST', '/api/user/playground-key')).secret

function call(secret: string, model: string, path = '/v1/chat/completions', stream = false): Promise<Response> {
  return fetch(vapor.url + path, {
    method: 'POST',
    headers: { 'authorization': `Bearer ${secret}`, 'content-type': 'application/json' },
    body: JSON.stringify({ model, stream, messages: [{ role: 'user', content: 'Tea?' }] }),
  })
}
const codeOf = async (response: Response) => (await response.json() as { error: { code: string } }).error.code

describe('the key of the playground at the gateway', () => {
  it('buys like any key, and is listed nowhere but on its requests', async () => {
    const secret = await keyOf(shop.user)
    const answer = await call(secret, 'sandbox-text')
    expect(answer.status).toBe(200)
    await answer.text()
    const { requests } = await shop.user.get<{ requests: { items: { id: string, key: { id: string, name: string } }[] } }>('/api/user/usage?key=playground_2')
    expect(requests.items.map(({ id, key }) => [id, key.name])).toEqual([[answer.headers.get('x-request-id'), 'playground']])
    expect((await shop.user.get<{ items: { name: string }[] }>('/api/user/keys')).items.map(key => key.name)).toEqual(['test'])
    expect((await fetch(`${vapor.url}/v1/key`, { headers: { authorization: `Bearer ${secret}` } })).status).toBe(200)
  })

  it('has the limits of its user', async () => {
    await shop.admin.send('PUT', '/api/admin/users/2', { limits: { concurrency: 1 } })
    const secret = await keyOf(shop.user)
    const running = await call(secret, 'sandbox-paced-50-200', undefined, true)
    const second = await call(secret, 'sandbox-text')
    expect([second.status, await codeOf(second)]).toEqual([429, 'rate_limit_exceeded'])
    await running.body?.cancel()
    await shop.admin.send('PUT', '/api/admin/users/2', { limits: { concurrency: 50 } })
  })

  it('is worth nothing after its session is signed out, while others go on', async () => {
    const [one, other] = [await signIn(vapor.url, '2'), await signIn(vapor.url, '2')]
    const [gone, kept] = [await keyOf(one), await keyOf(other)]
    await one.send('POST', '/api/auth/logout', {})
    expect([(await call(gone, 'sandbox-text')).status, (await call(kept, 'sandbox-text')).status]).toEqual([401, 200])
    await other.send('POST', '/api/auth/logout', { everywhere: true })
    expect((await call(kept, 'sandbox-text')).status).toBe(401)
  })

  it('is worth nothing after a suspension', async () => {
    const user = await signIn(vapor.url, '2')
    const secret = await keyOf(user)
    await shop.admin.send('PUT', '/api/admin/users/2', { status: 'suspended' })
    expect((await call(secret, 'sandbox-text')).status).toBe(401)
    await shop.admin.send('PUT', '/api/admin/users/2', { status: 'active' })
    expect((await call(secret, 'sandbox-text')).status).toBe(401)
  })
})

describe('the doctor at the gateway', () => {
  it('tells a user of refused calls, by key and by address, and of the one that worked', async () => {
    const user = await signIn(vapor.url, '2')
    const since = new Date().toISOString()
    const look = () => user.get<Seen>(`/api/user/doctor?since=${since}`)
    await call('sk-ant-api03-abc', 'sandbox-text')
    await call(shop.key, 'gpt-nothing')
    await call(shop.key, 'sandbox-text', '/v1/chat/completion')
    expect((await look()).refusals).toMatchObject([
      { code: 'not_found', path: '/v1/chat/completion', key: { name: 'test' } },
      { code: 'model_not_found', params: { model: 'gpt-nothing' }, key: { name: 'test' } },
      { code: 'invalid_key', sent: 'anthropic', key: null },
    ])
    expect((await call(shop.key, 'sandbox-text')).status).toBe(200)
    expect((await look()).requests.map(request => request.model)).toEqual(['sandbox-text'])
    const stranger = await signIn(vapor.url, '3')
    expect((await stranger.get<Seen>(`/api/user/doctor?since=${since}`)).refusals.map(refusal => refusal.code)).toEqual(['invalid_key'])
  })
})
