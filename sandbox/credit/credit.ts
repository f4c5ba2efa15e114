import type { Gateway, PayAction } from './context.ts'
import type { CreditFaults, NotifyFault } from './faults.ts'
import { parseCreditFaults } from './faults.ts'
import { noticeFields } from './notices.ts'
import type { Notice } from './notifier.ts'
import type { CreditOrder } from './orders.ts'
import { payOrder } from './paying.ts'
import type { Fields } from './sign.ts'

export interface NoticeChange {
  /** Made in place of the true notify; anything but `lost`. */
  fault?: Exclude<NotifyFault, 'lost'>
  /** Replaces fields before they are signed with the merchant's key; undefined leaves one out. */
  fields?: Record<string, string | undefined>
  /** Replaces the signature. */
  sign?: string
  method?: 'GET' | 'POST'
  /** Where it goes, in place of the order's notify_url. */
  address?: string
}

/** One fake gateway as a test holds it. Orders go by the merchant's number; one that was never submitted throws. */
export interface Credit {
  profile: 'linuxdo' | 'epay'
  submitUrl: string
  apiUrl: string
  pid: string
  key: string
  /** Live: the addresses set in the gateway's console, used where an order names none. */
  app: { notifyUrl: string, returnUrl: string }
  /** Replaces every fault in force; `{}` heals. */
  setFault: (faults: CreditFaults) => void
  orders: () => CreditOrder[]
  order: (outTradeNo: string) => CreditOrder
  /**
   * Pays in the place of a payer and waits until notifies due at once are answered. `refused` is what the gateway says
   * when it takes no payment, `returnUrl` where the payer is led.
   */
  pay: (outTradeNo: string, action?: PayAction) => Promise<{ paid: boolean, refused: string | undefined, returnUrl: string | undefined }>
  /** Lets the time to pay run out now. */
  expire: (outTradeNo: string) => void
  /** The payer disputes a paid order. Unanswered for 168 hours it is paid back. */
  dispute: (outTradeNo: string) => void
  /** The payer takes the dispute back: the order counts as paid again. */
  closeDispute: (outTradeNo: string) => void
  /** The merchant turns the dispute down in the gateway's console. */
  refuseDispute: (outTradeNo: string) => void
  /** The merchant pays back in the gateway's console, disputed or not. */
  refundByMerchant: (outTradeNo: string) => void
  /** Sends a notify by hand, whatever the order's state; it is not repeated. */
  notifyNow: (outTradeNo: string, change?: NoticeChange) => Promise<Notice>
  /** What was sent and what was answered, oldest first. */
  notices: () => Notice[]
  /** Sends what is due by the gateway's clock and waits for the answers. */
  tick: () => Promise<void>
  /** Puts this gateway's clock forward, stopping at each notify that falls due on the way. */
  advance: (ms: number) => Promise<void>
}

export function createCredit(gateway: Gateway, paths: { submit: string, api: string }): Credit {
  const { base, book, notifier, pid, key, app, profile } = gateway
  const need = (outTradeNo: string): CreditOrder => {
    const order = book.find(outTradeNo)
    if (!order) throw new Error(`No order ${outTradeNo} was submitted to ${base}.`)
    return order
  }
  const move = (outTradeNo: string, from: CreditOrder['state'][], to: CreditOrder['state']): CreditOrder => {
    const order = need(outTradeNo)
    if (!from.includes(order.state)) throw new Error(`The order ${outTradeNo} is ${order.state}; this needs one that is ${from.join(' or ')}.`)
    order.state = to
    return order
  }
  return {
    profile: profile.kind,
    submitUrl: base + paths.submit,
    apiUrl: base + paths.api,
    pid,
    key,
    app,
    setFault: (faults) => { gateway.faults = parseCreditFaults(faults) },
    orders: book.all,
    order: need,
    pay: async (outTradeNo, action = 'pay') => {
      const order = need(outTradeNo)
      const refusal = payOrder(gateway, order, action)
      await notifier.tick(gateway)
      return { paid: !refusal, refused: refusal?.message, returnUrl: refusal ? undefined : profile.returnAddress(gateway, order) }
    },
    expire: (outTradeNo) => { move(outTradeNo, ['pending'], 'expired').expiresAt = gateway.clock.now() },
    dispute: (outTradeNo) => { move(outTradeNo, ['success'], 'disputing').disputedAt = gateway.clock.now() },
    closeDispute: (outTradeNo) => { move(outTradeNo, ['disputing'], 'success') },
    refuseDispute: (outTradeNo) => { move(outTradeNo, ['disputing'], 'refused') },
    refundByMerchant: (outTradeNo) => {
      const order = move(outTradeNo, ['success', 'disputing'], 'refund')
      order.refundedCents = order.cents
    },
    notifyNow: (outTradeNo, change = {}) => sendByHand(gateway, need(outTradeNo), change),
    notices: notifier.sent,
    tick: () => notifier.tick(gateway),
    advance: ms => advance(gateway, gateway.clock.now() + ms),
  }
}

function sendByHand(gateway: Gateway, order: CreditOrder, { fault, fields, sign, method, address }: NoticeChange): Promise<Notice> {
  const made = noticeFields(gateway, order, fault)
  const changed = fields ? gateway.profile.sign(merged(made, fields), gateway.key) : made
  return gateway.notifier.sendNow(gateway, order, {
    attempt: 0,
    method: method ?? 'GET',
    address: address ?? (order.notifyUrl || gateway.app.notifyUrl),
    fields: sign === undefined ? changed : { ...changed, sign },
  })
}

/** Without the old signature, which must not be signed again. */
function merged(fields: Fields, changes: Record<string, string | undefined>): Fields {
  const all: [string, string | undefined][] = Object.entries({ ...fields, sign: undefined, sign_type: undefined, ...changes })
  return Object.fromEntries(all.filter((entry): entry is [string, string] => entry[1] !== undefined))
}

async function advance(gateway: Gateway, end: number): Promise<void> {
  const { clock, notifier } = gateway
  await notifier.tick(gateway)
  for (let due = notifier.nextDue(); due !== undefined && due <= end; due = notifier.nextDue()) {
    clock.forwardTo(due)
    await notifier.tick(gateway)
  }
  clock.forwardTo(end)
}
