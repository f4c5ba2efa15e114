import type { Entry } from '#server/billing/records'
import { keys } from '#server/storage/keys'
import { LIST_MAX } from '#server/storage/store'
import type { ListedRecord, Store } from '#server/storage/store'

export interface Books {
  users: number
  /** Sums over all users in nano-credits, the balances with what is held. */
  entries: bigint
  balances: bigint
  held: bigint
  /** Users whose balance is not the sum of their entries. */
  drift: string[]
}

/** Adds up a store nobody writes to: every entry against every balance. */
export async function readBooks(store: Store): Promise<Books> {
  const books: Books = { users: 0, entries: 0n, balances: 0n, held: 0n, drift: [] }
  for await (const { value: user } of rowsOf<string>(store, keys.usersAllPrefix)) {
    const [available, held] = await store.getMany<number>([keys.available(user), keys.held(user)])
    let entries = 0n
    for await (const { value } of rowsOf<Entry>(store, keys.entryPrefix(user))) entries += BigInt(value.amount)
    const balance = BigInt(available?.value ?? 0) + BigInt(held?.value ?? 0)
    books.users++
    books.entries += entries
    books.balances += balance
    books.held += BigInt(held?.value ?? 0)
    if (balance !== entries) books.drift.push(user)
  }
  return books
}

async function* rowsOf<T>(store: Store, prefix: string): AsyncGenerator<ListedRecord<T>> {
  for (let after: string | undefined; ;) {
    const rows = await store.list<T>(prefix, { limit: LIST_MAX, ...(after === undefined ? {} : { after }) })
    yield* rows
    if (rows.length < LIST_MAX) return
    after = rows.at(-1)!.key
  }
}
