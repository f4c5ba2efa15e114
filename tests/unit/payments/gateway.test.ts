import { describe, expect, it } from 'vitest'
import type { FetchText, OrderRecord } from '#server/billing/payments/index'
import { createPaymentGateway } from '#server/billing/payments/gateway'
import { config, createFakeGateway, KEY, PID, sign } from './bench'

const ID = 'a'.repeat(32)
const epay = { ...config, EPAY_KIND: 'epay' as const, EPAY_PID: '1001', EPAY_TYPES: ['alipay', 'wxpay'] }
const answering = (status: number, body: unknown): FetchText => async () => ({ status, headers: {}, text: typeof body === 'string' ? body : JSON.stringify(body) })
const ask = (kind: 'linuxdo' | 'epay', status: number, body: unknown) =>
  createPaymentGateway(kind === 'epay' ? epay : config, answering(status, body)).query(ID, 1000).then(({ answer, ...rest }) => 'why' in rest ? `${answer} ${rest.why}` : answer)
const order = { id: ID, tradeNo: '108086391056891904', cents: 1000, type: 'epay' } as OrderRecord

describe('an answer about an order', () => {
  const paid = { code: 1, status: 1, money: '10.00', trade_no: '108086391056891904', out_trade_no: ID, pid: PID }
  it.each([
    ['linuxdo', 200, paid, 'paid'],
    ['linuxdo', 200, { ...paid, status: '1' }, 'paid'],
    ['linuxdo', 200, { ...paid, status: 0 }, 'not_paid'],
    ['linuxdo', 404, { code: -1, msg: '订单不存在或已完成' }, 'not_paid'],
    ['linuxdo', 400, { code: -1, msg: '商户信息不存在' }, 'unknown credentials'],
    ['linuxdo', 500, { code: -1 }, 'unknown http_500'],
    ['linuxdo', 500, paid, 'unknown http_500'],
    ['linuxdo', 403, '<!DOCTYPE html>', 'unknown html_403'],
    ['linuxdo', 200, 'success', 'unknown no_json_200'],
    ['linuxdo', 200, [paid], 'unknown no_json_200'],
    ['linuxdo', 404, 'not found', 'unknown no_json_404'],
    ['linuxdo', 200, { ...paid, out_trade_no: 'b'.repeat(32) }, 'unknown other_order'],
    ['linuxdo', 200, { ...paid, pid: 'other' }, 'unknown other_order'],
    ['linuxdo', 200, { ...paid, money: 'ten' }, 'unknown no_amount'],
    ['linuxdo', 200, { ...paid, trade_status: 'WAIT_BUYER_PAY' }, 'not_paid'],
    ['epay', 200, { code: '1', status: '1', money: 10.5, trade_no: '2026', out_trade_no: ID, pid: 1001 }, 'paid'],
    ['epay', 200, { code: 1, data: { status: 1, trade_status: 'TRADE_SUCCESS', money: '10', trade_no: '2026' } }, 'paid'],
    ['epay', 200, { code: 1, data: { status: 1, trade_status: 'WAITING', money: '10', trade_no: '2026' } }, 'not_paid'],
    ['epay', 200, { code: 1, status: 2, money: '10' }, 'not_paid'],
    ['epay', 200, { code: -1, msg: '订单号不存在' }, 'not_paid'],
    ['epay', 200, { code: -3, msg: '商户密钥错误' }, 'unknown credentials'],
    ['epay', 200, { code: -4 }, 'unknown http_200'],
  ] as const)('of %s, %i %j is %s', async (kind, status, body, expected) => {
    expect(await ask(kind, status, body)).toBe(expected)
  })

  it('never loses digits of a trade number, and tells no key', async () => {
    const text = `{"code":1,"status":1,"money":"10.00","trade_no":108086391056891904,"msg":"${KEY}"}`
    const answer = await createPaymentGateway(config, answering(200, text)).query(ID, 1000)
    expect(answer).toMatchObject({ answer: 'paid', tradeNo: null })
    expect(JSON.stringify(answer)).not.toContain(KEY)
    const thrown = await createPaymentGateway(config, async ({ url }) => { throw new Error(url) }).query(ID, 1000)
    expect(thrown).toEqual({ answer: 'unknown', why: 'no_answer', fields: {} })
  })

  it('is asked for by a GET with a name, within its time', async () => {
    const calls: unknown[] = []
    await createPaymentGateway(config, async (call) => {
      calls.push(call)
      return { status: 200, headers: {}, text: '{}' }
    }).query(ID, 3000)
    expect(calls).toEqual([{ method: 'GET', url: `https://credit.example/epay/api.php?act=order&pid=${PID}&key=${KEY}&out_trade_no=${ID}`, headers: { 'accept': 'application/json', 'user-agent': expect.stringMatching(/\w/) }, timeoutMs: 3000 }])
  })
})

describe('a refund', () => {
  const refund = (kind: 'linuxdo' | 'epay', fetchText: FetchText) => createPaymentGateway(kind === 'epay' ? epay : config, fetchText).refund(order, 1000)
  it.each([
    ['linuxdo', 200, { code: 1 }, 'done'],
    ['linuxdo', 200, { code: 0 }, 'refused'],
    ['linuxdo', 200, { code: -1, msg: '订单不存在或已完成' }, 'refused'],
    ['linuxdo', 400, { code: -1 }, 'refused'],
    ['linuxdo', 500, { code: -1 }, 'unknown'],
    ['linuxdo', 403, '<html>', 'unknown'],
    ['linuxdo', 200, {}, 'unknown'],
    ['epay', 200, { code: 0 }, 'done'],
    ['epay', 200, { code: '1' }, 'done'],
    ['epay', 200, { code: -1 }, 'refused'],
  ] as const)('at %s answered %i %j is %s', async (kind, status, body, expected) => {
    expect((await refund(kind, answering(status, body))).answer).toBe(expected)
  })

  it('is a form whose trade number keeps its digits', async () => {
    const calls: { url: string, body?: string }[] = []
    const catching: FetchText = async (call) => {
      calls.push(call)
      return { status: 200, headers: {}, text: '{"code":1}' }
    }
    await refund('linuxdo', catching)
    await refund('epay', catching)
    expect(calls.map(({ url, body }) => `${url} ${body}`)).toEqual([
      `https://credit.example/epay/api.php pid=${PID}&key=${KEY}&trade_no=108086391056891904&money=10.00`,
      `https://credit.example/epay/api.php?act=refund pid=1001&key=${KEY}&trade_no=108086391056891904&money=10.00&out_trade_no=${ID}`,
    ])
  })
})

describe('a notice of another gateway', () => {
  const gateway = createPaymentGateway(epay, createFakeGateway().fetchText)
  const fields = { pid: '1001', trade_no: '2026010100001', out_trade_no: ID, type: 'alipay', name: 'Vapor &quot;10&quot;', money: '10.5', trade_status: 'TRADE_SUCCESS', param: 'x', api_trade_no: '42', buyer: 'b' }
  it('may carry more signed fields', () => {
    expect(gateway.verify({ ...fields, sign: sign(fields), sign_type: 'MD5' })).toEqual({ ok: true, order: ID, tradeNo: '2026010100001', cents: 1050, type: 'alipay' })
    expect(gateway.verify({ ...fields, buyer: 'c', sign: sign(fields) })).toEqual({ ok: false, outcome: 'wrong_sign' })
    expect(gateway.verify({ ...fields, return_url: 'x', sign: sign({ ...fields, return_url: 'x' }) })).toEqual({ ok: false, outcome: 'unknown_field' })
  })
})
