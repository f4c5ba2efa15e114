/** Receipts: any booked request, explained and signed, so that whoever paid can prove it. Reads only. */
import { AppError } from '#server/errors/app-error'
import type { Signer } from '#server/secrets/signing-key'
import { keys } from '#server/storage/keys'
import type { Store } from '#server/storage/store'
import type { SignedReceipt } from '#shared/schemas/receipt'
import { toReceipt } from './receipt'
import type { Entry, Hold, RequestRecord } from './records'

const TYPE = 'vapor-receipt+json'
const REQUEST_ID = /^req_[0-9a-z]{1,60}$/
const PAGE = 200
/** Entries looked through for the parts of one charge. */
const SEARCHED_MAX = 2000

export interface ReceiptsOptions {
  store: Store
  signer: Signer
  /** Origin of the shop. */
  issuer: string
}

export type Receipts = ReturnType<typeof createReceipts>

export function createReceipts({ store, signer, issuer }: ReceiptsOptions) {
  /**
   * The signed receipt of a request; with `user` only of its own. Throws receipt_pending while the request runs, and
   * record_not_found for one that is not there, is too old, or is somebody else's.
   */
  async function of(id: string, user?: string): Promise<SignedReceipt> {
    if (!REQUEST_ID.test(id)) throw new AppError('record_not_found', { kind: 'request' })
    // The hold first: a request settled between the two reads is found by the second.
    const hold = await store.get<Hold>(keys.hold(id))
    const record = await store.get<RequestRecord>(keys.request(id))
    const owner = (record ?? hold)?.value.user
    if (owner === undefined || (user !== undefined && owner !== user)) throw new AppError('record_not_found', { kind: 'request' })
    if (!record) throw new AppError('receipt_pending', {}, { retryAfterSeconds: 2 })

    const receipt = toReceipt(record.value, await entriesOf(record.value), issuer)
    return { receipt, ...await signer.sign(JSON.stringify(receipt), TYPE) }
  }

  /** Entries of one charge, oldest first. All of it is booked with the record, but for what a sweep has charged before. */
  async function entriesOf({ id, user, cost, startedAt, bookedAt, late }: RequestRecord): Promise<Entry[]> {
    const found: Entry[] = []
    const begin = late ? startedAt : bookedAt
    const missing = () => found.reduce((sum, { amount }) => sum + BigInt(amount), BigInt(cost)) !== 0n
    let last = keys.entriesUntil(user, bookedAt)
    for (let searched = 0; searched < SEARCHED_MAX; searched += PAGE) {
      const rows = await store.list<Entry>(keys.entryPrefix(user), { after: last, limit: PAGE, reverse: true })
      found.unshift(...rows.map(row => row.value).filter(entry => entry.kind === 'charge' && entry.reference === id).reverse())
      const reached = rows.at(-1)
      if (!reached || !missing() || reached.value.at < begin) break
      last = reached.key
    }
    return found
  }

  return { of }
}
