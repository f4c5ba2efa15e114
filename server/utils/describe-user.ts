import { useRuntime } from '#server/runtime'
import { toUserReply } from '#server/users/replies'
import type { UserRecord } from '#server/users/users'
import type { UserReply } from '#shared/schemas/user'
import { isAdmin } from './require-user'

/** A user as the API shows it, with role and balance. */
export async function describeUser(user: UserRecord): Promise<UserReply> {
  const { ledger, shopSettings } = useRuntime()
  const { available, held } = await ledger.balance(user.id)
  return toUserReply(user, { admin: isAdmin(user.id), available, held, concurrency: shopSettings.concurrency() })
}
