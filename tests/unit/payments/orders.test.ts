import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { openSqliteStore } from '#server/storage/drivers/sqlite'
import type { OrderRecord } from '#server/billing/payments/index'
import { keys } from '#server/storage/keys'
import { createBench, CREDIT, DAY, HOUR, MINUTE, PID, sign, USER } from './bench'

describe('an order', () => {
  it('fixes what it costs and brings, whatever the settings say later', async () => {
    const bench = createBench({ settings: { rate: '1.5', tiers: [{ from: '100', bonus: 500 }, { from: '50', bonus: 200 }] } })
    const { order, form } = await bench.payments.create(USER, { money: '99.99' })
    expect(order).toMatchObject({ state: 'pending', money: '99.99', credit: '149.985', bonus: '2.9997', rate: '1.5', type: 'epay', tradeNo: null })
    expect(form).toMatchObject({ action: 'https://credit.example/epay/pay/submit.php', method: 'POST', fields: { pid: PID, money: '99.99', out_trade_no: order.id, return_url: `https://shop.example/api/pay/return?o=${order.id}` } })
    const { sign: given, sign_type: kind, ...signed } = form.fields
    expect([given, kind]).toEqual([sign(signed), 'MD5'])
    bench.settings.rate = '1'
    bench.settings.tiers = []
    bench.gateway.submit(form.fields)
    bench.pay(order.id)
    await bench.payments.receive(bench.gateway.notice(order.id))
    expect((await bench.entries()).map(entry => [entry.kind, entry.amount])).toEqual([['topup', 149_985_000_000], ['bonus', 2_999_700_000]])
  })

  it.each(['0.99', '5000.01', '0'])('over %s is refused', async (money) => {
    await expect(createBench().payments.create(USER, { money })).rejects.toMatchObject({ code: 'amount_out_of_range', params: { min: '1', max: '5000' } })
  })

  it('is refused while five wait, also when six come at once', async () => {
    const bench = createBench()
    const made = await Promise.allSettled(Array.from({ length: 9 }, () => bench.payments.create(USER, { money: '10' })))
    expect(made.filter(one => one.status === 'fulfilled')).toHaveLength(5)
    await expect(bench.payments.create(USER, { money: '10' })).rejects.toMatchObject({ code: 'too_many_orders', retryAfterSeconds: 300 })
    await bench.payments.create('8', { money: '10' })
    bench.clock.now += 5 * MINUTE
    await bench.payments.create(USER, { money: '10' })
  })

  it('is refused while top-ups are switched off', async () => {
    await expect(createBench({ settings: { enabled: false } }).payments.create(USER, { money: '10' })).rejects.toMatchObject({ code: 'payments_disabled' })
  })

  it('is found by its owner and by admins, by either number', async () => {
    const bench = createBench()
    const id = await bench.make()
    bench.pay(id)
    await bench.payments.receive(bench.gateway.notice(id))
    const { trade } = bench.gateway.orders.get(id)!
    for (const number of [id, trade]) {
      expect((await bench.payments.find(number, USER)).id).toBe(id)
      expect((await bench.payments.find(number, undefined)).id).toBe(id)
      await expect(bench.payments.find(number, '8')).rejects.toMatchObject({ code: 'record_not_found' })
    }
  })

  it('stands in the lists, page by page, by state', async () => {
    const bench = createBench()
    const ids: string[] = []
    for (let index = 0; index < 12; index++) {
      bench.clock.now += 6 * MINUTE
      ids.unshift(await bench.make())
    }
    bench.pay(ids[3]!)
    await bench.payments.receive(bench.gateway.notice(ids[3]!))
    const seen: string[] = []
    let after: string | undefined
    do {
      const page = await bench.payments.list({ user: USER }, { after, limit: 5 })
      seen.push(...page.items.map(order => order.id))
      after = page.next ?? undefined
    } while (after)
    expect(seen).toEqual(ids)
    expect((await bench.payments.list({ state: 'paid' }, { limit: 5 })).items.map(order => order.id)).toEqual([ids[3]])
    expect((await bench.payments.list({ user: '8' }, { limit: 5 })).items).toEqual([])
  })
})

describe('the first bonus', () => {
  it('goes to the first order that is paid, whichever was made first, and once', async () => {
    const bench = createBench({ settings: { firstBonus: 1000, tiers: [{ from: '10', bonus: 500 }] } })
    expect((await bench.payments.offer(USER)).firstBonus).toBe(1000)
    const ids = [await bench.make(), await bench.make(), await bench.make()]
    ids.forEach(bench.pay)
    await Promise.all([ids[2]!, ids[1]!].map(id => bench.payments.receive(bench.gateway.notice(id))))
    await bench.payments.receive(bench.gateway.notice(ids[0]!))
    const bonuses = (await bench.entries()).filter(entry => entry.kind === 'bonus').map(entry => entry.amount).sort()
    expect(bonuses).toEqual([CREDIT, CREDIT, 3 * CREDIT])
    expect(await bench.order(ids[0]!)).toMatchObject({ granted: CREDIT, bonus: { always: CREDIT, ifFirst: 3 * CREDIT } })
    expect((await bench.payments.offer(USER)).firstBonus).toBe(0)
  })
})

describe('an order whose notice never comes', () => {
  it.each([['at once', 5000], ['after three minutes', 185_000]])('is credited within a minute when it is paid %s', async (_, wait) => {
    const bench = createBench()
    const id = await bench.make()
    await bench.pass(wait)
    bench.pay(id)
    await bench.pass(MINUTE)
    expect(await bench.available()).toBe(20 * CREDIT)
  })

  it('is credited after it had expired, and a large one that late is told', async () => {
    const bench = createBench()
    const [small, large] = [await bench.make(), await bench.make('501')]
    await bench.pass(4 * HOUR, MINUTE)
    expect(await bench.order(small)).toMatchObject({ state: 'expired', lastAnswer: 'not_paid' })
    bench.pay(small)
    bench.pay(large)
    expect(await bench.payments.receive(bench.gateway.notice(small))).toBe('success')
    await bench.pass(DAY, HOUR)
    expect(await bench.available()).toBe(1022 * CREDIT)
    expect(await bench.alerts()).toEqual(['late_large'])
  })

  it('is asked about on the schedule for a week, then no more; a notice still counts', async () => {
    const bench = createBench()
    const id = await bench.make()
    await bench.pass(HOUR)
    expect(bench.gateway.calls).toHaveLength(10)
    await bench.pass(9 * DAY, HOUR)
    expect(bench.gateway.calls).toHaveLength(19)
    expect(await bench.order(id)).toMatchObject({ state: 'expired', nextAskAt: null })
    bench.pay(id)
    expect(await bench.payments.receive(bench.gateway.notice(id))).toBe('success')
  })

  it('is credited once when two instances ask at the same time', async () => {
    const bench = createBench()
    const other = bench.start()
    bench.pay(await bench.make())
    bench.clock.now += 10_000
    await Promise.all([bench.payments.runAsker(), other.runAsker()])
    bench.pay(await bench.make())
    bench.clock.now += 21_000
    await Promise.all([bench.payments.runAsker(), new Promise(resolve => setTimeout(resolve, 5)).then(() => other.runAsker())])
    expect(await bench.available()).toBe(40 * CREDIT)
  })

  it('is asked about once in three seconds however often its page asks', async () => {
    const bench = createBench()
    const id = await bench.make()
    for (let time = 0; time < 10; time++) await bench.payments.askForPage(await bench.order(id))
    expect(bench.gateway.calls).toHaveLength(1)
    bench.clock.now += 3000
    bench.pay(id)
    expect(await bench.payments.askForPage(await bench.order(id))).toMatchObject({ state: 'paid' })
  })
})

describe('what comes at once', () => {
  const race = async (bench: ReturnType<typeof createBench>) => {
    const id = await bench.make()
    bench.pay(id)
    bench.clock.now += 10_000
    const others = [bench.start(), bench.start()]
    const calls = Array.from({ length: 40 }, (_, index) => {
      const payments = [bench.payments, ...others][index % 3]!
      return [() => payments.receive(bench.gateway.notice(id)), () => bench.order(id).then(payments.ask), () => payments.runAsker(), () => payments.complete(id, { reason: 'seen' }, () => []).catch(() => 'refused')][index % 4]!()
    })
    await Promise.all(calls)
    expect((await bench.entries()).map(entry => entry.kind)).toEqual(['topup'])
    expect(await bench.available()).toBe(20 * CREDIT)
    expect(await bench.order(id)).toMatchObject({ state: 'paid' })
  }

  it('is credited once in memory', () => race(createBench()))

  it('is credited once in sqlite', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'vapor-payments-'))
    const store = await openSqliteStore({ file: join(folder, 'vapor.db'), now: undefined, waitMs: undefined })
    await race(createBench({ store: () => store }))
    await store.close()
    rmSync(folder, { recursive: true })
  })
})

describe('an answer about an order', () => {
  const asked = async (change: (bench: ReturnType<typeof createBench>, id: string) => void) => {
    const bench = createBench()
    const id = await bench.make()
    bench.pay(id)
    change(bench, id)
    await bench.payments.ask(await bench.order(id))
    return { bench, order: await bench.order(id) }
  }

  it('over another amount waits for an admin', async () => {
    const { bench, order } = await asked(({ gateway }, id) => { gateway.orders.get(id)!.money = '0.10' })
    expect(order).toMatchObject({ state: 'review' })
    expect(await bench.alerts()).toEqual(['wrong_amount'])
    await bench.payments.complete(order.id, { reason: 'seen on the statement' }, () => [])
    expect(await bench.available()).toBe(20 * CREDIT)
  })

  it('with the trade number of another order waits for an admin', async () => {
    const { bench, order } = await asked(() => {})
    const second = await bench.make()
    bench.pay(second)
    bench.gateway.orders.get(second)!.trade = order.tradeNo!
    await bench.payments.ask(await bench.order(second))
    expect(await bench.order(second)).toMatchObject({ state: 'review' })
    expect(await bench.alerts()).toEqual(['duplicate_trade'])
    await expect(bench.payments.complete(second, { reason: 'seen', tradeNo: order.tradeNo! }, () => [])).rejects.toMatchObject({ code: 'duplicate_trade' })
    expect(await bench.available()).toBe(20 * CREDIT)
  })
})

describe('a refund', () => {
  const paid = async () => {
    const bench = createBench({ settings: { tiers: [{ from: '10', bonus: 1000 }] } })
    const id = await bench.make()
    bench.pay(id)
    await bench.payments.receive(bench.gateway.notice(id))
    return { bench, id, refund: () => bench.payments.refund(id, 'asked for', () => []) }
  }
  const kinds = (entries: { kind: string, amount: number }[]) => entries.map(({ kind, amount }) => `${kind} ${amount / CREDIT}`)

  it('takes credit and bonus back and pays at the gateway, once', async () => {
    const { bench, id, refund } = await paid()
    expect(await refund()).toMatchObject({ state: 'refunded', reason: 'asked for' })
    await expect(refund()).rejects.toMatchObject({ code: 'order_not_credited' })
    expect(kinds(await bench.entries())).toEqual(['topup 20', 'bonus 2', 'refund -22'])
    expect(bench.followed).toEqual([`credit ${id}`, `reversal ${id}`])
    expect(bench.gateway.orders.get(id)!.status).toBe('refund')
  })

  it('may take somebody below zero, who has spent it', async () => {
    const { bench, refund } = await paid()
    await bench.engine.commit('spend', [{ add: keys.available(USER), by: -15 * CREDIT }])
    await refund()
    expect(await bench.available()).toBe(-15 * CREDIT)
  })

  it('is undone when the gateway refuses and still calls it paid, and may be tried again', async () => {
    const { bench, refund } = await paid()
    bench.gateway.refunds = 'refused'
    expect(await refund()).toMatchObject({ state: 'paid' })
    expect(kinds(await bench.entries())).toEqual(['topup 20', 'bonus 2', 'refund -22', 'refund 22'])
    expect(await bench.alerts()).toEqual(['refund_refused'])
    bench.gateway.refunds = 'made'
    expect(await refund()).toMatchObject({ state: 'refunded' })
    expect(await bench.available()).toBe(0)
  })

  it('nobody heard of stays open until the gateway has denied the order three times', async () => {
    const { bench, id, refund } = await paid()
    bench.gateway.refunds = 'unheard'
    expect(await refund()).toMatchObject({ state: 'refunding' })
    expect(await bench.available()).toBe(0)
    await bench.pass(10 * MINUTE)
    expect(await bench.order(id)).toMatchObject({ state: 'refunding' })
    await bench.pass(HOUR)
    expect(await bench.order(id)).toMatchObject({ state: 'refunded' })
    expect(bench.gateway.calls.filter(call => call === 'refund')).toHaveLength(1)
  })

  it('that was lost on the way is asked for again', async () => {
    const { bench, id, refund } = await paid()
    bench.gateway.refunds = 'lost'
    await refund()
    await bench.pass(5 * MINUTE)
    expect(await bench.order(id)).toMatchObject({ state: 'refunding' })
    bench.gateway.refunds = 'made'
    await bench.pass(5 * MINUTE)
    expect(await bench.order(id)).toMatchObject({ state: 'refunded' })
    expect(await bench.available()).toBe(0)
  })

  it('that is refused because the order is disputed gives no credit back', async () => {
    const { bench, id, refund } = await paid()
    bench.gateway.orders.get(id)!.status = 'disputing'
    expect(await refund()).toMatchObject({ state: 'refunding' })
    expect(await bench.available()).toBe(0)
    await bench.pass(HOUR)
    expect(await bench.order(id)).toMatchObject({ state: 'refunded', refundHeard: false })
    // The dispute was what the gateway denied: when it ends the money is still there, and is still owed.
    bench.pay(id)
    await bench.pass(7 * HOUR, MINUTE)
    expect(bench.gateway.orders.get(id)!.status).toBe('refund')
    expect(await bench.order(id)).toMatchObject({ state: 'refunded', refundHeard: true })
    expect((await bench.entries()).map(entry => entry.kind)).toEqual(['topup', 'bonus', 'refund'])
    expect(bench.followed).toEqual([`credit ${id}`, `reversal ${id}`])
  })

  it('is not undone by the refusal of an earlier one', async () => {
    const { bench, id, refund } = await paid()
    bench.gateway.refunds = 'refused'
    let began = false
    bench.gateway.before = async () => {
      // Between the first refusal and its question another pursues it to its end, and an admin tries again.
      if (began || bench.gateway.calls.at(-1) !== 'query') return
      began = true
      expect(await bench.start().ask(await bench.order(id))).toMatchObject({ state: 'paid' })
      bench.gateway.refunds = 'lost'
      expect(await refund()).toMatchObject({ state: 'refunding', takenBack: 2 })
    }
    expect(await refund()).toMatchObject({ state: 'refunding', takenBack: 2 })
    expect(await bench.available()).toBe(0)
  })

  it('that was made while another asked and was refused takes the credit again', async () => {
    const { bench, id, refund } = await paid()
    bench.gateway.refunds = 'refused'
    const [asked, ended] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()]
    let second: Promise<unknown> | undefined
    bench.gateway.before = async () => {
      const refunding = bench.gateway.calls.at(-1) === 'refund'
      if (!second && !refunding) {
        second = bench.order(id).then(order => bench.start().ask(order))
        return asked.promise
      }
      if (!second || !refunding) return
      asked.resolve()
      await ended.promise
      bench.gateway.refunds = 'made'
    }
    expect(await refund()).toMatchObject({ state: 'paid' })
    ended.resolve()
    await second
    expect(await bench.order(id)).toMatchObject({ state: 'refunded', refundHeard: true })
    expect(kinds(await bench.entries())).toEqual(['topup 20', 'bonus 2', 'refund -22', 'refund 22', 'refund -22'])
  })

  it('needs a credited order of this gateway', async () => {
    const { bench } = await paid()
    const open = await bench.make()
    await expect(bench.payments.refund(open, 'x', () => [])).rejects.toMatchObject({ code: 'order_not_credited' })
    await bench.payments.complete(open, { reason: 'seen' }, () => [])
    await expect(bench.payments.refund(open, 'x', () => [])).rejects.toMatchObject({ code: 'order_trade_unknown' })
  })
})

describe('a dispute', () => {
  const disputed = async (clawback: boolean) => {
    const bench = createBench({ settings: { clawback, tiers: [{ from: '10', bonus: 1000 }] } })
    const id = await bench.make()
    bench.pay(id)
    await bench.payments.receive(bench.gateway.notice(id))
    bench.gateway.orders.get(id)!.status = 'disputing'
    return { bench, id }
  }

  it('is believed after three denials, and only told', async () => {
    const { bench, id } = await disputed(false)
    await bench.pass(HOUR + MINUTE)
    expect(await bench.order(id)).toMatchObject({ state: 'paid', denials: 1 })
    await bench.pass(30 * MINUTE)
    expect(await bench.order(id)).toMatchObject({ state: 'contested' })
    expect(await bench.available()).toBe(22 * CREDIT)
    expect(await bench.alerts()).toEqual(['contested'])
    bench.pay(id)
    await bench.pass(2 * DAY, HOUR)
    expect(await bench.order(id)).toMatchObject({ state: 'paid', denials: 0 })
    expect(await bench.alerts()).toEqual(['restored', 'contested'])
  })

  it('takes the credit back where the settings say so, and gives it back when it ends', async () => {
    const { bench, id } = await disputed(true)
    await bench.pass(2 * HOUR)
    expect(await bench.order(id)).toMatchObject({ state: 'clawed_back' })
    expect(await bench.available()).toBe(0)
    bench.pay(id)
    await bench.pass(DAY, HOUR)
    expect(await bench.order(id)).toMatchObject({ state: 'paid' })
    expect((await bench.entries()).map(({ kind, amount }) => [kind, amount / CREDIT])).toEqual([['topup', 20], ['bonus', 2], ['clawback', -22], ['clawback', 22]])
    expect(bench.followed).toEqual([`credit ${id}`])
  })

  it('that is lost for good is followed by the end of what the credit brought', async () => {
    const { bench, id } = await disputed(true)
    await bench.pass(10 * DAY, HOUR)
    expect(bench.followed).toEqual([`credit ${id}`, `reversal ${id}`])
    expect(await bench.order(id)).toMatchObject({ state: 'clawed_back', nextAskAt: null, reversed: true })
  })

  it('is not seen in one denial, nor in a wall', async () => {
    const { bench, id } = await disputed(true)
    await bench.pass(HOUR + MINUTE)
    bench.pay(id)
    await bench.pass(MINUTE * 20)
    expect(await bench.order(id)).toMatchObject({ state: 'paid', denials: 0 })
    bench.gateway.mood = 'html'
    await bench.pass(9 * DAY, HOUR)
    expect(await bench.order(id)).toMatchObject({ state: 'paid' })
    expect(await bench.available()).toBe(22 * CREDIT)
  })
})

describe('an order completed by hand', () => {
  it('stays credited whatever the gateway says, and is not asked about any more', async () => {
    const bench = createBench({ settings: { clawback: true } })
    const id = await bench.make()
    await bench.payments.complete(id, { reason: 'seen in the console' }, () => [])
    expect(await bench.order(id)).toMatchObject({ state: 'paid', evidence: 'admin', reason: 'seen in the console', nextAskAt: null })
    for (let time = 0; time < 4; time++) {
      bench.clock.now += HOUR
      expect(await bench.payments.ask(await bench.order(id))).toMatchObject({ state: 'paid', lastAnswer: 'not_paid', nextAskAt: null })
    }
    await expect(bench.payments.complete(id, { reason: 'again' }, () => [])).rejects.toMatchObject({ code: 'order_credited' })
    bench.pay(id)
    expect(await bench.payments.receive(bench.gateway.notice(id))).toBe('success')
    expect(await bench.available()).toBe(20 * CREDIT)
  })
})

describe('what follows a credit', () => {
  it('is repeated until it succeeds', async () => {
    const bench = createBench()
    const { credit } = bench.follow
    bench.follow.credit = async () => { throw new Error('not now') }
    const id = await bench.make()
    bench.pay(id)
    expect(await bench.payments.receive(bench.gateway.notice(id))).toBe('success')
    expect(await bench.order(id)).toMatchObject({ state: 'paid', followUp: 'credit' })
    bench.follow.credit = credit
    await bench.pass(MINUTE)
    expect(bench.followed).toEqual([`credit ${id}`])
    expect(await bench.order(id)).toMatchObject({ followUp: null })
  })
})

describe('the overview', () => {
  it('counts orders by state and day, before and after they are folded', async () => {
    const bench = createBench()
    const first = await bench.make()
    await bench.make('25.5')
    bench.pay(first)
    await bench.payments.receive(bench.gateway.notice(first))
    const expected = {
      states: { pending: { orders: 1, money: '25.50' }, paid: { orders: 1, money: '10.00' }, expired: { orders: 0, money: '0.00' } },
      days: [{ day: '2026-01-05', created: { orders: 2, money: '35.50' }, paid: { orders: 1, money: '10.00' }, refunded: { orders: 0, money: '0.00' } }],
    }
    const overview = await bench.payments.overview()
    expect(overview).toMatchObject({ states: expected.states })
    expect(overview.days[0]).toEqual(expected.days[0])
    bench.clock.now += 3 * MINUTE
    expect(await bench.payments.foldTotals()).toBe(3)
    expect(await bench.payments.foldTotals()).toBe(0)
    expect((await bench.payments.overview()).days[0]).toEqual(expected.days[0])
    await bench.payments.refund(first, 'x', () => [])
    bench.clock.now += 3 * MINUTE
    await Promise.all([bench.payments.foldTotals(), bench.start().foldTotals()])
    const later = await bench.payments.overview()
    expect(later).toMatchObject({ states: { paid: { orders: 0, money: '0.00' }, refunded: { orders: 1, money: '10.00' } } })
    expect(later.days[0]).toMatchObject({ refunded: { orders: 1, money: '10.00' } })
  })
})

describe('what is kept', () => {
  it('holds neither the key nor a sign', async () => {
    const bench = createBench()
    const id = await bench.make()
    bench.pay(id)
    await bench.payments.receive(bench.gateway.notice(id, { money: '11' }))
    await bench.payments.receive(bench.gateway.notice(id))
    await bench.payments.refund(id, 'x', () => [])
    const rows = await bench.engine.list('', { limit: 1000 })
    expect(JSON.stringify(rows)).not.toMatch(/test_client_secret|"sign"/)
    expect((await bench.outcomes(id)).slice(-3).reverse()).toEqual(['notify wrong_amount', 'query paid', 'refund done'])
    const stored = rows.find(row => row.key === keys.order(id))!.value as unknown as OrderRecord
    expect(stored).toMatchObject({ v: 1, gateway: expect.stringMatching(/^linuxdo_[0-9a-f]{8}$/) })
  })
})
