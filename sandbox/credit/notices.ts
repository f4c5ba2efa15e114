import { randomBytes } from 'node:crypto'
import type { Gateway } from './context.ts'
import type { NotifyFault } from './faults.ts'
import { fixedMoney, trimmedMoney } from './money.ts'
import type { CreditOrder } from './orders.ts'
import type { Fields } from './sign.ts'
import { contentOf, md5 } from './sign.ts'

/** The fields of a notify about an order, signature and all: the true one, or what a fault makes of it. */
export function noticeFields(gateway: Gateway, order: CreditOrder, fault: NotifyFault | undefined): Fields {
  const { profile, key } = gateway
  const fields = profile.fieldsOf(gateway, order)
  switch (fault) {
    case 'foreign-pid': return profile.sign({ ...fields, pid: profile.stranger.pid }, profile.stranger.key)
    case 'wrong-sign': return { ...profile.sign(fields, key), sign: randomBytes(16).toString('hex') }
    case 'replay': return order.created
    case 'injection': return injected(gateway, order)
    case 'altered-money': return profile.sign({ ...fields, money: fixedMoney(order.cents + 100n) }, key)
    case 'trimmed-money': return profile.sign({ ...fields, money: trimmedMoney(order.cents) }, key)
    case 'fixed-money': return profile.sign({ ...fields, money: fixedMoney(order.cents) }, key)
    case 'extra-fields': return { ...profile.sign({ ...fields, param: 'sandbox' }, key), sign_type: 'MD5' }
    case 'empty-out-trade-no': return profile.sign({ ...fields, out_trade_no: '' }, key)
    case 'wrong-type': return profile.sign({ ...fields, type: 'sandbox' }, key)
    case 'wrong-status': return profile.sign({ ...fields, trade_status: 'TRADE_CLOSED' }, key)
    default: return profile.sign(fields, key)
  }
}

/**
 * A notify nobody paid for, whose signature is nevertheless made with the merchant's key: that of a request to create an
 * order whose name held `&out_trade_no=…&trade_status=TRADE_SUCCESS&type=…`. Cut elsewhere, the signed text is a notify
 * with known fields alone, and what was left over has become part of `type`.
 */
function injected({ key }: Gateway, order: CreditOrder): Fields {
  const { out_trade_no = order.outTradeNo, pid = '', type = order.type } = order.created
  const success = { out_trade_no, pid, trade_no: order.tradeNo, trade_status: 'TRADE_SUCCESS', type }
  const name = 'sandbox'
  const created = { ...order.created, name: `${name}&${contentOf(success)}` }
  const signed = contentOf(created)
  const known = Object.fromEntries(Object.entries(created).filter(([field]) => field < 'name'))
  const before = contentOf({ ...known, name: created.name })
  return { ...known, name, ...success, type: type + signed.slice(before.length), sign: md5(signed + key) }
}
