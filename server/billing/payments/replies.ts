import type { AdminOrder, NoticeReply, OrderReply } from '#shared/schemas/payment'
import { formatCents, formatNano } from '#shared/utils/money'
import type { NoticeRecord, OrderRecord } from './order'

/** Until an order is credited its bonus is the one of a first order, should this be it, as `first` says. */
export function toOrderReply(order: OrderRecord, first: boolean): OrderReply {
  return {
    id: order.id,
    state: order.state,
    money: formatCents(order.cents),
    currency: order.currency,
    credit: formatNano(order.credit),
    bonus: formatNano(order.granted ?? (first ? order.bonus.ifFirst : order.bonus.always)),
    rate: formatNano(order.rate),
    type: order.type,
    tradeNo: order.tradeNo,
    unconfirmed: order.unconfirmed,
    createdAt: toIso(order.createdAt),
    expiresAt: toIso(order.expiresAt),
    paidAt: order.paidAt === null ? null : toIso(order.paidAt),
    refundedAt: order.refundedAt === null ? null : toIso(order.refundedAt),
  }
}

export function toAdminOrder(order: OrderRecord, username: string, first: boolean): AdminOrder {
  const { gateway, evidence, lastAnswer, reason, nextAskAt } = order
  return {
    ...toOrderReply(order, first),
    user: { id: order.user, username },
    gateway,
    evidence,
    lastAnswer,
    reason,
    nextAskAt: nextAskAt === null ? null : toIso(nextAskAt),
  }
}

export function toNotice({ id, at, source, outcome, fields }: NoticeRecord): NoticeReply {
  return { id, at: toIso(at), source, outcome, fields }
}

function toIso(at: number): string {
  return new Date(at).toISOString()
}
