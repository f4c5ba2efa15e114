import { createCodes } from '#server/billing/codes/index'
import { createLedger } from '#server/billing/ledger'
import type { Entry } from '#server/billing/records'
import { createMemoryStore } from '#server/storage/drivers/memory'
import { keys } from '#server/storage/keys'
import type { Store } from '#server/storage/store'
import { batchCreate } from '#shared/schemas/code'
import type { BatchCreate } from '#shared/schemas/code'

export const CREDIT = 1_000_000_000
export const START = Date.UTC(2026, 10, 1)

/** Codes over a store in memory, or one that `wrap` has put between. */
export function openCodes({ wrap = (store: Store) => store, engine = createMemoryStore() as Store } = {}) {
  const clock = { at: START }
  const store = wrap(engine)
  const now = () => clock.at
  const ledger = createLedger({ store, now })
  const codes = createCodes({ store, ledger, now })
  let typists = 0
  return {
    clock,
    engine,
    ledger,
    codes,
    make: async (change: Partial<BatchCreate> = {}) => {
      const made = await codes.create(batchCreate.parse({ name: 'Spring', value: '2.5', count: 1, ...change }), () => [])
      return { ...made, code: made.codes[0]! }
    },
    /** From an address of its own each time, unless one is given. */
    redeem: (user: string, code: string, address = `198.51.100.${typists++}`) => codes.redeem({ user, address, code }),
    entries: async (user: string) => (await engine.list<Entry>(keys.entryPrefix(user), { limit: 1000 })).map(row => row.value),
    redeemed: async (batch: string) => (await codes.list({ limit: 200 })).items.find(item => item.batch.id === batch)?.redeemed,
  }
}

/** The codes of the errors, and how many calls went well. */
export async function outcomes(calls: Promise<unknown>[]): Promise<{ done: number, refused: string[] }> {
  const settled = await Promise.allSettled(calls)
  const refused = settled.flatMap(result => result.status === 'rejected' ? [String((result.reason as { code?: string }).code ?? result.reason)] : [])
  return { done: settled.length - refused.length, refused: [...new Set(refused)] }
}
