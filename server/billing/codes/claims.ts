/**
 * Redemption where nobody can see at once who was first: a code is claimed, and becomes credit when every claim of that time
 * is seen by all. Who gets a use is a function of the claims, so any number of nodes may decide it.
 */
import { AppError } from '#server/errors/app-error'
import { keys } from '#server/storage/keys'
import { LIST_MAX } from '#server/storage/store'
import type { ListedRecord, Store } from '#server/storage/store'
import { openSlot, WINDOW_MS } from '../eventual'
import type { Ledger } from '../ledger'
import type { BatchRecord, CodeRecord } from './batches'

export interface ClaimRecord {
  v: 1
  user: string
  /** The worth of the code, how many it serves, and what the entry will say, as they were. */
  value: number
  uses: number
  note: string
  at: number
}

export interface ClaimsOptions {
  store: Store
  ledger: Pick<Ledger, 'book'>
  now: () => number
}

export function createClaims({ store, ledger, now }: ClaimsOptions) {
  /** Notes that a user wants a code. Said again it changes nothing; throws code_used_up when he was too late before. */
  async function claim(code: CodeRecord, { value, uses }: BatchRecord, user: string, note: string): Promise<void> {
    const first = winners(await claimsOf(code.id), uses)
    if (first.includes(user)) return
    // Whoever claims now comes behind all that are seen.
    if (first.length === uses) throw new AppError('code_used_up')
    const at = now()
    const record: ClaimRecord = { v: 1, user, value, uses, note, at }
    await store.commit(`claim_${code.id}_${user}_${at}`, [
      { put: keys.claimDue(Math.floor(at / WINDOW_MS), code.id), value: code.id },
      { put: keys.claim(code.id, at, user), value: record },
    ])
  }

  /** Turns claims into credit that everybody sees by now; answers how many codes it has looked at. Outside a slot it waits. */
  async function grant(): Promise<number> {
    const slot = openSlot(now())
    if (slot === undefined) return 0
    const due = await store.list<string>(keys.claimDuePrefix, { limit: LIST_MAX })
    const before = keys.claimDue(slot / WINDOW_MS, '')
    const ripe = due.filter(row => row.key < before)
    for (const { key, value: code } of ripe) {
      await grantCode(code, slot)
      await store.delete(key)
    }
    return ripe.length
  }

  async function grantCode(code: string, slot: number): Promise<void> {
    const claims = (await claimsOf(code)).filter(({ value }) => value.at < slot)
    const [first] = claims
    if (!first) return
    for (const user of winners(claims, first.value.uses)) {
      const { value: { value, note, at } } = claims.find(one => one.value.user === user)!
      const reference = `${code}:${user}`
      await ledger.book(user, [{ kind: 'code', amount: value, reference, once: reference, note }], [
        { add: keys.codeUses(code), by: 1 },
        { add: keys.batchRedeemed(code.slice(0, code.lastIndexOf('_'))), by: 1 },
      ], at)
    }
  }

  /** In the order of claiming. */
  async function claimsOf(code: string): Promise<ListedRecord<ClaimRecord>[]> {
    const rows: ListedRecord<ClaimRecord>[] = []
    for (;;) {
      const after = rows.at(-1)?.key
      const page = await store.list<ClaimRecord>(keys.claimPrefix(code), { limit: LIST_MAX, ...(after === undefined ? {} : { after }) })
      rows.push(...page)
      if (page.length < LIST_MAX) return rows
    }
  }

  return { claim, grant }
}

/** The first users to claim, each counted once. */
function winners(claims: ListedRecord<ClaimRecord>[], uses: number): string[] {
  return [...new Set(claims.map(({ value }) => value.user))].slice(0, uses)
}
