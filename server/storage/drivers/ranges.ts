import type { ListOptions } from '../store'
import { checkKey, checkLimit } from './steps'

/** Keys from `low` (inclusive) to `high` (exclusive). The bounds themselves need not be keys. */
export interface KeyRange {
  low: string
  high: string
}

/** Sorts before and behind every character of a key, so `key + BEFORE_ALL` is the first place behind `key`. */
const BEFORE_ALL = '!'
const BEHIND_ALL = '{'

function prefixRange(prefix: string): KeyRange {
  if (prefix !== '') checkKey(prefix)
  return { low: prefix, high: prefix + BEHIND_ALL }
}

/** The range a `list` reads; one bound each way, so that an ordered index can seek to its first row. */
export function listRange(prefix: string, options: ListOptions): KeyRange {
  checkLimit(options.limit)
  const { low, high } = prefixRange(prefix)
  if (options.after === undefined) return { low, high }
  const after = checkKey(options.after)
  return options.reverse ? { low, high: after < high ? after : high } : { low: after < low ? low : after + BEFORE_ALL, high }
}

/** The range a `deleteRange` empties. */
export function deletedRange(prefix: string, options: { before: string, limit: number }): KeyRange {
  checkLimit(options.limit)
  const { low, high } = prefixRange(prefix)
  const before = checkKey(options.before)
  return { low, high: before < high ? before : high }
}
