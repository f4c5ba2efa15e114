import { describe, expect, it, vi } from 'vitest'
import type { AuditMark } from '#server/billing/audit/records'
import type { Entry } from '#server/billing/records'
import { keys } from '#server/storage/keys'
import type { Store } from '#server/storage/store'
import { corrupt, DAY, holdFor, HOUR, NIGHT, openBooks, settleOrder } from './shop'
import type { Books, BooksOptions } from './shop'

async function stocked(options?: BooksOptions): Promise<Books> {
  const books = openBooks(options)
  await books.live('ins_a')
  for (const user of ['1', '2', '3']) {
    await books.addUser(user)
    await books.credit(user, 10_000, `start ${user}`)
  }
  return books
}

async function requireRun(books: Books) {
  const run = await books.audit.run('admin')
  if (!run) throw new Error('another instance runs it')
  return run
}

const markOf = async (books: Books, user: string) => (await books.engine.get<AuditMark>(keys.audited(user)))!.value

describe('the audit', () => {
  it('adds up entries, balances and holds, and keeps what it found', async () => {
    const books = await stocked()
    const hold = await holdFor(books.ledger, '1', 'req_a', 4_000)
    await books.ledger.settle(settleOrder(await holdFor(books.ledger, '2', 'req_b', 500), 300))
    expect(await requireRun(books)).toMatchObject({ users: 3, unsettled: 0, entries: '29700', available: '25700', held: '4000', openHolds: 1, openHeld: '4000', driftCount: 0, orphanCount: 0, trigger: 'admin' })
    await books.ledger.settle(settleOrder(hold, 4_500))
    books.clock.at += HOUR
    expect(await requireRun(books)).toMatchObject({ entries: '25200', available: '25200', held: '0', openHolds: 0, openHeld: '0' })
    expect(await books.audit.listRuns(10)).toHaveLength(2)
    expect(await books.audit.state()).toMatchObject({ last: { entries: '25200' }, running: null })
    expect(await books.alerts()).toEqual([])
  })

  it.each([
    ['available', 'balance', keys.available('2'), 1, { expected: '10000', found: '10001' }],
    ['available', 'balance', keys.available('2'), -3, { expected: '10000', found: '9997' }],
    ['open', 'open', keys.open('2'), 1, { expected: '0', found: '1' }],
  ])('finds %s that was moved by %s: %s', async (_, kind, key, by, numbers) => {
    const books = await stocked()
    await requireRun(books)
    await corrupt(books.engine, key, by)
    expect(await requireRun(books)).toMatchObject({ driftCount: 1, drifts: [{ user: '2', kind, ...numbers }] })
    expect(await books.alerts()).toMatchObject([{ kind: 'books_drift', user: '2', params: { counter: kind } }])
  })

  it('finds held that belongs to no hold, though the balance adds up', async () => {
    const books = await stocked()
    await books.engine.commit('x', [{ add: keys.available('3'), by: -70 }, { add: keys.held('3'), by: 70 }])
    expect(await requireRun(books)).toMatchObject({ driftCount: 1, drifts: [{ user: '3', kind: 'held', expected: '0', found: '70' }] })
  })

  it('finds an entry that was lost', async () => {
    const books = await stocked()
    const [row] = await books.engine.list<Entry>(keys.entryPrefix('1'), { limit: 1 })
    await books.engine.delete(row!.key)
    expect((await requireRun(books)).drifts).toMatchObject([{ user: '1', kind: 'balance', expected: '0', found: '10000' }])
  })

  it('tells a drift once a night, and again the next while it is there', async () => {
    const books = await stocked()
    await corrupt(books.engine, keys.available('1'), 5)
    await requireRun(books)
    await requireRun(books)
    expect(await books.alerts()).toHaveLength(1)
    books.clock.at += DAY
    expect(await requireRun(books)).toMatchObject({ driftCount: 1 })
    expect(await books.alerts()).toHaveLength(2)
    await corrupt(books.engine, keys.available('1'), -5)
    books.clock.at += DAY
    expect(await requireRun(books)).toMatchObject({ driftCount: 0 })
    expect(await books.alerts()).toHaveLength(2)
  })

  it('reads what came after the mark alone, and of users who did nothing nothing', async () => {
    const books = await stocked()
    for (let index = 0; index < 30; index++) await books.credit('1', 1, `more ${index}`)
    books.clock.at += HOUR
    await requireRun(books)
    books.clock.at += DAY
    await books.credit('1', 7, 'one more')
    books.clock.at += HOUR
    const list = vi.spyOn(books.engine, 'list')
    expect(await requireRun(books)).toMatchObject({ entries: '30037', driftCount: 0 })
    const read = list.mock.calls.filter(([prefix]) => prefix.startsWith('entry_'))
    expect(read.map(([prefix]) => prefix)).toEqual([keys.entryPrefix('1')])
    const rows = await Promise.all(list.mock.results.filter((_, index) => list.mock.calls[index]![0].startsWith('entry_')).map(result => result.value as Promise<{ value: Entry }[]>))
    expect(rows.flat().map(row => row.value.reference)).toEqual(['one more'])
    expect(await markOf(books, '1')).toMatchObject({ sum: '10037', upTo: books.clock.at - 10 * 60_000 })
  })

  it('leaves the last minutes open for entries that were stamped before they landed', async () => {
    const books = await stocked()
    await requireRun(books)
    expect(await markOf(books, '1')).toMatchObject({ sum: '0', upTo: NIGHT - 10 * 60_000 })
    const late: Entry = { v: 1, id: 'ent_late', user: '1', kind: 'topup', amount: 400, reference: 'late', note: '', late: false, at: NIGHT - 2 * 60_000 }
    await books.engine.commit('late', [{ add: keys.available('1'), by: 400 }, { put: keys.entry('1', late.at, late.id), value: late }])
    books.clock.at += HOUR
    expect(await requireRun(books)).toMatchObject({ driftCount: 0, entries: '30400' })
  })

  it('adds everything up again before it cries, so that an entry stamped long ago is no drift', async () => {
    const books = await stocked()
    books.clock.at += DAY
    await requireRun(books)
    const ancient: Entry = { v: 1, id: 'ent_frozen', user: '1', kind: 'topup', amount: 400, reference: 'frozen', note: '', late: false, at: NIGHT + HOUR }
    await books.engine.commit('frozen', [{ add: keys.available('1'), by: 400 }, { put: keys.entry('1', ancient.at, ancient.id), value: ancient }])
    expect(await requireRun(books)).toMatchObject({ driftCount: 0, entries: '30400' })
    expect(await books.alerts()).toEqual([])
    expect(await markOf(books, '1')).toMatchObject({ sum: '10400' })
  })

  it('looks again when something was booked while it read', async () => {
    let meddle: (() => Promise<unknown>) | undefined
    const books = await stocked({ wrap: store => ({ ...store, async list<T>(prefix: string, options: Parameters<Store['list']>[1]) {
      const rows = await store.list<T>(prefix, options)
      const once = prefix === keys.entryPrefix('2') ? meddle : undefined
      if (once) meddle = undefined
      await once?.()
      return rows
    } }) })
    meddle = () => books.credit('2', 55, 'in between')
    expect(await requireRun(books)).toMatchObject({ driftCount: 0, unsettled: 0, entries: '30055' })
  })

  it('leaves a user who never rests for the next night, without an alarm', async () => {
    let count = 0
    const books = await stocked({ wrap: store => ({ ...store, async list<T>(prefix: string, options: Parameters<Store['list']>[1]) {
      const rows = await store.list<T>(prefix, options)
      if (prefix === keys.entryPrefix('2')) await books.credit('2', 1, `busy ${count++}`)
      return rows
    } }) })
    await corrupt(books.engine, keys.available('2'), 9)
    expect(await requireRun(books)).toMatchObject({ driftCount: 0, unsettled: 1, users: 3, entries: '20000' })
    expect(await books.alerts()).toEqual([])
  })

  it('calls a hold an orphan that is old, whose instance is gone, and that sweeping could not take', async () => {
    const stuck = new Set(['req_stuck'])
    const books = await stocked({ wrap: store => ({ ...store, async commit(id, steps) {
      if ([...stuck].some(request => id === `sweep_${request}`)) return { ok: false, step: 0, reason: 'changed', value: null } as const
      return store.commit(id, steps)
    } }) })
    await holdFor(books.ledger, '1', 'req_alive', 100)
    await holdFor(books.ledger, '1', 'req_stuck', 200, { instance: 'ins_gone' })
    await holdFor(books.ledger, '1', 'req_swept', 300, { instance: 'ins_gone' })
    expect(await requireRun(books)).toMatchObject({ openHolds: 2, openHeld: '300', orphanCount: 0, driftCount: 0 })
    books.clock.at += 2 * HOUR
    expect(await requireRun(books)).toMatchObject({ openHolds: 2, orphanCount: 1, orphans: [{ request: 'req_stuck', user: '1', amount: 200 }], driftCount: 0 })
    expect(await books.alerts()).toMatchObject([{ kind: 'orphan_hold', user: '1', params: { request: 'req_stuck' } }])
    stuck.clear()
    expect(await requireRun(books)).toMatchObject({ openHolds: 1, orphanCount: 0 })
  })

  it('finds the hold that makes sweeping itself fail', async () => {
    const books = await stocked()
    await holdFor(books.ledger, '1', 'req_broken', 200, { instance: 'ins_gone', usage: { output: 1 }, price: {} as never })
    books.clock.at += 2 * HOUR
    expect(await requireRun(books)).toMatchObject({ users: 3, orphanCount: 1, orphans: [{ request: 'req_broken' }], driftCount: 0 })
    expect(books.errors).toHaveLength(1)
  })

  it('sees the holds and the balance of somebody who is in no list of users', async () => {
    const books = await stocked()
    await books.credit('9', 500, 'nobody')
    await holdFor(books.ledger, '9', 'req_nobody', 50)
    await corrupt(books.engine, keys.available('9'), 1)
    expect(await requireRun(books)).toMatchObject({ users: 4, driftCount: 1, drifts: [{ user: '9', kind: 'balance' }] })
  })

  it('goes through more users than one page, and keeps the first hundred drifts', async () => {
    const books = openBooks()
    for (let user = 1; user <= 450; user++) {
      await books.addUser(String(user))
      await books.credit(String(user), user, `start ${user}`)
      if (user > 300) await corrupt(books.engine, keys.available(String(user)), 1)
    }
    const run = await requireRun(books)
    expect(run).toMatchObject({ users: 450, driftCount: 150, entries: String(450 * 451 / 2) })
    expect(run.drifts).toHaveLength(100)
  })
})

describe('when it runs', () => {
  it('once a night, from three on', async () => {
    const books = await stocked()
    expect(await books.audit.runDue()).toBe(3)
    expect(await books.audit.runDue()).toBe(0)
    books.clock.at = NIGHT + 22 * HOUR
    expect(await books.audit.runDue()).toBe(0)
    books.clock.at = NIGHT + 23 * HOUR
    expect(await books.audit.runDue()).toBe(3)
    expect((await books.audit.listRuns(10)).map(run => run.trigger)).toEqual(['nightly', 'nightly'])
  })

  it('on one instance; two that run at once anyway find the same', async () => {
    const books = await stocked()
    const other = books.createFor('ins_b')
    await corrupt(books.engine, keys.available('2'), 4)
    const both = await Promise.all([books.audit.runDue(), other.runDue()])
    expect(both.sort()).toEqual([0, 3])
    // A lead is no lock: somebody frozen may wake up and believe he still has it.
    books.clock.at += DAY
    const commit = books.engine.commit
    books.engine.commit = async (id, steps) => id === keys.lead('audit') ? { ok: true, values: [] } : commit(id, steps)
    const get = books.engine.get
    books.engine.get = async key => key === keys.lead('audit') ? undefined : get(key)
    const racing = await Promise.all([books.createFor('ins_c').run('nightly'), books.createFor('ins_d').run('nightly')])
    expect(racing.map(run => run?.driftCount)).toEqual([1, 1])
    expect(racing[0]?.entries).toBe(racing[1]?.entries)
    expect(await books.alerts()).toHaveLength(2)
    Object.assign(books.engine, { commit, get })
    books.clock.at += DAY
    expect(await requireRun(books)).toMatchObject({ driftCount: 1, entries: '30000' })
  })

  it('on the next instance at once, when the one that ran it before is gone', async () => {
    const books = await stocked()
    await books.audit.run('nightly')
    expect(await books.createFor('ins_next').run('admin')).toMatchObject({ trigger: 'admin', users: 3 })
  })

  it('when an admin asks, but not twice within a minute', async () => {
    const books = await stocked()
    expect(await books.audit.start()).toMatchObject({ last: { users: 3, trigger: 'admin' }, running: null })
    await expect(books.audit.start()).rejects.toMatchObject({ code: 'checked_just_now', retryAfterSeconds: 60 })
    books.clock.at += 60_000
    expect(await books.audit.start()).toMatchObject({ last: { users: 3 } })
  })

  it('on in the background when it takes long, and says how far it is', async () => {
    let release = () => {}
    const waiting = new Promise<void>((resolve) => { release = resolve })
    const books = await stocked({ wrap: store => ({ ...store, async list<T>(prefix: string, options: Parameters<Store['list']>[1]) {
      if (prefix === keys.entryPrefix('3')) await waiting
      return store.list<T>(prefix, options)
    } }) })
    expect(await books.audit.start()).toMatchObject({ last: null, running: { trigger: 'admin' } })
    expect(await books.createFor('ins_b').start()).toMatchObject({ last: null, running: { trigger: 'admin' } })
    release()
    await vi.waitFor(async () => expect(await books.audit.state()).toMatchObject({ last: { users: 3 }, running: null }))
    expect(books.errors).toEqual([])
  })
})
