import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createInvitations } from '#server/billing/invitations'
import { createLedger } from '#server/billing/ledger'
import type { Entry } from '#server/billing/records'
import { AppError } from '#server/errors/app-error'
import { createMemoryStore } from '#server/storage/drivers/memory'
import { keys } from '#server/storage/keys'
import type { Store } from '#server/storage/store'
import { createInvites } from '#server/users/invites'
import { createUsers } from '#server/users/users'
import { runs } from '../../support/runs'
import { createFeed, person } from '../users/people'

const CREDIT = 3_000_000_000
const INVITER = '1'

function open(wrap = (store: Store): Store => store) {
  const engine = createMemoryStore()
  const store = wrap(engine)
  const users = createUsers({ store: engine, versions: createFeed() })
  const invites = createInvites({ store, getUser: users.get, getUsers: users.getMany })
  const ledger = createLedger({ store })
  const invitations = createInvitations({ store, ledger, inviterOf: async user => (await users.get(user))?.invitedBy })
  return {
    engine, users, invites, ledger, ...invitations,
    entries: async (user: string) => (await engine.list<Entry>(keys.entryPrefix(user), { limit: 1000 })).map(row => row.value),
    async invite(...newcomers: string[]) {
      await users.signIn(person(INVITER))
      const code = await invites.codeOf(INVITER)
      for (const id of newcomers) await users.signIn(person(id), await invites.inviterOf(code, id))
    },
    pay: (invitee: string, order: string, change: { credit?: number, cap?: number } = {}) => invitations.rewardInviter({ invitee, order, credit: CREDIT, cap: 20, ...change }),
  }
}

describe('an invitation', () => {
  it('has one code for each user, also when asked for at once', async () => {
    const { invites, users } = open()
    await users.signIn(person(INVITER))
    const codes = await Promise.all([1, 2, 3].map(() => invites.codeOf(INVITER)))
    expect(new Set(codes).size).toBe(1)
    expect(await invites.inviterOf(codes[0]!.toUpperCase(), '9')).toBe(INVITER)
    expect(await invites.codeOf('2')).not.toBe(codes[0])
  })

  it('counts for nobody when it is one\'s own, unknown, or of a user who may not sign in', async () => {
    const { invites, users } = open()
    await users.signIn(person(INVITER))
    const code = await invites.codeOf(INVITER)
    expect(await invites.inviterOf(code, INVITER)).toBeUndefined()
    for (const wrong of [undefined, '', 'aaaaaaaaaa', '../../user', `${code}a`]) expect(await invites.inviterOf(wrong, '9')).toBeUndefined()
    await users.change(INVITER, () => ({ status: 'suspended' }))
    expect(await invites.inviterOf(code, '9')).toBeUndefined()
    await users.change(INVITER, () => ({ status: 'active' }))
    await users.noteInactive(INVITER)
    expect(await invites.inviterOf(code, '9')).toBeUndefined()
  })

  it('is written at the first sign-in and at no later one', async () => {
    const { users, invites, tallyOf } = open()
    await users.signIn(person('2'))
    expect((await users.signIn(person('2'), INVITER)).user.invitedBy).toBeUndefined()
    await users.signIn(person('3'), INVITER)
    expect((await users.signIn(person('3', { username: 'other' }), '2')).user.invitedBy).toBe(INVITER)
    expect(await tallyOf(INVITER)).toEqual({ invited: 1, rewarded: 0, earned: 0 })
    expect((await invites.listInvited(INVITER, { limit: 10 })).items.map(user => user.id)).toEqual(['3'])
  })

  it('counts once when two first sign-ins race', async () => {
    const { users, tallyOf } = open()
    await Promise.all([users.signIn(person('3'), INVITER), users.signIn(person('3'), INVITER)])
    expect((await tallyOf(INVITER)).invited).toBe(1)
  })

  it('brings at most a thousand users; more come as if without', async () => {
    const { users, engine, tallyOf } = open()
    await engine.put(keys.inviteTally(INVITER), { invited: 999 })
    await users.signIn(person('3'), INVITER)
    const { user } = await users.signIn(person('4'), INVITER)
    expect([user.id, user.invitedBy]).toEqual(['4', undefined])
    expect((await tallyOf(INVITER)).invited).toBe(1000)
  })
})

describe('the reward', () => {
  it('is paid for the first order, and for no other', async () => {
    const shop = open()
    await shop.invite('2')
    expect(await shop.pay('2', 'a')).toBe('paid')
    expect(await shop.pay('2', 'a')).toBe('decided')
    expect(await shop.pay('2', 'b')).toBe('decided')
    expect(await shop.entries(INVITER)).toMatchObject([{ kind: 'invite', amount: CREDIT, reference: '2' }])
    expect(await shop.tallyOf(INVITER)).toEqual({ invited: 1, rewarded: 1, earned: CREDIT })
  })

  it('is nothing for a user nobody invited', async () => {
    const shop = open()
    await shop.users.signIn(person('2'))
    expect(await shop.pay('2', 'a')).toBe('not_invited')
  })

  it('is decided at the first order, though it paid nothing then', async () => {
    const shop = open()
    await shop.invite('2', '3')
    expect(await shop.pay('2', 'a', { credit: 0 })).toBe('off')
    expect(await shop.pay('3', 'b', { cap: 0 })).toBe('capped')
    expect([await shop.pay('2', 'c'), await shop.pay('3', 'b')]).toEqual(['decided', 'decided'])
    expect(await shop.entries(INVITER)).toEqual([])
  })

  it('never goes beyond the cap, whoever pays at once', async () => {
    const shop = open()
    const newcomers = Array.from({ length: 12 }, (_, index) => String(index + 2))
    await shop.invite(...newcomers)
    const paid = await Promise.all(newcomers.map(user => shop.pay(user, `order${user}`, { cap: 5 })))
    expect(paid.filter(outcome => outcome === 'paid')).toHaveLength(5)
    expect(paid.filter(outcome => outcome === 'capped')).toHaveLength(7)
    expect(await shop.ledger.balance(INVITER)).toMatchObject({ available: 5 * CREDIT })
  })

  it('is taken back with its order, below zero if need be, and frees a place under the cap', async () => {
    const shop = open()
    await shop.invite('2', '3')
    await shop.pay('2', 'a', { cap: 1 })
    await shop.ledger.credit({ user: INVITER, kind: 'adjust', amount: -CREDIT, reference: 'spent', note: '' })
    expect(await shop.reverseInvite({ invitee: '2', order: 'b' })).toBe('nothing')
    expect(await shop.reverseInvite({ invitee: '2', order: 'a' })).toBe('reversed')
    expect(await shop.reverseInvite({ invitee: '2', order: 'a' })).toBe('repeated')
    expect(await shop.ledger.balance(INVITER)).toMatchObject({ available: -CREDIT })
    expect(await shop.pay('2', 'c', { cap: 1 })).toBe('decided')
    expect(await shop.pay('3', 'd', { cap: 1 })).toBe('paid')
    expect(await shop.tallyOf(INVITER)).toEqual({ invited: 2, rewarded: 1, earned: CREDIT })
  })

  it('is refused when its order was taken back first', async () => {
    const shop = open()
    await shop.invite('2')
    expect(await shop.reverseInvite({ invitee: '2', order: 'a' })).toBe('nothing')
    expect(await shop.pay('2', 'a')).toBe('void')
    expect(await shop.pay('2', 'a', { credit: 0 })).toBe('void')
    expect(await shop.pay('2', 'b')).toBe('paid')
  })
})

it('ends the same after any order of repeats, races and crashes', async () => {
  const step = fc.record({ verb: fc.constantFrom('pay', 'reverse'), invitee: fc.constantFrom('2', '3', '4'), order: fc.constantFrom('a', 'b'), fault: fc.constantFrom('none', 'none', 'before', 'after') })
  await fc.assert(fc.asyncProperty(fc.integer({ min: 0, max: 3 }), fc.array(step, { maxLength: 20 }), async (cap, steps) => {
    let fault = 'none'
    const shop = open(store => ({
      ...store,
      async commit(id, commitSteps) {
        const now = fault
        fault = 'none'
        if (now === 'before') throw new AppError('store_unavailable')
        const result = await store.commit(id, commitSteps)
        if (now === 'after') throw new AppError('store_unavailable')
        return result
      },
    }))
    await shop.invite('2', '3', '4')
    const run = ({ verb, invitee, order }: typeof steps[number]): Promise<unknown> => {
      const name = `${invitee}${order}`
      return verb === 'pay' ? shop.pay(invitee, name, { cap }) : shop.reverseInvite({ invitee, order: name })
    }
    const running: Promise<unknown>[] = []
    for (const one of steps) {
      if (one.fault !== 'none') await Promise.all(running)
      fault = one.fault
      running.push(run(one).catch((error: AppError) => expect(error.code).toBe('store_unavailable')))
    }
    await Promise.all(running)
    fault = 'none'
    // Follow-ups are repeated until they are done.
    for (const one of steps) await run(one)

    const entries = await shop.entries(INVITER)
    const reversed = new Set(steps.filter(one => one.verb === 'reverse').map(one => one.invitee + one.order))
    let kept = 0
    for (const invitee of ['2', '3', '4']) {
      const own = entries.filter(entry => entry.reference === invitee)
      expect(own.filter(entry => entry.kind === 'invite').length).toBeLessThanOrEqual(1)
      const reward = await shop.engine.get<{ order: string, amount: number }>(keys.inviteReward(invitee))
      const stands = reward !== undefined && reward.value.amount > 0 && !reversed.has(reward.value.order)
      expect(own.reduce((sum, entry) => sum + entry.amount, 0)).toBe(stands ? CREDIT : 0)
      if (stands) kept++
    }
    expect(kept).toBeLessThanOrEqual(cap)
    expect(await shop.tallyOf(INVITER)).toEqual({ invited: 3, rewarded: kept, earned: kept * CREDIT })
    expect((await shop.ledger.balance(INVITER)).available).toBe(kept * CREDIT)
  }), { numRuns: runs })
})
