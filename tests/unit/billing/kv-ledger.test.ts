/**
 * Money on a store whose nodes see the past: random histories over several of them, with writers that freeze, die and wake
 * again, repeats that cannot see each other, and everybody folding at once. In the end every charge and every deposit
 * counts once, nothing is held, and nobody was overdrawn further than the bound.
 */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createLedger } from '#server/billing/ledger'
import type { Ledger, SettleOrder } from '#server/billing/ledger'
import type { Entry, Hold } from '#server/billing/records'
import { sweepOrphans } from '#server/billing/sweeper'
import { createKvStore } from '#server/storage/drivers/edgeone-kv'
import { runBatch } from '#server/storage/drivers/edgeone-kv/kv'
import type { KvAnswer, KvOperation } from '#server/storage/drivers/edgeone-kv/kv'
import { createMemoryStore } from '#server/storage/drivers/memory'
import { keys } from '#server/storage/keys'
import type { Store } from '#server/storage/store'
import { createKv } from '../../../sandbox/edgeone/kv'
import { runs } from '../../support/runs'

const NODES = 3
const USERS = ['11', '12']
const HOLD_MAX = 1000
const HOLDS = 4
const TTL = 30 * 86_400_000
const START = Date.parse('2026-11-01T00:00:00Z')
const SECOND = 1000
const WINDOW_MS = 300 * SECOND

type Action =
  | { do: 'credit', node: number, user: number, deposit: number }
  | { do: 'reserve', node: number, user: number }
  | { do: 'settle', request: number, cost: number }
  | { do: 'extend', request: number }
  | { do: 'die', node: number, writes: number }
  | { do: 'freeze', node: number, writes: number }
  | { do: 'thaw', node: number }
  | { do: 'sweep' | 'maintain' | 'look', node: number }
  /** All nodes at once, each with what it saw a moment ago still in its mind. */
  | { do: 'all', task: 'sweep' | 'maintain' | 'credit', user: number, deposit: number }
  | { do: 'wait', ms: number }
  /** To so long behind the next beginning of a window: where the rules change. */
  | { do: 'border', ms: number }

const node = fc.nat(NODES - 1)
const user = fc.nat(USERS.length - 1)
const action: fc.Arbitrary<Action> = fc.oneof(
  { weight: 4, arbitrary: fc.record({ do: fc.constant('credit' as const), node, user, deposit: fc.nat(5) }) },
  { weight: 6, arbitrary: fc.record({ do: fc.constant('reserve' as const), node, user }) },
  { weight: 6, arbitrary: fc.record({ do: fc.constant('settle' as const), request: fc.nat(20), cost: fc.integer({ min: 0, max: 1500 }) }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('extend' as const), request: fc.nat(20) }) },
  fc.record({ do: fc.constant('die' as const), node, writes: fc.nat(12) }),
  fc.record({ do: fc.constant('freeze' as const), node, writes: fc.nat(12) }),
  fc.record({ do: fc.constant('thaw' as const), node }),
  { weight: 3, arbitrary: fc.record({ do: fc.constantFrom('sweep' as const, 'maintain' as const, 'look' as const), node }) },
  { weight: 4, arbitrary: fc.record({ do: fc.constant('all' as const), task: fc.constantFrom('sweep' as const, 'maintain' as const, 'credit' as const), user, deposit: fc.nat(5) }) },
  { weight: 8, arbitrary: fc.record({ do: fc.constant('border' as const), ms: fc.constantFrom(-5 * SECOND, 5 * SECOND, 85 * SECOND, 100 * SECOND, 165 * SECOND, 285 * SECOND) }) },
  { weight: 6, arbitrary: fc.record({ do: fc.constant('wait' as const), ms: fc.constantFrom(SECOND, 20 * SECOND, 60 * SECOND, 130 * SECOND, 200 * SECOND, 301 * SECOND, 3600 * SECOND) }) },
)

/** What takes a certain order to go wrong, with gaps for anything else. */
const latest = -1
const border = (ms: number): Action => ({ do: 'border', ms })
const episode: fc.Arbitrary<Action[]> = fc.record({ a: node, b: node, user, cost: fc.integer({ min: 0, max: 1500 }), writes: fc.nat(8), kind: fc.nat(4), gap: fc.array(action, { maxLength: 1 }) }).map(({ a, b, user: of, cost, writes, kind, gap }) => {
  const open: Action[] = [{ do: 'credit', node: a, user: of, deposit: 0 }, { do: 'reserve', node: a, user: of }]
  const abandoned: Action[] = [...open, border(0), border(0), border(0)]
  const settle: Action = { do: 'settle', request: latest, cost }
  switch (kind) {
    // A writer that stands still over the end of its window, and comes with the last who may.
    case 0: return [...open, border(-5 * SECOND), { do: 'freeze', node: a, writes }, settle, border(5 * SECOND), ...gap, { do: 'maintain', node: b }, { do: 'wait', ms: 60 * SECOND }, { do: 'thaw', node: a }]
    // Two sweepers on both sides of a border, the second with an old picture.
    case 1: return [...abandoned, border(-5 * SECOND), { do: 'look', node: b }, { do: 'sweep', node: a }, border(5 * SECOND), ...gap, { do: 'sweep', node: b }]
    // A settlement that comes too late while others sweep, some of whom cannot see it.
    case 2: return [...abandoned, border(165 * SECOND), { do: 'look', node: b }, settle, ...gap, { do: 'sweep', node: a }, { do: 'sweep', node: b }]
    // An owner who wakes when his hold is about to be swept.
    case 3: return [...open, { do: 'freeze', node: a, writes }, settle, border(0), border(0), border(165 * SECOND), { do: 'look', node: b }, { do: 'thaw', node: a }, ...gap, { do: 'sweep', node: b }]
    // A sum, and the removal of what it stands for, beside a reader with an old picture.
    default: return [...open, settle, border(0), border(165 * SECOND), { do: 'look', node: b }, { do: 'maintain', node: a }, ...gap, { do: 'maintain', node: b }, { do: 'wait', ms: 20 * SECOND }, { do: 'maintain', node: b }, { do: 'maintain', node: a }]
  }
})

const histories = fc.array(fc.oneof(episode, action.map(one => [one])), { minLength: 3, maxLength: 30 }).map(parts => parts.flat())

interface Node {
  store: Store & { maintain?: () => Promise<void> }
  ledger: Ledger
  /** Writes until it stands still or dies; undefined: it runs. */
  trouble: { kind: 'die' | 'freeze', writes: number } | undefined
  wake: (() => void)[]
}

class Dead extends Error {}

interface World {
  clock: () => number
  nodes: Node[]
  wait: (ms: number) => void
}

function createWorld(): World {
  let now = START
  const clock = () => now
  const kv = createKv(NODES, { now: clock })

  /** Trouble comes between two writes; the edge looks at its clock right before each. */
  async function carryOut(index: number, operations: KvOperation[]): Promise<KvAnswer[]> {
    const answers: KvAnswer[] = []
    for (const operation of operations) {
      const { trouble, wake } = nodes[index]!
      if (trouble && (operation.op === 'put' || operation.op === 'delete') && trouble.writes-- <= 0) {
        if (trouble.kind === 'die') throw new Dead()
        trouble.writes = 0
        await new Promise<void>(resolve => wake.push(resolve))
      }
      answers.push(...await runBatch(kv.nodes[index]!, [operation], clock))
    }
    return answers
  }

  const open = (index: number): Node => {
    const store = createKvStore({ now: clock, reversed: [], batch: operations => carryOut(index, operations) })
    return { store, ledger: createLedger({ store, holdMax: HOLD_MAX, now: clock }), trouble: undefined, wake: [] }
  }
  const nodes: Node[] = Array.from({ length: NODES }, (_, index) => open(index))
  return { clock, nodes, wait: (ms: number) => { now += ms } }
}

/** The same on one strong store: all nodes see everything at once. A writer stands still or dies before its commit or after. */
function createStrongWorld(left: number[]): World {
  let now = START
  const clock = () => now
  const shared = createMemoryStore({ now: clock })
  const nodes: Node[] = Array.from({ length: NODES }, (_, index) => {
    const store: Store = {
      ...shared,
      commit: async (id, steps) => {
        const { trouble, wake } = nodes[index]!
        const due = trouble !== undefined && trouble.writes-- <= 0
        const before = due && now % 2 === 0
        if (before) await interrupt(trouble, wake)
        const result = await shared.commit(id, steps)
        // What a hold leaves, as the engine says it in the very commit.
        if (result.ok && id.startsWith('reserve_')) left.push(result.values[steps.findIndex(step => 'add' in step && step.add.startsWith('available_'))] as number)
        if (due && !before) await interrupt(trouble, wake)
        return result
      },
    }
    return { store, ledger: createLedger({ store, holdMax: HOLD_MAX, now: clock }), trouble: undefined, wake: [] }
  })
  return { clock, nodes, wait: (ms: number) => { now += ms + 1 } }
}

async function interrupt(trouble: { kind: 'die' | 'freeze', writes: number }, wake: (() => void)[]): Promise<void> {
  if (trouble.kind === 'die') throw new Dead()
  trouble.writes = 0
  await new Promise<void>(resolve => wake.push(resolve))
}

interface Running { hold: Hold, node: Node, ending?: true, settled?: number }

async function play(world: World, actions: Action[]): Promise<void> {
  const running: Running[] = []
  const deposits = new Set<string>()
  let requests = 0
  const pending: Promise<unknown>[] = []
  const credit = (by: Node, owner: number, deposit: number) =>
    by.ledger.credit({ user: USERS[owner]!, kind: 'topup', amount: 2000, reference: `${USERS[owner]} d${deposit}`, note: '', at: START }).then(() => deposits.add(`${owner} d${deposit}`))
  /** A frozen or dead node's work goes on, or not, while others act. */
  const start = (work: Promise<unknown>) => void pending.push(work.catch(() => {}))
  const settleMicrotasks = () => new Promise(resolve => setImmediate(resolve))

  for (const one of actions) {
    const at = 'node' in one ? world.nodes[one.node]! : undefined
    switch (one.do) {
      case 'wait': world.wait(one.ms); break
      case 'border': world.wait(Math.max(0, WINDOW_MS - world.clock() % WINDOW_MS + one.ms)); break
      case 'credit': start(credit(at!, one.user, one.deposit)); break
      case 'look': start(look(at!)); break
      case 'all': {
        await Promise.all(world.nodes.filter(each => !each.trouble).map(look))
        for (const each of world.nodes) start(one.task === 'credit' ? credit(each, one.user, one.deposit) : one.task === 'sweep' ? sweep(world, each) : maintain(each))
        break
      }
      case 'reserve': {
        const hold = holdOf(`req_${requests++}`, USERS[one.user]!, world.clock())
        const entry: Running = { hold: { v: 1, ...hold, amount: 0 }, node: at! }
        start(at!.ledger.reserve({ hold, wanted: 900, least: 100, concurrency: HOLDS, spendLimit: null, idempotencyTtlMs: 1000 }).then((result) => {
          if (!result.ok) return
          entry.hold = result.hold
          running.push(entry)
        }))
        break
      }
      case 'extend': {
        const open = running[one.request]
        if (open && !open.ending) start(open.node.ledger.extend(open.hold, 50, { input: 100 }, null).then((hold) => { if (hold) open.hold = hold }))
        break
      }
      case 'settle': {
        const open = running.at(one.request)
        if (!open || open.ending) break
        open.ending = true
        // What the outbox does: again and again under the same once-ids. Who dies before it was taken never settles.
        start(settleUntilTaken(world, open, one.cost).then(() => { open.settled = one.cost }))
        break
      }
      case 'die': at!.trouble = { kind: 'die', writes: one.writes }; break
      case 'freeze': at!.trouble = { kind: 'freeze', writes: one.writes }; break
      case 'thaw': thaw(world.nodes[one.node]!); break
      case 'sweep': start(sweep(world, at!)); break
      case 'maintain': start(maintain(at!)); break
    }
    await settleMicrotasks()
    await settleMicrotasks()
  }
  for (const each of world.nodes) thaw(each)
  await finish(world, pending)
  await requireExact(world, running, deposits)
}

const sweep = (world: World, { store, ledger }: Node): Promise<unknown> => sweepOrphans({ store, ledger, requestsTtlMs: TTL, now: world.clock })
const maintain = async ({ store }: Node): Promise<void> => store.maintain?.()

/** Reads what decisions are made from, so that it is up to a minute old when they are made. */
async function look({ store, ledger }: Node): Promise<void> {
  for (const prefix of ['hold_', 'late_', 'once_', 'request_']) await store.list(prefix, { limit: 1000 })
  for (const id of USERS) await ledger.balance(id)
}

function thaw(at: Node): void {
  at.trouble = undefined
  for (const wake of at.wake.splice(0)) wake()
}

async function settleUntilTaken(world: World, open: Running, cost: number): Promise<void> {
  for (;;) {
    try {
      await open.node.ledger.settle(orderOf(open.hold, cost, world.clock()))
      return
    }
    catch { await new Promise(resolve => setImmediate(resolve)) }
    if (open.node.trouble?.kind === 'die') throw new Dead()
  }
}

/** Hours pass, and everybody looks after everything. */
async function finish(world: World, pending: Promise<unknown>[]): Promise<void> {
  await Promise.all(pending)
  for (let round = 0; round < 24; round++) {
    world.wait(round % 2 === 0 ? 301_000 - world.clock() % 300_000 + 165_000 : 60_000)
    await Promise.all(world.nodes.map(look))
    if (round % 3 === 0) await Promise.all(world.nodes.map(each => Promise.all([maintain(each), sweep(world, each)])))
    else {
      for (const each of world.nodes) {
        await maintain(each)
        await sweep(world, each)
      }
    }
  }
  world.wait(60_000)
}

async function requireExact(world: World, running: Running[], deposits: Set<string>): Promise<void> {
  for (const { store, ledger } of world.nodes) {
    for (const [index, id] of USERS.entries()) {
      const { available, held, open } = await ledger.balance(id)
      const entries = new Map((await store.list<Entry>(keys.entryPrefix(id), { limit: 1000 })).map(row => [row.value.id, row.value]))
      const sum = [...entries.values()].reduce((total, entry) => total + entry.amount, 0)
      expect({ held, open }).toEqual({ held: 0, open: 0 })
      expect(available).toBe(sum)
      const charged = [...entries.values()].filter(entry => entry.kind === 'charge')
      const topups = [...entries.values()].filter(entry => entry.kind === 'topup')
      expect(topups.length).toBeGreaterThanOrEqual([...deposits].filter(name => name.startsWith(`${index} `)).length)
      for (const { hold, settled } of running.filter(one => one.hold.user === id)) {
        const charges = charged.filter(entry => entry.reference === hold.request).reduce((total, entry) => total - entry.amount, 0)
        if (settled !== undefined) expect(charges, `${hold.request} of ${settled}`).toBe(settled)
      }
      const spent = running.filter(one => one.hold.user === id).reduce((total, { settled = 0, hold }) => total + Math.max(0, settled - hold.amount), 0)
      expect(available).toBeGreaterThanOrEqual(-(NODES * HOLDS * HOLD_MAX) - spent)
    }
  }
}

function holdOf(request: string, of: string, startedAt: number): Omit<Hold, 'amount' | 'v'> {
  return { request, user: of, key: { id: 'key_1', name: 'k' }, model: { id: 'model_1', name: 'm' }, price: { prices: { input: 1_000_000 }, discount: 0 }, instance: 'ins_1', dialect: 'openai-chat', stream: true, usage: null, idempotency: null, startedAt }
}

function orderOf(hold: Hold, cost: number, at: number): SettleOrder {
  const { request: id, user: of, key, model, price, dialect, stream, startedAt, amount } = hold
  return { forgetIdempotency: false, requestsTtlMs: TTL, idempotency: null, record: { id, user: of, key, model, dialect, stream, status: 200, endReason: 'completed', chargeRule: 'reported', error: null, usage: {}, clamped: false, price, cost, hold: amount, attempts: [], startedAt, firstByteMs: null, durationMs: at - startedAt } }
}

describe('the ledger on an eventual store', () => {
  it('loses no charge, doubles no deposit and overdraws no further than the bound', async () => {
    await fc.assert(fc.asyncProperty(histories, actions => play(createWorld(), actions)), { numRuns: runs })
  }, runs * 100)

  it('does not sweep a hold whose late settlement another sweeper is writing', async () => {
    const at = (seconds: number): Action => border(seconds * SECOND)
    await play(createWorld(), [
      { do: 'credit', node: 0, user: 0, deposit: 0 }, { do: 'reserve', node: 0, user: 0 },
      // The owner comes back when his window is closed, and leaves the settlement to the sweepers.
      at(-5), { do: 'freeze', node: 0, writes: 0 }, { do: 'settle', request: latest, cost: 0 }, at(5), at(-5), { do: 'wait', ms: 60 * SECOND }, { do: 'thaw', node: 0 },
      // One of them stands still between the charge and the end of the hold; the other sees so much of it.
      at(0), at(165), { do: 'look', node: 1 }, { do: 'freeze', node: 0, writes: 5 }, { do: 'sweep', node: 0 }, { do: 'sweep', node: 1 },
    ])
  })
})

describe('the ledger on a strong store', () => {
  it('does the same in the same histories, and sets aside only what is there', async () => {
    await fc.assert(fc.asyncProperty(histories, async (actions) => {
      const left: number[] = []
      await play(createStrongWorld(left), actions)
      expect(left.filter(available => available < 0)).toEqual([])
    }), { numRuns: runs })
  }, runs * 100)
})
