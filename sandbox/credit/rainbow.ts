import { randomInt } from 'node:crypto'
import { localTime } from './clock.ts'
import type { Profile } from './context.ts'
import { withQuery } from './context.ts'
import { trimmedMoney } from './money.ts'
import type { Fields } from './sign.ts'
import { encodeQuery, signatureOf } from './sign.ts'

/** Ways of paying a 彩虹 gateway offers. */
export const rainbowTypes = ['alipay', 'wxpay', 'qqpay']

/** Minutes from one try to the next; the first comes from the payment, the others from a job that runs every minute. */
const gapMinutes = [1, 2, 16, 36]

/** 彩虹易支付 v1: the generic EPay of the scene, with MD5 over whatever was sent. */
export const rainbow: Profile = {
  kind: 'epay',
  actions: ['pay'],
  fieldsOf: ({ pid }, order) => ({
    pid,
    trade_no: order.tradeNo,
    out_trade_no: order.outTradeNo,
    type: order.type || rainbowTypes[0] || '',
    name: order.name,
    // A number on its way to text: no zeros at the end.
    money: trimmedMoney(order.cents),
    trade_status: 'TRADE_SUCCESS',
    ...(order.param !== '' && { param: order.param }),
  }),
  sign: (fields, key) => ({ ...fields, sign: rainbowSignature(fields, key), sign_type: 'MD5' }),
  // The job that repeats does not ask how the order stands by now.
  maySend: () => true,
  acknowledged: (_status, body) => ['success', 'SUCCESS', 'Success'].some(word => body.includes(word)),
  headers: { 'accept': '*/*', 'accept-language': 'zh-CN,zh;q=0.8', 'user-agent': 'Mozilla/5.0 (Windows NT 10.0; WOW64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/78.0.3904.108 Safari/537.36' },
  followsRedirects: false,
  timeoutMs: 5_000,
  gapAfter: (attempt) => {
    const minutes = gapMinutes[attempt - 1]
    return minutes === undefined ? undefined : minutes * 60_000
  },
  returnAddress: (gateway, order) => {
    // The payer's page leads nowhere once the payment is five minutes old.
    if (order.paidAt !== undefined && gateway.clock.now() - order.paidAt > 300_000) return undefined
    return withQuery(order.returnUrl, encodeQuery(rainbow.sign(rainbow.fieldsOf(gateway, order), gateway.key)))
  },
  returnSeconds: 1,
  stranger: { pid: '10510', key: 'c3'.repeat(16) },
}

/** Values of white space alone count as empty here. */
export function rainbowSignature(fields: Fields, key: string): string {
  return signatureOf(Object.fromEntries(Object.entries(fields).filter(([, value]) => value.trim() !== '')), key)
}

/** 19 digits: the time in Shanghai, and five by chance. */
export function createRainbowNumbers(now: () => number): () => string {
  const given = new Set<string>()
  return () => {
    let number: string
    do number = localTime(now()).replaceAll(/\D/g, '') + String(randomInt(11_111, 100_000))
    while (given.has(number))
    given.add(number)
    return number
  }
}
