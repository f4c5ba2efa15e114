import { z } from 'zod'
import { isoTime, listOf, money, pageQuery, positiveMoney, userId } from './common'
import { gatewayMoneyRule, orderIdRule, orderStates } from './plain-rules'

export const gatewayMoney = z.string().regex(gatewayMoneyRule, 'an amount such as 10 or 9.90')

export const orderId = z.string().regex(orderIdRule)

export type OrderState = typeof orderStates[number]

export const orderReply = z.object({
  id: orderId,
  state: z.enum(orderStates),
  /** What the gateway asks of the payer. */
  money: gatewayMoney,
  /** What that money was called when the order was made: `LDC`, `CNY`. */
  currency: z.string(),
  /** Credits the payment buys, and what comes on top. */
  credit: money,
  bonus: money,
  /** Credits per one unit of money, as it was when the order was made. */
  rate: positiveMoney,
  /** Way of paying, in the gateway's words: `epay`, `alipay`, … */
  type: z.string(),
  /** The gateway's own number; null until it is known. */
  tradeNo: z.string().nullable(),
  /** Credited on a notice alone; the gateway's own word is still awaited. */
  unconfirmed: z.boolean(),
  createdAt: isoTime,
  expiresAt: isoTime,
  paidAt: isoTime.nullable(),
  refundedAt: isoTime.nullable(),
})
export type OrderReply = z.output<typeof orderReply>
export const orderList = listOf(orderReply)
export const orderQuery = pageQuery.extend({ state: z.enum(orderStates).optional() })

/** The number of an order: ours, or the gateway's. */
export const tradeNo = z.string().regex(/^[0-9A-Za-z._|-]{1,64}$/)

/** What the wallet offers before an order is made. */
export const topUpInfo = z.object({
  enabled: z.boolean(),
  /** What the money is called on pages: `LDC`, `CNY`. */
  currency: z.string(),
  types: z.array(z.string()),
  rate: positiveMoney,
  min: gatewayMoney,
  max: gatewayMoney,
  /** Each with what this user would get now. */
  presets: z.array(z.object({ money: gatewayMoney, credit: money, bonus: money })),
  /** Largest first: from this amount on, this many basis points come on top. */
  tiers: z.array(z.object({ from: gatewayMoney, bonus: z.number().int() })),
  /** Basis points on top of this user's first paid order; 0 once it is paid. */
  firstBonus: z.number().int(),
})
export type TopUpInfo = z.output<typeof topUpInfo>

export const orderCreate = z.strictObject({ money: gatewayMoney, type: z.string().regex(/^[a-z0-9_]{1,20}$/).optional() })

/** An order and where to pay it: the browser posts the fields to the address itself. */
export const orderCreated = z.object({
  order: orderReply,
  form: z.object({ action: z.url(), method: z.literal('POST'), fields: z.record(z.string(), z.string()) }),
})
export type OrderCreated = z.output<typeof orderCreated>

/** What came to the notify address, or what the gateway answered when asked, as an admin sees it: never a secret. */
export const noticeReply = z.object({
  id: z.string(),
  at: isoTime,
  source: z.enum(['notify', 'query', 'refund']),
  /** What it led to: `credited`, `repeated`, `wrong_sign`, `wrong_pid`, `wrong_amount`, `not_paid`, `unknown`, … */
  outcome: z.string(),
  /** The fields as they came; the secret and the sign are cut. */
  fields: z.record(z.string(), z.string()),
})
export type NoticeReply = z.output<typeof noticeReply>

export const adminOrder = orderReply.extend({
  user: z.object({ id: userId, username: z.string() }),
  gateway: z.string(),
  /** What credited it; null until then. */
  evidence: z.enum(['notify', 'query', 'admin']).nullable(),
  /** When the gateway is asked next; null when it will not be. */
  nextAskAt: isoTime.nullable(),
  /** What the last question to the gateway brought. */
  lastAnswer: z.enum(['paid', 'not_paid', 'unknown']).nullable(),
  reason: z.string().nullable(),
})
export type AdminOrder = z.output<typeof adminOrder>
export const adminOrderList = listOf(adminOrder)
export const adminOrderQuery = orderQuery.extend({
  user: userId.optional(),
  /** Our number or the gateway's. */
  search: z.string().trim().max(64).optional(),
})
export const adminOrderDetail = z.object({ order: adminOrder, notices: z.array(noticeReply) })
export type AdminOrderDetail = z.output<typeof adminOrderDetail>

export const orderReason = z.strictObject({ reason: z.string().trim().min(1, 'say why').max(200) })
export const orderComplete = orderReason.extend({ tradeNo: tradeNo.optional() })

const stateTotal = z.object({ orders: z.number().int(), money: z.string() })
export const paymentsOverview = z.object({
  enabled: z.boolean(),
  /** Why not, in words for an operator: the variables that are missing. */
  missing: z.array(z.string()),
  gateway: z.string().nullable(),
  submitUrl: z.string(),
  apiUrl: z.string(),
  notifyUrl: z.string(),
  returnUrl: z.string(),
  currency: z.string(),
  /** Orders and money by the state they are in now. */
  states: z.record(z.enum(orderStates), stateTotal),
  /** Newest first, days of the shop's time zone as YYYY-MM-DD. */
  days: z.array(z.object({ day: z.string(), created: stateTotal, paid: stateTotal, refunded: stateTotal })),
})
export type PaymentsOverview = z.output<typeof paymentsOverview>

/** What an operator must know before the first payer comes. Each step says what was tried and how it went. */
export const paymentsSelfTest = z.object({
  steps: z.array(z.object({ name: z.enum(['secret', 'notify_url', 'return_url', 'gateway_json', 'gateway_credentials']), ok: z.boolean(), detail: z.string() })),
})
export type PaymentsSelfTest = z.output<typeof paymentsSelfTest>

const basisPoints = z.number().int().min(0).max(10_000)

/** Settings of the group `payments`; changed by admins, in force within seconds. */
export const paymentSettings = z.strictObject({
  enabled: z.boolean().default(true),
  currency: z.string().trim().min(1).max(12).default('LDC'),
  /** Credits per one unit of money. */
  rate: positiveMoney.refine(text => Number(text) > 0, 'must be more than zero').default('1'),
  presets: z.array(gatewayMoney).max(12).default(['10', '50', '100', '500']),
  min: gatewayMoney.default('1'),
  max: gatewayMoney.default('5000'),
  tiers: z.array(z.strictObject({ from: gatewayMoney, bonus: basisPoints })).max(12).default([]),
  firstBonus: basisPoints.default(0),
  /** Take the credit back when the gateway no longer calls a credited order paid. Off: an admin decides. */
  clawback: z.boolean().default(false),
  /** Credits for the inviter when somebody invited pays for the first time; 0 is off. At most so many times each. */
  inviteCredit: positiveMoney.default('0'),
  inviteCap: z.number().int().min(0).max(10_000).default(20),
}).refine(settings => Number(settings.min) > 0 && Number(settings.min) <= Number(settings.max), { path: ['min'], message: 'must be above zero and not above the largest amount' })
export type PaymentSettings = z.output<typeof paymentSettings>

/** A group of settings with the version a change must name. */
export const paymentSettingsReply = z.object({ version: z.string(), settings: paymentSettings })
export const paymentSettingsPut = z.strictObject({ version: z.string(), settings: paymentSettings })
