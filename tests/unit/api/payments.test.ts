import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { z } from 'zod'
import type { OrderCreated } from '#shared/schemas/payment'
import { createTextFetcher } from '#server/gateway/fetch-text'
import { api } from '#shared/schemas/api'
import type { Operation } from '#shared/schemas/api'
import { errorReply } from '#shared/schemas/common'
import { createFakeGateway, KEY, PID } from '../payments/bench'
import { startConsole } from './console'
import type { Answer, Console } from './console'

const SHOP = 'https://shop.example'
const CRON = 'c'.repeat(40)
const { gateway, fetchText } = createFakeGateway()
const fetcher = createTextFetcher({ allowPrivate: true, proxyUrl: '' })

let site: Console
let user: string
let other: string
let admin: string

beforeAll(async () => {
  site = await startConsole({ EPAY_PID: PID, EPAY_KEY: KEY, EPAY_NOTIFY_URL: `${SHOP}/api/pay/notify`, EPAY_RETURN_URL: `${SHOP}/api/pay/return`, VAPOR_CRON_SECRET: CRON }, {
    gateway: fetchText,
    own: call => fetcher.fetchText({ ...call, url: call.url.replace(SHOP, site.url) }),
  })
  admin = await site.signIn('1', { username: 'admin' })
  user = await site.signIn('2', { username: 'Neo' })
  other = await site.signIn('3')
})
afterAll(async () => {
  await site.close()
  await fetcher.close()
})

function read<O extends Operation & { reply: z.ZodType }>(operation: O, answer: Answer): z.output<O['reply']> {
  expect(answer.body).not.toHaveProperty('error')
  return operation.reply.parse(answer.body) as z.output<O['reply']>
}
const code = (answer: Answer) => errorReply.parse(answer.body).error.code

async function create(money = '10', cookie = user): Promise<OrderCreated> {
  const made = read(api.createOrder, await site.call('POST', '/api/pay/create', { cookie, body: { money } }))
  gateway.submit(made.form.fields)
  return made
}
const notice = (id: string, change?: Record<string, string>) => new URLSearchParams(gateway.notice(id, change)).toString()
const pay = (id: string) => { gateway.orders.get(id)!.status = 'success' }

describe('a payer', () => {
  it('sees what a payment buys, makes an order, pays it and has it', async () => {
    expect(read(api.topUpInfo, await site.call('GET', '/api/pay/info', { cookie: user }))).toMatchObject({ enabled: true, currency: 'LDC', types: ['epay'], rate: '1', presets: [{ money: '10', credit: '10', bonus: '0' }, {}, {}, {}] })
    const { order } = await create()
    expect(read(api.queryOrder, await site.call('GET', `/api/pay/query/${order.id}`, { cookie: user }))).toMatchObject({ state: 'pending' })
    pay(order.id)
    const said = await site.call('GET', `/api/pay/notify?${notice(order.id)}`, { headers: { origin: 'https://credit.example' } })
    expect([said.status, said.body, said.headers.get('content-type')]).toEqual([200, 'success', 'text/plain; charset=utf-8'])
    const paid = read(api.queryOrder, await site.call('GET', `/api/pay/query/${order.id}`, { cookie: user }))
    expect(paid).toMatchObject({ state: 'paid', credit: '10', tradeNo: gateway.orders.get(order.id)!.trade })
    expect(read(api.queryOrder, await site.call('GET', `/api/pay/query/${paid.tradeNo}`, { cookie: user })).id).toBe(order.id)
    expect(read(api.listOrders, await site.call('GET', '/api/user/orders?state=paid', { cookie: user })).items.map(one => one.id)).toEqual([order.id])
    expect(read(api.me, await site.call('GET', '/api/auth/me', { cookie: user })).available).toBe('10')
  })

  it('sees nobody else\'s order', async () => {
    const { order } = await create()
    expect(code(await site.call('GET', `/api/pay/query/${order.id}`, { cookie: other }))).toBe('record_not_found')
    expect(read(api.queryOrder, await site.call('GET', `/api/pay/query/${order.id}`, { cookie: admin })).id).toBe(order.id)
    expect(read(api.listOrders, await site.call('GET', '/api/user/orders', { cookie: other })).items).toEqual([])
    expect(code(await site.call('GET', `/api/pay/query/${order.id}`))).toBe('signed_out')
  })

  it('makes one order by one click, however often it arrives', async () => {
    const headers = { 'idempotency-key': 'click' }
    const [one, again] = [await site.call('POST', '/api/pay/create', { cookie: other, body: { money: '10' }, headers }), await site.call('POST', '/api/pay/create', { cookie: other, body: { money: '10' }, headers })]
    expect(one.body).toEqual(again.body)
  })

  it.each([['0.5', 'amount_out_of_range'], ['1e3', 'invalid_request'], ['-1', 'invalid_request'], [10, 'invalid_request']])('is refused %s', async (money, expected) => {
    expect(code(await site.call('POST', '/api/pay/create', { cookie: other, body: { money } }))).toBe(expected)
  })

  it('comes back to the wallet, which asks; what stands in the address is a hint', async () => {
    const { order } = await create('10', other)
    const back = await site.call('GET', `/api/pay/return?o=${order.id}&out_trade_no=x&trade_status=TRADE_SUCCESS`)
    expect([back.status, back.headers.get('location')]).toEqual([302, `/console/wallet?order=${order.id}`])
    for (const wrong of ['', '?o=../../evil', '?o=a&o=b', `?o=${'A'.repeat(32)}`])
      expect((await site.call('GET', `/api/pay/return${wrong}`)).headers.get('location'), wrong).toBe('/console/wallet')
    const { order: signed } = await create('10', other)
    pay(signed.id)
    expect((await site.call('GET', `/api/pay/return?out_trade_no=${signed.id}`)).headers.get('location')).toBe(`/console/wallet?order=${signed.id}`)
    await expect.poll(async () => (await site.runtime.payments.find(signed.id, undefined)).state).toBe('paid')
  })
})

describe('the notify address', () => {
  it('takes a form, too, and nothing but GET and POST', async () => {
    const { order } = await create('10', other)
    pay(order.id)
    const form = { headers: { 'content-type': 'application/x-www-form-urlencoded', 'origin': 'https://credit.example' } }
    expect((await site.call('POST', `/api/pay/notify?pid=${PID}`, { ...form, body: notice(order.id) })).body).toBe('fail')
    expect((await site.call('POST', '/api/pay/notify', { ...form, body: notice(order.id) })).body).toBe('success')
    const put = await site.call('PUT', '/api/pay/notify', { ...form, body: notice(order.id) })
    expect([put.status, put.headers.get('allow')]).toEqual([405, 'GET, POST'])
  })

  it('answers fail to what it does not know, and never an error page', async () => {
    for (const query of ['', '?x', '?out_trade_no=1&out_trade_no=2', `?out_trade_no=${'a'.repeat(32)}`, `?a=${'x'.repeat(10_000)}`, '?probe=x', '?%E0%A4%A'])
      expect(await site.call('GET', `/api/pay/notify${query}`), query).toMatchObject({ status: 200, body: 'fail' })
  })

  it('says fail when the store is gone', async () => {
    const { order } = await create('10', admin)
    pay(order.id)
    const { receive } = site.runtime.payments
    site.runtime.payments.receive = async () => { throw new Error('the store is gone') }
    expect(await site.call('GET', `/api/pay/notify?${notice(order.id)}`)).toMatchObject({ status: 500, body: 'fail' })
    site.runtime.payments.receive = receive
    expect((await site.call('GET', `/api/pay/notify?${notice(order.id)}`)).body).toBe('success')
  })
})

describe('an admin', () => {
  it('finds orders, reads, asks, completes and refunds them, each with a line in the audit', async () => {
    const { order } = await create('20')
    const base = `/api/admin/orders/${order.id}`
    expect(read(api.askOrder, await site.call('POST', `${base}/ask`, { cookie: admin })).order).toMatchObject({ state: 'pending', lastAnswer: 'not_paid', user: { id: '2', username: 'Neo' } })
    expect(code(await site.call('POST', `${base}/complete`, { cookie: admin, body: { reason: '' } }))).toBe('invalid_request')
    const trade = gateway.orders.get(order.id)!.trade
    expect(read(api.completeOrder, await site.call('POST', `${base}/complete`, { cookie: admin, body: { reason: 'seen', tradeNo: trade } })).order).toMatchObject({ state: 'paid', evidence: 'admin', reason: 'seen', nextAskAt: null })
    expect(code(await site.call('POST', `${base}/complete`, { cookie: admin, body: { reason: 'again' } }))).toBe('order_credited')
    pay(order.id)
    const refunded = read(api.refundOrder, await site.call('POST', `${base}/refund`, { cookie: admin, body: { reason: 'asked for' } }))
    expect(refunded.order).toMatchObject({ state: 'refunded', reason: 'asked for' })
    expect(refunded.notices.map(one => `${one.source} ${one.outcome}`)).toEqual(['refund done', 'query not_paid'])
    expect(read(api.getOrder, await site.call('GET', base, { cookie: admin }))).toEqual(refunded)
    for (const search of [order.id, trade])
      expect(read(api.listAllOrders, await site.call('GET', `/api/admin/orders?search=${search}`, { cookie: admin })).items.map(one => one.id)).toEqual([order.id])
    expect(read(api.listAllOrders, await site.call('GET', '/api/admin/orders?state=refunded&user=2', { cookie: admin })).items).toHaveLength(1)
    const audit = read(api.listAudit, await site.call('GET', '/api/admin/audit', { cookie: admin })).items
    expect(audit.map(line => [line.action, line.target])).toEqual([['order.refund', order.id], ['order.complete', order.id]])
    expect(code(await site.call('GET', base, { cookie: user }))).toBe('forbidden')
  })

  it('changes the settings from the version it has seen', async () => {
    const before = read(api.getPaymentSettings, await site.call('GET', '/api/admin/settings/payments', { cookie: admin }))
    const settings = { ...before.settings, rate: '2.5', firstBonus: 1000 }
    const after = read(api.putPaymentSettings, await site.call('PUT', '/api/admin/settings/payments', { cookie: admin, body: { version: before.version, settings } }))
    expect(after.settings).toEqual(settings)
    const late = await site.call('PUT', '/api/admin/settings/payments', { cookie: admin, body: { version: before.version, settings: before.settings } })
    expect([late.status, code(late)]).toEqual([409, 'changed_meanwhile'])
    expect(code(await site.call('PUT', '/api/admin/settings/payments', { cookie: admin, body: { version: after.version, settings: { ...settings, rate: '0' } } }))).toBe('invalid_request')
    expect(read(api.topUpInfo, await site.call('GET', '/api/pay/info', { cookie: admin }))).toMatchObject({ rate: '2.5' })
    const [line] = read(api.listAudit, await site.call('GET', '/api/admin/audit', { cookie: admin })).items
    expect(line).toMatchObject({ action: 'settings.put', target: 'payments', before: { rate: '1' }, after: { rate: '2.5' } })
  })

  it('sees what payments are doing', async () => {
    const overview = read(api.payments, await site.call('GET', '/api/admin/payments', { cookie: admin }))
    expect(overview).toMatchObject({ enabled: true, missing: [], notifyUrl: `${SHOP}/api/pay/notify`, states: { refunded: { orders: 1, money: '20.00' } } })
    expect(overview.days[0]!.created.orders).toBeGreaterThan(3)
    expect(JSON.stringify(overview)).not.toContain(KEY)
  })

  it('tries whether payers and the gateway get through', async () => {
    const test = async () => read(api.testPayments, await site.call('POST', '/api/admin/payments/self-test', { cookie: admin })).steps.map(step => `${step.name} ${step.ok} ${step.detail}`)
    expect(await test()).toEqual([
      `secret true ${KEY.length} characters`, 'notify_url true reached this shop', 'return_url true leads to the wallet',
      'gateway_json true answered', 'gateway_credentials true the gateway knows this merchant',
    ])
    gateway.mood = 'html'
    expect((await test()).slice(3)).toEqual(['gateway_json false html_403', 'gateway_credentials false html_403'])
    gateway.mood = 'fine'
  })

  it('sees alerts and dismisses them', async () => {
    const { order } = await create('600', admin)
    gateway.mood = 'timeout'
    await site.call('GET', `/api/pay/notify?${notice(order.id)}`)
    gateway.mood = 'fine'
    const [alert] = read(api.listAlerts, await site.call('GET', '/api/admin/alerts', { cookie: admin })).items
    expect(alert).toMatchObject({ kind: 'review', order: order.id, user: '1', params: { money: '600.00' } })
    read(api.dismissAlert, await site.call('POST', `/api/admin/alerts/${alert!.id}/dismiss`, { cookie: admin }))
    expect(code(await site.call('POST', `/api/admin/alerts/${alert!.id}/dismiss`, { cookie: admin }))).toBe('record_not_found')
    expect(read(api.listAlerts, await site.call('GET', '/api/admin/alerts', { cookie: admin })).items).toEqual([])
    const [line] = read(api.listAudit, await site.call('GET', '/api/admin/audit', { cookie: admin })).items
    expect(line).toMatchObject({ action: 'alert.dismiss', before: { kind: 'review', order: order.id } })
  })

  it('renames the money of new orders only; older ones keep the name they were paid under', async () => {
    const { order } = await create()
    const name = async (currency: string) => {
      const { version, settings } = read(api.getPaymentSettings, await site.call('GET', '/api/admin/settings/payments', { cookie: admin }))
      read(api.putPaymentSettings, await site.call('PUT', '/api/admin/settings/payments', { cookie: admin, body: { version, settings: { ...settings, currency } } }))
    }
    await name('CNY')
    const newer = await create()
    await name('LDC')
    expect([order.currency, newer.order.currency]).toEqual(['LDC', 'CNY'])
    const { items } = read(api.listOrders, await site.call('GET', '/api/user/orders', { cookie: user }))
    expect(items.slice(0, 2).map(({ id, currency }) => [id, currency])).toEqual([[newer.order.id, 'CNY'], [order.id, 'LDC']])
    expect(read(api.getOrder, await site.call('GET', `/api/admin/orders/${newer.order.id}`, { cookie: admin })).order.currency).toBe('CNY')
  })
})

describe('an invitation', () => {
  it('is paid for with the first order of who came, and taken back with its refund', async () => {
    const { runtime } = site
    await runtime.store.put('setting_payments', { v: 1, settings: { inviteCredit: '3' } })
    runtime.versions.touch('settings')
    const { user: guest } = await runtime.users.signIn({ id: '77', username: 'guest', name: '', avatar: '', trustLevel: 1, active: true, silenced: false }, '3')
    expect(guest.invitedBy).toBe('3')
    const before = (await runtime.ledger.balance('3')).available
    const made = await runtime.payments.create('77', { money: '10' })
    gateway.submit(made.form.fields)
    pay(made.order.id)
    await site.call('GET', `/api/pay/notify?${notice(made.order.id)}`)
    expect((await runtime.ledger.balance('3')).available - before).toBe(3_000_000_000)
    await runtime.payments.refund(made.order.id, 'x', () => [])
    expect((await runtime.ledger.balance('3')).available).toBe(before)
  })
})

describe('the scheduler\'s address', () => {
  it('runs what is due for who has the secret, and is not there for others', async () => {
    let ran = 0
    site.runtime.jobs.add({ name: 'ask', run: async () => ++ran })
    for (const authorization of ['', 'Bearer', `Bearer ${CRON}x`, CRON]) expect((await site.call('POST', '/api/cron', { headers: { authorization } })).status).toBe(401)
    expect(ran).toBe(0)
    expect(await site.call('POST', '/api/cron', { headers: { authorization: `Bearer ${CRON}`, origin: 'https://scheduler.example' } })).toMatchObject({ status: 200, body: { jobs: [{ job: 'ask', done: true }] } })
  })
})
