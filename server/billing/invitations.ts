/** What inviters are paid: once for each user they brought, when that user has paid for the first time. */
import { keys } from '#server/storage/keys'
import type { Store } from '#server/storage/store'
import type { Ledger } from './ledger'

/** The decision about one invited user, made at the first paid order and never again. */
interface RewardRecord {
  v: 1
  inviter: string
  order: string
  /** Nano-credits; 0 when invitations paid nothing then, or the inviter had reached the cap. */
  amount: number
  at: number
}

/** Counters of one inviter. `invited` is raised at the sign-in. */
interface InviteTally {
  invited?: number
  rewarded?: number
  earned?: number
}

export interface RewardOrder {
  /** Who has paid, and by which order. */
  invitee: string
  order: string
  /** Nano-credits for the inviter, 0 for none, and how many invited users one inviter is paid for. */
  credit: number
  cap: number
}

/** `void`: the order had been taken back before. `decided`: this or another order of the same user was first. */
export type RewardOutcome = 'paid' | 'not_invited' | 'decided' | 'void' | 'capped' | 'off'
export type ReverseOutcome = 'reversed' | 'repeated' | 'nothing'

export interface InvitationsOptions {
  store: Store
  ledger: Pick<Ledger, 'book'>
  /** Who invited a user, by the user's record. */
  inviterOf(user: string): Promise<string | undefined>
  now?: () => number
}

export type Invitations = ReturnType<typeof createInvitations>

export function createInvitations({ store, ledger, inviterOf, now = Date.now }: InvitationsOptions) {
  /**
   * Pays the inviter of a user whose order was paid. Safe to repeat and to race: with itself, with the other orders of the
   * user, and with {@link reverseInvite} of the same order, whichever comes first. Throws balance_out_of_range.
   */
  async function rewardInviter({ invitee, order, credit, cap }: RewardOrder): Promise<RewardOutcome> {
    const inviter = await inviterOf(invitee)
    if (inviter === undefined) return 'not_invited'
    const decide = (amount: number) => [
      { expect: keys.inviteVoid(order), version: 'absent' as const },
      { once: keys.inviteReward(invitee), value: { v: 1, inviter, order, amount, at: now() } satisfies RewardRecord },
    ]
    if (credit > 0) {
      const result = await ledger.book(inviter, [{ kind: 'invite', amount: credit, reference: invitee, once: invitee, note: '' }], [
        ...decide(credit),
        { add: keys.inviteTally(inviter), by: { rewarded: 1, earned: credit }, ceil: { rewarded: cap } },
      ])
      if (result.ok) return 'paid'
      if (result.step !== 2) return result.step === 0 ? 'void' : 'decided'
    }
    // Decided for good: a cap raised later does not make a second order the first.
    const result = await store.commit(`reward_${invitee}`, decide(0))
    if (!result.ok) return result.step === 0 ? 'void' : 'decided'
    return credit > 0 ? 'capped' : 'off'
  }

  /**
   * Takes back what an order has brought its payer's inviter, once the order is refunded or clawed back for good: a
   * reward of this order that comes later is refused. The inviter's available may go below zero by it. Safe to repeat.
   */
  async function reverseInvite({ invitee, order }: Pick<RewardOrder, 'invitee' | 'order'>): Promise<ReverseOutcome> {
    await store.commit(`void_${order}`, [{ once: keys.inviteVoid(order), value: { v: 1, at: now() } }])
    const reward = (await store.get<RewardRecord>(keys.inviteReward(invitee)))?.value
    if (reward?.order !== order || reward.amount === 0) return 'nothing'
    const { inviter, amount } = reward
    const result = await ledger.book(inviter, [{ kind: 'clawback', amount: -amount, reference: invitee, once: `invite ${invitee}`, note: '' }], [
      { add: keys.inviteTally(inviter), by: { rewarded: -1, earned: -amount } },
    ])
    return result.ok ? 'reversed' : 'repeated'
  }

  /** How many came by a user's invitation, for how many he was paid, and how much in nano-credits. */
  async function tallyOf(user: string): Promise<Required<InviteTally>> {
    const tally = (await store.get<InviteTally>(keys.inviteTally(user)))?.value
    return { invited: 0, rewarded: 0, earned: 0, ...tally }
  }

  return { rewardInviter, reverseInvite, tallyOf }
}
