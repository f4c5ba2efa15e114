import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import type { Credit, Sandbox } from '../../../sandbox/index.ts'
import { startSandbox } from '../../../sandbox/index.ts'
import { encodeQuery, signatureOf } from '../../../sandbox/credit/sign.ts'
import type { Shop } from './credit-shop.ts'
import { epaySign, openShop, query, refund, submit } from './credit-shop.ts'

const hour = 3_600_000
let clock = Date.UTC(2026, 7, 1, 4)
let sandbox: Sandbox
let credit: Credit
let shop: Shop
let count = 0

beforeAll(async () => {
  sandbox = await startSandbox({ now: () => clock })
  credit = sandbox.credit
  shop = await openShop()
})
afterEach(async () => {
  credit.setFault({})
  shop.answer = { status: 200, body: 'success' }
  // Retries of one test are not to be heard by the next.
  await credit.advance(5 * hour)
  shop.heard.length = 0
  shop.mostAtOnce = 0
})
afterAll(async () => {
  await sandbox.close()
  await shop.close()
})

/** Submits an order with a number of its own. */
async function order(changes: Record<string, string | undefined> = {}): Promise<{ number: string, location: string }> {
  const number = `T${++count}`
  const { status, location } = await submit(credit, { out_trade_no: number, notify_url: shop.notifyUrl, return_url: 'http://127.0.0.1:9/return?o=1', ...changes })
  expect(status).toBe(302)
  return { number, location }
}

describe('the signature', () => {
  const created = { 'money': '10.00', 'name': '充值 10 积分', 'notify_url': 'https://app.example/api/pay/notify', 'out_trade_no': 'T20260101ABCDEF', 'pid': 'test_client_id', 'return_url': 'https://app.example/pay/return?o=T20260101ABCDEF', 'type': 'epay', 'sign': 'x', 'sign_type': 'MD5', 'device': '' }

  it('is that of the known vectors', () => {
    const key = 'test_client_secret'
    expect(signatureOf(created, key)).toBe('30a16cd4185236474fe3f5ffb532e672')
    expect(signatureOf({ ...created, money: '10' }, key)).toBe('4a8ad083c1b8a2a8eec570af1cbed490')
    expect(signatureOf({ ...created, money: '10.0' }, key)).toBe('b2a7f53b75bcb7c393cd1a481876b313')
    expect(signatureOf({ money: '10.00', name: '充值 10 积分', out_trade_no: 'T20260101ABCDEF', pid: 'test_client_id', trade_no: '108086391056891904', trade_status: 'TRADE_SUCCESS', type: 'epay' }, key)).toBe('1de2fa52f8835ab895cd77a8333174db')
    expect(signatureOf({ device: 'devicev', money: 'moneyv' }, '1234567')).toBe('3854cc9f022e0fb821bd2e002260245d')
    expect(encodeQuery({ a: '充 (~*)&=', b: '' })).toBe('a=%E5%85%85+%28~%2A%29%26%3D&b=')
  })

  it('is taken with either way of writing the amount, in either case, and with no other', async () => {
    const own = await startSandbox({ credit: { pid: 'test_client_id', key: 'test_client_secret' } })
    const send = (changes: Record<string, string>): ReturnType<typeof submit> => submit(own.credit, { ...created, ...changes })
    expect((await send({ sign: '30a16cd4185236474fe3f5ffb532e672' })).status).toBe(302)
    expect((await send({ out_trade_no: 'a', money: '10', sign: '' })).text).toContain(`'Sign' failed on the 'required' tag`)
    expect((await send({ sign: '4A8AD083C1B8A2A8EEC570AF1CBED490', money: '10' })).text).toContain('duplicate key')
    const refused = await send({ sign: 'b2a7f53b75bcb7c393cd1a481876b313', money: '10.0' })
    expect([refused.status, refused.text]).toEqual([401, '{"error_msg":"签名验证失败","data":null}'])
    await own.close()
  })

  it('covers the eight known fields alone', async () => {
    expect((await submit(credit, { out_trade_no: 'known', device: 'pc' })).status).toBe(302)
    expect(await submit(credit, { out_trade_no: 'unknown', sitename: 'Vapor' })).toMatchObject({ status: 401, text: '{"error_msg":"签名验证失败","data":null}' })
    // Present but not signed, it is simply not seen.
    const sign = epaySign({ pid: credit.pid, type: 'epay', name: '充值 10 积分', money: '10.00', out_trade_no: 'unsigned' }, credit.key)
    expect((await submit(credit, { out_trade_no: 'unsigned', sitename: 'Vapor', sign })).status).toBe(302)
  })
})

describe('submitting', () => {
  it('leads to a paying page under a name that tells nothing, by GET and POST', async () => {
    for (const method of ['GET', 'POST'] as const) {
      const { status, location } = await submit(credit, { out_trade_no: `by-${method}` }, method)
      expect(status).toBe(302)
      expect(location).toMatch(/\/credit\/paying\?order_no=[\w%]{60,}$/)
      const page = await fetch(location)
      const html = await page.text()
      expect([page.status, html.includes('10.00'), html.includes('充值 10 积分'), html.includes('<script')]).toEqual([200, true, true, false])
    }
  })

  it.each([
    ['another type', { type: 'alipay' }, 400, '不支持的请求类型'],
    ['no number', { out_trade_no: undefined }, 401, `Key: 'EPayRequest.MerchantOrderNo' Error:Field validation for 'MerchantOrderNo' failed on the 'required' tag`],
    ['a long number', { out_trade_no: 'x'.repeat(65) }, 401, `'MerchantOrderNo' failed on the 'max' tag`],
    ['a long name', { name: '积'.repeat(65) }, 401, `'OrderName' failed on the 'max' tag`],
    ['a long address', { return_url: `https://app.example/${'x'.repeat(81)}` }, 401, `'ReturnURL' failed on the 'max' tag`],
    ['no address', { notify_url: '/api/pay/notify' }, 401, `'NotifyURL' failed on the 'url' tag`],
    ['no amount', { money: undefined }, 401, '金额必须大于0'],
    ['zero', { money: '0.00' }, 401, '金额必须大于0'],
    ['three places', { money: '1.001' }, 401, '金额小数位数不能超过2位'],
    ['a zero in front', { money: '010.00' }, 401, `invalid character '1' after top-level value`],
    ['a plus', { money: '+10' }, 401, `invalid character '+' looking for beginning of value`],
    ['another merchant', { pid: 'ab'.repeat(32) }, 401, 'record not found'],
    ['a wrong signature', { sign: '0'.repeat(32) }, 401, '签名验证失败'],
  ])('refuses %s in the words of the real one', async (_what, changes, status, message) => {
    const answer = await submit(credit, { out_trade_no: `refused${++count}`, ...changes })
    expect(answer.status).toBe(status)
    expect((JSON.parse(answer.text) as { error_msg: string, data: null })).toMatchObject({ error_msg: expect.stringContaining(message), data: null })
  })

  it('takes a name of 64 characters and an address of 100', async () => {
    await order({ name: '积'.repeat(64), return_url: `https://app.example/${'x'.repeat(80)}` })
  })

  it('takes a number once and for ever', async () => {
    const { number } = await order()
    clock += 30 * 24 * hour
    const again = await submit(credit, { out_trade_no: number })
    expect([again.status, again.text]).toEqual([500, expect.stringContaining('duplicate key value violates unique constraint')])
  })
})

describe('paying', () => {
  it('by the page: fails in each way, then works once and leads back bare', async () => {
    const { number, location } = await order()
    const html = await (await fetch(location)).text()
    const orderNo = /name="order_no" value="([^"]+)"/.exec(html)?.[1] ?? ''
    const press = (action: string, headers = {}): Promise<Response> => fetch(new URL('paying', location), { method: 'POST', headers, body: new URLSearchParams({ order_no: orderNo, action }) })
    const said = await Promise.all(['wrong-key', 'insufficient', 'daily-limit', 'self-pay'].map(async (action) => {
      const answer = await press(action)
      return [answer.status, /class="warn">([^<]+)/.exec(await answer.text())?.[1]]
    }))
    expect(said).toEqual([[400, '支付密钥错误'], [400, '余额不足'], [400, '已超过每日限额'], [400, '不能给自己付款']])
    expect(credit.order(number).state).toBe('pending')
    const done = await press('pay')
    const page = await done.text()
    expect([done.status, page]).toEqual([200, expect.stringContaining('<meta http-equiv="refresh" content="5;url=http://127.0.0.1:9/return?o=1">')])
    const again = await press('pay', { accept: 'application/json' })
    expect([again.status, await again.json()]).toEqual([404, { error_msg: '订单不存在或已完成', data: null }])
    expect((await fetch(location)).status).toBe(404)
    await credit.tick()
    expect(shop.heard).toHaveLength(1)
  })

  it('ends five minutes after submitting, without a word to the shop', async () => {
    const late = await order()
    const pressed = await order()
    clock += 299_999
    expect((await fetch(late.location)).status).toBe(200)
    credit.expire(pressed.number)
    clock += 1
    expect((await fetch(late.location)).status).toBe(404)
    for (const { number } of [late, pressed]) {
      expect(await credit.pay(number)).toEqual({ paid: false, refused: '订单不存在或已完成', returnUrl: undefined })
      expect((await query(credit, { out_trade_no: number })).body).toMatchObject({ status: 0, endtime: '0001-01-01 00:00:00' })
    }
    expect(shop.heard).toEqual([])
  })

  it('in test mode only by the owner, and indistinguishably', async () => {
    const { number } = await order()
    credit.setFault({ testMode: true })
    expect((await credit.pay(number)).refused).toBe('测试模式下无法处理订单')
    expect((await credit.pay(number, 'self-pay')).paid).toBe(true)
    expect(shop.heard[0]?.fields).toMatchObject({ out_trade_no: number, trade_status: 'TRADE_SUCCESS' })
    const { tradeNo } = credit.order(number)
    expect((await refund(credit, { trade_no: tradeNo, money: '10.00' })).body['code']).toBe(-1)
  })
})

describe('the notify', () => {
  it('is a GET with sorted fields, signed, without sign_type', async () => {
    const { number } = await order({ notify_url: `${shop.notifyUrl}?way=epay` })
    expect(await credit.pay(number)).toEqual({ paid: true, refused: undefined, returnUrl: 'http://127.0.0.1:9/return?o=1' })
    const [heard] = shop.heard
    expect(heard).toMatchObject({ method: 'GET', headers: { 'user-agent': 'LinuxDo-Credit/1.0' } })
    expect(heard?.names).toEqual(['way', 'money', 'name', 'out_trade_no', 'pid', 'sign', 'trade_no', 'trade_status', 'type'])
    expect(heard?.url).toContain('name=%E5%85%85%E5%80%BC+10+%E7%A7%AF%E5%88%86')
    const { way, ...fields } = heard?.fields ?? {}
    expect(way).toBe('epay')
    expect(fields).toMatchObject({ money: '10.00', out_trade_no: number, pid: credit.pid, trade_status: 'TRADE_SUCCESS', type: 'epay', sign: epaySign(fields, credit.key) })
    expect(BigInt(fields['trade_no'] ?? 0) > BigInt(Number.MAX_SAFE_INTEGER)).toBe(true)
    expect(credit.notices().at(-1)).toMatchObject({ outTradeNo: number, attempt: 1, status: 200, body: 'success', acknowledged: true })
  })

  it.each([
    [{ status: 200, body: ' SUCCESS\n' }, true],
    [{ status: 200, body: '"success"' }, false],
    [{ status: 201, body: 'success' }, false],
    [{ status: 200, body: 'ok: success' }, false],
    [{ status: 302, body: '', location: '/moved' }, false],
  ])('takes %j as %s', async (answer, acknowledged) => {
    const { number } = await order()
    shop.answer = answer
    await credit.pay(number)
    expect(credit.notices().at(-1)?.acknowledged).toBe(acknowledged)
    shop.answer = { status: 200, body: 'success' }
    await credit.advance(60_000)
    expect(shop.heard.filter(({ fields }) => fields['out_trade_no'] === number)).toHaveLength(acknowledged ? 1 : 2)
  })

  it('is tried eleven times within five hours, at growing distances', async () => {
    const { number } = await order()
    shop.answer = { status: 500, body: '' }
    await credit.pay(number)
    await credit.advance(24 * hour)
    const times = credit.notices().filter(({ outTradeNo }) => outTradeNo === number).map(({ at }) => at)
    expect(times).toHaveLength(11)
    times.slice(1).forEach((at, index) => {
      const gap = (at - (times[index] ?? 0)) / 1000
      expect(gap).toBeGreaterThanOrEqual(index ** 4 + 15)
      expect(gap).toBeLessThanOrEqual(index ** 4 + 15 + 29 * (index + 1))
    })
  })

  it('goes on as soon as the shop is well, and fires by itself when its time has come', async () => {
    const { number } = await order()
    shop.answer = { status: 500, body: '' }
    await credit.pay(number)
    shop.answer = { status: 200, body: 'success' }
    clock += 45_000
    await credit.tick()
    expect(credit.notices().at(-1)).toMatchObject({ outTradeNo: number, attempt: 2, acknowledged: true })
    const { number: other, location } = await order()
    const orderNo = new URL(location).searchParams.get('order_no') ?? ''
    await fetch(new URL('paying', location), { method: 'POST', body: new URLSearchParams({ order_no: orderNo }) })
    await expect.poll(() => shop.heard.some(({ fields }) => fields['out_trade_no'] === other)).toBe(true)
  })

  it('gives up waiting for a shop that hangs, and for one that is not there', async () => {
    const { number } = await order()
    const { number: nowhere } = await order({ notify_url: 'http://127.0.0.1:9/notify' })
    credit.setFault({ notifyTimeoutMs: 50 })
    shop.answer = 'hang'
    await Promise.all([credit.pay(number), credit.pay(nowhere)])
    const [hung, refused] = [number, nowhere].map(name => credit.notices().findLast(({ outTradeNo }) => outTradeNo === name))
    expect(hung).toMatchObject({ status: undefined, error: expect.stringContaining('TimeoutError'), acknowledged: false })
    expect(refused).toMatchObject({ status: undefined, error: expect.any(String), acknowledged: false })
  })

  it('goes to the address of the console when the order has none, and is not sent once the order is disputed', async () => {
    const { number } = await order({ notify_url: undefined, return_url: undefined })
    credit.app.notifyUrl = shop.notifyUrl
    credit.app.returnUrl = 'http://127.0.0.1:9/console'
    expect((await credit.pay(number)).returnUrl).toBe('http://127.0.0.1:9/console')
    expect(shop.heard).toHaveLength(1)
    const { number: disputed } = await order()
    credit.setFault({ delayMs: 1000 })
    await credit.pay(disputed)
    credit.dispute(disputed)
    await credit.advance(24 * hour)
    expect(shop.heard).toHaveLength(1)
  })
})

describe('a notify gone wrong', () => {
  const one = async (fault: Parameters<Credit['setFault']>[0]): Promise<Record<string, string>> => {
    const { number } = await order()
    credit.setFault(fault)
    await credit.pay(number)
    return shop.heard.at(-1)?.fields ?? {}
  }

  it('can be lost, repeated, doubled or late', async () => {
    expect(await one({ notify: 'lost' })).toEqual({})
    await credit.advance(24 * hour)
    expect(shop.heard).toEqual([])
    await one({ copies: 3 })
    expect([shop.heard.length, shop.mostAtOnce]).toEqual([3, 1])
    await one({ copies: 4, concurrent: true })
    expect([shop.heard.length, shop.mostAtOnce]).toEqual([7, 4])
    await one({ delayMs: 4 * hour })
    await credit.advance(4 * hour - 1)
    expect(shop.heard).toHaveLength(7)
    await credit.advance(1)
    expect(shop.heard).toHaveLength(8)
  })

  it('can come before the payer is back, or after', async () => {
    const { location } = await order()
    const orderNo = new URL(location).searchParams.get('order_no') ?? ''
    credit.setFault({ when: 'before-return' })
    await fetch(new URL('paying', location), { method: 'POST', body: new URLSearchParams({ order_no: orderNo }) })
    expect(shop.heard).toHaveLength(1)
    await one({ when: 'after-return' })
    await credit.advance(5000)
    expect(shop.heard).toHaveLength(1)
    await credit.advance(3000)
    expect(shop.heard).toHaveLength(2)
  })

  it('can come by POST, from another merchant, or with a wrong signature', async () => {
    const posted = await one({ post: true })
    expect([shop.heard.at(-1)?.method, posted['sign']]).toEqual(['POST', epaySign(posted, credit.key)])
    const foreign = await one({ notify: 'foreign-pid' })
    expect(foreign['pid']).not.toBe(credit.pid)
    expect(foreign['sign']).not.toBe(epaySign(foreign, credit.key))
    const wrong = await one({ notify: 'wrong-sign' })
    expect(wrong['pid']).toBe(credit.pid)
    expect(wrong['sign']).not.toBe(epaySign(wrong, credit.key))
  })

  it('can carry a true signature and be false nevertheless', async () => {
    const isSigned = (fields: Record<string, string>): boolean => fields['sign'] === epaySign(fields, credit.key)
    const seen = {
      replay: await one({ notify: 'replay' }),
      injection: await one({ notify: 'injection' }),
      altered: await one({ notify: 'altered-money' }),
      trimmed: await one({ notify: 'trimmed-money' }),
      extra: await one({ notify: 'extra-fields' }),
      empty: await one({ notify: 'empty-out-trade-no' }),
      type: await one({ notify: 'wrong-type' }),
      status: await one({ notify: 'wrong-status' }),
    }
    for (const fields of Object.values(seen)) expect(isSigned(fields)).toBe(true)
    expect(seen.replay).toMatchObject({ notify_url: shop.notifyUrl })
    expect(seen.replay).not.toHaveProperty('trade_status')
    expect(seen.injection).toMatchObject({ trade_status: 'TRADE_SUCCESS', type: expect.stringMatching(/^epay&notify_url=/) })
    expect(Object.keys(seen.injection).sort()).toEqual(['money', 'name', 'out_trade_no', 'pid', 'sign', 'trade_no', 'trade_status', 'type'])
    expect([seen.altered['money'], seen.trimmed['money']]).toEqual(['11.00', '10'])
    expect(seen.extra).toMatchObject({ param: 'sandbox', sign_type: 'MD5' })
    expect(seen.empty['out_trade_no']).toBe('')
    expect([seen.type['type'], seen.status['trade_status']]).toEqual(['sandbox', 'TRADE_CLOSED'])
  })

  it('can be sent by hand, with any field changed, whatever the order says', async () => {
    const { number } = await order()
    const notice = await credit.notifyNow(number, { fields: { money: '999.00', name: undefined }, method: 'POST' })
    expect(notice).toMatchObject({ attempt: 0, acknowledged: true, status: 200 })
    const fields = shop.heard[0]?.fields ?? {}
    expect(fields).toMatchObject({ money: '999.00', sign: epaySign(fields, credit.key) })
    expect(fields).not.toHaveProperty('name')
    await credit.notifyNow(number, { sign: 'ff' })
    expect(shop.heard[1]?.fields['sign']).toBe('ff')
    expect(() => credit.order('nobody')).toThrow('No order nobody')
  })
})

describe('the query', () => {
  it('tells how an order stands', async () => {
    const { number } = await order()
    const before = await query(credit, { out_trade_no: number, trade_no: 'ignored', act: 'whatever' })
    expect(before).toMatchObject({ status: 200, body: { code: 1, msg: '查询订单号成功！', status: 0, endtime: '0001-01-01 00:00:00', money: '10.00', name: '充值 10 积分', pid: credit.pid, type: 'epay', out_trade_no: number } })
    expect(before.body['trade_no']).toBe(credit.order(number).tradeNo)
    await credit.pay(number)
    expect((await query(credit, { out_trade_no: number })).body).toMatchObject({ status: 1, endtime: expect.stringMatching(/^2026-\d\d-\d\d \d\d:\d\d:\d\d$/) })
  })

  it('says 0 while a payment is disputed or gone back, and 1 again when the dispute is over', async () => {
    const { number } = await order()
    await credit.pay(number)
    const status = async (): Promise<unknown> => (await query(credit, { out_trade_no: number })).body['status']
    credit.dispute(number)
    expect(await status()).toBe(0)
    credit.closeDispute(number)
    expect(await status()).toBe(1)
    credit.dispute(number)
    credit.refuseDispute(number)
    expect([await status(), credit.order(number).state]).toEqual([0, 'refused'])
    const { number: unanswered } = await order()
    await credit.pay(unanswered)
    credit.dispute(unanswered)
    clock += 168 * hour
    expect(credit.order(unanswered).state).toBe('refund')
    expect(() => credit.refundByMerchant(unanswered)).toThrow('is refund')
  })

  it.each([
    ['no number', { out_trade_no: '' }, 400, `'MerchantOrderNo' failed on the 'required' tag`],
    ['a wrong key', { out_trade_no: 'x', key: 'wrong' }, 400, '商户信息不存在'],
    ['an unknown number', { out_trade_no: 'never-submitted' }, 404, '订单不存在或已完成'],
  ])('refuses %s', async (_what, parameters, status, message) => {
    const answer = await query(credit, parameters)
    expect(answer).toMatchObject({ status, body: { code: -1, msg: expect.stringContaining(message) } })
  })

  it('can hide a payment, be walled off, break or be slow', async () => {
    const { number } = await order()
    await credit.pay(number)
    credit.setFault({ query: 'unpaid' })
    expect((await query(credit, { out_trade_no: number })).body['status']).toBe(0)
    credit.setFault({ query: 'missing' })
    expect((await query(credit, { out_trade_no: number })).status).toBe(404)
    const address = `${credit.apiUrl}?${new URLSearchParams({ pid: credit.pid, key: credit.key, out_trade_no: number })}`
    credit.setFault({ query: 'html403' })
    const wall = await fetch(address)
    expect([wall.status, wall.headers.get('content-type')]).toEqual([403, 'text/html; charset=utf-8'])
    credit.setFault({ query: '502' })
    expect((await fetch(address)).status).toBe(502)
    credit.setFault({ query: 'slow' })
    await expect(fetch(address, { signal: AbortSignal.timeout(50) })).rejects.toThrow()
    credit.setFault({ query: 'slow', slowMs: 10 })
    expect((await query(credit, { out_trade_no: number })).body['status']).toBe(1)
  })
})

describe('the refund', () => {
  it('pays a paid order back once, as a whole, by its exact amount', async () => {
    const { number } = await order({ money: '12.5' })
    const { tradeNo } = credit.order(number)
    const twice = { status: 200, body: { code: -1, msg: '订单不存在或已完成' } }
    expect(await refund(credit, { trade_no: tradeNo, money: '12.50' })).toEqual(twice)
    await credit.pay(number)
    expect(await refund(credit, { trade_no: tradeNo, money: '12.49' })).toEqual(twice)
    expect(await refund(credit, { trade_no: tradeNo, money: '12.50', out_trade_no: 'ignored' })).toEqual({ status: 200, body: { code: 1, msg: '退款成功' } })
    expect(await refund(credit, { trade_no: tradeNo, money: '12.50' })).toEqual(twice)
    expect((await query(credit, { out_trade_no: number })).body['status']).toBe(0)
    expect(shop.heard).toHaveLength(1)
  })

  it.each([
    ['no number', { money: '10.00' }, `'TradeNo' failed on the 'required' tag`],
    ['a number that is none', { trade_no: 'T1', money: '10.00' }, 'invalid syntax'],
    ['no amount', { trade_no: '1' }, '金额必须大于0'],
    ['a wrong key', { trade_no: '1', money: '10.00', key: 'wrong' }, '商户信息不存在'],
  ])('refuses %s with 400', async (_what, parameters, message) => {
    expect(await refund(credit, parameters)).toMatchObject({ status: 400, body: { code: -1, msg: expect.stringContaining(message) } })
  })

  it('takes JSON only with the number as a number', async () => {
    const { number } = await order()
    await credit.pay(number)
    const { tradeNo } = credit.order(number)
    const send = async (trade: string): Promise<unknown> => {
      const body = `{"pid":"${credit.pid}","key":"${credit.key}","trade_no":${trade},"money":"10.00"}`
      return (await fetch(credit.apiUrl, { method: 'POST', headers: { 'content-type': 'application/json' }, body })).json()
    }
    expect(await send(`"${tradeNo}"`)).toMatchObject({ code: -1, msg: expect.stringContaining('cannot unmarshal string') })
    expect(await send(String(Number(tradeNo) + 4096))).toMatchObject({ code: -1 })
    expect(await send(tradeNo)).toEqual({ code: 1, msg: '退款成功' })
  })

  it('can be refused, or done without a word', async () => {
    const { number } = await order()
    await credit.pay(number)
    const { tradeNo } = credit.order(number)
    credit.setFault({ refund: 'refused' })
    expect((await refund(credit, { trade_no: tradeNo, money: '10.00' })).body['code']).toBe(-1)
    credit.setFault({ refund: 'lost-reply' })
    await expect(refund(credit, { trade_no: tradeNo, money: '10.00' })).rejects.toThrow()
    expect(credit.order(number).state).toBe('refund')
  })
})

describe('the rest', () => {
  it('pays users out', async () => {
    const pay = async (body: unknown, secret = credit.key): Promise<[number, unknown]> => {
      const authorization = `Basic ${btoa(`${credit.pid}:${secret}`)}`
      const response = await fetch(`${sandbox.url}/credit/lpay/distribute`, { method: 'POST', headers: { authorization }, body: JSON.stringify(body) })
      return [response.status, await response.json()]
    }
    const payout = { user_id: 2, username: 'user', amount: 10.5, out_trade_no: 'payout-1' }
    expect(await pay(payout, 'wrong')).toEqual([401, { error_msg: '认证失败', data: null }])
    expect(await pay({ ...payout, username: 'admin' })).toEqual([400, { error_msg: '收款人不存在', data: null }])
    expect(await pay(payout)).toEqual([200, { error_msg: '', data: { trade_no: expect.stringMatching(/^\d{18,}$/), out_trade_no: 'payout-1' } }])
    expect((await pay(payout))[0]).toBe(400)
  })

  it('sets faults over HTTP and refuses unknown ones', async () => {
    const address = `${sandbox.url}/credit/_faults`
    const set = (body: string): Promise<Response> => fetch(address, { method: 'POST', body })
    expect(await (await set('{"notify":"lost","copies":2}')).json()).toEqual({ notify: 'lost', copies: 2 })
    expect((await set('{"notify":"nonsense"}')).status).toBe(400)
    expect((await set('{"copies":"2"}')).status).toBe(400)
    expect((await set('{"toString":1}')).status).toBe(400)
    expect(await (await fetch(address)).json()).toEqual({ notify: 'lost', copies: 2 })
    expect(await (await fetch(address, { method: 'DELETE' })).json()).toEqual({})
    expect((await fetch(`${sandbox.url}/credit/_orders`)).status).toBe(200)
    expect(await (await fetch(`${sandbox.url}/credit/_notices`)).json()).toHaveLength(credit.notices().length)
    expect((await fetch(`${sandbox.url}/credit/epay/pay/api.php`)).status).toBe(404)
  })

  it('stands on the front page', async () => {
    const html = await (await fetch(sandbox.url)).text()
    for (const { submitUrl, apiUrl, pid } of [credit, sandbox.epay]) for (const text of [submitUrl, apiUrl, pid]) expect(html).toContain(text)
  })

  it('lets go of a notify under way and of its retries when the sandbox closes', async () => {
    const own = await startSandbox()
    await submit(own.credit, { out_trade_no: 'closing', notify_url: shop.notifyUrl })
    shop.answer = 'hang'
    const paid = own.credit.pay('closing')
    await expect.poll(() => shop.heard.length).toBe(1)
    await own.close()
    await paid
    expect(own.credit.notices()).toMatchObject([{ status: undefined, acknowledged: false, error: expect.stringContaining('AbortError') }])
    await own.credit.advance(24 * hour)
    expect(own.credit.notices()).toHaveLength(1)
  })

  it('gives every order a number of its own, larger than the one before', async () => {
    await Promise.all(Array.from({ length: 5 }, () => order()))
    const numbers = credit.orders().map(({ tradeNo }) => BigInt(tradeNo))
    expect(new Set(numbers).size).toBe(numbers.length)
    expect(numbers).toEqual([...numbers].sort((one, other) => one < other ? -1 : 1))
  })
})
