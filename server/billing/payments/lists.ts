/** Orders as lists, newest first by creation. */
import { readCursor, writeCursor } from '#server/storage/cursor'
import { keys, readRowTime } from '#server/storage/keys'
import type { Store } from '#server/storage/store'
import type { OrderState } from '#shared/schemas/payment'
import type { OrderRecord } from './order'

const BATCH = 200
/** Rows a page may look at in search of those that fit. */
const SEARCHED_MAX = 2000

export interface OrderFilter {
  user?: string | undefined
  state?: OrderState | undefined
}

export interface OrderPage {
  items: OrderRecord[]
  next: string | null
  /** Epoch milliseconds a filtered search has come back to when it stopped before its end. */
  searchedTo?: number
}

/** The list of a user, or of all; the state is looked for in its rows, at most 2,000. */
export async function listOrders(store: Store, { user, state }: OrderFilter, { after, limit }: { after?: string | undefined, limit: number }): Promise<OrderPage> {
  const prefix = user === undefined ? keys.ordersAllPrefix : keys.ordersOfUserPrefix(user)
  const items: OrderRecord[] = []
  let last = readCursor(prefix, after)
  for (let searched = 0; searched < SEARCHED_MAX; searched += BATCH) {
    const rows = await store.list<string>(prefix, { after: last, limit: BATCH, reverse: true })
    const records = await store.getMany<OrderRecord>(rows.map(row => keys.order(row.value)))
    for (const [index, row] of rows.entries()) {
      const order = records[index]?.value
      const found = order && (state === undefined || order.state === state)
      if (found && items.length === limit) return { items, next: writeCursor(prefix, last) }
      if (found) items.push(order)
      last = row.key
    }
    if (rows.length < BATCH) return { items, next: null }
  }
  return { items, next: writeCursor(prefix, last), ...(last === undefined ? {} : { searchedTo: readRowTime(prefix, last) }) }
}
