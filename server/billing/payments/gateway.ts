/** The payment gateway: what is sent to it, what comes from it, and what its answers mean. It decides nothing about money. */
import { createHash } from 'node:crypto'
import type { Config } from '#server/config'
import { formatCents, parseCents } from '#shared/utils/money'
import type { OrderRecord } from './order'
import { gatewayProfiles } from './profiles'
import { numberOf, readAnswer, textOf } from './answer'
import type { FetchText } from './answer'
import { isSigned, signFields } from './sign'
import type { Fields } from './sign'

export type GatewayConfig = Pick<Config, 'EPAY_KIND' | 'EPAY_PID' | 'EPAY_KEY' | 'EPAY_SUBMIT_URL' | 'EPAY_API_URL' | 'EPAY_NOTIFY_URL' | 'EPAY_RETURN_URL' | 'EPAY_TYPES'>

/** What the gateway says about an order; `fields` are what an admin may see of it. */
export type QueryAnswer =
  | { answer: 'paid', cents: number, tradeNo: string | null, fields: Fields }
  | { answer: 'not_paid', fields: Fields }
  | { answer: 'unknown', why: string, fields: Fields }

export type RefundAnswer = { answer: 'done' | 'refused' | 'unknown', why: string, fields: Fields }

/** A notice that verifies, or why it does not. Who pays for which order is not its business. */
export type NoticeVerdict =
  | { ok: true, order: string, tradeNo: string, cents: number, type: string }
  | { ok: false, outcome: 'malformed' | 'unknown_field' | 'wrong_sign' | 'wrong_pid' | 'wrong_status' | 'wrong_amount' }

export interface PayForm {
  action: string
  method: 'POST'
  fields: Fields
}

export type PaymentGateway = ReturnType<typeof createPaymentGateway>

const NOTICE_FIELDS = ['pid', 'trade_no', 'out_trade_no', 'type', 'name', 'money', 'trade_status', 'sign', 'sign_type']
const TRADE_NO = /^[0-9A-Za-z._|-]{1,64}$/
/** Fields of an answer that are kept. */
const SHOWN = ['code', 'msg', 'status', 'trade_status', 'trade_no', 'out_trade_no', 'pid', 'type', 'money', 'addtime', 'endtime']

export function createPaymentGateway(config: GatewayConfig, fetchText: FetchText) {
  const profile = gatewayProfiles[config.EPAY_KIND]
  const { EPAY_PID: pid, EPAY_KEY: key } = config
  const allowed = [...NOTICE_FIELDS, ...profile.notifyExtraFields]

  /** The form the payer's browser sends: every value is made here, so nobody can write fields into the signed text. */
  function createForm(order: OrderRecord): PayForm {
    const money = formatCents(order.cents)
    const fields = {
      pid,
      type: order.type,
      out_trade_no: order.id,
      notify_url: config.EPAY_NOTIFY_URL,
      return_url: `${config.EPAY_RETURN_URL}?o=${order.id}`,
      name: `Vapor 充值 ${money}`,
      money,
    }
    return { action: config.EPAY_SUBMIT_URL, method: 'POST', fields: { ...fields, sign: signFields(fields, key), sign_type: 'MD5' } }
  }

  /** Judges the fields of a notice. Only known fields are signed over; anything else is refused, not ignored. */
  function verify(fields: Fields): NoticeVerdict {
    if (Object.keys(fields).some(name => !allowed.includes(name))) return { ok: false, outcome: 'unknown_field' }
    if (fields['sign_type'] && fields['sign_type'].toUpperCase() !== 'MD5') return { ok: false, outcome: 'malformed' }
    if (!isSigned(fields, key)) return { ok: false, outcome: 'wrong_sign' }
    if (fields['pid'] !== pid) return { ok: false, outcome: 'wrong_pid' }
    if (fields['trade_status'] !== 'TRADE_SUCCESS') return { ok: false, outcome: 'wrong_status' }
    const { trade_no: tradeNo = '', type = '', money = '', out_trade_no: order = '' } = fields
    if (!TRADE_NO.test(tradeNo)) return { ok: false, outcome: 'malformed' }
    const cents = parseCents(money)
    if (cents === undefined) return { ok: false, outcome: 'wrong_amount' }
    return { ok: true, order, tradeNo, cents, type }
  }

  /** Asks about one of our orders. Merchant id and key stand in the address, which therefore appears nowhere else. */
  async function query(order: string, timeoutMs: number): Promise<QueryAnswer> {
    const url = new URL(config.EPAY_API_URL)
    for (const [name, value] of Object.entries({ act: 'order', pid, key, out_trade_no: order })) url.searchParams.set(name, value)
    const reply = await readAnswer(fetchText, { method: 'GET', url: url.href, headers: {}, timeoutMs })
    if (!reply.ok) return { answer: 'unknown', why: reply.why, fields: {} }
    const { status, body } = reply
    const fields = shown(body, key)
    const code = numberOf(body['code'])
    if (profile.isAbsent(status, code)) return { answer: 'not_paid', fields }
    if (profile.isRefused(status, code)) return { answer: 'unknown', why: 'credentials', fields }
    if (status !== 200 || code !== 1) return { answer: 'unknown', why: `http_${status}`, fields }
    if (!isAbout(body, { order, pid })) return { answer: 'unknown', why: 'other_order', fields }
    if (!saysPaid(body)) return { answer: 'not_paid', fields }
    const cents = parseCents(textOf(body['money']) ?? '')
    if (cents === undefined) return { answer: 'unknown', why: 'no_amount', fields }
    const tradeNo = textOf(body['trade_no'])
    return { answer: 'paid', cents, tradeNo: tradeNo !== undefined && TRADE_NO.test(tradeNo) ? tradeNo : null, fields }
  }

  /** Asks to pay an order back, in full. `refused` is the gateway's own word; everything unclear is `unknown`. */
  async function refund(order: OrderRecord, timeoutMs: number): Promise<RefundAnswer> {
    const url = new URL(config.EPAY_API_URL)
    if (config.EPAY_KIND === 'epay') url.searchParams.set('act', 'refund')
    const form = new URLSearchParams({ pid, key, trade_no: order.tradeNo ?? '', money: formatCents(order.cents) })
    if (config.EPAY_KIND === 'epay') form.set('out_trade_no', order.id)
    const reply = await readAnswer(fetchText, { method: 'POST', url: url.href, headers: { 'content-type': 'application/x-www-form-urlencoded' }, body: form.toString(), timeoutMs })
    if (!reply.ok) return { answer: 'unknown', why: reply.why, fields: {} }
    const fields = shown(reply.body, key)
    const code = numberOf(reply.body['code'])
    if (code === undefined || reply.status >= 500) return { answer: 'unknown', why: `http_${reply.status}`, fields }
    const done = reply.status === 200 && profile.refundSuccessCodes.includes(code)
    return { answer: done ? 'done' : 'refused', why: textOf(reply.body['msg'])?.slice(0, 100) ?? '', fields }
  }

  return { id: gatewayIdOf(config), kind: config.EPAY_KIND, types: config.EPAY_TYPES, expiresMs: profile.expiresMs, createForm, verify, query, refund }
}

export function gatewayIdOf(config: Pick<Config, 'EPAY_KIND' | 'EPAY_PID'>): string {
  return `${config.EPAY_KIND}_${createHash('sha256').update(config.EPAY_PID).digest('hex').slice(0, 8)}`
}

/** An answer about somebody else's order must not count; forks leave the two fields out. */
function isAbout(body: Record<string, unknown>, { order, pid }: { order: string, pid: string }): boolean {
  const about = [textOf(body['out_trade_no']) ?? order, textOf(body['pid']) ?? pid]
  return about[0] === order && about[1] === pid
}

/** `trade_status` decides where there is one: forks say `status` 1 while it still waits. */
function saysPaid(body: Record<string, unknown>): boolean {
  const tradeStatus = textOf(body['trade_status'])
  if (tradeStatus) return tradeStatus === 'TRADE_SUCCESS'
  return numberOf(body['status']) === 1
}

/** What is kept of an answer: short, and without the key should it come back. */
function shown(body: Record<string, unknown>, key: string): Fields {
  return Object.fromEntries(SHOWN.flatMap((name) => {
    const value = textOf(body[name])
    return value === undefined ? [] : [[name, value.replaceAll(key, '…').slice(0, 200)]]
  }))
}
