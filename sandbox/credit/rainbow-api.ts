import { playEndpointFault } from '../connect/faults.ts'
import type { Exchange } from '../http.ts'
import { sendJson } from '../http.ts'
import { localTime } from './clock.ts'
import type { Gateway } from './context.ts'
import { readForm } from './context.ts'
import { fixedMoney, phpCents } from './money.ts'
import type { CreditOrder } from './orders.ts'

const orderNumberMissing = { code: -4, msg: '订单号不能为空' }

/** `/api.php?act=order` and `?act=refund`. Every answer is JSON with HTTP 200; `code` says how it went. */
export async function answerRainbowApi(gateway: Gateway, exchange: Exchange): Promise<void> {
  const { response, url } = exchange
  const act = url.searchParams.get('act')
  const form = await readForm(exchange)
  const { query, refund, slowMs } = gateway.faults
  if (await playEndpointFault(act === 'refund' ? refund : query, exchange, slowMs)) return
  if (act === 'order') return sendJson(response, 200, describeOrder(gateway, url.searchParams))
  if (act !== 'refund') return sendJson(response, 200, { code: -5, msg: 'No Act!' })
  const answer = refundOrder(gateway, form)
  if (refund === 'lost-reply' && answer['code'] === 0) response.destroy()
  else sendJson(response, 200, answer)
}

type Answer = Record<string, unknown> & { code: number }

function merchantProblem(gateway: Gateway, parameters: URLSearchParams): Answer | undefined {
  if (String(Number.parseInt(parameters.get('pid') ?? '', 10)) !== gateway.pid) return { code: -3, msg: '商户ID不存在' }
  return parameters.get('key') === gateway.key ? undefined : { code: -3, msg: '商户密钥错误' }
}

/** By the gateway's number if there is one, else by the merchant's; undefined when neither is given. */
function findOrder({ book }: Gateway, parameters: URLSearchParams): { order: CreditOrder | undefined } | undefined {
  const tradeNo = parameters.get('trade_no')
  if (tradeNo) return { order: book.findByTradeNo(tradeNo) }
  const outTradeNo = parameters.get('out_trade_no')
  return outTradeNo ? { order: book.find(outTradeNo) } : undefined
}

function describeOrder(gateway: Gateway, parameters: URLSearchParams): Answer {
  const unknown = merchantProblem(gateway, parameters)
  if (unknown) return unknown
  const found = findOrder(gateway, parameters)
  if (!found) return orderNumberMissing
  const { order } = found
  const fault = gateway.faults.query
  if (!order || fault === 'missing') return { code: -1, msg: '订单号不存在' }
  const paid = order.paidAt !== undefined && fault !== 'unpaid'
  return {
    code: 1,
    msg: 'succ',
    trade_no: order.tradeNo,
    out_trade_no: order.outTradeNo,
    api_trade_no: paid ? `sandbox${order.tradeNo}` : null,
    type: order.type,
    pid: Number(gateway.pid),
    addtime: localTime(order.createdAt),
    endtime: paid && order.paidAt !== undefined ? localTime(order.paidAt) : null,
    name: order.name,
    money: fixedMoney(order.cents),
    param: order.param || null,
    buyer: null,
    status: paid ? statusOf(order) : 0,
  }
}

/** 1 paid, 2 paid back in part or as a whole, 3 frozen. */
function statusOf({ state, refundedCents }: CreditOrder): number {
  if (state === 'disputing') return 3
  return state === 'refund' || refundedCents > 0n ? 2 : 1
}

function refundOrder(gateway: Gateway, form: URLSearchParams): Answer {
  const unknown = merchantProblem(gateway, form)
  if (unknown) return unknown
  const cents = phpCents((form.get('money') ?? '').trim())
  if (cents === undefined) return { code: -1, msg: '金额输入错误' }
  const found = findOrder(gateway, form)
  if (!found) return orderNumberMissing
  const { order } = found
  if (!order) return { code: -1, msg: '当前订单不存在！' }
  if (order.paidAt === undefined) return { code: -1, msg: '该订单状态不支持退款！' }
  if (cents > order.cents) return { code: -1, msg: '退款金额不能大于订单金额' }
  if (order.refundedCents >= order.cents) return { code: -1, msg: '该订单已全额退款！' }
  if (cents > order.cents - order.refundedCents) return { code: -1, msg: '退款金额不能超过该订单剩余可退款金额！' }
  if (gateway.faults.refund === 'refused') return { code: -1, msg: '商户余额不足，请先充值' }
  order.refundedCents += cents
  order.state = 'refund'
  const money = fixedMoney(cents)
  return { code: 0, msg: `退款成功！退款金额¥${money}`, trade_no: order.tradeNo, money }
}
