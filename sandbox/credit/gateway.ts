import type { SandboxUser } from '../connect/users.ts'
import type { Exchange } from '../http.ts'
import { readBody, sendJson, sendNotFound, sendWrongMethod } from '../http.ts'
import { createClock } from './clock.ts'
import type { Gateway } from './context.ts'
import { parseCreditFaults } from './faults.ts'
import { createSnowflakes, linuxdo } from './linuxdo.ts'
import { queryOrder, refundOrder } from './linuxdo-api.ts'
import { distribute } from './linuxdo-distribute.ts'
import { submitOrder } from './linuxdo-submit.ts'
import { md5 } from './sign.ts'
import { createNotifier } from './notifier.ts'
import { createOrderBook } from './orders.ts'
import { playPaying, showPaying } from './paying.ts'
import { createRainbowNumbers, rainbow } from './rainbow.ts'
import { answerRainbowApi } from './rainbow-api.ts'
import { createRainbow, submitRainbow } from './rainbow-submit.ts'

export interface Merchant {
  pid: string
  key: string
}

/** The same in every sandbox, so that a shop that keeps its orders meets its gateway again. */
const merchants: Record<'linuxdo' | 'epay', Merchant> = {
  linuxdo: { pid: md5('sandbox merchant') + md5('sandbox client'), key: md5('sandbox secret') + md5('sandbox key') },
  epay: { pid: '1000', key: md5('sandbox epay key') },
}

export interface GatewayOptions {
  kind: 'linuxdo' | 'epay'
  base: string
  /** The merchant's number and secret, where they are not to be the sandbox's own. */
  merchant: Partial<Merchant> | undefined
  now: () => number
  users: SandboxUser[]
}

export function createGateway({ kind, base, merchant, now, users }: GatewayOptions): Gateway {
  const clock = createClock(now)
  const nextTradeNo = kind === 'linuxdo' ? createSnowflakes(clock.now) : createRainbowNumbers(clock.now)
  return {
    profile: kind === 'linuxdo' ? linuxdo : rainbow,
    base,
    ...merchants[kind],
    ...merchant,
    clock,
    book: createOrderBook(clock.now, nextTradeNo),
    notifier: createNotifier(),
    faults: {},
    app: { notifyUrl: '', returnUrl: '' },
    users,
  }
}

type Handler = (gateway: Gateway, exchange: Exchange) => Promise<void> | void
type Routes = Record<string, Record<string, Handler>>

const shared: Routes = {
  '/paying': { GET: showPaying, POST: playPaying },
  '/_faults': { GET: sendFaults, POST: setFaults, DELETE: clearFaults },
  '/_orders': { GET: sendOrders },
  '/_notices': { GET: ({ notifier }, { response }) => sendJson(response, 200, notifier.sent()) },
}

/** Where each kind answers, below its base. */
const routes: Record<'linuxdo' | 'epay', Routes> = {
  linuxdo: {
    ...shared,
    '/epay/pay/submit.php': { GET: submitOrder, POST: submitOrder },
    '/epay/api.php': { GET: queryOrder, POST: refundOrder },
    '/lpay/distribute': { POST: distribute },
    '/epay/pay/distribute': { POST: distribute },
  },
  epay: {
    ...shared,
    '/submit.php': { GET: submitRainbow, POST: submitRainbow },
    '/mapi.php': { POST: createRainbow },
    '/api.php': { GET: answerRainbowApi, POST: answerRainbowApi },
  },
}

/** Answers everything below a gateway's base. `path` is what follows it, such as `/epay/api.php`. */
export async function handleGateway(gateway: Gateway, exchange: Exchange, path: string): Promise<void> {
  const { request, response, url } = exchange
  const route = routes[gateway.profile.kind][path]
  if (!route) return sendNotFound(response, url.pathname)
  const handler = route[request.method ?? '']
  if (!handler) return sendWrongMethod(response, Object.keys(route).join(', '))
  await handler(gateway, exchange)
}

function sendFaults({ faults }: Gateway, { response }: Exchange): void {
  sendJson(response, 200, faults)
}

async function setFaults(gateway: Gateway, { request, response }: Exchange): Promise<void> {
  try {
    gateway.faults = parseCreditFaults(JSON.parse((await readBody(request, 4096)).toString()))
  }
  catch (error) {
    return sendJson(response, 400, { error: 'invalid_request', error_description: error instanceof Error ? error.message : String(error) })
  }
  sendJson(response, 200, gateway.faults)
}

function clearFaults(gateway: Gateway, { response }: Exchange): void {
  gateway.faults = {}
  sendJson(response, 200, gateway.faults)
}

/** The orders, amounts as text: hundredths are BigInt, which JSON has no word for. */
function sendOrders({ book }: Gateway, { response }: Exchange): void {
  sendJson(response, 200, book.all().map(order => ({ ...order, cents: String(order.cents), refundedCents: String(order.refundedCents) })))
}
