/** The whole life of orders under random histories: what dies, what is lost, repeated, forged, late or refused. */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { AppError } from '#server/errors/app-error'
import type { Entry } from '#server/billing/records'
import type { OrderRecord, Payments } from '#server/billing/payments/index'
import { keys } from '#server/storage/keys'
import type { Store } from '#server/storage/store'
import { runs } from '../../support/runs'
import { createBench, HOUR, MINUTE } from './bench'
import type { GatewayMood } from './bench'

const USERS = ['1', '2']
const MONEY = ['10', '9.99', '500', '700']

const LONG = 20_000 + runs * 200

const order = fc.nat({ max: 4 })
const action = fc.oneof(
  { weight: 3, arbitrary: fc.record({ verb: fc.constant('create' as const), user: fc.constantFrom(...USERS), money: fc.constantFrom(...MONEY) }) },
  { weight: 3, arbitrary: fc.record({ verb: fc.constant('pay' as const), order }) },
  { weight: 3, arbitrary: fc.record({ verb: fc.constant('notify' as const), order }) },
  fc.record({ verb: fc.constant('forge' as const), order, change: fc.constantFrom<Record<string, string>>({ money: '0.01' }, { pid: 'x' }, { sign: 'f'.repeat(32) }, { type: 'x' }, { trade_status: 'x' }) }),
  { weight: 2, arbitrary: fc.record({ verb: fc.constant('query' as const), order }) },
  { weight: 2, arbitrary: fc.record({ verb: fc.constant('poll' as const), ms: fc.constantFrom(5000, MINUTE, 10 * MINUTE, HOUR, 6 * HOUR) }) },
  { weight: 2, arbitrary: fc.record({ verb: fc.constant('wait' as const), questions: fc.integer({ min: 2, max: 8 }) }) },
  { weight: 2, arbitrary: fc.record({ verb: fc.constant('refund' as const), order }) },
  fc.record({ verb: fc.constant('complete' as const), order }),
  fc.record({ verb: fc.constant('dispute' as const), order }),
  fc.record({ verb: fc.constant('resolve' as const), order, to: fc.constantFrom('success' as const, 'refund' as const) }),
  { weight: 2, arbitrary: fc.record({ verb: fc.constant('mood' as const), mood: fc.constantFrom<GatewayMood>('fine', 'fine', 'html', 'timeout', 'error', 'denying') }) },
  fc.record({ verb: fc.constant('refunds' as const), refunds: fc.constantFrom('made' as const, 'refused' as const, 'unheard' as const, 'lost' as const) }),
  fc.record({ verb: fc.constant('restart' as const) }),
  fc.record({ verb: fc.constant('fold' as const) }),
)
type Action = typeof action extends fc.Arbitrary<infer T> ? T : never
const fault = fc.constantFrom('none' as const, 'none' as const, 'none' as const, 'before' as const, 'after' as const)

/** A shop whose writes may die before or after the store took them, and whose touches may be put in any order. */
function createHistory(clawback: boolean, faults: ('none' | 'before' | 'after')[], scheduler?: fc.Scheduler) {
  let turn = 0
  let honest = false
  const wrap = (engine: Store): Store => {
    const written = async <T>(write: () => Promise<T>): Promise<T> => {
      if (scheduler && !honest) await scheduler.schedule(Promise.resolve())
      const kind = honest || faults.length === 0 ? 'none' : faults[turn++ % faults.length]
      if (kind === 'before') throw new AppError('store_unavailable')
      const result = await write()
      if (kind === 'after') throw new AppError('store_unavailable')
      return result
    }
    return {
      ...engine,
      get: async (key) => {
        if (scheduler && !honest) await scheduler.schedule(Promise.resolve())
        return engine.get(key)
      },
      put: (key, value, options) => written(() => engine.put(key, value, options)),
      commit: (id, steps) => written(() => engine.commit(id, steps)),
    }
  }
  const bench = createBench({ wrap, settings: { rate: '3', clawback, firstBonus: 1000, tiers: [{ from: '500', bonus: 500 }] } })
  if (scheduler) bench.gateway.before = async () => { if (!honest) await scheduler.schedule(Promise.resolve()) }
  return {
    bench,
    made: [] as string[],
    payments: bench.payments as Payments,
    restart() { this.payments = bench.start() },
    heal() { honest = true },
  }
}
type History = ReturnType<typeof createHistory>

async function play(history: History, step: Action): Promise<void> {
  const { bench, made, payments } = history
  const { gateway, clock } = bench
  clock.now += 7
  const id = 'order' in step ? made[step.order] : undefined
  const there = id === undefined ? undefined : gateway.orders.get(id)
  switch (step.verb) {
    case 'create': {
      const { order, form } = await payments.create(step.user, { money: step.money })
      gateway.submit(form.fields)
      return void made.push(order.id)
    }
    case 'pay': return void (there?.status === 'open' && (there.status = 'success'))
    // Sent only while the gateway has the money; what was under way when that ended may still arrive.
    case 'notify': return void (there && there.status !== 'open' && await payments.receive(gateway.notice(there.id)))
    case 'forge': return void (there && await payments.receive(forged(gateway.notice(there.id), step.change)))
    case 'query': return void (id && await payments.askForPage(await payments.find(id, undefined)))
    case 'poll':
      clock.now += step.ms
      return void await payments.runAsker()
    case 'wait':
      for (let question = 0; question < step.questions; question++) await ask(history)
      return
    case 'refund': return void (id && await payments.refund(id, 'asked for', () => []))
    case 'complete': return void (id && await payments.complete(id, { reason: 'seen' }, () => []))
    case 'dispute': return void (there?.status === 'success' && (there.status = 'disputing'))
    case 'resolve': return void (there?.status === 'disputing' && (there.status = step.to))
    case 'mood': return void (gateway.mood = step.mood)
    case 'refunds': return void (gateway.refunds = step.refunds)
    case 'restart': return history.restart()
    case 'fold': return void await payments.foldTotals()
  }
}

/** Lets time pass until the next question. */
async function ask({ bench, payments }: History): Promise<boolean> {
  const [row] = await bench.engine.list<string>(keys.ordersAskPrefix, { limit: 1 })
  if (!row) return false
  bench.clock.now = Math.max(bench.clock.now + 30_000, (await bench.order(row.value)).nextAskAt!)
  await payments.runAsker()
  return true
}

async function askUntilSilent(history: History): Promise<void> {
  for (let round = 0; round < 400; round++) if (!await ask(history)) return
}

/** A notice whose fields were changed on the way: the sign is that of what the gateway sent. */
function forged(notice: [string, string][], change: Record<string, string>): [string, string][] {
  return notice.map(([name, value]) => [name, change[name] ?? value])
}

async function recordsOf({ bench }: History): Promise<OrderRecord[]> {
  const rows = await bench.engine.list<string>(keys.ordersAllPrefix, { limit: 1000 })
  return (await bench.engine.getMany<OrderRecord>(rows.map(row => keys.order(row.value)))).map(row => row!.value)
}

const credited = ['paid', 'contested']
const worth = ({ state, credit, granted }: OrderRecord) => credited.includes(state) ? credit + granted! : 0
const sum = (entries: Entry[]) => entries.reduce((total, entry) => total + entry.amount, 0)

/** What holds after every step, whatever died in it. */
async function requireBooks(history: History): Promise<void> {
  const { bench } = history
  const orders = await recordsOf(history)
  for (const user of USERS) {
    const entries = await bench.entries(user)
    const own = orders.filter(one => one.user === user)
    expect(await bench.available(user)).toBe(sum(entries))
    expect(sum(entries)).toBe(own.reduce((total, one) => total + worth(one), 0))
    for (const one of own) {
      const about = entries.filter(entry => entry.reference === one.id)
      expect(sum(about), one.state).toBe(worth(one))
      expect(about.filter(entry => entry.kind === 'topup').length).toBe(one.granted === null ? 0 : 1)
    }
    expect(own.filter(one => one.granted !== null && one.granted === one.bonus.ifFirst).length).toBeLessThanOrEqual(1)
  }
  const due = (await bench.engine.list<string>(keys.ordersAskPrefix, { limit: 1000 })).map(row => row.key).sort()
  expect(due).toEqual(orders.filter(one => one.nextAskAt !== null).map(one => keys.ordersAsk(one.nextAskAt!, one.id)).sort())
}

/** When the line is good again and time passes, the shop agrees with the gateway. */
async function requireHealed(history: History): Promise<void> {
  const { bench } = history
  history.heal()
  bench.gateway.mood = 'fine'
  bench.gateway.refunds = 'made'
  await askUntilSilent(history)
  // What was out of reach for longer than the schedule lasts is what the admin's button is for.
  for (let time = 0; time < 4; time++) {
    bench.clock.now += 10 * MINUTE
    for (const one of await recordsOf(history)) await history.payments.ask(one)
  }
  await askUntilSilent(history)
  expect(await bench.engine.list(keys.ordersAskPrefix, { limit: 1 })).toEqual([])
  await requireBooks(history)
  for (const one of await recordsOf(history)) {
    const there = bench.gateway.orders.get(one.id)
    const tell = `${one.state} ${one.evidence} while the gateway says ${there?.status}`
    expect(one.followUp, tell).toBe(null)
    if (one.evidence === 'admin' && credited.includes(one.state)) continue
    if (there?.status === 'success') expect(one.state, tell).toBe('paid')
    else expect(credited.includes(one.state) && one.state !== 'contested', tell).toBe(false)
    if (one.granted === null) expect(['expired', 'review'], tell).toContain(one.state)
  }
  await requireTotals(history)
}

async function requireTotals(history: History): Promise<void> {
  const { payments } = history
  const orders = await recordsOf(history)
  const { states, days } = await payments.overview()
  for (const [state, total] of Object.entries(states)) expect(total.orders, state).toBe(orders.filter(one => one.state === state).length)
  await payments.foldTotals()
  expect((await payments.overview()).states).toEqual(states)
  expect(days.reduce((total, day) => total + day.paid.orders, 0)).toBe(orders.filter(one => one.granted !== null).length)
}

function requireExpected(error: unknown): void {
  if (!(error instanceof AppError)) throw error
}

describe('payments under random histories', () => {
  it('book what was paid, once, whatever dies in between', async () => {
    await fc.assert(fc.asyncProperty(fc.boolean(), fc.array(action, { minLength: 1, maxLength: 40 }), fc.array(fault, { maxLength: 11 }), async (clawback, actions, faults) => {
      const history = createHistory(clawback, faults)
      for (const step of actions) {
        await play(history, step).catch(requireExpected)
        await requireBooks(history)
      }
      await requireHealed(history)
      history.bench.errors.forEach(requireExpected)
    }), { numRuns: runs * 5 })
  }, LONG)

  it('book it once when everything comes at once, in whatever order reads, questions and commits fall', async () => {
    await fc.assert(fc.asyncProperty(fc.boolean(), fc.array(fc.array(action, { minLength: 2, maxLength: 6 }), { minLength: 1, maxLength: 8 }), fc.scheduler(), async (clawback, groups, scheduler) => {
      const history = createHistory(clawback, [], scheduler)
      for (const group of groups) {
        const playing = Promise.allSettled(group.map(step => play(history, step)))
        for (const outcome of await scheduler.waitFor(playing)) if (outcome.status === 'rejected') requireExpected(outcome.reason)
        await requireBooks(history)
      }
      await requireHealed(history)
      history.bench.errors.forEach(requireExpected)
    }), { numRuns: runs })
  }, LONG)
})
