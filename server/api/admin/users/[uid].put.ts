import { AppError } from '#server/errors/app-error'
import { useRuntime } from '#server/runtime'
import { describeChange } from '#server/users/audit'
import { adjustBalance } from '#server/utils/adjust-balance'
import { auditOf } from '#server/utils/audit-of'
import { defineApi } from '#server/utils/define-api'
import { describeUser } from '#server/utils/describe-user'
import { isAdmin } from '#server/utils/require-user'
import { api } from '#shared/schemas/api'

export default defineApi(api.putUser, async ({ user: admin, params, body, idempotencyKey }) => {
  const { users } = useRuntime()
  const { adjust, ...change } = body
  if (change.status === 'suspended' && isAdmin(params.uid))
    throw new AppError('in_use', { problem: 'This user is an admin. Take the id out of ADMIN_UIDS before suspending it.' })
  let user = await users.require(params.uid)
  // Money first: it may be refused, and a repeat of the call books it once, so the rest can be done again after it.
  if (adjust) await adjustBalance({ admin, user, adjust, idempotencyKey })
  if (Object.keys(change).length > 0)
    user = await users.change(params.uid, () => change, auditOf(admin, 'user.put', describeChange))
  return describeUser(user)
})
