import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { z } from 'zod'
import { ATTEMPT_SECONDS } from '#server/users/oauth-cookie'
import { api } from '#shared/schemas/api'
import type { Operation } from '#shared/schemas/api'
import { errorReply } from '#shared/schemas/common'
import { inviteCookie } from '#shared/schemas/code'
import { book, requestRecord } from '../billing-statement/records'
import { person } from '../users/people'
import { ORIGIN, startConsole } from './console'
import type { Answer, Console } from './console'

let site: Console
let user: string
let other: string
let admin: string
beforeAll(async () => {
  site = await startConsole({ EPAY_PID: '1001', EPAY_KEY: 'test-only-key-0123456789', EPAY_NOTIFY_URL: `${ORIGIN}/api/pay/notify`, EPAY_RETURN_URL: `${ORIGIN}/api/pay/return` })
  admin = await site.signIn('1', { username: 'admin' })
  user = await site.signIn('2', { username: 'Neo' })
  other = await site.signIn('3', { username: 'Trinity' })
})
afterAll(() => site.close())

function read<O extends Operation & { reply: z.ZodType }>(operation: O, answer: Answer): z.output<O['reply']> {
  expect(answer.body).not.toHaveProperty('error')
  return operation.reply.parse(answer.body) as z.output<O['reply']>
}
const code = (answer: Answer) => errorReply.parse(answer.body).error.code
async function make(body: object) {
  const { batch, codes } = read(api.createCodes, await site.call('POST', '/api/admin/codes', { cookie: admin, body: { name: 'Spring', value: '2.5', count: 2, ...body } }))
  if (!codes) throw new Error('a first reply without its codes')
  return { batch, codes }
}
const redeem = (cookie: string, text: string) => site.call('POST', '/api/user/redeem', { cookie, body: { code: text } })

describe('codes', () => {
  it('are made, redeemed, counted and switched off', async () => {
    const { batch, codes } = await make({ uses: 2, expiresAt: '2031-01-01T00:00:00Z' })
    expect(batch).toMatchObject({ name: 'Spring', value: '2.5', count: 2, uses: 2, redeemed: 0, enabled: true, expiresAt: '2031-01-01T00:00:00.000Z' })
    const done = read(api.redeemCode, await redeem(user, codes[0]!.toLowerCase()))
    expect(done).toMatchObject({ credit: '2.5', entry: { kind: 'code', amount: '2.5', reference: `${batch.id}_0001:2` } })
    expect(read(api.me, await site.call('GET', '/api/auth/me', { cookie: user })).available).toBe('2.5')
    const again = await redeem(user, codes[0]!)
    expect([again.status, code(again)]).toEqual([422, 'code_redeemed_before'])
    expect(read(api.listCodes, await site.call('GET', '/api/admin/codes', { cookie: admin })).items[0]).toEqual({ ...batch, redeemed: 1 })
    expect(read(api.putCodes, await site.call('PUT', `/api/admin/codes/${batch.id}`, { cookie: admin, body: { enabled: false } }))).toEqual({ ...batch, redeemed: 1, enabled: false })
    expect(code(await redeem(other, codes[0]!))).toBe('code_off')
    for (const id of ['bat_none', 'a-b']) expect(code(await site.call('PUT', `/api/admin/codes/${id}`, { cookie: admin, body: { enabled: false } }))).toBe('record_not_found')
  })

  it('leave audit lines without a code', async () => {
    const { batch, codes } = await make({})
    await site.call('PUT', `/api/admin/codes/${batch.id}`, { cookie: admin, body: { enabled: false } })
    const { items } = read(api.listAudit, await site.call('GET', '/api/admin/audit', { cookie: admin }))
    expect(items.filter(line => line.target === batch.id)).toMatchObject([
      { action: 'codes.put', before: { enabled: true }, after: { enabled: false } },
      { action: 'codes.create', before: null, after: { name: 'Spring', value: '2.5', count: 2, uses: 1 } },
    ])
    for (const text of codes) expect(JSON.stringify(items)).not.toContain(text.slice(6))
  })

  it('are made once, however often the same form arrives', async () => {
    const order = { name: 'Once', value: '1', count: 3 }
    const send = (key: string) => site.call('POST', '/api/admin/codes', { cookie: admin, body: order, headers: { 'idempotency-key': key } })
    const listed = async () => read(api.listCodes, await site.call('GET', '/api/admin/codes', { cookie: admin })).items.filter(batch => batch.name === 'Once')
    const first = read(api.createCodes, await send('form-1'))
    expect(first.codes).toHaveLength(3)
    expect(read(api.createCodes, await send('form-1'))).toEqual({ batch: first.batch, codes: null })
    expect(await listed()).toEqual([first.batch])
    expect(read(api.createCodes, await send('form-2')).codes).toHaveLength(3)
    expect(await listed()).toHaveLength(2)
    const together = await Promise.all(Array.from({ length: 5 }, () => send('form-3')))
    expect(together.filter(answer => answer.status === 200 && read(api.createCodes, answer).codes)).toHaveLength(1)
    expect(await listed()).toHaveLength(3)
    const stored = JSON.stringify(await site.runtime.store.list('', { limit: 1000 }))
    expect(stored).toContain('Once')
    for (const text of first.codes ?? []) expect(stored).not.toContain(text)
  })

  it('are an admin\'s to make and see', async () => {
    for (const [method, path] of [['GET', '/api/admin/codes'], ['POST', '/api/admin/codes'], ['PUT', '/api/admin/codes/bat_x']] as const)
      expect(code(await site.call(method, path, { cookie: user, ...(method === 'GET' ? {} : { body: {} }) }))).toBe('forbidden')
    expect(code(await site.call('POST', '/api/user/redeem', { body: { code: 'VAPOR-AAAAA' } }))).toBe('signed_out')
  })

  it('are refused with values no balance can hold', async () => {
    expect(code(await site.call('POST', '/api/admin/codes', { cookie: admin, body: { name: 'x', value: '0', count: 1 } }))).toBe('invalid_request')
    expect(code(await site.call('POST', '/api/admin/codes', { cookie: admin, body: { name: 'x', value: '99999999', count: 1 } }))).toBe('balance_out_of_range')
  })
})

describe('an invitation', () => {
  /** The end of a sign-in whose OAuth half was done by somebody else. */
  async function comeBack(id: string, cookies: string): Promise<Answer> {
    const { attempt, cookie } = site.runtime.attemptCookies.begin('/console', {})
    expect(cookie.options.maxAge).toBe(ATTEMPT_SECONDS)
    const identify = site.runtime.signIn.identify
    site.runtime.signIn.identify = async () => ({ person: person(id), known: await site.runtime.users.get(id) })
    const answer = await site.call('GET', `/api/auth/callback?code=c&state=${attempt.state}`, { cookie: `${cookie.name}=${cookie.value}; ${cookies}` })
    site.runtime.signIn.identify = identify
    expect([answer.status, answer.headers.get('location')]).toEqual([302, '/console'])
    return answer
  }

  it('is remembered from the cookie at the first sign-in only', async () => {
    const info = read(api.invite, await site.call('GET', '/api/user/invite', { cookie: user }))
    expect(info).toEqual({ code: expect.stringMatching(/^[0-9a-z]{10}$/), reward: '0', cap: 20, invited: 0, rewarded: 0, earned: '0' })
    await comeBack('50', `${inviteCookie}=${info.code}`)
    await comeBack('50', `${inviteCookie}=${await site.runtime.invites.codeOf('3')}`)
    await comeBack('3', `${inviteCookie}=${info.code}`)
    await comeBack('51', `${inviteCookie}=nobodyhere`)
    const invitedBy = await Promise.all(['50', '3', '51'].map(async id => (await site.runtime.users.require(id)).invitedBy))
    expect(invitedBy).toEqual(['2', undefined, undefined])
    expect(read(api.invite, await site.call('GET', '/api/user/invite', { cookie: user })).invited).toBe(1)
    expect(read(api.listInvited, await site.call('GET', '/api/user/invited', { cookie: user })).items.map(one => one.username)).toEqual(['user50'])
    expect(read(api.listInvited, await site.call('GET', '/api/user/invited', { cookie: other })).items).toEqual([])
  })

  it('is paid for with the first order of the user it brought, and no other', async () => {
    const { version, settings } = read(api.getPaymentSettings, await site.call('GET', '/api/admin/settings/payments', { cookie: admin }))
    read(api.putPaymentSettings, await site.call('PUT', '/api/admin/settings/payments', { cookie: admin, body: { version, settings: { ...settings, inviteCredit: '3' } } }))
    const { code: link, available } = { ...read(api.invite, await site.call('GET', '/api/user/invite', { cookie: other })), ...read(api.me, await site.call('GET', '/api/auth/me', { cookie: other })) }
    await comeBack('60', `${inviteCookie}=${link}`)
    const cookie = await site.signIn('60')
    for (let count = 0; count < 2; count++) {
      const { order } = read(api.createOrder, await site.call('POST', '/api/pay/create', { cookie, body: { money: '10' } }))
      const paid = read(api.completeOrder, await site.call('POST', `/api/admin/orders/${order.id}/complete`, { cookie: admin, body: { reason: 'seen at the gateway' } }))
      expect(paid.order.state).toBe('paid')
    }
    expect(read(api.invite, await site.call('GET', '/api/user/invite', { cookie: other }))).toMatchObject({ reward: '3', invited: 1, rewarded: 1, earned: '3' })
    expect(available).toBe('0')
    expect(read(api.me, await site.call('GET', '/api/auth/me', { cookie: other })).available).toBe('3')
    const file = await site.call('GET', '/api/user/orders.csv', { cookie })
    expect(String(file.body).split('\r\n').slice(1, 3).map(line => line.split(',').slice(1, 5))).toEqual([['paid', '10.00', 'LDC', '10'], ['paid', '10.00', 'LDC', '10']])
  })
})

describe('receipts', () => {
  it('are the user\'s own, or an admin\'s to see', async () => {
    const record = requestRecord(Date.now(), { user: '2', cost: 0, usage: {}, chargeRule: 'free_failure' })
    await book(site.runtime.store, record)
    const own = read(api.receipt, await site.call('GET', `/api/user/requests/${record.id}/receipt`, { cookie: user }))
    expect(own.receipt).toMatchObject({ request: record.id, issuer: 'http://127.0.0.1:3000', formula: '0' })
    expect(read(api.adminReceipt, await site.call('GET', `/api/admin/requests/${record.id}/receipt`, { cookie: admin })).payload).toBe(own.payload)
    expect(code(await site.call('GET', `/api/user/requests/${record.id}/receipt`, { cookie: other }))).toBe('record_not_found')
    expect(code(await site.call('GET', `/api/admin/requests/${record.id}/receipt`, { cookie: user }))).toBe('forbidden')
    expect(code(await site.call('GET', '/api/user/requests/a-b/receipt', { cookie: user }))).toBe('record_not_found')
  })
})

describe('requests of everybody', () => {
  it('are found by number, and between two times', async () => {
    const [early, late] = [Date.UTC(2027, 0, 1), Date.UTC(2027, 0, 2)]
    const [first, second] = [requestRecord(early, { user: '2' }), requestRecord(late, { user: '3', endReason: 'client_left' })]
    await book(site.runtime.store, first, second)
    expect(api.findRequest.reply.parse((await site.call('GET', `/api/admin/requests/${first.id}`, { cookie: admin })).body)).toMatchObject({ id: first.id, username: 'Neo', user: '2' })
    for (const id of ['req_nobody', 'a-b']) expect(code(await site.call('GET', `/api/admin/requests/${id}`, { cookie: admin }))).toBe('record_not_found')
    expect(code(await site.call('GET', `/api/admin/requests/${first.id}`, { cookie: user }))).toBe('forbidden')
    const found = async (query: string) => read(api.listRequests, await site.call('GET', `/api/admin/requests?${query}`, { cookie: admin })).items.map(({ id }) => id)
    const at = (time: number) => encodeURIComponent(new Date(time).toISOString())
    expect(await found(`from=${at(early)}`)).toEqual([second.id, first.id])
    expect(await found(`from=${at(early + 1)}`)).toEqual([second.id])
    expect(await found(`from=${at(early)}&to=${at(late - 1)}&user=2`)).toEqual([first.id])
    expect(await found(`from=${at(early)}&outcome=client_left`)).toEqual([second.id])
  })
})
