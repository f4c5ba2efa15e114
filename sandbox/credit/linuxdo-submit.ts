import { timingSafeEqual } from 'node:crypto'
import type { Exchange } from '../http.ts'
import { sendJson, sendRedirect } from '../http.ts'
import type { Rule } from './bind.ts'
import { bind, violations } from './bind.ts'
import type { Gateway } from './context.ts'
import { readForm } from './context.ts'
import { fixedMoney, readAmount, trimmedMoney } from './money.ts'
import type { Fields } from './sign.ts'
import { signatureOf } from './sign.ts'

const rules: Rule[] = [
  { name: 'pid', member: 'ClientID', required: true },
  { name: 'name', member: 'OrderName', required: true, max: 64 },
  { name: 'out_trade_no', member: 'MerchantOrderNo', required: true, max: 64 },
  // A missing amount passes the validator and is zero.
  { name: 'money', member: 'Amount' },
  { name: 'notify_url', member: 'NotifyURL', max: 100, url: true },
  { name: 'return_url', member: 'ReturnURL', max: 100, url: true },
  { name: 'device', member: 'Device' },
  { name: 'sign', member: 'Sign', required: true },
  { name: 'type', member: 'PayType', required: true },
]

const orderLifetimeMs = 5 * 60_000
/** Amounts live in a column of 20 digits, two of them after the point. */
const centsAtMost = 10n ** 20n

/**
 * GET or POST of `/epay/pay/submit.php`, a form: makes an order and sends the browser to its paying page. Refusals are
 * `{"error_msg","data":null}`: 400 for another type, 401 for a wrong field or signature, 500 for a number used before.
 */
export async function submitOrder(gateway: Gateway, exchange: Exchange): Promise<void> {
  const { response, url } = exchange
  const refuse = (status: number, message: string): void => sendJson(response, status, { error_msg: message, data: null })
  const form = await readForm(exchange)
  const parameters = new URLSearchParams([...form, ...url.searchParams])
  // The other type, `ldcpay`, signs with a key pair and is not played here.
  if (parameters.get('type') !== 'epay') return refuse(400, '不支持的请求类型')
  const fields = bind(parameters, rules)
  const wrong = violations('EPayRequest', fields, rules)
  if (wrong !== undefined) return refuse(401, wrong)
  const amount = parameters.has('money') ? readAmount(fields['money'] ?? '') : { refused: '金额必须大于0' }
  if ('refused' in amount) return refuse(401, amount.refused)
  if (fields['pid'] !== gateway.pid) return refuse(401, 'record not found')
  if (!isSigned(fields, amount.cents, gateway.key)) return refuse(401, '签名验证失败')
  if (amount.cents >= centsAtMost) return refuse(500, 'ERROR: numeric field overflow (SQLSTATE 22003)')
  const order = placeOrder(gateway, fields, amount.cents)
  if (order === undefined) return refuse(500, duplicateNumber)
  sendRedirect(response, `${gateway.base}/paying?order_no=${encodeURIComponent(order)}`)
}

export const duplicateNumber = 'ERROR: duplicate key value violates unique constraint "idx_orders_client_merchant_order" (SQLSTATE 23505)'

/** Gives what the paying page calls the order, or undefined when the merchant has used the number before. */
function placeOrder({ book }: Gateway, fields: Fields, cents: bigint): string | undefined {
  const { out_trade_no: outTradeNo = '', name = '', notify_url: notifyUrl = '', return_url: returnUrl = '' } = fields
  if (book.find(outTradeNo)) return undefined
  const created = Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== ''))
  return book.add({ outTradeNo, kind: 'payment', type: 'epay', name, cents, notifyUrl, returnUrl, param: '', created, state: 'pending', lifetime: orderLifetimeMs }).orderNo
}

/** Credit writes the amount anew before it compares, in both ways it can be written; other fields than its own are not seen. */
function isSigned(fields: Fields, cents: bigint, key: string): boolean {
  const sign = (fields['sign'] ?? '').toLowerCase()
  return [fixedMoney(cents), trimmedMoney(cents)].some(money => equal(signatureOf({ ...fields, money }, key), sign))
}

function equal(one: string, other: string): boolean {
  const [a, b] = [Buffer.from(one), Buffer.from(other)]
  return a.length === b.length && timingSafeEqual(a, b)
}
