/** Somebody who pays by script: orders as the wallet makes them, and what became of them by the shop's own word. */
import type { OrderCreated, OrderReply } from '#shared/schemas/payment'
import type { EntryReply } from '#shared/schemas/usage'
import { signIn } from './console'
import type { Console } from './console'

/** What the notice of a payment may take to arrive, and the schedule to find it out without one. */
export const CREDITED_WITHIN_MS = 60_000

export interface Payer {
  console: Console
  /** Makes an order and submits it at the gateway; answers its number. */
  order(money: string): Promise<string>
  /** The order as it is known, without a question to the gateway. */
  read(id: string): Promise<OrderReply>
  available(): Promise<string>
  /** Kind and amount of every entry of an order, oldest first. */
  booked(id: string): Promise<string[]>
  /** Seconds until an order is credited by nobody's question but the shop's own; undefined after a minute. */
  waitForCredit(id: string): Promise<number | undefined>
}

export async function payAs(url: string, uid: string, cookies?: Record<string, string>): Promise<Payer> {
  const console = await signIn(url, uid, cookies)

  async function order(money: string): Promise<string> {
    const { order: made, form } = await console.send<OrderCreated>('POST', '/api/pay/create', { money })
    const answer = await fetch(form.action, { method: form.method, body: new URLSearchParams(form.fields), redirect: 'manual' })
    if (answer.status !== 302) throw new Error(`the gateway takes no order: ${answer.status} ${await answer.text()}`)
    return made.id
  }

  async function read(id: string): Promise<OrderReply> {
    const { items } = await console.get<{ items: OrderReply[] }>('/api/user/orders?limit=200')
    const found = items.find(item => item.id === id)
    if (!found) throw new Error(`the list of orders lacks ${id}`)
    return found
  }

  async function booked(id: string): Promise<string[]> {
    const { items } = await console.get<{ items: EntryReply[] }>('/api/user/entries?limit=200')
    return items.filter(entry => entry.reference === id).map(entry => `${entry.kind} ${entry.amount}`).toReversed()
  }

  async function waitForCredit(id: string): Promise<number | undefined> {
    const began = performance.now()
    while (performance.now() - began < CREDITED_WITHIN_MS) {
      // A server that is just being started again answers nobody.
      const known = await read(id).catch(() => undefined)
      if (known?.state === 'paid') return (performance.now() - began) / 1000
      await new Promise(resolve => setTimeout(resolve, 250))
    }
    return undefined
  }

  return { console, order, read, available: async () => (await console.get<{ available: string }>('/api/auth/me')).available, booked, waitForCredit }
}
