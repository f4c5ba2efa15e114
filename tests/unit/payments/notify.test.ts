import { describe, expect, it } from 'vitest'
import { CREDIT, createBench, HOUR, KEY, MINUTE, PID, sign, USER } from './bench'

describe('a notice', () => {
  it('credits once the gateway confirms it, and says success after it', async () => {
    const bench = createBench()
    const id = await bench.make()
    bench.pay(id)
    expect(await bench.payments.receive(bench.gateway.notice(id))).toBe('success')
    expect(await bench.available()).toBe(20 * CREDIT)
    expect(await bench.order(id)).toMatchObject({ state: 'paid', evidence: 'query', unconfirmed: false, tradeNo: '108086391056891904', followUp: null })
    expect(bench.followed).toEqual([`credit ${id}`])
    expect(await bench.payments.receive(bench.gateway.notice(id))).toBe('success')
    expect(await bench.entries()).toHaveLength(1)
  })

  it('with another money rendering is the same amount', async () => {
    const bench = createBench()
    const id = await bench.make()
    bench.pay(id)
    expect(await bench.payments.receive(bench.gateway.notice(id, { money: '10', sign_type: 'MD5' }))).toBe('success')
    expect(await bench.available()).toBe(20 * CREDIT)
  })

  it('does not credit what the gateway denies, and is asked about again', async () => {
    const bench = createBench()
    const id = await bench.make()
    bench.pay(id)
    bench.gateway.mood = 'denying'
    expect(await bench.payments.receive(bench.gateway.notice(id))).toBe('fail')
    expect(await bench.available()).toBe(0)
    bench.gateway.mood = 'fine'
    await bench.pass(MINUTE)
    expect(await bench.available()).toBe(20 * CREDIT)
  })

  it.each(['html', 'timeout', 'error'] as const)('is believed up to a limit while the gateway answers %s, and confirmed later', async (mood) => {
    const bench = createBench()
    const id = await bench.make('500')
    bench.pay(id)
    bench.gateway.mood = mood
    expect(await bench.payments.receive(bench.gateway.notice(id))).toBe('success')
    expect(await bench.order(id)).toMatchObject({ state: 'paid', unconfirmed: true, evidence: 'notify' })
    bench.gateway.mood = 'fine'
    await bench.pass(MINUTE)
    expect(await bench.order(id)).toMatchObject({ unconfirmed: false })
    expect(await bench.available()).toBe(1000 * CREDIT)
  })

  it('above the limit waits for an admin, or for the gateway', async () => {
    const bench = createBench()
    const id = await bench.make('500.01')
    bench.pay(id)
    bench.gateway.mood = 'html'
    expect(await bench.payments.receive(bench.gateway.notice(id))).toBe('fail')
    expect(await bench.payments.receive(bench.gateway.notice(id))).toBe('fail')
    expect(await bench.order(id)).toMatchObject({ state: 'review' })
    expect(await bench.alerts()).toEqual(['review'])
    expect(await bench.available()).toBe(0)
    bench.gateway.mood = 'fine'
    await bench.pass(MINUTE)
    expect(await bench.available()).toBe(1000 * CREDIT + 20_000_000)
  })

  it('of the gateway\'s own payment link is answered without a credit', async () => {
    const bench = createBench()
    const id = await bench.make()
    const { money, trade } = bench.gateway.orders.get(id)!
    const fields = { pid: PID, trade_no: trade, type: 'epay', name: 'link', money, trade_status: 'TRADE_SUCCESS' }
    expect(await bench.payments.receive(Object.entries({ ...fields, out_trade_no: '', sign: sign(fields) }))).toBe('success')
    expect(await bench.payments.receive(Object.entries({ ...fields, sign: 'f'.repeat(32) }))).toBe('fail')
    expect(await bench.entries()).toEqual([])
  })

  it('with two trade numbers for one order is an alert, not a second credit', async () => {
    const bench = createBench()
    const id = await bench.make()
    bench.pay(id)
    await bench.payments.receive(bench.gateway.notice(id))
    for (let time = 0; time < 3; time++) expect(await bench.payments.receive(bench.gateway.notice(id, { trade_no: '99' }))).toBe('success')
    expect(await bench.alerts()).toEqual(['duplicate_trade'])
    expect(await bench.entries()).toHaveLength(1)
  })
})

type Forgery = (bench: ReturnType<typeof createBench>, id: string) => [string, string][]
const changed = (change: Record<string, string>, key = KEY): Forgery => ({ gateway }, id) => gateway.notice(id, change, key)

const forgeries: Record<string, Forgery> = {
  'a wrong sign': ({ gateway }, id) => gateway.notice(id).map(([name, value]) => [name, name === 'sign' ? 'f'.repeat(32) : value]),
  'no sign': ({ gateway }, id) => gateway.notice(id).filter(([name]) => name !== 'sign'),
  'another key': changed({}, 'another_merchants_key'),
  'an empty key': changed({}, ''),
  'another merchant, signed with his key': changed({ pid: 'other_client_id' }, 'another_merchants_key'),
  'another merchant, signed with ours': changed({ pid: 'other_client_id' }),
  'another amount': changed({ money: '0.01' }),
  'an amount that is none': changed({ money: '10.001' }),
  'an amount in another writing': changed({ money: '1e1' }),
  'another type': changed({ type: 'ldcpay' }),
  'another status': changed({ trade_status: 'WAIT_BUYER_PAY' }),
  'another kind of signature': changed({ sign_type: 'RSA' }),
  'a name twice': ({ gateway }, id) => [...gateway.notice(id), ['money', '10.00']],
  'an unknown field, signed': changed({ param: 'x' }),
  'the fields of the order itself': (bench, id) => Object.entries(bench.gateway.orders.get(id) ? (bench as unknown as { forms: Record<string, Record<string, string>> }).forms[id]! : {}),
}

describe('a forged notice', () => {
  it.each(Object.entries(forgeries))('with %s is not credited, and the genuine payment afterwards is', async (_, forge) => {
    const bench = createBench()
    const { order, form } = await bench.payments.create(USER, { money: '10' })
    bench.gateway.submit(form.fields)
    const forged = forge(Object.assign(bench, { forms: { [order.id]: form.fields } }), order.id)
    expect(await bench.payments.receive(forged)).toBe('fail')
    bench.gateway.mood = 'html'
    expect(await bench.payments.receive(forged)).toBe('fail')
    bench.clock.now += MINUTE
    expect(await bench.payments.receive(forged)).toBe('fail')
    expect(await bench.entries()).toEqual([])
    bench.gateway.mood = 'fine'
    bench.pay(order.id)
    expect(await bench.payments.receive(bench.gateway.notice(order.id))).toBe('success')
    expect(await bench.available()).toBe(20 * CREDIT)
  })

  it('made of the create signature by writing fields into the return address is refused', async () => {
    const bench = createBench()
    const { order, form } = await bench.payments.create(USER, { money: '10' })
    bench.gateway.submit(form.fields)
    // What a shop signs that takes a return address from its visitor: the text of the signature reads two ways.
    const injected: Record<string, string> = { ...form.fields, return_url: 'https://x.example&trade_no=1&trade_status=TRADE_SUCCESS' }
    const { sign: _, sign_type: __, ...signed } = injected
    const { return_url: ___, ...rest } = signed
    const read = { ...rest, return_url: 'https://x.example', trade_no: '1', trade_status: 'TRADE_SUCCESS' }
    expect(sign(read)).toBe(sign(signed))
    bench.gateway.mood = 'html'
    expect(await bench.payments.receive(Object.entries({ ...read, sign: sign(signed) }))).toBe('fail')
    expect(await bench.entries()).toEqual([])
    // And nothing a visitor chooses stands in what is signed.
    await expect(bench.payments.create(USER, { money: '10', type: 'epay&trade_status=TRADE_SUCCESS' })).rejects.toMatchObject({ code: 'invalid_request' })
    for (const name of ['name', 'type', 'out_trade_no', 'money', 'notify_url']) expect(form.fields[name]).not.toMatch(/[&=]/)
    expect(order.id).toMatch(/^[0-9a-f]{32}$/)
    expect(form.fields['return_url']!.length).toBeLessThanOrEqual(100)
  })

  it('leads to one question in five seconds, and to the credit when the order is paid', async () => {
    const bench = createBench()
    const id = await bench.make()
    const forged = forgeries['a wrong sign']!(bench, id)
    for (let time = 0; time < 20; time++) await bench.payments.receive(forged)
    expect(bench.gateway.calls).toEqual(['query'])
    bench.pay(id)
    bench.clock.now += 5000
    expect(await bench.payments.receive(forged)).toBe('success')
    expect(await bench.available()).toBe(20 * CREDIT)
  })

  it('that names no order of ours is nothing', async () => {
    const bench = createBench()
    expect(await bench.payments.receive([['out_trade_no', 'a'.repeat(32)]])).toBe('fail')
    expect(await bench.payments.receive([])).toBe('fail')
    expect(bench.gateway.calls).toEqual([])
  })
})

describe('an order of another gateway', () => {
  it('is not credited by a notice of this one', async () => {
    const bench = createBench()
    const id = await bench.make()
    const other = createBench({ config: { EPAY_PID: 'other' }, store: () => bench.engine })
    other.gateway.orders.set(id, { ...bench.gateway.orders.get(id)!, status: 'success' })
    expect(await other.payments.receive(other.gateway.notice(id, { pid: 'other' }))).toBe('fail')
    bench.clock.now += HOUR
    other.clock.now = bench.clock.now
    await other.payments.runAsker()
    expect(await bench.entries()).toEqual([])
  })
})

describe('a gateway without a secret', () => {
  it('is none', async () => {
    const bench = createBench({ config: { EPAY_KEY: '', missingForPayments: ['EPAY_KEY'] } })
    await expect(bench.payments.create(USER, { money: '10' })).rejects.toMatchObject({ code: 'payments_not_configured', params: { missing: 'EPAY_KEY' } })
    expect(await bench.payments.receive([['out_trade_no', 'a'.repeat(32)], ['sign', sign({ out_trade_no: 'a'.repeat(32) }, '')]])).toBe('fail')
    expect(await bench.payments.overview()).toMatchObject({ enabled: false, missing: ['EPAY_KEY'], gateway: null })
  })
})
