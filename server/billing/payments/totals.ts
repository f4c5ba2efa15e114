/**
 * Orders and money by day and by state. Changes of orders leave events beside them; the events are folded into counters
 * afterwards, each once, so that no counter of the whole shop stands in a commit of money.
 */
import { createDays } from '#server/billing/days'
import { keys, readRowTime } from '#server/storage/keys'
import type { Step, Store, StoredRecord } from '#server/storage/store'
import { orderStates } from '#shared/schemas/plain-rules'
import type { OrderState, PaymentsOverview } from '#shared/schemas/payment'
import { formatCents } from '#shared/utils/money'
import { isAwaiting } from './order'
import type { OrderEvent } from './order'

/** Everybody has written the events of a moment so long after it. */
const LAG_MS = 120_000
const BATCH = 200
const DAYS = 30
const READ_TRIES = 3
/** Events counted at the time of reading because they are not folded yet. */
const UNFOLDED_MAX = 2000

type Part = 'created' | 'paid' | 'refunded'
type DayCounters = Record<string, number>
interface StateCounters { orders: number, cents: number }

/** The last event that is in the counters. */
interface FoldedTo { v: 1, key: string }

interface Sums {
  days: Map<string, DayCounters>
  states: Map<OrderState, StateCounters>
}

export function createOrderTotals({ store, timeZone, now }: { store: Store, timeZone: string, now: () => number }) {
  const days = createDays(timeZone)
  const prefix = keys.orderEventPrefix

  /** Folds what is old enough; answers how many events. Safe to run twice at once: the second is refused and stops. */
  async function fold(): Promise<number> {
    for (let folded = 0; ;) {
      const to = await store.get<FoldedTo>(keys.ordersFoldedTo)
      const rows = await store.list<OrderEvent>(prefix, { after: to?.value.key, limit: BATCH })
      const ripe = rows.filter(row => readRowTime(prefix, row.key) < now() - LAG_MS)
      const last = ripe.at(-1)
      if (!last) return folded
      const sums = emptySums()
      for (const row of ripe) count(sums, row.value)
      const result = await store.commit('fold orders', [...foldedSteps(to, last.key), ...counterSteps(sums)])
      if (!result.ok) return folded
      folded += ripe.length
      if (ripe.length < BATCH) return folded
    }
  }

  function count(sums: Sums, event: OrderEvent): void {
    const part = partOf(event)
    if (part) {
      const day = days.dayOf(event.at)
      const counters = sums.days.get(day) ?? {}
      sums.days.set(day, counters)
      add(counters, part, 1)
      add(counters, `${part}Cents`, event.cents)
    }
    addState(sums, event.to, 1, event.cents)
    if (event.from !== null) addState(sums, event.from, -1, -event.cents)
  }

  async function read(): Promise<Pick<PaymentsOverview, 'states' | 'days'>> {
    const names = days.lastDays(now(), DAYS).reverse()
    for (let tries = 1; ; tries++) {
      const before = await store.get<FoldedTo>(keys.ordersFoldedTo)
      const sums = await readSums(names, before?.value.key)
      const after = await store.get<FoldedTo>(keys.ordersFoldedTo)
      // What is folded while we read would count twice or not at all.
      if (before?.version === after?.version || tries === READ_TRIES) return describe(names, sums)
    }
  }

  async function readSums(names: string[], foldedTo: string | undefined): Promise<Sums> {
    const [dayRows, stateRows] = await Promise.all([
      store.getMany<DayCounters>(names.map(keys.orderTotalOfDay)),
      store.getMany<StateCounters>(orderStates.map(keys.orderTotalOfState)),
    ])
    const sums: Sums = {
      days: new Map(names.map((day, index) => [day, { ...dayRows[index]?.value }])),
      states: new Map(orderStates.map((state, index) => [state, stateRows[index]?.value ?? { orders: 0, cents: 0 }])),
    }
    let last = foldedTo
    for (let read = 0; read < UNFOLDED_MAX; read += BATCH) {
      const rows = await store.list<OrderEvent>(prefix, { after: last, limit: BATCH })
      for (const row of rows) count(sums, row.value)
      if (rows.length < BATCH) break
      last = rows.at(-1)?.key
    }
    return sums
  }

  return { fold, read }
}

function emptySums(): Sums {
  return { days: new Map(), states: new Map() }
}

/** Being credited counts once: what comes back from a dispute or a refund that was refused is no new payment. */
function partOf({ from, to }: OrderEvent): Part | undefined {
  if (from === null) return 'created'
  if (to === 'paid' && isAwaiting({ state: from })) return 'paid'
  return to === 'refunded' ? 'refunded' : undefined
}

function add(counters: DayCounters, name: string, by: number): void {
  counters[name] = (counters[name] ?? 0) + by
}

function addState(sums: Sums, state: OrderState, orders: number, cents: number): void {
  const before = sums.states.get(state) ?? { orders: 0, cents: 0 }
  sums.states.set(state, { orders: before.orders + orders, cents: before.cents + cents })
}

function foldedSteps(to: StoredRecord<FoldedTo> | undefined, key: string): Step[] {
  const value: FoldedTo = { v: 1, key }
  return [{ expect: keys.ordersFoldedTo, version: to?.version ?? 'absent' }, { put: keys.ordersFoldedTo, value }]
}

function counterSteps({ days, states }: Sums): Step[] {
  return [
    ...[...days].map(([day, counters]): Step => ({ add: keys.orderTotalOfDay(day), by: counters })),
    ...[...states].map(([state, counters]): Step => ({ add: keys.orderTotalOfState(state), by: { ...counters } })),
  ]
}

function describe(names: string[], { days, states }: Sums): Pick<PaymentsOverview, 'states' | 'days'> {
  const total = (counters: DayCounters, part: Part) => ({ orders: counters[part] ?? 0, money: formatCents(counters[`${part}Cents`] ?? 0) })
  return {
    states: Object.fromEntries(orderStates.map((state) => {
      const { orders, cents } = states.get(state) ?? { orders: 0, cents: 0 }
      return [state, { orders, money: formatCents(cents) }]
    })) as PaymentsOverview['states'],
    days: names.map((day) => {
      const counters = days.get(day) ?? {}
      return { day, created: total(counters, 'created'), paid: total(counters, 'paid'), refunded: total(counters, 'refunded') }
    }),
  }
}
