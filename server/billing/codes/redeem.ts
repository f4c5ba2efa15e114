/** Turns a code into credit: one commit decides who gets the last use, and whether somebody had one before. */
import { AppError } from '#server/errors/app-error'
import { keys } from '#server/storage/keys'
import type { Store, StoredRecord } from '#server/storage/store'
import { formatNano } from '#shared/utils/money'
import type { Ledger } from '../ledger'
import type { Entry } from '../records'
import type { BatchRecord, CodeRecord } from './batches'
import { codeHint, hashCode } from './code-text'
import type { createClaims } from './claims'
import { createWrongCodes } from './wrong-codes'
import type { Typist } from './wrong-codes'

const REDEEM_TRIES = 8

export interface RedeemOptions {
  store: Store
  ledger: Pick<Ledger, 'book'>
  claims: Pick<ReturnType<typeof createClaims>, 'claim'>
  now: () => number
}

/** What came of typing a code: credit, or, where nobody can know yet who was first, a claim to it. */
export type Redeemed = { entry: Entry } | { pending: true, value: number }

export interface RedeemOrder extends Typist {
  /** As it was typed. */
  code: string
}

export function createRedeem({ store, ledger, claims, now }: RedeemOptions) {
  const wrong = createWrongCodes(now)

  /**
   * Redeems a code for a user, once. Throws code_unknown, code_expired, code_off, code_used_up, code_redeemed_before
   * (with when and how much), too_many_codes, balance_out_of_range.
   */
  async function redeem({ user, address, code }: RedeemOrder): Promise<Redeemed> {
    const found = await find(code, { user, address })
    for (let tries = 0; tries < REDEEM_TRIES; tries++) {
      const batch = await store.get<BatchRecord>(keys.batch(found.batch))
      if (!batch) throw new AppError('code_unknown')
      await requireRedeemable(found, batch.value, user)
      if (store.consistency === 'eventual') {
        await claims.claim(found, batch.value, user, codeHint(code))
        return { pending: true, value: batch.value.value }
      }
      const entry = await book(found, batch, user, code)
      if (entry) return { entry }
    }
    throw new AppError('changed_meanwhile', { kind: 'batch' })
  }

  /** Looks a code up, counting it when it is wrong. */
  async function find(code: string, typist: Typist): Promise<CodeRecord> {
    wrong.take(typist)
    const hash = hashCode(code)
    const stored = hash === undefined ? undefined : await store.get<CodeRecord>(keys.codeByHash(hash)).catch((error: unknown) => {
      wrong.giveBack(typist)
      throw error
    })
    if (!stored) throw new AppError('code_unknown')
    wrong.giveBack(typist)
    return stored.value
  }

  /** Who had it hears that first, whatever has become of the code since. */
  async function requireRedeemable(code: CodeRecord, batch: BatchRecord, user: string): Promise<void> {
    const before = await store.get<Entry>(keys.onceCredit('code', referenceOf(code, user)))
    if (before) throw redeemedBefore(before.value)
    if (batch.expiresAt !== null && batch.expiresAt <= now()) throw new AppError('code_expired', { at: new Date(batch.expiresAt).toISOString() })
    if (!batch.enabled) throw new AppError('code_off')
  }

  /** Undefined when the batch was switched in between. */
  async function book(code: CodeRecord, batch: StoredRecord<BatchRecord>, user: string, typed: string): Promise<Entry | undefined> {
    const reference = referenceOf(code, user)
    const { id, value, uses } = batch.value
    const result = await ledger.book(user, [{ kind: 'code', amount: value, reference, once: reference, note: codeHint(typed) }], [
      { add: keys.codeUses(code.id), by: 1, ceil: uses },
      { expect: keys.batch(id), version: batch.version },
      { add: keys.batchRedeemed(id), by: 1 },
    ])
    if (result.ok) return result.entries[0]
    if (result.step === 'booked') throw redeemedBefore(result.value as unknown as Entry)
    if (result.step === 0) throw new AppError('code_used_up')
    return undefined
  }

  return redeem
}

/** Once per code and user. */
function referenceOf(code: CodeRecord, user: string): string {
  return `${code.id}:${user}`
}

function redeemedBefore({ at, amount }: Entry): AppError {
  return new AppError('code_redeemed_before', { at: new Date(at).toISOString(), credit: formatNano(amount) })
}
