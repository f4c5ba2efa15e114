/**
 * The storage port. Drivers live in `drivers/`, one contract suite (`tests/contract/store.ts`) holds them together.
 *
 * Keys are `[0-9A-Za-z_]{1,400}`, the same bytes in every driver, ordered by byte. Values are JSON.
 */
import type { Driver } from 'unstorage'

export type Json = null | boolean | number | string | Json[] | { [key: string]: Json | undefined }

/** What may be written: plain data that survives JSON. Interfaces have no index signature, so `Json` alone would refuse them. */
export type Storable = Json | object

export interface StoredRecord<T = Json> {
  value: T
  /** Changes with every write of the key, and is never used again for it. */
  version: string
}

export interface ListedRecord<T = Json> extends StoredRecord<T> {
  key: string
  /** Epoch milliseconds by the engine's clock; absent when the record lives for ever. */
  expiresAt?: number
}

export interface ListOptions {
  /** Only keys behind this one, in the direction of reading. */
  after?: string
  /** At most this many, 1 to 1000. */
  limit: number
  /** From the last key to the first. */
  reverse?: boolean
}

/** An integer counter, or several in one record. Missing counts as 0; the result must stay a safe integer. */
export type Amounts = number | Record<string, number>

export type Step =
  /**
   * Adds to a counter; refused as `floor` or `ceil` when the result lies outside the bounds. Bounds have the shape of
   * `by` and hold for the fields they name. `ttlMs` renews the record's life; without it the life stays as it is.
   */
  | { add: string, by: Amounts, floor?: Amounts, ceil?: Amounts, ttlMs?: number }
  /** Writes the key if it is absent; present refuses the commit as `exists` and returns the stored value. */
  | { once: string, value: Storable, ttlMs?: number }
  /** Refuses the commit as `changed` unless the key has this version, or is absent. Speaks of the state before the commit. */
  | { expect: string, version: string | 'absent' }
  | { put: string, value: Storable, ttlMs?: number }
  | { delete: string }

/**
 * `values` answers step by step: the new value of an `add`, null otherwise. A refusal names the step by its index, why,
 * and the value that stood in the way: the counter before (0 or {} when missing), the stored value of `once`, the
 * `{ value, version }` of `expect` (null when absent).
 */
export type CommitResult =
  | { ok: true, values: Json[] }
  | { ok: false, step: number, reason: 'floor' | 'ceil' | 'exists' | 'changed', value: Json }

/**
 * All or nothing, decided by the engine. Guards (`expect`, `once`) are evaluated before `add`, each group in key order;
 * the first refusal is the answer. A key may be named once in a commit, but for an `expect` beside one write.
 *
 * Trouble of the store is an AppError `store_unavailable`: of a write it is then unknown whether it happened, so repeat
 * it only behind a `once` or an `expect`. Mistakes of the caller (bad keys or amounts, no counter) are TypeErrors.
 */
export interface Store {
  readonly name: string
  readonly consistency: 'strong' | 'eventual'
  get<T = Json>(key: string): Promise<StoredRecord<T> | undefined>
  /** In the order asked for; absent keys are undefined. */
  getMany<T = Json>(keys: string[]): Promise<(StoredRecord<T> | undefined)[]>
  put(key: string, value: Storable, options?: { ttlMs?: number }): Promise<void>
  delete(key: string): Promise<void>
  /** Byte order; expired records are absent. */
  list<T = Json>(prefix: string, options: ListOptions): Promise<ListedRecord<T>[]>
  /** Deletes keys of the prefix that sort before `before`, at most `limit` of them; answers how many. */
  deleteRange(prefix: string, options: { before: string, limit: number }): Promise<number>
  /** @param id names the commit in logs and in stores that need it to be idempotent. */
  commit(id: string, steps: Step[]): Promise<CommitResult>
  close(): Promise<void>
}

/** A driver is an unstorage driver with more: plain documents and caches may use it through `useStorage`. */
export type StoreDriver = Store & Driver

export const KEY_PATTERN = /^[0-9A-Za-z_]{1,400}$/
export const LIST_MAX = 1000
