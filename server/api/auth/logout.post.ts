import { deleteCookie } from 'h3'
import { useRuntime } from '#server/runtime'
import { sessionCookie } from '#server/users/session'
import { defineApi } from '#server/utils/define-api'
import { findSession } from '#server/utils/require-user'
import { api } from '#shared/schemas/api'

export default defineApi(api.logout, async ({ event, body }) => {
  const { config, endedSessions, users } = useRuntime()
  // A suspended user may sign out too, so who it is matters here, not what it may do.
  const found = await findSession(event)
  if (found) await endedSessions.end(found.session.id)
  if (found && body.everywhere) await users.signOutEverywhere(found.user.id)
  const cookie = sessionCookie(config.secure)
  deleteCookie(event, cookie.name, cookie.options)
  return { ok: true as const }
})
