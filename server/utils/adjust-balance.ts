import { createHash } from 'node:crypto'
import { AppError } from '#server/errors/app-error'
import { useRuntime } from '#server/runtime'
import { createId } from '#server/storage/ids'
import { auditStep } from '#server/users/audit'
import type { UserRecord } from '#server/users/users'
import { formatNano, parseSafeNano } from '#shared/utils/money'

export interface AdjustOrder {
  admin: UserRecord
  user: UserRecord
  adjust: { amount: string, reason: string }
  idempotencyKey: string | undefined
}

/** Books an admin's delta with its reason, once per Idempotency-Key. Throws adjust_below_zero, balance_out_of_range. */
export async function adjustBalance({ admin, user, adjust, idempotencyKey }: AdjustOrder): Promise<void> {
  const { ledger, store } = useRuntime()
  const amount = parseSafeNano(adjust.amount)
  if (amount === undefined) throw new AppError('balance_out_of_range')
  const { entry } = await ledger.credit({
    user: user.id,
    kind: 'adjust',
    amount,
    reference: idempotencyKey === undefined ? createId('adj') : referenceOf(admin.id, user.id, idempotencyKey),
    note: adjust.reason,
  })
  // The ledger has its own commit. The line is named after the entry, so a repeat that finds the entry booked writes it again.
  const line = auditStep({
    admin: { id: admin.id, username: admin.username },
    action: 'user.adjust',
    target: user.id,
    before: null,
    after: { amount: formatNano(amount), reason: adjust.reason, entry: entry.id },
  }, entry.at, entry.id)
  await store.commit(`audit_${entry.id}`, [line])
}

/** The same for a repeat, and never the same for another admin or user, whatever keys their browsers think of. */
function referenceOf(admin: string, user: string, key: string): string {
  return `adj_${createHash('sha256').update(`${admin}\n${user}\n${key}`).digest('hex').slice(0, 26)}`
}
