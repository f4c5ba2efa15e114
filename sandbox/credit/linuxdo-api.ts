import { playEndpointFault } from '../connect/faults.ts'
import type { Exchange } from '../http.ts'
import { readBody, sendJson } from '../http.ts'
import type { Rule } from './bind.ts'
import { bind, violations } from './bind.ts'
import { localTime } from './clock.ts'
import type { Gateway } from './context.ts'
import { formBytesAtMost } from './context.ts'
import { isMerchant } from './linuxdo.ts'
import { fixedMoney, readAmount } from './money.ts'

const orderNotFound = '订单不存在或已完成'
const merchantNotFound = '商户信息不存在'

const merchantRules: Rule[] = [
  { name: 'pid', member: 'ClientID', required: true },
  { name: 'key', member: 'ClientSecret', required: true },
]
const queryRules: Rule[] = [...merchantRules, { name: 'out_trade_no', member: 'MerchantOrderNo', required: true, max: 64 }]
const refundRules: Rule[] = [...merchantRules, { name: 'trade_no', member: 'TradeNo', required: true }]

/**
 * GET `/epay/api.php`: how an order stands, by the merchant's number alone; `act` is not looked at. `status` is 1 only
 * while the money is the merchant's beyond dispute. Refusals are `{"code":-1,"msg"}` with 400 or 404.
 */
export async function queryOrder(gateway: Gateway, exchange: Exchange): Promise<void> {
  const { response, url } = exchange
  const { query: fault, slowMs } = gateway.faults
  if (await playEndpointFault(fault, exchange, slowMs)) return
  const refuse = (status: number, msg: string): void => sendJson(response, status, { code: -1, msg })
  const fields = bind(url.searchParams, queryRules)
  const wrong = violations('QueryOrderRequest', fields, queryRules)
  if (wrong !== undefined) return refuse(400, wrong)
  if (!isMerchant(gateway, fields['pid'] ?? '', fields['key'] ?? '')) return refuse(400, merchantNotFound)
  const order = gateway.book.find(fields['out_trade_no'] ?? '')
  if (!order || fault === 'missing') return refuse(404, orderNotFound)
  sendJson(response, 200, {
    code: 1,
    msg: '查询订单号成功！',
    trade_no: order.tradeNo,
    out_trade_no: order.outTradeNo,
    type: order.type,
    pid: gateway.pid,
    addtime: localTime(order.createdAt),
    endtime: order.paidAt === undefined ? '0001-01-01 00:00:00' : localTime(order.paidAt),
    name: order.name,
    money: fixedMoney(order.cents),
    status: order.state === 'success' && fault !== 'unpaid' ? 1 : 0,
  })
}

/**
 * POST `/epay/api.php`: pays an order back as a whole, found by the gateway's number and its exact amount. Only what was
 * really paid goes back, and once: everything else is 200 with code -1, and 400 when the request itself is wrong.
 */
export async function refundOrder(gateway: Gateway, exchange: Exchange): Promise<void> {
  const { response } = exchange
  const { refund: fault, slowMs } = gateway.faults
  const sent = await readRefund(exchange)
  if (await playEndpointFault(fault, exchange, slowMs)) return
  const answer = (status: number, code: number, msg: string): void => sendJson(response, status, { code, msg })
  if (typeof sent === 'string') return answer(400, -1, sent)
  const fields = bind(sent, refundRules)
  const tradeNo = fields['trade_no'] ?? ''
  if (tradeNo !== '' && !/^\d{1,20}$/.test(tradeNo)) return answer(400, -1, `strconv.ParseUint: parsing "${tradeNo}": invalid syntax`)
  const wrong = violations('RefundOrderRequest', fields, refundRules)
  if (wrong !== undefined) return answer(400, -1, wrong)
  const amount = sent.has('money') ? readAmount(sent.get('money') ?? '') : { refused: '金额必须大于0' }
  if ('refused' in amount) return answer(400, -1, amount.refused)
  if (!isMerchant(gateway, fields['pid'] ?? '', fields['key'] ?? '')) return answer(400, -1, merchantNotFound)
  const order = gateway.book.findByTradeNo(String(BigInt(tradeNo)))
  if (order?.state !== 'success' || order.cents !== amount.cents || order.kind !== 'payment' || fault === 'refused') return answer(200, -1, orderNotFound)
  order.state = 'refund'
  order.refundedCents = order.cents
  if (fault === 'lost-reply') response.destroy()
  else answer(200, 1, '退款成功')
}

/** A form, or JSON whose `trade_no` must be a number: its digits are taken as they stand. Gives a sentence when it is neither. */
async function readRefund({ request, url }: Exchange): Promise<URLSearchParams | string> {
  const text = (await readBody(request, formBytesAtMost)).toString()
  const type = request.headers['content-type'] ?? ''
  if (/^application\/x-www-form-urlencoded\b/i.test(type)) return new URLSearchParams([...new URLSearchParams(text), ...url.searchParams])
  if (!/^application\/json\b/i.test(type)) return url.searchParams
  try {
    const json = JSON.parse(text) as Record<string, unknown>
    if ('trade_no' in json && typeof json['trade_no'] !== 'number') return 'json: cannot unmarshal string into Go struct field RefundOrderRequest.trade_no of type uint64'
    const sent = new URLSearchParams(Object.entries(json).map(([name, value]) => [name, String(value)]))
    const digits = /"trade_no"\s*:\s*(\d+)/.exec(text)?.[1]
    if (digits !== undefined) sent.set('trade_no', digits)
    return sent
  }
  catch {
    return 'invalid character in JSON body'
  }
}
