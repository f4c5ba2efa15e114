import { randomBytes } from 'node:crypto'
import type { Fields } from './sign.ts'

/** `expired`: nobody paid in time. `refused`: the merchant turned a dispute down. `refund`: the money went back. */
export type OrderState = 'pending' | 'success' | 'expired' | 'disputing' | 'refused' | 'refund'

export interface CreditOrder {
  /** The gateway's number: decimal text beyond 2^53. */
  tradeNo: string
  /** The merchant's number; empty for a payment link and a payout without one. */
  outTradeNo: string
  /** `test`: paid in test mode, so no money moved. `distribute`: a payout of the merchant. */
  kind: 'payment' | 'test' | 'distribute'
  type: string
  name: string
  /** Hundredths of the gateway's unit. */
  cents: bigint
  /** Hundredths that went back so far. */
  refundedCents: bigint
  notifyUrl: string
  returnUrl: string
  /** The merchant's own text, sent back with the notify; only the generic gateway has it. */
  param: string
  /** The fields of the request that made it, with its sign: anybody who saw the payer's browser has them. */
  created: Fields
  /** What the paying page's address shows in place of a number. */
  orderNo: string
  state: OrderState
  /** Times are milliseconds since 1970, by the gateway's clock. */
  createdAt: number
  expiresAt: number
  paidAt: number | undefined
  disputedAt: number | undefined
}

export type OrderDraft = Pick<CreditOrder, 'outTradeNo' | 'kind' | 'type' | 'name' | 'cents' | 'notifyUrl' | 'returnUrl' | 'param' | 'created' | 'state'> & {
  /** Milliseconds until nobody can pay it any more; Infinity where there is no such limit. */
  lifetime: number
}

export interface OrderBook {
  add: (draft: OrderDraft) => CreditOrder
  /** The newest order with this number of the merchant's. */
  find: (outTradeNo: string) => CreditOrder | undefined
  findByTradeNo: (tradeNo: string) => CreditOrder | undefined
  findByOrderNo: (orderNo: string) => CreditOrder | undefined
  all: () => CreditOrder[]
}

/** A dispute nobody answers is decided for the payer. */
const disputeMs = 168 * 3_600_000

export function createOrderBook(now: () => number, nextTradeNo: () => string): OrderBook {
  const orders: CreditOrder[] = []
  const first = (is: (order: CreditOrder) => boolean): CreditOrder | undefined => {
    const order = orders.findLast(is)
    if (order) age(order, now())
    return order
  }
  return {
    add: ({ lifetime, ...draft }) => {
      const createdAt = now()
      const paidAt = draft.state === 'success' ? createdAt : undefined
      // As long as the real one's sealed number, and as telling.
      const orderNo = randomBytes(47).toString('base64')
      const order = { ...draft, tradeNo: nextTradeNo(), orderNo, refundedCents: 0n, createdAt, expiresAt: createdAt + lifetime, paidAt, disputedAt: undefined }
      orders.push(order)
      return order
    },
    find: outTradeNo => outTradeNo === '' ? undefined : first(order => order.outTradeNo === outTradeNo),
    findByTradeNo: tradeNo => first(order => order.tradeNo === tradeNo),
    findByOrderNo: orderNo => first(order => order.orderNo === orderNo),
    all: () => {
      for (const order of orders) age(order, now())
      return [...orders]
    },
  }
}

/** Lets time do to an order what the gateway's own workers would have done by now. */
function age(order: CreditOrder, now: number): void {
  if (order.state === 'pending' && order.expiresAt <= now) order.state = 'expired'
  if (order.state === 'disputing' && order.disputedAt !== undefined && order.disputedAt + disputeMs <= now) {
    order.state = 'refund'
    order.refundedCents = order.cents
  }
}
