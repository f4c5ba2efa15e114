import type { Exchange } from '../http.ts'
import { sendHtml, sendJson, sendRedirect } from '../http.ts'
import { escapeHtml, page } from '../page.ts'
import type { Gateway } from './context.ts'
import { readForm } from './context.ts'
import { phpCents } from './money.ts'
import type { CreditOrder } from './orders.ts'
import { rainbowSignature, rainbowTypes } from './rainbow.ts'
import type { Fields } from './sign.ts'

/** The same number within ten days opens the same order again. */
const reopenMs = 864_000_000

/** GET or POST of `/submit.php`: makes an order, or opens it again, and sends the browser to its cashier. Refusals are pages. */
export async function submitRainbow(gateway: Gateway, exchange: Exchange): Promise<void> {
  const { response, url } = exchange
  const form = await readForm(exchange)
  const placed = place(gateway, Object.fromEntries(url.searchParams.has('pid') ? url.searchParams : form), ['return_url'])
  if ('refused' in placed) return sendHtml(response, 200, refusal(placed.refused))
  sendRedirect(response, payingAddress(gateway, placed.order))
}

/** POST `/mapi.php`: the same for a server, which gets the address in JSON. */
export async function createRainbow(gateway: Gateway, exchange: Exchange): Promise<void> {
  const { response } = exchange
  const fields: Fields = Object.fromEntries(await readForm(exchange))
  if (fields['pid'] === undefined) return sendJson(response, 200, { code: -4, msg: '未传入任何参数' })
  const placed = place(gateway, fields, ['type', 'clientip'])
  if ('refused' in placed) return sendJson(response, 200, { code: placed.refused === wrongSign ? -3 : -1, msg: placed.refused })
  sendJson(response, 200, { code: 1, trade_no: placed.order.tradeNo, payurl: payingAddress(gateway, placed.order) })
}

const wrongSign = 'MD5签名校验失败'
const labels: Fields = { out_trade_no: '订单号', notify_url: '通知地址', return_url: '回调地址', name: '商品名称', money: '金额', type: '支付方式', clientip: '用户IP地址' }

function payingAddress({ base }: Gateway, { orderNo }: CreditOrder): string {
  return `${base}/paying?order_no=${encodeURIComponent(orderNo)}`
}

function refusal(message: string): string {
  return page('站点提示信息', `<h1>站点提示信息</h1><div class="card"><p class="warn">${escapeHtml(message)}</p></div>`, 'narrow')
}

type Placed = { order: CreditOrder } | { refused: string }

function place(gateway: Gateway, fields: Fields, alsoNeeded: string[]): Placed {
  const problem = problemOf(gateway, fields, alsoNeeded)
  if (problem !== undefined) return { refused: problem }
  const outTradeNo = fields['out_trade_no'] ?? ''
  const type = rainbowTypes.includes(fields['type'] ?? '') ? fields['type'] ?? '' : ''
  const draft = {
    // What it keeps is escaped for a page, and escaped it is sent back.
    name: escapeHtml(fields['name'] ?? ''),
    cents: phpCents(fields['money'] ?? '') ?? 0n,
    notifyUrl: escapeHtml(fields['notify_url'] ?? ''),
    returnUrl: escapeHtml(fields['return_url'] ?? ''),
    param: escapeHtml(fields['param'] ?? ''),
  }
  const old = gateway.book.find(outTradeNo)
  if (!old || gateway.clock.now() - old.createdAt >= reopenMs) {
    return { order: gateway.book.add({ ...draft, outTradeNo, kind: 'payment', type, created: fields, state: 'pending', lifetime: Infinity }) }
  }
  if (old.paidAt !== undefined) return { refused: `该订单(${outTradeNo})已完成支付，请勿重复发起支付` }
  const changed = (Object.keys(draft) as (keyof typeof draft)[]).some(name => old[name] !== draft[name])
  if (changed) return { refused: `该订单(${outTradeNo})支付参数有变化，请更换订单号重新发起支付` }
  old.type = type
  return { order: old }
}

function problemOf({ pid, key }: Gateway, fields: Fields, alsoNeeded: string[]): string | undefined {
  // The number is read as PHP's intval reads it, up to the first letter.
  const number = String(Number.parseInt(fields['pid'] ?? '', 10) || 0)
  if (number === '0') return '商户ID不能为空'
  if (number !== pid) return '商户不存在！'
  if (fields['sign'] === undefined) return '缺少签名参数'
  if (rainbowSignature(fields, key) !== fields['sign']) return wrongSign
  const missing = ['out_trade_no', 'notify_url', 'name', 'money', ...alsoNeeded].find(name => ['', '0'].includes(fields[name] ?? ''))
  if (missing !== undefined) return `${labels[missing]}(${missing})不能为空`
  const cents = phpCents(fields['money'] ?? '')
  if (cents === undefined || cents <= 0n) return '金额不合法'
  return /^[\w.|-]+$/.test(fields['out_trade_no'] ?? '') ? undefined : '订单号(out_trade_no)格式不正确'
}
