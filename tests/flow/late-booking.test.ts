/** A store that is slow to book: how long the end of a stream waits for it. */
import { describe, expect, it } from 'vitest'
import type { StoreDriver } from '#server/storage/store'
import { openShop } from '../support/shop'

const BOOKING_MS = 2_000

const slowToSettle = (store: StoreDriver): StoreDriver => ({
  ...store,
  async commit(id, steps) {
    if (id.startsWith('settle_')) await new Promise(resolve => setTimeout(resolve, BOOKING_MS))
    return store.commit(id, steps)
  },
})

/** Milliseconds from the last word to the terminator, and whether it was booked when the stream ended. */
async function endOf(settleWaitMs: number | undefined) {
  const shop = await openShop({ wrapStore: slowToSettle, ...(settleWaitMs === undefined ? {} : { settleWaitMs }) })
  try {
    const response = await shop.chat({ model: await shop.sell('sandbox-text'), stream: true, messages: [{ role: 'user', content: 'hi' }] })
    let last = 0
    let done = 0
    for await (const chunk of response.body!) {
      if (Buffer.from(chunk).toString('utf8').includes('[DONE]')) done = performance.now()
      else last = performance.now()
    }
    return { waited: done - last, held: (await shop.ledger.balance(shop.user)).held }
  }
  finally { await shop.close() }
}

describe('the end of a stream', () => {
  it('waits for its booking', async () => {
    const { waited, held } = await endOf(undefined)
    expect(waited).toBeGreaterThan(BOOKING_MS - 500)
    expect(held).toBe(0)
  })

  it('goes out earlier where it may wait only so long, and the stream closes when all is booked', async () => {
    const { waited, held } = await endOf(150)
    expect(waited).toBeGreaterThan(100)
    expect(waited).toBeLessThan(BOOKING_MS - 200)
    expect(held).toBe(0)
  })
})
