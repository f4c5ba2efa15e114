import type { Exchange } from '../http.ts'
import { readBody, sendJson } from '../http.ts'
import type { Gateway } from './context.ts'
import { formBytesAtMost } from './context.ts'
import { isMerchant } from './linuxdo.ts'
import { duplicateNumber } from './linuxdo-submit.ts'
import { readAmount } from './money.ts'

/** POST `/lpay/distribute`, JSON with Basic authentication: pays a user out of the merchant's balance. */
export async function distribute(gateway: Gateway, exchange: Exchange): Promise<void> {
  const { request, response } = exchange
  const refuse = (status: number, message: string): void => sendJson(response, status, { error_msg: message, data: null })
  const unknown = credentialsProblem(gateway, request.headers.authorization)
  if (unknown !== undefined) return refuse(401, unknown)
  const sent = parseObject((await readBody(request, formBytesAtMost)).toString())
  if (!sent) return refuse(400, 'invalid character in JSON body')
  const { user_id: userId, username, amount: asked, out_trade_no: outTradeNo } = sent
  if (typeof userId !== 'number' || typeof username !== 'string') return refuse(400, 'Key: \'MerchantDistributeRequest.RecipientID\' Error:Field validation for \'RecipientID\' failed on the \'required\' tag')
  const amount = asked === undefined ? { refused: '金额必须大于0' } : readAmount(JSON.stringify(asked))
  if ('refused' in amount) return refuse(400, amount.refused)
  if (!gateway.users.some(user => user.id === userId && user.username === username)) return refuse(400, '收款人不存在')
  const number = typeof outTradeNo === 'string' ? outTradeNo : ''
  if (gateway.book.find(number)) return refuse(400, duplicateNumber)
  const payout = gateway.book.add({ outTradeNo: number, kind: 'distribute', type: '', name: '商户分发', cents: amount.cents, notifyUrl: '', returnUrl: '', param: '', created: {}, state: 'success', lifetime: 86_400_000 })
  sendJson(response, 200, { error_msg: '', data: { trade_no: payout.tradeNo, out_trade_no: outTradeNo ?? null } })
}

function credentialsProblem(gateway: Gateway, header: string | undefined): string | undefined {
  if (!header) return '缺少认证信息'
  const [scheme, encoded = ''] = header.split(' ', 2)
  if (scheme !== 'Basic') return '认证格式错误'
  const credentials = Buffer.from(encoded, 'base64').toString()
  const colon = credentials.indexOf(':')
  if (colon < 0) return '认证信息格式错误'
  return isMerchant(gateway, credentials.slice(0, colon), credentials.slice(colon + 1)) ? undefined : '认证失败'
}

function parseObject(text: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(text)
    return typeof value === 'object' && value !== null ? { ...value } : undefined
  }
  catch {
    return undefined
  }
}
