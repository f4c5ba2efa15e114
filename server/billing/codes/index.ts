import type { Store } from '#server/storage/store'
import type { Ledger } from '../ledger'
import { createBatches } from './batches'
import { createClaims } from './claims'
import { createRedeem } from './redeem'

export { describeBatch, toBatchReply } from './batches'

export interface CodesOptions {
  store: Store
  ledger: Pick<Ledger, 'book'>
  now?: () => number
}

export type Codes = ReturnType<typeof createCodes>

/** Redemption codes: batches an admin makes, credit a user gets. */
export function createCodes({ store, ledger, now = Date.now }: CodesOptions) {
  const claims = createClaims({ store, ledger, now })
  return { ...createBatches({ store, now }), redeem: createRedeem({ store, ledger, claims, now }), grantClaims: claims.grant }
}
