import { createHash } from 'node:crypto'
import { AppError } from '#server/errors/app-error'
import { keys } from './keys'
import type { Store } from './store'

const RUNNING_MS = 60_000
const KEPT_MS = 24 * 3600 * 1000
const RETRY_SECONDS = 2
/** Fields of replies that are null in a repeated one: the secret of a key, the codes of a batch. */
const SHOWN_ONCE = ['secret', 'codes']

interface Claim {
  v: 1
  /** What was asked: the same key for something else is a mistake of the caller. */
  asked: string
  /** Absent while it runs. */
  reply?: unknown
}

export interface OnceOptions {
  store: Store
  /** Who asks for which operation; keys of different scopes never meet. */
  scope: string
  key: string
  /** Everything that makes this call what it is. */
  asked: unknown
}

/**
 * Runs something once per scope and key, and answers its first reply to every repeat for 24 hours. A repeat that comes
 * while the first runs throws already_running; the same key for another call throws invalid_request; a call that failed
 * may be made again. Replies are kept without what is shown once and stored nowhere.
 */
export async function runOnce(options: OnceOptions, run: () => Promise<unknown>): Promise<unknown> {
  const { store } = options
  const key = keys.idempotency(options.scope, options.key)
  const claim: Claim = { v: 1, asked: createHash('sha256').update(JSON.stringify(options.asked)).digest('hex') }
  const claimed = await store.commit('claim', [{ once: key, value: claim, ttlMs: RUNNING_MS }])
  if (!claimed.ok) return repeat(claimed.value as unknown as Claim, claim)

  let reply: unknown
  try {
    reply = await run()
  }
  catch (error) {
    // A store that is gone cannot forget the claim either; then it ends by itself.
    await store.delete(key).catch(() => {})
    throw error
  }
  // The work is done: that it cannot be remembered must not turn it into a failure.
  await store.put(key, { ...claim, reply: withoutSecrets(reply) }, { ttlMs: KEPT_MS }).catch(() => {})
  return reply
}

function repeat(stored: Claim, claim: Claim): unknown {
  if (stored.asked !== claim.asked) throw new AppError('invalid_request', { problem: 'Idempotency-Key: was used for another call; take a new one' })
  if (stored.reply === undefined) throw new AppError('already_running', {}, { retryAfterSeconds: RETRY_SECONDS })
  return stored.reply
}

function withoutSecrets(reply: unknown): unknown {
  if (typeof reply !== 'object' || reply === null || Array.isArray(reply)) return reply
  return Object.fromEntries(Object.entries(reply).map(([name, value]) => [name, SHOWN_ONCE.includes(name) ? null : value]))
}
