/**
 * The contract of `server/storage/store.ts`. Every driver runs it: what holds here, the shop relies on.
 */
import { afterAll, beforeAll, describe } from 'vitest'
import type { StoreDriver } from '#server/storage/store'
import { testCommits } from './store-commits'
import { testLists } from './store-lists'
import { testHistories } from './store-model'
import { testRecords } from './store-records'

export interface Opened {
  store: StoreDriver
  /** Closes the store and opens what is left of it; drivers that forget have none. */
  reopen?: () => Promise<StoreDriver>
  /** Moves the driver's clock, where it can be moved. */
  advance?: (ms: number) => void
  close(): Promise<void>
}

/** One open store for all tests: each takes keys of its own. */
export interface Subject {
  readonly store: StoreDriver
  readonly opened: Opened
  /** A beginning of keys nobody else has. */
  name(): string
}

export function testStore(name: string, open: () => Promise<Opened>): void {
  describe(`the ${name} store`, () => {
    let opened: Opened
    let names = 0
    const subject: Subject = {
      get store() { return opened.store },
      get opened() { return opened },
      name: () => `t${(names++).toString(36).padStart(4, '0')}_`,
    }
    beforeAll(async () => { opened = await open() })
    afterAll(() => opened.close())

    testRecords(subject)
    testCommits(subject)
    testLists(subject)
    testHistories(subject)
  })
}
