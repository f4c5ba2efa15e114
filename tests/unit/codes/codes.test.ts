import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createCode, hashCode } from '#server/billing/codes/code-text'
import type { Entry } from '#server/billing/records'
import { AppError } from '#server/errors/app-error'
import { createMemoryStore } from '#server/storage/drivers/memory'
import { openStore } from '#server/storage/index'
import type { Store } from '#server/storage/store'
import { codeText } from '#shared/schemas/code'
import { runs } from '../../support/runs'
import { CREDIT, openCodes, outcomes, START } from './shop'

const refusal = (code: string) => expect.objectContaining({ code })

describe('the text of a code', () => {
  it('has 100 bits of chance in characters nobody mistakes', () => {
    const made = Array.from({ length: 2000 }, createCode)
    const used = new Set(made.flatMap(code => [...code.slice('VAPOR-'.length).replaceAll('-', '')]))
    const [length] = [...new Set(made.map(code => code.slice('VAPOR-'.length).replaceAll('-', '').length))]
    expect(length! * Math.log2(used.size)).toBeGreaterThan(100)
    expect([...used].filter(character => '0O1IL2Z5S8BU'.includes(character))).toEqual([])
    expect(new Set(made).size).toBe(made.length)
    expect(made.every(code => codeText.safeParse(code).success && /^VAPOR(-[A-Z0-9]{5}){5}$/.test(code))).toBe(true)
  })

  it('is the same however it is typed, and another one for any other character', () => {
    fc.assert(fc.property(fc.nat({ max: 24 }), fc.infiniteStream(fc.boolean()), (place, coins) => {
      const code = createCode()
      const next = () => coins.next().value === true
      const typed = [...code].map(character => character === '-' ? (next() ? '-' : '') : next() ? character.toLowerCase() : character).join('')
      expect(hashCode(typed)).toBe(hashCode(code))
      expect(hashCode(typed.replace(/^vapor-?/i, ''))).toBe(hashCode(code))
      const body = code.slice('VAPOR-'.length).replaceAll('-', '')
      const other = body.slice(0, place) + (body[place] === 'A' ? 'C' : 'A') + body.slice(place + 1)
      expect(hashCode(other)).not.toBe(hashCode(code))
    }), { numRuns: runs })
  })

  it('has no hash when it can be no code', () => {
    for (const text of ['', 'VAPOR', 'VAPOR-AAAAA', `${createCode()}A`, createCode().replace(/.$/, '0')]) expect(hashCode(text)).toBeUndefined()
  })
})

describe('redeeming', () => {
  it('books the value once, with a reference that names no code', async () => {
    const shop = openCodes()
    const { code, batch } = await shop.make()
    const redeemed = await shop.redeem('7', code.toLowerCase().replaceAll('-', ''))
    expect(redeemed).toMatchObject({ entry: { kind: 'code', amount: 2.5 * CREDIT, reference: `${batch.id}_0001:7`, note: `…${code.slice(-5)}` } })
    expect(await shop.entries('7')).toEqual([(redeemed as { entry: Entry }).entry])
    expect(await shop.ledger.balance('7')).toMatchObject({ available: 2.5 * CREDIT })
    expect(await shop.redeemed(batch.id)).toBe(1)
  })

  it('keeps only hashes: no key and no value of the store holds a code', async () => {
    const shop = openCodes()
    const { codes } = await shop.make({ count: 50 })
    await shop.redeem('7', codes[0]!)
    const rows = await shop.engine.list('', { limit: 1000 })
    const text = JSON.stringify(rows).toUpperCase().replaceAll('-', '')
    expect(rows.length).toBeGreaterThan(50)
    for (const code of codes) expect(text).not.toContain(code.slice('VAPOR-'.length).replaceAll('-', ''))
  })

  it('says each way it can fail', async () => {
    const shop = openCodes()
    const soon = await shop.make({ expiresAt: new Date(START + 1000).toISOString() })
    const off = await shop.make()
    const once = await shop.make()
    await expect(shop.redeem('7', createCode())).rejects.toEqual(refusal('code_unknown'))
    await expect(shop.redeem('7', 'no code at all')).rejects.toEqual(refusal('code_unknown'))
    await shop.codes.change(off.batch.id, { enabled: false }, () => [])
    await expect(shop.redeem('7', off.code)).rejects.toEqual(refusal('code_off'))
    await shop.redeem('7', once.code)
    await expect(shop.redeem('8', once.code)).rejects.toEqual(refusal('code_used_up'))
    shop.clock.at = START + 1000
    await expect(shop.redeem('7', soon.code)).rejects.toMatchObject({ code: 'code_expired', params: { at: new Date(START + 1000).toISOString() } })
    expect(await shop.ledger.balance('7')).toMatchObject({ available: 2.5 * CREDIT })
    expect(await shop.ledger.balance('8')).toMatchObject({ available: 0 })
  })

  it('tells who had it before when and how much, whatever has become of the code', async () => {
    const shop = openCodes()
    const { code, batch } = await shop.make({ expiresAt: new Date(START + 1000).toISOString() })
    await shop.redeem('7', code)
    await shop.codes.change(batch.id, { enabled: false }, () => [])
    shop.clock.at = START + 5000
    await expect(shop.redeem('7', code)).rejects.toMatchObject({ code: 'code_redeemed_before', params: { at: new Date(START).toISOString(), credit: '2.5' } })
    expect(await shop.entries('7')).toHaveLength(1)
  })

  it('leaves a code unspent that would leave the range of a balance', async () => {
    const shop = openCodes()
    await shop.ledger.credit({ user: '7', kind: 'topup', amount: Number.MAX_SAFE_INTEGER, reference: 'all', note: '' })
    const { code, batch } = await shop.make()
    await expect(shop.redeem('7', code)).rejects.toEqual(refusal('balance_out_of_range'))
    expect(await shop.redeemed(batch.id)).toBe(0)
    await shop.redeem('8', code)
  })
})

describe.each(['memory', 'sqlite'])('races on %s', (kind) => {
  async function withStore(run: (engine: Store) => Promise<void>) {
    const folder = mkdtempSync(join(tmpdir(), 'vapor-codes-'))
    const engine = kind === 'memory' ? createMemoryStore() : await openStore(`sqlite:${join(folder, 'vapor.db')}`, { production: true })
    try { await run(engine) }
    finally {
      await engine.close()
      rmSync(folder, { recursive: true, force: true })
    }
  }

  it('gives the last use to one of two users', () => withStore(async (engine) => {
    const shop = openCodes({ engine })
    const { code, batch } = await shop.make()
    const result = await outcomes([shop.redeem('7', code), shop.redeem('8', code)])
    expect(result).toEqual({ done: 1, refused: ['code_used_up'] })
    const [seven, eight] = await Promise.all([shop.ledger.balance('7'), shop.ledger.balance('8')])
    expect(seven.available + eight.available).toBe(2.5 * CREDIT)
    expect(await shop.redeemed(batch.id)).toBe(1)
  }))

  it('gives one user one use, however often he asks at once', () => withStore(async (engine) => {
    const shop = openCodes({ engine })
    const { code, batch } = await shop.make({ uses: 10 })
    expect(await outcomes(Array.from({ length: 8 }, () => shop.redeem('7', code)))).toEqual({ done: 1, refused: ['code_redeemed_before'] })
    expect(await shop.entries('7')).toHaveLength(1)
    expect(await shop.redeemed(batch.id)).toBe(1)
  }))
})

it('books what the counters say, over any crowd, order and crash', async () => {
  const attempt = fc.record({ user: fc.integer({ min: 1, max: 6 }), code: fc.nat({ max: 2 }), fault: fc.constantFrom('none', 'none', 'before', 'after') })
  await fc.assert(fc.asyncProperty(fc.integer({ min: 1, max: 4 }), fc.array(attempt, { maxLength: 25 }), async (uses, attempts) => {
    let fault = 'none'
    // The store goes away right before or right after a commit: the caller cannot tell which.
    const shop = openCodes({ wrap: store => ({
      ...store,
      async commit(id, steps) {
        const now = fault
        fault = 'none'
        if (now === 'before') throw new AppError('store_unavailable')
        const result = await store.commit(id, steps)
        if (now === 'after') throw new AppError('store_unavailable')
        return result
      },
    }) })
    const { codes, batch } = await shop.make({ count: 3, uses })
    const pending: Promise<unknown>[] = []
    for (const one of attempts) {
      if (one.fault !== 'none') await Promise.allSettled(pending)
      fault = one.fault
      pending.push(shop.redeem(String(one.user), codes[one.code]!).catch((error: AppError) => error.code))
      if (one.fault !== 'none') await pending.at(-1)
    }
    const refused = (await Promise.all(pending)).filter(answer => typeof answer !== 'object')
    expect(refused.filter(code => !['code_used_up', 'code_redeemed_before', 'store_unavailable'].includes(String(code)))).toEqual([])
    const entries = (await Promise.all([1, 2, 3, 4, 5, 6].map(user => shop.entries(String(user))))).flat()
    expect(new Set(entries.map(entry => entry.reference)).size).toBe(entries.length)
    expect(await shop.redeemed(batch.id)).toBe(entries.length)
    for (const index of [1, 2, 3]) expect(entries.filter(entry => entry.reference.includes(`_000${index}:`)).length).toBeLessThanOrEqual(uses)
    for (const user of ['1', '2', '3', '4', '5', '6'])
      expect((await shop.ledger.balance(user)).available).toBe(entries.filter(entry => entry.user === user).length * 2.5 * CREDIT)
  }), { numRuns: runs })
})

it('hears of a batch switched off between reading and booking', async () => {
  let meanwhile: (() => Promise<unknown>) | undefined
  const shop = openCodes({ wrap: store => ({
    ...store,
    async commit(id, steps) {
      const act = meanwhile
      meanwhile = undefined
      await act?.()
      return store.commit(id, steps)
    },
  }) })
  const { code, batch } = await shop.make()
  meanwhile = () => shop.codes.change(batch.id, { enabled: false }, () => [])
  await expect(shop.redeem('7', code)).rejects.toEqual(refusal('code_off'))
  expect(await shop.entries('7')).toEqual([])
})

describe('wrong codes', () => {
  it('stop a user after ten, many at once included, and let him go on after a while', async () => {
    const shop = openCodes()
    const { code } = await shop.make()
    const result = await outcomes(Array.from({ length: 30 }, () => shop.redeem('7', createCode())))
    expect(result.refused.sort()).toEqual(['code_unknown', 'too_many_codes'])
    await expect(shop.redeem('7', code)).rejects.toMatchObject({ code: 'too_many_codes', params: { minutes: 15 }, retryAfterSeconds: 900 })
    await shop.redeem('8', code)
    shop.clock.at += 15 * 60_000
    await expect(shop.redeem('7', code)).rejects.toEqual(refusal('code_used_up'))
  })

  it('stop an address after fifty, whoever types there', async () => {
    const shop = openCodes()
    const { code } = await shop.make()
    const tries = await outcomes(Array.from({ length: 50 }, (_, index) => shop.redeem(String(index + 100), createCode(), '203.0.113.9')))
    expect(tries).toEqual({ done: 0, refused: ['code_unknown'] })
    await expect(shop.redeem('7', code, '203.0.113.9')).rejects.toEqual(refusal('too_many_codes'))
    await shop.redeem('7', code, '203.0.113.10')
  })

  it('do not count right ones, nor codes redeemed before', async () => {
    const shop = openCodes()
    const { codes } = await shop.make({ count: 30 })
    for (const code of codes) await shop.redeem('7', code, '203.0.113.9')
    for (const code of codes) await expect(shop.redeem('7', code, '203.0.113.9')).rejects.toEqual(refusal('code_redeemed_before'))
  })
})

describe('batches', () => {
  it('are listed newest first, by pages, with what was redeemed', async () => {
    const shop = openCodes()
    const made = []
    for (const name of ['a', 'b', 'c']) {
      shop.clock.at++
      made.push(await shop.make({ name, uses: 2 }))
    }
    await shop.redeem('7', made[1]!.code)
    await shop.redeem('8', made[1]!.code)
    const first = await shop.codes.list({ limit: 2 })
    expect(first.items.map(({ batch, redeemed }) => [batch.name, redeemed])).toEqual([['c', 0], ['b', 2]])
    const rest = await shop.codes.list({ limit: 2, after: first.next! })
    expect([rest.items.map(({ batch }) => batch.name), rest.next]).toEqual([['a'], null])
  })

  it('of a thousand codes are made in one commit', async () => {
    const shop = openCodes()
    const { codes } = await shop.make({ count: 1000 })
    expect(new Set(codes).size).toBe(1000)
    await shop.redeem('7', codes[999]!)
  })
})
