import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import type { Credit, Sandbox } from '../../../sandbox/index.ts'
import { startSandbox } from '../../../sandbox/index.ts'
import type { Shop } from './credit-shop.ts'
import { epaySign, openShop, query, refund, submit } from './credit-shop.ts'

const day = 86_400_000
const returnUrl = 'http://127.0.0.1:9/return?o=1'
let clock = Date.UTC(2026, 7, 1, 4)
let sandbox: Sandbox
let epay: Credit
let shop: Shop
let count = 0

beforeAll(async () => {
  sandbox = await startSandbox({ now: () => clock })
  epay = sandbox.epay
  shop = await openShop()
})
afterEach(async () => {
  epay.setFault({})
  shop.answer = { status: 200, body: 'success' }
  await epay.advance(day)
  shop.heard.length = 0
})
afterAll(async () => {
  await sandbox.close()
  await shop.close()
})

async function order(changes: Record<string, string | undefined> = {}): Promise<{ number: string, location: string }> {
  const number = `R${++count}`
  const { status, location } = await submit(epay, { out_trade_no: number, notify_url: shop.notifyUrl, return_url: returnUrl, ...changes })
  expect(status).toBe(302)
  return { number, location }
}

describe('a generic gateway', () => {
  it('signs over everything that is not empty', async () => {
    await order({ sitename: 'Vapor', param: 'mine', device: '' })
    const { status, text } = await submit(epay, { out_trade_no: 'x', notify_url: shop.notifyUrl, return_url: returnUrl, sign: '0'.repeat(32) })
    expect([status, text]).toEqual([200, expect.stringContaining('MD5签名校验失败')])
    const fields = { pid: epay.pid, type: 'alipay', name: 'a', money: '1', out_trade_no: 'y', notify_url: shop.notifyUrl, return_url: returnUrl }
    const upper = await submit(epay, { ...fields, sign: epaySign(fields, epay.key).toUpperCase() })
    expect(upper.text).toContain('MD5签名校验失败')
  })

  it.each([
    ['another merchant', { pid: '7' }, '商户不存在！'],
    ['no return address', { return_url: undefined }, '回调地址(return_url)不能为空'],
    ['no notify address', { notify_url: undefined }, '通知地址(notify_url)不能为空'],
    ['an amount in words', { money: 'ten' }, '金额不合法'],
    ['a strange number', { out_trade_no: 'a b' }, '订单号(out_trade_no)格式不正确'],
  ])('refuses %s on a page', async (_what, changes, message) => {
    const { status, text } = await submit(epay, { out_trade_no: `refused${++count}`, notify_url: shop.notifyUrl, return_url: returnUrl, ...changes })
    expect([status, text]).toEqual([200, expect.stringContaining(message)])
  })

  it('opens an unpaid order again, but not with other fields and not once it is paid', async () => {
    const { number, location } = await order()
    const again = (changes = {}): ReturnType<typeof submit> => submit(epay, { out_trade_no: number, notify_url: shop.notifyUrl, return_url: returnUrl, ...changes })
    expect((await again()).location).toBe(location)
    expect((await again({ type: 'wxpay', money: '10' })).location).toBe(location)
    expect((await again({ money: '11.00' })).text).toContain('支付参数有变化')
    await epay.pay(number)
    expect((await again()).text).toContain('已完成支付')
    clock += 10 * day
    expect((await again()).location).not.toBe(location)
  })

  it('notifies with sign_type and an amount without zeros, the name escaped, and leads back with the same', async () => {
    const { number } = await order({ money: '10.50', name: '<b> & co', param: 'mine' })
    const { returnUrl: back = '' } = await epay.pay(number)
    const [heard] = shop.heard
    expect(heard?.names).toEqual(['pid', 'trade_no', 'out_trade_no', 'type', 'name', 'money', 'trade_status', 'param', 'sign', 'sign_type'])
    const fields = heard?.fields ?? {}
    expect(fields).toMatchObject({ pid: '1000', money: '10.5', name: '&lt;b&gt; &amp; co', param: 'mine', sign_type: 'MD5', sign: epaySign(fields, epay.key) })
    expect(fields['trade_no']).toMatch(/^2026\d{15}$/)
    expect(Object.fromEntries(new URL(back).searchParams)).toEqual({ o: '1', ...fields })
  })

  it('is content with a word of success anywhere, whatever the status, and repeats four times otherwise', async () => {
    const { number } = await order()
    shop.answer = { status: 500, body: '<p>Success!</p>' }
    await epay.pay(number)
    expect(epay.notices().at(-1)?.acknowledged).toBe(true)
    const { number: failing } = await order()
    shop.answer = { status: 200, body: 'ok' }
    await epay.pay(failing)
    await epay.advance(day)
    const times = epay.notices().filter(({ outTradeNo }) => outTradeNo === failing).map(({ at }) => at)
    expect(times.map(at => (at - (times[0] ?? 0)) / 60_000)).toEqual([0, 1, 3, 19, 55])
  })

  it('answers questions with HTTP 200 always', async () => {
    const { number } = await order()
    expect((await query(epay, { out_trade_no: number })).body).toMatchObject({ code: 1, msg: 'succ', status: 0, pid: 1000, money: '10.00', endtime: null })
    await epay.pay(number)
    const { tradeNo } = epay.order(number)
    expect((await query(epay, { trade_no: tradeNo })).body).toMatchObject({ status: 1, out_trade_no: number })
    epay.dispute(number)
    expect((await query(epay, { out_trade_no: number })).body['status']).toBe(3)
    expect(await query(epay, { out_trade_no: 'nobody' })).toEqual({ status: 200, body: { code: -1, msg: '订单号不存在' } })
    expect(await query(epay, { out_trade_no: number, key: 'wrong' })).toEqual({ status: 200, body: { code: -3, msg: '商户密钥错误' } })
    expect((await query(epay, {})).body['code']).toBe(-4)
    expect((await query(epay, { act: 'dance' })).body['code']).toBe(-5)
    epay.setFault({ query: 'unpaid' })
    expect((await query(epay, { out_trade_no: number })).body['status']).toBe(0)
  })

  it('pays back in parts, saying so with code 0', async () => {
    const { number } = await order()
    expect((await refund(epay, { out_trade_no: number, money: '1' })).body).toEqual({ code: -1, msg: '该订单状态不支持退款！' })
    await epay.pay(number)
    expect((await refund(epay, { out_trade_no: number, money: '10.01' })).body['code']).toBe(-1)
    expect((await refund(epay, { out_trade_no: number, money: '4' })).body).toMatchObject({ code: 0, money: '4.00' })
    expect((await refund(epay, { trade_no: epay.order(number).tradeNo, money: '6.01' })).body['code']).toBe(-1)
    expect((await refund(epay, { trade_no: epay.order(number).tradeNo, money: '6' })).body['code']).toBe(0)
    expect((await refund(epay, { out_trade_no: number, money: '1' })).body).toEqual({ code: -1, msg: '该订单已全额退款！' })
    expect((await query(epay, { out_trade_no: number })).body['status']).toBe(2)
  })

  it('makes orders for servers, too', async () => {
    const fields = { pid: epay.pid, type: 'wxpay', out_trade_no: 'server-1', notify_url: shop.notifyUrl, name: 'a', money: '1.00', clientip: '192.0.2.1' }
    const ask = async (body: Record<string, string>): Promise<Record<string, unknown>> =>
      await (await fetch(`${sandbox.url}/epay/mapi.php`, { method: 'POST', body: new URLSearchParams(body) })).json() as Record<string, unknown>
    expect(await ask({})).toEqual({ code: -4, msg: '未传入任何参数' })
    expect(await ask({ ...fields, sign: 'x' })).toEqual({ code: -3, msg: 'MD5签名校验失败' })
    const made = await ask({ ...fields, sign: epaySign(fields, epay.key), sign_type: 'MD5' })
    expect(made).toMatchObject({ code: 1, trade_no: epay.order('server-1').tradeNo })
    const page = await fetch(String(made['payurl']))
    expect([page.status, (await page.text()).includes('self-pay')]).toEqual([200, false])
  })
})
