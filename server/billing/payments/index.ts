/** The payment room's door: orders, how they are paid, and how the shop finds out. `docs/payments.md` tells it in words. */
import { createAlerts } from '#server/billing/alerts'
import type { Ledger } from '#server/billing/ledger'
import type { Config } from '#server/config'
import { AppError } from '#server/errors/app-error'
import type { Step, Store } from '#server/storage/store'
import type { OrderCreated, PaymentSettings, PaymentsOverview, PaymentsSelfTest, TopUpInfo } from '#shared/schemas/payment'
import type { FetchText } from './answer'
import { createAsker } from './asker'
import { createDoubts } from './doubts'
import { createPaymentGateway } from './gateway'
import type { GatewayConfig } from './gateway'
import { listOrders } from './lists'
import type { OrderFilter, OrderPage } from './lists'
import { createNotify } from './notify'
import { describeOffer, isFirst, largestPreset, offerOf } from './offer'
import type { NoticeRecord, OrderRecord } from './order'
import { createOrders } from './orders'
import { createProbes } from './probes'
import { createQuestions } from './questions'
import { createRefunds } from './refunds'
import { toAdminOrder, toOrderReply } from './replies'
import { createSettle } from './settle'
import type { FollowUps } from './settle'
import { createOrderTotals } from './totals'

export { toNotice } from './replies'
export type { FetchText } from './answer'
export type { OrderRecord } from './order'

/** A page may ask so often about one order; in between it gets what is known. */
const ASK_EVERY_MS = 3000

export type PaymentsConfig = GatewayConfig & Pick<Config, 'EPAY_TRUST_NOTIFY_MAX' | 'missingForPayments' | 'VAPOR_TIME_ZONE'>

export interface PaymentsOptions {
  store: Store
  ledger: Ledger
  config: PaymentsConfig
  /** Calls the gateway, and for the self-test our own address. */
  fetchText: FetchText
  fetchOwn: FetchText
  settings: { read(): Promise<PaymentSettings> }
  follow: FollowUps
  now: () => number
  onError: (error: unknown) => void
}

export type Payments = ReturnType<typeof createPayments>

/** Throws nothing at boot: with a missing variable payments are off, and the shop is not. */
export function createPayments(options: PaymentsOptions) {
  const { store, ledger, config, settings, now, fetchText, onError } = options
  const gateway = config.missingForPayments.length === 0 ? createPaymentGateway(config, fetchText) : undefined
  const trustMax = async () => config.EPAY_TRUST_NOTIFY_MAX ?? largestPreset(await settings.read())
  const alerts = createAlerts({ store, now })
  const orders = createOrders({ store, ledger, now })
  const settle = createSettle({ store, orders, now, largeFrom: trustMax, follow: options.follow, onError })
  const doubts = createDoubts({ store, orders, settle, now, clawback: async () => (await settings.read()).clawback })
  const refunds = gateway && createRefunds({ orders, doubts, settle, gateway, now })
  const questions = createQuestions({ gateway, orders, doubts, settle, refunds })
  const notify = gateway && createNotify({ gateway, orders, questions, settle, doubts, alerts, trustMax, now })
  const probes = gateway && createProbes({ config, gateway, fetchText: options.fetchOwn })
  const totals = createOrderTotals({ store, timeZone: config.VAPOR_TIME_ZONE, now })
  const asker = createAsker({ store, orders, questions, now, onError })

  function requireOn<T>(part: T | undefined): T {
    if (part === undefined) throw new AppError('payments_not_configured', { missing: config.missingForPayments.join(', ') })
    return part
  }

  /** Makes an order and the form that pays it. Throws payments_not_configured, payments_disabled, amount_out_of_range, too_many_orders. */
  async function create(user: string, { money, type }: { money: string, type?: string | undefined }): Promise<OrderCreated> {
    const port = requireOn(gateway)
    const terms = await settings.read()
    if (!terms.enabled) throw new AppError('payments_disabled')
    const [standard] = port.types
    const chosen = type ?? standard ?? ''
    if (!port.types.includes(chosen)) throw new AppError('invalid_request', { problem: `type: one of ${port.types.join(', ')}` })
    const order = await orders.create({ user, gateway: port.id, type: chosen, expiresMs: port.expiresMs, ...offerOf(money, terms) })
    return { order: await describe(order), form: port.createForm(order) }
  }

  async function describe(order: OrderRecord) {
    return toOrderReply(order, order.granted === null && await isFirst(store, order.user))
  }

  async function describeForAdmin(order: OrderRecord, username: string) {
    return toAdminOrder(order, username, order.granted === null && await isFirst(store, order.user))
  }

  /** An order by either number, for its owner or an admin. Throws record_not_found, also for somebody else's. */
  async function find(number: string, owner: string | undefined): Promise<OrderRecord> {
    const order = await orders.find(number, gateway?.id)
    if (!order || (owner !== undefined && order.user !== owner)) throw new AppError('record_not_found', { kind: 'order' })
    return order
  }

  /** What an admin has searched for by number: at most one order, if it fits the rest of the filter. */
  async function findAll(number: string, { user, state }: OrderFilter): Promise<OrderRecord[]> {
    const order = await orders.find(number, gateway?.id)
    return order && (user === undefined || order.user === user) && (state === undefined || order.state === state) ? [order] : []
  }

  async function offer(user: string): Promise<TopUpInfo> {
    const terms = await settings.read()
    return describeOffer(store, user, terms, { enabled: gateway !== undefined && terms.enabled, types: config.EPAY_TYPES })
  }

  /** Credits by an admin's word. `audit` makes its line. Throws order_credited, duplicate_trade, record_not_found. */
  async function complete(id: string, { reason, tradeNo }: { reason: string, tradeNo?: string | undefined }, audit: (before: OrderRecord, after: OrderRecord) => Step[]): Promise<OrderRecord> {
    const { order, outcome } = await settle.settleOrder(id, { source: 'admin', tradeNo: tradeNo ?? null, cents: null, confirmed: true, reason, steps: audit })
    if (outcome === 'repeated') throw new AppError('order_credited')
    if (outcome !== 'credited') throw new AppError('duplicate_trade', { trade: tradeNo ?? '' })
    return order
  }

  /** The addresses are for admins; none of them carries a secret. */
  async function overview(): Promise<PaymentsOverview> {
    const { currency, enabled } = await settings.read()
    return {
      enabled: gateway !== undefined && enabled,
      missing: config.missingForPayments,
      gateway: gateway?.id ?? null,
      submitUrl: config.EPAY_SUBMIT_URL,
      apiUrl: config.EPAY_API_URL,
      notifyUrl: config.EPAY_NOTIFY_URL,
      returnUrl: config.EPAY_RETURN_URL,
      currency,
      ...await totals.read(),
    }
  }

  return {
    alerts,
    create,
    describe,
    describeForAdmin,
    find,
    findAll,
    offer,
    complete,
    overview,
    list: (filter: OrderFilter, page: { after?: string | undefined, limit: number }): Promise<OrderPage> => listOrders(store, filter, page),
    notices: (id: string): Promise<NoticeRecord[]> => orders.notices(id),
    /** Asks the gateway now, whatever was asked before. */
    ask: (order: OrderRecord): Promise<OrderRecord> => questions.ask(order),
    /** Asks for a page: at most every three seconds per order. */
    askForPage: (order: OrderRecord): Promise<OrderRecord> => questions.askSometimes(order, now(), ASK_EVERY_MS),
    /** Throws payments_not_configured, order_not_credited, order_trade_unknown, other_gateway. */
    refund: (id: string, reason: string, audit: (before: OrderRecord, after: OrderRecord) => Step[]): Promise<OrderRecord> => requireOn(refunds).refund(id, reason, audit),
    /** The text that answers a notice; `success` only when nothing is left to be done for it. */
    receive: async (pairs: [string, string][]): Promise<string> =>
      probes?.answerProbe(pairs) ?? (notify && await notify.receive(pairs) ? 'success' : 'fail'),
    selfTest: (): Promise<PaymentsSelfTest> => requireOn(probes).selfTest(),
    runAsker: () => asker.run(),
    foldTotals: () => totals.fold(),
  }
}
