/** Asking the gateway about an order: how often, how long, and what is done with the answer. */
import type { Doubts } from './doubts'
import type { PaymentGateway, QueryAnswer } from './gateway'
import { isAwaiting } from './order'
import type { OrderRecord } from './order'
import type { Orders } from './orders'
import type { Refunds } from './refunds'
import type { Settle } from './settle'

const TIMEOUT_MS = 10_000
/** Most questions of this process under way at once; who comes then is answered from what is known. */
const PARALLEL_MAX = 16

export interface QuestionsOptions {
  /** Undefined while payments are off: orders of before are kept, and nobody can be asked. */
  gateway: PaymentGateway | undefined
  orders: Orders
  doubts: Doubts
  settle: Settle
  refunds: Refunds | undefined
}

export type Questions = ReturnType<typeof createQuestions>

export function createQuestions({ gateway, orders, doubts, settle, refunds }: QuestionsOptions) {
  const underWay = new Map<string, Promise<OrderRecord>>()

  /** One question, its answer kept when it is news. An order of another gateway is not asked about here. */
  async function question(order: OrderRecord, timeoutMs: number): Promise<QueryAnswer> {
    if (!gateway || order.gateway !== gateway.id) return { answer: 'unknown', why: 'other_gateway', fields: {} }
    const answer = await gateway.query(order.id, timeoutMs)
    if (answer.answer !== order.lastAnswer) {
      const why: Record<string, string> = answer.answer === 'unknown' ? { why: answer.why } : {}
      await orders.note(order.id, { source: 'query', outcome: answer.answer, fields: { ...answer.fields, ...why } })
    }
    return answer
  }

  async function askOnce(order: OrderRecord): Promise<OrderRecord> {
    const known = await settle.followUp(order)
    if (order.followUp && known.nextAskAt === null) return known
    if (known.state === 'refunding' && refunds && known.gateway === gateway?.id) return refunds.pursue(known.id)
    return doubts.apply(known.id, await question(known, TIMEOUT_MS))
  }

  /** Asks now and books the answer. Questions about one order that come at once are one. Throws record_not_found. */
  function ask(order: OrderRecord): Promise<OrderRecord> {
    const joined = underWay.get(order.id) ?? askOnce(order).finally(() => underWay.delete(order.id))
    underWay.set(order.id, joined)
    return joined
  }

  /** For everybody who could ask too often: the order as it is known while the last question is younger than this. */
  async function askSometimes(order: OrderRecord, now: number, everyMs: number): Promise<OrderRecord> {
    const early = order.askedAt !== null && now - order.askedAt < everyMs
    const pointless = order.nextAskAt === null && !isAwaiting(order)
    if (early || pointless || (underWay.size >= PARALLEL_MAX && !underWay.has(order.id))) return order
    return ask(order)
  }

  return { question, ask, askSometimes }
}
