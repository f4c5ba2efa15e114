import type { Store } from '#server/storage/store'
import type { Ledger } from '../ledger'
import { createBatches } from './batches'
import type { BatchSteps } from './batches'
import { createRedeem, requireStrong } from './redeem'

export { describeBatch, toBatchReply } from './batches'

export interface CodesOptions {
  store: Store
  ledger: Pick<Ledger, 'book'>
  now?: () => number
}

export type Codes = ReturnType<typeof createCodes>

/** Redemption codes: batches an admin makes, credit a user gets. */
export function createCodes({ store, ledger, now = Date.now }: CodesOptions) {
  const batches = createBatches({ store, now })

  return {
    ...batches,
    /** Nobody hands out codes that cannot be redeemed: throws codes_unavailable on a store that cannot count uses. */
    async create(order: Parameters<typeof batches.create>[0], also: BatchSteps) {
      requireStrong(store)
      return batches.create(order, also)
    },
    redeem: createRedeem({ store, ledger, now }),
  }
}
