import { AppError } from '#server/errors/app-error'
import { useRuntime } from '#server/runtime'
import { defineApi } from '#server/utils/define-api'
import { findSession } from '#server/utils/require-user'
import { api } from '#shared/schemas/api'

export default defineApi(api.playgroundKey, async ({ event }) => {
  const found = await findSession(event)
  if (!found) throw new AppError('signed_out')
  const { secret, expiresAt } = await useRuntime().playgroundKeys.issue(found.session)
  return { secret, expiresAt: new Date(expiresAt).toISOString() }
})
