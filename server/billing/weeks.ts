/**
 * Who was there in a week, beside who was there on each of its days: a table over three months reads thirteen weeks and the
 * days before the first of them instead of ninety days. The weeks of a store begin with the first Monday whose every window
 * is counted in both; before it there are only days.
 */
import { keys } from '#server/storage/keys'
import type { Store } from '#server/storage/store'
import { mondayOf, plusDays } from './periods'

const WEEK_DAYS = 7

export interface WeeksFrom {
  v: 1
  /** YYYY-MM-DD. */
  monday: string
}

/** Says where the weeks begin, before the first window is counted in them: at once where nothing has been counted yet. */
export async function beginWeeks(store: Store, day: string): Promise<void> {
  if (await store.get(keys.weeksFrom)) return
  const isNew = (await store.list(keys.statListPrefix('all'), { limit: 1 })).length === 0
  const value: WeeksFrom = { v: 1, monday: isNew ? mondayOf(day) : plusDays(mondayOf(day), WEEK_DAYS) }
  await store.commit(keys.weeksFrom, [{ once: keys.weeksFrom, value }])
}

/** Splits days up to today, oldest first, into whole weeks by their Mondays and what stands before them; both newest first. */
export function cutIntoWeeks(days: string[], from: WeeksFrom | undefined): { weeks: string[], days: string[] } {
  const first = days.find(day => from !== undefined && day >= from.monday && mondayOf(day) === day)
  if (first === undefined) return { weeks: [], days: days.toReversed() }
  const at = days.indexOf(first)
  return { weeks: days.slice(at).filter(day => mondayOf(day) === day).reverse(), days: days.slice(0, at).reverse() }
}
