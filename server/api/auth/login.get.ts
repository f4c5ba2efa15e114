import { deleteCookie, parseCookies, sendRedirect, setCookie } from 'h3'
import { useRuntime } from '#server/runtime'
import { pickNextPath } from '#server/users/next-path'
import { defineApi } from '#server/utils/define-api'
import { api } from '#shared/schemas/api'

export default defineApi(api.login, async ({ event, query }) => {
  const { attemptCookies, signIn } = useRuntime()
  signIn.requireReady()
  const { attempt, cookie, drop } = attemptCookies.begin(pickNextPath(query.next), parseCookies(event))
  for (const name of drop) deleteCookie(event, name, cookie.options)
  setCookie(event, cookie.name, cookie.value, cookie.options)
  await sendRedirect(event, signIn.authorizeUrl(attempt, query.login_hint), 302)
})
