/**
 * The way to the KV through its edge function. A server cannot see the KV itself, so it sends batches to
 * `presets/edgeone/edge/kv.ts`.
 */
import { AppError } from '#server/errors/app-error'
import { KvTooLate } from './kv'
import type { KvAnswer, KvBatch, KvOperation } from './kv'
import { AT_HEADER, BODY_MAX, RPC_PATH, rpcKey, sign, SIGNATURE_HEADER } from './rpc'
import type { RpcCall, RpcError, RpcReply } from './rpc'

export interface HttpBatchOptions {
  /** Where the shop is reached: the function answers under it. */
  origin: string
  /** The first signs; the edge takes any of its own list. */
  secret: string
  fetch: typeof globalThis.fetch
  now: () => number
}

/** Of a call that gets no answer; the function gives up a little earlier, so that its word arrives. */
const TIMEOUT_MS = 8_000
const BUDGET_MS = 6_000
/** Asked for once more when the answer is lost: reading twice is reading once. */
const READ_TRIES = 3
/** Room for the frame around the operations, and for answers to that many reads. */
const OPERATIONS_BYTES = BODY_MAX - 10_000
const OPERATIONS_MAX = 200

/** Why the function will never take calls of this server, in words for whoever has set it up. */
const SETUP: Partial<Record<RpcError, string>> = {
  unsigned: 'The edge function of the KV does not accept this server. Set the same JWT_SECRET for both in the project\'s variables and deploy again.',
  skew: 'The clocks of this server and of the edge differ by more than 30 seconds.',
  no_secret: 'The edge function of the KV does not know JWT_SECRET. Variables reach it when it is deployed: set JWT_SECRET in the project and deploy again.',
  not_bound: 'No KV namespace is bound. Bind one to the project under the name in VAPOR_KV_BINDING (vapor_kv when that is not set) and deploy again.',
}

export function createHttpBatch({ origin, secret, fetch, now }: HttpBatchOptions): KvBatch {
  const url = origin + RPC_PATH
  let key: Promise<CryptoKey> | undefined

  async function send(operations: KvOperation[]): Promise<RpcReply> {
    const body = JSON.stringify({ operations, budgetMs: BUDGET_MS } satisfies RpcCall)
    const at = now()
    const signature = await sign(await (key ??= rpcKey(secret)), at, body)
    const response = await fetch(url, {
      method: 'POST',
      headers: { 'content-type': 'application/json', [AT_HEADER]: String(at), [SIGNATURE_HEADER]: signature },
      body,
      redirect: 'manual',
      signal: AbortSignal.timeout(TIMEOUT_MS),
    })
    return readReply(await response.text(), response.status, url)
  }

  /** One call, repeated only when nothing in it writes. */
  async function carryOut(operations: KvOperation[]): Promise<KvAnswer[]> {
    const reading = operations.every(isRead)
    for (let tries = 1; ; tries++) {
      try {
        const reply = await send(operations)
        if (reply.ok) return reply.answers
        if (reply.error === 'late') throw new KvTooLate()
        if (reply.error === 'too_large' && reading && operations.length > 1) return halves(operations)
        throw refusal(reply.error)
      }
      catch (error) {
        if (!reading || tries === READ_TRIES || error instanceof AppError || error instanceof KvTooLate) throw error
      }
    }
  }

  async function halves(operations: KvOperation[]): Promise<KvAnswer[]> {
    const middle = operations.length >> 1
    const both = await Promise.all([carryOut(operations.slice(0, middle)), carryOut(operations.slice(middle))])
    return both.flat()
  }

  return async function batch(operations) {
    const answers: KvAnswer[] = []
    // In order, and no further than the first that fails: what stands behind it must not happen.
    for (const part of partsOf(operations)) answers.push(...await carryOut(part))
    return answers
  }
}

const isRead = ({ op }: KvOperation): boolean => op === 'get' || op === 'list'

/** Splits what the edge would not take at once. An empty batch is a call, too: it asks whether the function is there. */
function partsOf(operations: KvOperation[]): KvOperation[][] {
  const parts: KvOperation[][] = [[]]
  let bytes = 0
  for (const operation of operations) {
    const size = Buffer.byteLength(JSON.stringify(operation)) + 1
    if (bytes + size > OPERATIONS_BYTES || parts.at(-1)!.length === OPERATIONS_MAX) {
      parts.push([])
      bytes = 0
    }
    parts.at(-1)!.push(operation)
    bytes += size
  }
  return parts.filter((part, index) => part.length > 0 || index === 0)
}

function readReply(text: string, status: number, url: string): RpcReply {
  try {
    const reply = JSON.parse(text) as Partial<RpcReply> | null
    if (status === 200 && typeof reply?.ok === 'boolean') return reply as RpcReply
  }
  catch { /* what answered is not the function */ }
  // Between deployments and behind broken lines anything may answer; whether it happened is unknown then.
  throw new Error(`the edge function of the KV did not answer at ${url} (status ${status})`)
}

function refusal(error: RpcError): Error {
  const problem = SETUP[error]
  return problem ? new AppError('configuration', { problem }) : new Error(`the edge function of the KV answered ${error}`)
}
