/** Daily counters for charts and totals: what is folded, plus what is not folded yet. */
import { keys, readRowTime } from '#server/storage/keys'
import type { RequestList, StatDimension } from '#server/storage/keys'
import { LIST_MAX } from '#server/storage/store'
import type { Store } from '#server/storage/store'
import type { StatusRange } from '#shared/schemas/status'
import { createDays } from './days'
import { foldClosed, WINDOW_MS } from './fold'
import type { RolledTo } from './fold'
import type { RequestRecord } from './records'
import { readServiceStatus } from './service-status'
import type { ServiceStatus } from './service-status'
import { addTo, channelCountersOf, countersOf, emptyTally } from './tally'
import type { Counters, Tally } from './tally'
import { cutIntoWeeks } from './weeks'
import type { WeeksFrom } from './weeks'

const BATCH = 200
/** Requests that are counted at the time of reading because no window holds them yet. */
const UNFOLDED_MAX = 2000
/** Rows read per kind for a table of the busiest; beyond it the oldest are left out of the table, never of totals. */
const BUSIEST_ROWS_MAX = 10_000
const BUSIEST_MAX = 50
/** The same for the books, which are read rarely and must be whole: 90 days of a thousand models. */
const BOOKS_ROWS_MAX = 90_000
const READ_TRIES = 3
/** Models that get a part of their own in a user's chart, and rows read for it: beyond, the oldest days fall under the rest. */
const CHART_MODELS = 6
const CHART_ROWS_MAX = 5000

export interface Series {
  totals: { today: Tally, sevenDays: Tally, thirtyDays: Tally }
  /** One per day, oldest first, days without a request included. */
  series: (Tally & { day: string })[]
}

/** A user's series with the models most was spent on; the costs stand on the days of `series`, in nano-credits. */
export interface UserSeries extends Series {
  models: { id: string, total: Tally, costs: bigint[] }[]
  /** What the models above do not cover. */
  rest: bigint[]
}

/** Largest cost first. */
export type Busiest = { id: string, tally: Tally }[]

export interface ShopStatistics extends Series {
  /** The days asked for, and as many before them. */
  range: Tally
  previous: Tally
  models: Busiest
  channels: Busiest
  users: Busiest
}

/** A period as a shopkeeper looks at it. What the tables lack to the whole was tried at no channel, or lies beyond their bound. */
export interface BooksSums {
  total: Tally
  series: Series['series']
  models: Busiest
  channels: Busiest
}

export interface StatisticsOptions {
  store: Store
  /** IANA name of the zone whose days are counted. */
  timeZone: string
  now?: () => number
}

export type Statistics = ReturnType<typeof createStatistics>
/** Requests with the day each counts in. */
type Unfolded = { record: RequestRecord, day: string }[]
interface Span { names: string[], unfolded: Unfolded, weeksFrom: WeeksFrom | undefined }
type Part = (record: RequestRecord) => [id: string, counters: Counters][]

const parts: Record<StatDimension, Part> = {
  all: record => [['all', countersOf(record)]],
  user: record => [[record.user, countersOf(record)]],
  model: record => [[record.model.id, countersOf(record)]],
  channel: channelCountersOf,
}

export function createStatistics({ store, timeZone, now = Date.now }: StatisticsOptions) {
  const days = createDays(timeZone)
  let folding: Promise<number> | undefined

  /** The newest requests no counter holds yet, with the day each counts in. */
  async function listUnfolded(list: RequestList, rolledTo: number): Promise<Unfolded> {
    const prefix = keys.requestListPrefix(list)
    const found: Unfolded = []
    let last: string | undefined
    for (let read = 0; read < UNFOLDED_MAX; read += BATCH) {
      const rows = await store.list<string>(prefix, { after: last, limit: BATCH, reverse: true })
      const fresh = rows.filter(row => readRowTime(prefix, row.key) >= rolledTo)
      const records = await store.getMany<RequestRecord>(fresh.map(row => keys.request(row.value)))
      for (const [index, row] of fresh.entries()) {
        const record = records[index]?.value
        const window = Math.floor(readRowTime(prefix, row.key) / WINDOW_MS) * WINDOW_MS
        if (record) found.push({ record, day: days.dayOf(window) })
      }
      if (fresh.length < BATCH) break
      last = rows.at(-1)?.key
    }
    return found
  }

  async function readSeries(dimension: 'all' | 'user', id: string, count: number, unfolded: Unfolded): Promise<Series> {
    const names = days.lastDays(now(), Math.max(count, 30))
    const rows = await store.getMany<Counters>(names.map(day => keys.stat(dimension, id, day)))
    const series = names.map((day, index) => {
      const tally = emptyTally()
      addTo(tally, rows[index]?.value)
      for (const entry of unfolded) {
        if (entry.day === day) addTo(tally, countersOf(entry.record))
      }
      return { day, ...tally }
    })
    return { totals: { today: sum(series.slice(-1)), sevenDays: sum(series.slice(-7)), thirtyDays: sum(series.slice(-30)) }, series: series.slice(-count) }
  }

  async function readShop(count: number, charted: number, unfolded: Unfolded): Promise<Series & Pick<ShopStatistics, 'range' | 'previous'>> {
    const { totals, series } = await readSeries('all', 'all', Math.max(2 * count, charted), unfolded)
    return { totals, series: series.slice(-charted), range: sum(series.slice(-count)), previous: sum(series.slice(-2 * count, -count)) }
  }

  /** The counters of each model a user has called on the last days, by model and place of the day. */
  async function readUserModels(user: string, names: string[], unfolded: Unfolded): Promise<Map<string, Tally[]>> {
    const models = new Map<string, Tally[]>()
    const add = (model: string, day: string, counters: Counters) => {
      const place = names.indexOf(day)
      const tallies = models.get(model) ?? names.map(emptyTally)
      models.set(model, tallies)
      if (place >= 0) addTo(tallies[place]!, counters)
    }
    for (const { record, day } of unfolded) add(record.model.id, day, countersOf(record))
    const prefix = keys.statUserModelPrefix(user)
    let last: string | undefined
    for (let read = 0; read < CHART_ROWS_MAX; read += LIST_MAX) {
      const rows = await store.list<Counters>(prefix, { after: last, limit: LIST_MAX, reverse: true })
      for (const row of rows) {
        const { day, model } = keys.readStatOfUserModel(user, row.key)
        if (day < names[0]!) return models
        add(model, day, row.value)
      }
      if (rows.length < LIST_MAX) break
      last = rows.at(-1)?.key
    }
    return models
  }

  async function readUsers(users: string[], rolledTo: number): Promise<Series['totals'][]> {
    const names = days.lastDays(now(), 30)
    const [rows, unfolded] = await Promise.all([
      store.getMany<Counters>(users.flatMap(user => names.map(day => keys.stat('user', user, day)))),
      listUnfolded({ list: 'all' }, rolledTo),
    ])
    return users.map((user, place) => {
      const tallies = names.map((_, index) => {
        const tally = emptyTally()
        addTo(tally, rows[place * names.length + index]?.value)
        return tally
      })
      for (const { record, day } of unfolded) {
        const index = record.user === user ? names.indexOf(day) : -1
        if (index >= 0) addTo(tallies[index]!, countersOf(record))
      }
      return { today: sum(tallies.slice(-1)), sevenDays: sum(tallies.slice(-7)), thirtyDays: sum(tallies) }
    })
  }

  async function readUser(user: string, count: number, rolledTo: number): Promise<UserSeries> {
    const unfolded = await listUnfolded({ list: 'user', id: user }, rolledTo)
    const [series, tallies] = await Promise.all([readSeries('user', user, count, unfolded), readUserModels(user, days.lastDays(now(), count), unfolded)])
    const models = [...tallies].map(([id, ofDays]) => ({ id, total: sum(ofDays), costs: ofDays.map(({ cost }) => cost) }))
      .filter(({ total }) => total.requests > 0)
      .sort((a, b) => compare(b.total, a.total))
      .slice(0, CHART_MODELS)
    const rest = series.series.map(({ cost }, index) => models.reduce((left, { costs }) => left - costs[index]!, cost))
    return { ...series, models, rest }
  }

  /** What each was there for on the last days: whole weeks where they are counted, single days before them. */
  async function readBusiest(dimension: StatDimension, { names, unfolded, weeksFrom }: Span, rowsMax: number): Promise<Busiest> {
    const tallies = new Map<string, Tally>()
    const add = (id: string, counters: Counters) => {
      const tally = tallies.get(id) ?? emptyTally()
      tallies.set(id, tally)
      addTo(tally, counters)
    }
    for (const { record, day } of unfolded) {
      if (names.includes(day)) parts[dimension](record).forEach(([id, counters]) => add(id, counters))
    }
    const { weeks, days: single } = cutIntoWeeks(names, weeksFrom)
    const prefixes = [...weeks.map(monday => keys.statWeekPrefix(dimension, monday)), ...single.map(day => keys.statDayPrefix(dimension, day))]
    let left = rowsMax
    for (const prefix of prefixes) {
      for (let last: string | undefined; left > 0;) {
        const rows = await store.list<Counters>(prefix, { after: last, limit: LIST_MAX })
        for (const row of rows) add(keys.readStatId(dimension, prefix, row.key), row.value)
        left -= rows.length
        if (rows.length < LIST_MAX) break
        last = rows.at(-1)?.key
      }
    }
    return [...tallies].map(([id, tally]) => ({ id, tally })).sort((a, b) => compare(b.tally, a.tally))
  }

  /** The last days, oldest first, with what no counter of theirs holds yet. */
  async function readSpan(count: number, rolledTo: number): Promise<Span> {
    const [unfolded, weeksFrom] = await Promise.all([listUnfolded({ list: 'all' }, rolledTo), store.get<WeeksFrom>(keys.weeksFrom)])
    return { names: days.lastDays(now(), count), unfolded, weeksFrom: weeksFrom?.value }
  }

  /** A window that is folded while we read would count twice or not at all: then everything is read once more. */
  async function consistently<T>(read: (rolledTo: number) => Promise<T>): Promise<T> {
    for (let tries = 1; ; tries++) {
      const before = await store.get<RolledTo>(keys.rolledTo)
      const result = await read(before?.value.to ?? 0)
      const after = await store.get<RolledTo>(keys.rolledTo)
      if (before?.version === after?.version || tries === READ_TRIES) return result
    }
  }

  return {
    /** Folds what is due; for a timer. A second call joins the one under way. Answers how many windows were folded. */
    fold(): Promise<number> {
      folding ??= foldClosed({ store, days, now }).finally(() => {
        folding = undefined
      })
      return folding
    },

    /** @param count days of the series, up to today. */
    ofUser: (user: string, count: number): Promise<UserSeries> => consistently(rolledTo => readUser(user, count, rolledTo)),

    /** Today, seven and thirty days of several users, in their order. */
    ofUsers: (users: string[]): Promise<Series['totals'][]> => consistently(rolledTo => readUsers(users, rolledTo)),

    /** How well the shop served its models. */
    ofService: (range: StatusRange): Promise<ServiceStatus> => consistently(async rolledTo =>
      readServiceStatus({ store, days, now: now(), range, unfolded: await listUnfolded({ list: 'all' }, rolledTo) })),

    /** What the channels did on the last days, the dearest first. */
    ofChannels: (count: number): Promise<Busiest> => consistently(async rolledTo => readBusiest('channel', await readSpan(count, rolledTo), BUSIEST_ROWS_MAX)),

    /** @param count days, up to today. @param charted days of the series, when it is to be longer. */
    ofShop: (count: number, charted = count): Promise<ShopStatistics> => consistently(async (rolledTo) => {
      const span = await readSpan(count, rolledTo)
      const busiest = async (dimension: StatDimension) => (await readBusiest(dimension, span, BUSIEST_ROWS_MAX)).slice(0, BUSIEST_MAX)
      return { ...await readShop(count, charted, span.unfolded), models: await busiest('model'), channels: await busiest('channel'), users: await busiest('user') }
    }),

    /** Revenue against upstream cost of the last `count` days, whole and by model and channel. */
    books: (count: number): Promise<BooksSums> => consistently(async (rolledTo) => {
      const span = await readSpan(count, rolledTo)
      const { series } = await readSeries('all', 'all', count, span.unfolded)
      return { total: sum(series), series, models: await readBusiest('model', span, BOOKS_ROWS_MAX), channels: await readBusiest('channel', span, BOOKS_ROWS_MAX) }
    }),
  }
}

function sum(tallies: Tally[]): Tally {
  const total = emptyTally()
  for (const tally of tallies) {
    const { cost, costed, upstream, ...counts } = tally
    addTo(total, counts)
    total.cost += cost
    total.costed += costed
    total.upstream += upstream
  }
  return total
}

function compare(a: Tally, b: Tally): number {
  if (a.cost !== b.cost) return a.cost < b.cost ? -1 : 1
  return a.requests - b.requests
}
