/** Codes on a store whose nodes see the past: claimed by many at once, granted by every node, never twice and never too often. */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createKvStore } from '#server/storage/drivers/edgeone-kv'
import { runBatch } from '#server/storage/drivers/edgeone-kv/kv'
import { createKv } from '../../../sandbox/edgeone/kv'
import { runs } from '../../support/runs'
import { CREDIT, openCodes, START } from './shop'

const NODES = 3
const WINDOW = 300_000
const SLOT = 165_000

function openNodes() {
  let at = START
  const now = () => at
  const kv = createKv(NODES, { now })
  const shops = kv.nodes.map((node) => {
    const shop = openCodes({ engine: createKvStore({ now, reversed: [], batch: operations => runBatch(node, operations, now) }) })
    Object.defineProperty(shop.clock, 'at', { get: now })
    return shop
  })
  const wait = (ms: number) => void (at += ms)
  return { shops, wait, toSlot: () => wait(WINDOW - at % WINDOW + SLOT) }
}

describe('a code on a store whose copies lag', () => {
  it('is claimed at once and becomes credit minutes later', async () => {
    const { shops: [one, two], wait, toSlot } = openNodes()
    const { code, batch } = await one!.make()
    expect(await one!.redeem('7', code)).toEqual({ pending: true, value: 2.5 * CREDIT })
    expect(await one!.redeem('7', code)).toMatchObject({ pending: true })
    expect((await one!.ledger.balance('7')).available).toBe(0)
    await two!.codes.grantClaims()
    toSlot()
    await two!.codes.grantClaims()
    wait(61_000)
    expect((await one!.ledger.balance('7')).available).toBe(2.5 * CREDIT)
    expect(await one!.redeemed(batch.id)).toBe(1)
    await expect(one!.redeem('7', code)).rejects.toMatchObject({ code: 'code_redeemed_before' })
    await expect(one!.redeem('8', code)).rejects.toMatchObject({ code: 'code_used_up' })
  })

  it('serves as many as it should, the first ones, however many nodes decide', async () => {
    const claim = fc.record({ node: fc.nat(NODES - 1), user: fc.integer({ min: 1, max: 6 }), before: fc.constantFrom(0, 1000, 30_000, 70_000, 200_000) })
    await fc.assert(fc.asyncProperty(fc.array(claim, { minLength: 1, maxLength: 12 }), fc.integer({ min: 1, max: 4 }), fc.array(fc.nat(NODES - 1), { maxLength: 6 }), async (claims, uses, early) => {
      const { shops, wait, toSlot } = openNodes()
      const { code, batch } = await shops[0]!.make({ uses })
      wait(61_000)
      for (const [index, { node, user, before }] of claims.entries()) {
        wait(before + 1)
        await shops[node]!.redeem(String(user), code).catch(() => {})
        if (early[index] !== undefined) await shops[early[index]]!.codes.grantClaims()
      }
      for (let round = 0; round < 3; round++) {
        toSlot()
        await Promise.all(shops.map(shop => shop.codes.grantClaims()))
        for (const shop of shops) await (shop.engine as ReturnType<typeof createKvStore>).maintain()
      }
      wait(61_000)
      const distinct = new Set(claims.map(({ user }) => user)).size
      for (const shop of shops) {
        const balances = await Promise.all([1, 2, 3, 4, 5, 6].map(async user => (await shop.ledger.balance(String(user))).available))
        expect(balances.every(available => available === 0 || available === 2.5 * CREDIT)).toBe(true)
        expect(balances.filter(available => available > 0)).toHaveLength(Math.min(uses, distinct))
        expect(await shop.redeemed(batch.id)).toBe(Math.min(uses, distinct))
      }
    }), { numRuns: Math.min(runs, 1000) })
  }, 60_000 + runs * 50)
})
