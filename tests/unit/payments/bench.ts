import { createHash } from 'node:crypto'
import { createLedger } from '#server/billing/ledger'
import type { Entry } from '#server/billing/records'
import { createPayments } from '#server/billing/payments/index'
import type { FetchText, OrderRecord, Payments, PaymentsConfig } from '#server/billing/payments/index'
import { createMemoryStore } from '#server/storage/drivers/memory'
import { keys } from '#server/storage/keys'
import type { Store } from '#server/storage/store'
import { paymentSettings } from '#shared/schemas/payment'
import type { PaymentSettings } from '#shared/schemas/payment'

export const KEY = 'test_client_secret'
export const PID = 'test_client_id'
export const USER = '7'

/** MD5 as the gateway's own source writes it, apart from the shop's. */
export function sign(fields: Record<string, string>, key = KEY): string {
  const text = Object.entries(fields).filter(([name, value]) => value !== '' && name !== 'sign' && name !== 'sign_type').sort(([a], [b]) => a < b ? -1 : 1).map(([name, value]) => `${name}=${value}`).join('&')
  return createHash('md5').update(text + key).digest('hex')
}

export type GatewayMood = 'fine' | 'html' | 'timeout' | 'error' | 'denying'

interface GatewayOrder { id: string, money: string, trade: string, status: 'open' | 'success' | 'disputing' | 'refund' }

/** A payment gateway in memory that answers api.php as LinuxDo Credit does. */
export function createFakeGateway() {
  const orders = new Map<string, GatewayOrder>()
  let trades = 108_086_391_056_891_904n
  const gateway = {
    orders,
    mood: 'fine' as GatewayMood,
    /** What becomes of a refund: made, refused, made but unheard, or lost on the way. */
    refunds: 'made' as 'made' | 'refused' | 'unheard' | 'lost',
    calls: [] as string[],
    /** Runs before each answer, to let others be faster. */
    before: async () => {},
    submit(fields: Record<string, string>): GatewayOrder {
      const { sign: given, sign_type: _, ...signed } = fields
      if (given !== sign(signed)) throw new Error('the gateway refuses the signature')
      const known = orders.get(fields['out_trade_no']!)
      const order = known ?? { id: fields['out_trade_no']!, money: fields['money']!, trade: String(trades++), status: 'open' as const }
      orders.set(order.id, order)
      return order
    },
    notice(id: string, change: Record<string, string> = {}, key = KEY): [string, string][] {
      const { money, trade } = orders.get(id)!
      const fields = { pid: PID, trade_no: trade, out_trade_no: id, type: 'epay', name: `Vapor 充值 ${money}`, money, trade_status: 'TRADE_SUCCESS', ...change }
      return Object.entries({ ...fields, sign: sign(fields, key) })
    },
  }

  const answer = (status: number, body: unknown) => ({ status, headers: {}, text: typeof body === 'string' ? body : JSON.stringify(body) })
  const fetchText: FetchText = async ({ url, method, body }) => {
    const { searchParams } = new URL(url)
    gateway.calls.push(method === 'POST' ? 'refund' : 'query')
    await gateway.before()
    if (gateway.mood === 'timeout') throw new Error('timeout')
    if (gateway.mood === 'html') return answer(403, '<!DOCTYPE html><title>Just a moment…</title>')
    if (gateway.mood === 'error') return answer(500, { code: -1, msg: '服务器错误' })
    const form = method === 'POST' ? new URLSearchParams(body) : searchParams
    if (form.get('pid') !== PID || form.get('key') !== KEY) return answer(400, { code: -1, msg: '商户信息不存在' })
    if (method === 'POST') return refund(form)
    const order = orders.get(form.get('out_trade_no') ?? '')
    if (!order) return answer(404, { code: -1, msg: '订单不存在或已完成' })
    const paid = order.status === 'success' && gateway.mood !== 'denying'
    return answer(200, { code: 1, msg: '查询订单号成功！', trade_no: order.trade, out_trade_no: order.id, type: 'epay', pid: PID, money: order.money, status: paid ? 1 : 0 })
  }

  function refund(form: URLSearchParams) {
    const order = [...orders.values()].find(one => one.trade === form.get('trade_no') && one.money === form.get('money'))
    if (gateway.refunds === 'lost') throw new Error('timeout')
    if (!order || order.status !== 'success' || gateway.refunds === 'refused') return answer(200, { code: -1, msg: '订单不存在或已完成' })
    order.status = 'refund'
    if (gateway.refunds === 'unheard') throw new Error('timeout')
    return answer(200, { code: 1, msg: '退款成功' })
  }

  return { gateway, fetchText }
}

export const config: PaymentsConfig = {
  EPAY_KIND: 'linuxdo',
  EPAY_PID: PID,
  EPAY_KEY: KEY,
  EPAY_SUBMIT_URL: 'https://credit.example/epay/pay/submit.php',
  EPAY_API_URL: 'https://credit.example/epay/api.php',
  EPAY_NOTIFY_URL: 'https://shop.example/api/pay/notify',
  EPAY_RETURN_URL: 'https://shop.example/api/pay/return',
  EPAY_TYPES: ['epay'],
  EPAY_TRUST_NOTIFY_MAX: null,
  missingForPayments: [],
  VAPOR_TIME_ZONE: 'Asia/Shanghai',
}

export interface BenchOptions {
  settings?: Partial<PaymentSettings>
  config?: Partial<PaymentsConfig>
  /** Another store than one in memory by the bench's clock. */
  store?: () => Store
  wrap?: (store: Store) => Store
}

/** A shop's payments on a store, over a fake gateway and a fake clock. */
export function createBench(options: BenchOptions = {}) {
  const clock = { now: Date.parse('2026-01-05T04:00:00Z') }
  const engine = options.store?.() ?? createMemoryStore({ now: () => clock.now })
  const store = options.wrap?.(engine) ?? engine
  const { gateway, fetchText } = createFakeGateway()
  const settings = paymentSettings.parse({ rate: '2', ...options.settings })
  const errors: unknown[] = []
  const followed: string[] = []
  const follow = {
    credit: async (order: OrderRecord) => void followed.push(`credit ${order.id}`),
    reversal: async (order: OrderRecord) => void followed.push(`reversal ${order.id}`),
  }
  const start = (): Payments => createPayments({
    store,
    ledger: createLedger({ store, now: () => clock.now }),
    config: { ...config, ...options.config },
    fetchText,
    fetchOwn: fetchText,
    settings: { read: async () => settings },
    follow,
    now: () => clock.now,
    onError: error => errors.push(error),
  })
  const payments = start()

  async function entries(user = USER): Promise<Entry[]> {
    return (await engine.list<Entry>(keys.entryPrefix(user), { limit: 1000 })).map(row => row.value)
  }

  return {
    clock, engine, gateway, settings, errors, followed, follow, start, payments, entries,
    available: async (user = USER) => (await engine.get<number>(keys.available(user)))?.value ?? 0,
    order: async (id: string) => (await engine.get<OrderRecord>(keys.order(id)))!.value,
    /** An order that has reached the gateway. */
    async make(money = '10', user = USER) {
      const { order, form } = await payments.create(user, { money })
      gateway.submit(form.fields)
      return order.id
    },
    pay(id: string) { gateway.orders.get(id)!.status = 'success' },
    /** Lets time pass in small steps, with the asker running as it does. */
    async pass(ms: number, stepMs = 5000) {
      const end = clock.now + ms
      while (clock.now < end) {
        clock.now = Math.min(end, clock.now + stepMs)
        await payments.runAsker()
      }
    },
    alerts: async () => (await payments.alerts.list({ limit: 100 })).items.map(alert => alert.kind),
    outcomes: async (id: string) => (await payments.notices(id)).map(notice => `${notice.source} ${notice.outcome}`),
  }
}

export const MINUTE = 60_000
export const HOUR = 60 * MINUTE
export const DAY = 24 * HOUR
export const CREDIT = 1_000_000_000
