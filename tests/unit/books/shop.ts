/** Users, a ledger and an audit over a store in memory, with a clock that only a test moves. */
import { createAlerts } from '#server/billing/alerts'
import { createAudit } from '#server/billing/audit/index'
import { createLedger } from '#server/billing/ledger'
import type { Ledger, SettleOrder } from '#server/billing/ledger'
import type { Hold } from '#server/billing/records'
import { sweepOrphans } from '#server/billing/sweeper'
import { createMemoryStore } from '#server/storage/drivers/memory'
import { keys } from '#server/storage/keys'
import type { Store } from '#server/storage/store'
import type { AlertReply } from '#shared/schemas/alert'

/** 2026-05-12 04:00 in Shanghai: the night has begun. */
export const NIGHT = Date.UTC(2026, 4, 11, 20)
export const HOUR = 3_600_000
export const DAY = 24 * HOUR
const DEADLINE = HOUR

export interface BooksOptions {
  /** Stands between everybody and the store. */
  wrap?: (store: Store) => Store
  pause?: (ms: number) => Promise<void>
}

export function openBooks({ wrap = store => store, pause = () => new Promise(setImmediate) }: BooksOptions = {}) {
  const clock = { at: NIGHT }
  const now = () => clock.at
  const engine = createMemoryStore({ now })
  const store = wrap(engine)
  const ledger = createLedger({ store, now })
  const errors: unknown[] = []
  const alerts = createAlerts({ store: engine, now })
  const createFor = (instance: string) => createAudit({
    store, alerts, timeZone: 'Asia/Shanghai', instance, deadlineMs: DEADLINE, now, pause, onError: error => errors.push(error),
    sweep: () => sweepOrphans({ store, ledger, requestsTtlMs: DAY, now }),
  })
  return {
    clock,
    engine,
    ledger,
    errors,
    audit: createFor('ins_a'),
    createFor,
    addUser: (user: string) => engine.put(keys.usersAll(clock.at, user), user),
    alerts: async (): Promise<AlertReply[]> => (await alerts.list({ limit: 200 })).items,
    live: (instance: string) => engine.put(keys.lease(instance), {}, { ttlMs: 1000 * DAY }),
    credit: (user: string, amount: number, reference: string) => ledger.credit({ user, kind: 'topup', amount, reference, note: '' }),
  }
}

export type Books = ReturnType<typeof openBooks>

/** Adds to a counter what no entry or hold knows of. */
export async function corrupt(engine: Store, key: string, by: number): Promise<void> {
  await engine.commit('corrupt', [{ add: key, by }])
}

export async function holdFor(ledger: Ledger, user: string, request: string, amount: number, change: Partial<Hold> = {}): Promise<Hold> {
  const result = await ledger.reserve({
    hold: {
      request, user, key: { id: 'key_a', name: 'a' }, model: { id: 'mdl_a', name: 'a' }, price: { prices: { output: 1_000_000 }, discount: 0 },
      instance: 'ins_a', dialect: 'openai-chat', stream: true, usage: null, idempotency: null, startedAt: NIGHT, ...change,
    },
    wanted: amount,
    least: amount,
    concurrency: 1000,
    spendLimit: null,
    idempotencyTtlMs: 1000,
  })
  if (!result.ok) throw new Error(result.reason)
  return result.hold
}

export function settleOrder(hold: Hold, cost: number): SettleOrder {
  return {
    record: {
      id: hold.request, user: hold.user, key: hold.key, model: hold.model, dialect: hold.dialect, stream: hold.stream, status: 200,
      endReason: 'completed', chargeRule: 'reported', error: null, usage: { output: cost }, clamped: false, price: hold.price,
      cost, hold: hold.amount, attempts: [], startedAt: hold.startedAt, firstByteMs: null, durationMs: 0,
    },
    forgetIdempotency: false,
    requestsTtlMs: DAY,
    idempotency: null,
  }
}
