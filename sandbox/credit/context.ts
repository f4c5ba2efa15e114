import type { Exchange } from '../http.ts'
import { readBody } from '../http.ts'
import type { SandboxUser } from '../connect/users.ts'
import type { Clock } from './clock.ts'
import type { CreditFaults } from './faults.ts'
import type { Notifier } from './notifier.ts'
import type { CreditOrder, OrderBook } from './orders.ts'
import type { Fields } from './sign.ts'

/** What a payer can do on the paying page. `self-pay` is the merchant's owner paying himself. */
export const payActions = ['pay', 'wrong-key', 'insufficient', 'daily-limit', 'self-pay'] as const
export type PayAction = typeof payActions[number]

/** Where one kind of gateway differs from another. */
export interface Profile {
  kind: 'linuxdo' | 'epay'
  actions: readonly PayAction[]
  /** The fields of a true notify, without its signature, in the order they are sent. */
  fieldsOf: (gateway: Gateway, order: CreditOrder) => Fields
  /** Adds the signature, and what goes with it. */
  sign: (fields: Fields, key: string) => Fields
  /** Whether a notify that is due is still sent. */
  maySend: (order: CreditOrder) => boolean
  acknowledged: (status: number, body: string) => boolean
  headers: Record<string, string>
  followsRedirects: boolean
  timeoutMs: number
  /** Milliseconds from the failed try with this number, counted from 1, to the next; undefined gives up. */
  gapAfter: (attempt: number) => number | undefined
  /** Where the payer is led after paying; undefined when there is no such place. */
  returnAddress: (gateway: Gateway, order: CreditOrder) => string | undefined
  returnSeconds: number
  /** Another merchant of this gateway, whose notifies are well signed with a key that is not ours. */
  stranger: { pid: string, key: string }
}

/** What the endpoints of one fake gateway share. */
export interface Gateway {
  profile: Profile
  /** Such as `http://127.0.0.1:4001/credit`, without a trailing slash. */
  base: string
  pid: string
  key: string
  clock: Clock
  book: OrderBook
  notifier: Notifier
  faults: CreditFaults
  /** What the merchant has set in the gateway's console; used where an order says nothing. */
  app: { notifyUrl: string, returnUrl: string }
  /** Who can be paid out to. */
  users: SandboxUser[]
}

export const formBytesAtMost = 64 * 1024

/** The fields of a form in the body, and none where the body is something else. */
export async function readForm({ request }: Exchange): Promise<URLSearchParams> {
  if (request.method !== 'POST') return new URLSearchParams()
  const body = (await readBody(request, formBytesAtMost)).toString()
  return new URLSearchParams(/^application\/x-www-form-urlencoded\b/i.test(request.headers['content-type'] ?? '') ? body : '')
}

/** An address with a query added, as both gateways add it. */
export function withQuery(address: string, query: string): string {
  return `${address}${address.includes('?') ? '&' : '?'}${query}`
}
