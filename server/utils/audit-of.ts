import { auditStep } from '#server/users/audit'
import type { UserRecord } from '#server/users/users'
import type { Step } from '#server/storage/store'

/**
 * The audit line of a change, as the steps its commit takes along. `describe` makes what is kept of a record: it must
 * leave secrets out.
 */
export function auditOf<T extends { id: string }>(admin: UserRecord, action: string, describe: (record: T) => unknown) {
  return (before: T | undefined, after: T | undefined): Step[] => [auditStep({
    admin: { id: admin.id, username: admin.username },
    action,
    target: (after ?? before)?.id ?? '',
    before: before && describe(before),
    after: after && describe(after),
  })]
}
