/** The open holds, added up by user, and those among them nobody will ever settle. Reads only. */
import { keys } from '#server/storage/keys'
import { LIST_MAX } from '#server/storage/store'
import type { Store } from '#server/storage/store'
import type { Hold } from '../records'
import type { Orphan } from './records'

export interface OpenHolds {
  holds: Hold[]
  byUser: Map<string, { amount: bigint, count: number }>
}

/** Every open hold: as many as requests run now. */
export async function readOpenHolds(store: Store): Promise<OpenHolds> {
  const holds: Hold[] = []
  let last: string | undefined
  for (;;) {
    const rows = await store.list<Hold>(keys.holdPrefix, { after: last, limit: LIST_MAX })
    holds.push(...rows.map(row => row.value))
    if (rows.length < LIST_MAX) break
    last = rows.at(-1)?.key
  }
  const byUser: OpenHolds['byUser'] = new Map()
  for (const { user, amount } of holds) {
    const known = byUser.get(user) ?? { amount: 0n, count: 0 }
    byUser.set(user, { amount: known.amount + BigInt(amount), count: known.count + 1 })
  }
  return { holds, byUser }
}

/** Holds that began before `deadline`, whose instance's lease has lapsed, and which are still there after both was seen. */
export async function findOrphans(store: Store, holds: Hold[], deadline: number): Promise<Orphan[]> {
  const old = holds.filter(hold => hold.startedAt < deadline)
  const instances = [...new Set(old.map(hold => hold.instance))]
  const leases = await store.getMany(instances.map(instance => keys.lease(instance)))
  const gone = new Set(instances.filter((_, index) => !leases[index]))
  const orphans: Orphan[] = []
  for (const { request, user, startedAt, instance } of old) {
    const stored = gone.has(instance) ? await store.get<Hold>(keys.hold(request)) : undefined
    if (stored) orphans.push({ request, user, amount: stored.value.amount, startedAt })
  }
  return orphans
}
