import type { Gateway } from './context.ts'
import { withQuery } from './context.ts'
import { noticeFields } from './notices.ts'
import type { CreditOrder } from './orders.ts'
import type { Fields } from './sign.ts'
import { encodeQuery } from './sign.ts'

/** One notify as it went out, and what the shop said to it. */
export interface Notice {
  /** Milliseconds since 1970, by the gateway's clock. */
  at: number
  outTradeNo: string
  tradeNo: string
  /** 1 is the first try; 0 is one sent by hand. */
  attempt: number
  method: 'GET' | 'POST'
  url: string
  fields: Fields
  /** Undefined while it is under way, and when no answer came; then `error` says why. */
  status: number | undefined
  body: string | undefined
  error: string | undefined
  acknowledged: boolean
}

export interface Message {
  attempt: number
  method: 'GET' | 'POST'
  /** Empty when neither the order nor the console names one. */
  address: string
  fields: Fields
}

interface Job {
  order: CreditOrder
  attempt: number
  dueAt: number
}

export interface Notifier {
  /** Puts a notify in line, due so many milliseconds from now, with its retries. */
  enqueue: (gateway: Gateway, order: CreditOrder, delayMs: number) => void
  /** Sends what is due, and waits until it and all that is under way is answered. */
  tick: (gateway: Gateway) => Promise<void>
  /** When the next notify is due; undefined when none is waiting. */
  nextDue: () => number | undefined
  sendNow: (gateway: Gateway, order: CreditOrder, message: Message) => Promise<Notice>
  sent: () => Notice[]
  close: () => void
}

/** Notifies fire by themselves in real time as soon as the gateway's clock says so. */
export function createNotifier(): Notifier {
  const notices: Notice[] = []
  const underWay = new Set<Promise<unknown>>()
  const closed = new AbortController()
  let waiting: Job[] = []
  let timer: NodeJS.Timeout | undefined

  function nextDue(): number | undefined {
    return waiting.length === 0 ? undefined : Math.min(...waiting.map(job => job.dueAt))
  }

  function arm(gateway: Gateway): void {
    clearTimeout(timer)
    const due = nextDue()
    if (due === undefined) return
    timer = setTimeout(() => void tick(gateway), Math.min(Math.max(0, due - gateway.clock.now()), 2 ** 31 - 1))
    timer.unref()
  }

  function put(gateway: Gateway, job: Job): void {
    if (closed.signal.aborted) return
    waiting.push(job)
    arm(gateway)
  }

  async function tick(gateway: Gateway): Promise<void> {
    const now = gateway.clock.now()
    const due = waiting.filter(job => job.dueAt <= now)
    waiting = waiting.filter(job => job.dueAt > now)
    for (const job of due) track(run(gateway, job))
    arm(gateway)
    await Promise.all(underWay)
  }

  function track(work: Promise<unknown>): void {
    const tracked = work.finally(() => underWay.delete(tracked))
    underWay.add(tracked)
  }

  async function run(gateway: Gateway, { order, attempt }: Job): Promise<void> {
    const { faults, profile } = gateway
    if (!profile.maySend(order)) return
    const fault = faults.notify
    // A worker that lost a notify believes it done, so there is no retry either.
    if (fault === 'lost') return
    const message: Message = { attempt, method: faults.post ? 'POST' : 'GET', address: order.notifyUrl || gateway.app.notifyUrl, fields: noticeFields(gateway, order, fault) }
    const results: Notice[] = []
    const copies = Array.from({ length: faults.copies ?? 1 }, () => async () => results.push(await sendNow(gateway, order, message)))
    if (faults.concurrent) await Promise.all(copies.map(copy => copy()))
    else for (const copy of copies) await copy()
    const gap = results.some(({ acknowledged }) => acknowledged) ? undefined : profile.gapAfter(attempt)
    if (gap !== undefined) put(gateway, { order, attempt: attempt + 1, dueAt: gateway.clock.now() + gap })
  }

  async function sendNow(gateway: Gateway, order: CreditOrder, message: Message): Promise<Notice> {
    const { attempt, method, address, fields } = message
    const query = encodeQuery(fields)
    const url = method === 'GET' ? withQuery(address, query) : address
    const notice: Notice = { at: gateway.clock.now(), outTradeNo: order.outTradeNo, tradeNo: order.tradeNo, attempt, method, url, fields, status: undefined, body: undefined, error: undefined, acknowledged: false }
    notices.push(notice)
    try {
      const response = await request(gateway, url, method === 'POST' ? query : undefined, closed.signal)
      notice.status = response.status
      notice.body = await response.text()
      notice.acknowledged = gateway.profile.acknowledged(notice.status, notice.body)
    }
    catch (error) {
      notice.error = error instanceof Error ? `${error.name}: ${error.message}` : String(error)
    }
    return notice
  }

  return {
    enqueue: (gateway, order, delayMs) => put(gateway, { order, attempt: 1, dueAt: gateway.clock.now() + delayMs }),
    tick,
    nextDue,
    sendNow,
    sent: () => [...notices],
    close: () => {
      clearTimeout(timer)
      waiting = []
      closed.abort()
    },
  }
}

function request({ profile, faults }: Gateway, url: string, form: string | undefined, closed: AbortSignal): Promise<Response> {
  return fetch(url, {
    headers: { ...profile.headers, ...(form !== undefined && { 'content-type': 'application/x-www-form-urlencoded' }) },
    redirect: profile.followsRedirects ? 'follow' : 'manual',
    signal: AbortSignal.any([closed, AbortSignal.timeout(faults.notifyTimeoutMs ?? profile.timeoutMs)]),
    ...(form !== undefined && { method: 'POST', body: form }),
  })
}
