import { keys } from '#server/storage/keys'
import type { Store } from '#server/storage/store'
import { limitPeriods } from '#shared/schemas/key'
import type { LimitPeriod } from '#shared/schemas/key'
import { amountIn, cellOf, minuteOf, RATE_WINDOW_MS } from './limits'
import type { KeyLimits, Rate } from './limits'
import type { Periods } from './periods'

const USAGE_DAYS = 30

/** What is spent against one money limit, in nano-credits, and when it begins anew: null for never. */
export interface MoneyUse {
  period: LimitPeriod | 'total'
  limit: number | null
  spent: number
  resetsAt: number | null
}

/** What a key has used, held money included. Nano-credits. */
export interface KeyUsage {
  today: number
  sevenDays: number
  thirtyDays: number
  /** Limited or not. */
  money: MoneyUse[]
  /** Requests running now. */
  open: number
  /** Started in this minute; counted only where that is limited. */
  minute: Rate & { resetsAt: number }
}

export interface KeyUsageOptions {
  store: Store
  periods: Periods
  now: () => number
}

export type KeyUsages = ReturnType<typeof createKeyUsages>

/** Reads the counters of keys for those who ask; nothing is decided from them. */
export function createKeyUsages({ store, periods, now }: KeyUsageOptions) {
  return {
    /** In the order asked for, with one reading of the store. */
    async read(asked: { id: string, spendLimit: number | null, limits: KeyLimits }[]): Promise<KeyUsage[]> {
      const at = now()
      const current = periods.of(at)
      const ends = periods.endsOf(at)
      const days = periods.lastDays(at, USAGE_DAYS)
      const months = [...new Set([current.month, current.week, ...days].map(name => name.slice(0, 7)))]
      const namesOf = (id: string) => [keys.spent(id), keys.keyOpen(id), keys.keyRate(id, minuteOf(at)), ...months.map(month => keys.spentIn(id, month))]
      const names = asked.flatMap(({ id }) => namesOf(id))
      const records = new Map((await store.getMany(names)).map((record, index) => [names[index]!, record?.value]))
      const numberAt = (name: string) => Number(records.get(name) ?? 0)

      return asked.map(({ id, spendLimit, limits }): KeyUsage => {
        const spentIn = (period: LimitPeriod, name: string) => {
          const { row, field } = cellOf(id, period, name)
          return amountIn(records.get(row), field)
        }
        const lately = (count: number) => days.slice(0, count).reduce((sum, day) => sum + spentIn('day', day), 0)
        const rate = records.get(keys.keyRate(id, minuteOf(at)))
        return {
          today: lately(1),
          sevenDays: lately(7),
          thirtyDays: lately(USAGE_DAYS),
          money: [
            ...limitPeriods.map(period => ({ period, limit: limits[period], spent: spentIn(period, current[period]), resetsAt: ends[period] })),
            { period: 'total', limit: spendLimit, spent: numberAt(keys.spent(id)), resetsAt: null },
          ],
          open: numberAt(keys.keyOpen(id)),
          minute: { requests: amountIn(rate, 'requests'), tokens: amountIn(rate, 'tokens'), resetsAt: minuteOf(at) + RATE_WINDOW_MS },
        }
      })
    },
  }
}
