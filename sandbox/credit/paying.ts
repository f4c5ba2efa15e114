import type { Exchange } from '../http.ts'
import { sendHtml, sendJson } from '../http.ts'
import type { Gateway, PayAction } from './context.ts'
import { payActions, readForm } from './context.ts'
import type { CreditOrder } from './orders.ts'
import { donePage, payingPage, problemPage } from './paying-page.ts'

interface Refusal {
  status: number
  message: string
}

const notFound: Refusal = { status: 404, message: '订单不存在或已完成' }

/**
 * Pays an order, in the place of a payer who does `action`. Undefined when it is paid, else what the gateway says.
 * The first notify is put in line; it is sent by the gateway's clock.
 */
export function payOrder(gateway: Gateway, order: CreditOrder, action: PayAction): Refusal | undefined {
  const { clock, faults, notifier } = gateway
  const isOwner = action === 'self-pay'
  if (isOwner && !faults.testMode) return { status: 400, message: '不能给自己付款' }
  if (!isOwner && faults.testMode) return { status: 400, message: '测试模式下无法处理订单' }
  if (action === 'wrong-key') return { status: 400, message: '支付密钥错误' }
  if (order.state !== 'pending') return notFound
  if (action === 'daily-limit') return { status: 400, message: '已超过每日限额' }
  if (action === 'insufficient') return { status: 400, message: '余额不足' }
  order.state = 'success'
  order.paidAt = clock.now()
  if (faults.testMode) order.kind = 'test'
  const returnMs = gateway.profile.returnSeconds * 1000
  notifier.enqueue(gateway, order, (faults.delayMs ?? 0) + (faults.when === 'after-return' ? returnMs + 3000 : 0))
  return undefined
}

/** GET `/paying?order_no=…`: what is asked of the payer, as long as it can be paid. */
export function showPaying(gateway: Gateway, { response, url }: Exchange): void {
  const order = gateway.book.findByOrderNo(url.searchParams.get('order_no') ?? '')
  if (order?.state !== 'pending') return sendHtml(response, notFound.status, problemPage(gateway, notFound.message, undefined))
  sendHtml(response, 200, payingPage(gateway, order))
}

/**
 * POST `/paying`, a form with `order_no` and `action`: a PayAction, or `expire`. The answer is a page, or with
 * `Accept: application/json` what Credit's own page gets: `{"error_msg","data":null}`.
 */
export async function playPaying(gateway: Gateway, exchange: Exchange): Promise<void> {
  const { request, response } = exchange
  const form = await readForm(exchange)
  const order = gateway.book.findByOrderNo(form.get('order_no') ?? '')
  const refusal = order ? await act(gateway, order, form.get('action') ?? 'pay') : notFound
  if (request.headers.accept?.includes('application/json')) {
    return sendJson(response, refusal?.status ?? 200, { error_msg: refusal?.message ?? '', data: null })
  }
  if (refusal || !order) return sendHtml(response, refusal?.status ?? 404, problemPage(gateway, refusal?.message ?? notFound.message, order))
  sendHtml(response, 200, donePage(gateway, order))
}

async function act(gateway: Gateway, order: CreditOrder, action: string): Promise<Refusal | undefined> {
  if (action === 'expire') {
    expireOrder(gateway, order)
    return { status: 200, message: '订单已过期' }
  }
  const known = payActions.find(name => name === action)
  if (!known || !gateway.profile.actions.includes(known)) return { status: 400, message: `action: ${gateway.profile.actions.join(', ')}, expire` }
  const refusal = payOrder(gateway, order, known)
  if (!refusal && gateway.faults.when === 'before-return') await gateway.notifier.tick(gateway)
  return refusal
}

/** Lets the time to pay run out now; an order that is paid already stays so. */
function expireOrder({ clock }: Gateway, order: CreditOrder): void {
  if (order.state !== 'pending') return
  order.state = 'expired'
  order.expiresAt = clock.now()
}
