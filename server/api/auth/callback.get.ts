import { deleteCookie, getCookie, getQuery, parseCookies, sendRedirect, setCookie } from 'h3'
import { AppError } from '#server/errors/app-error'
import { useRuntime } from '#server/runtime'
import { sessionCookie } from '#server/users/session'
import { defineApi } from '#server/utils/define-api'
import { api } from '#shared/schemas/api'
import { inviteCookie } from '#shared/schemas/code'

export default defineApi(api.loginCallback, async ({ event }) => {
  const { attemptCookies, config, invites, ledger, sessions, shopSettings, signIn } = useRuntime()
  signIn.requireReady()
  const { code, state, error } = getQuery(event)
  const attempt = typeof state === 'string' ? attemptCookies.take(state, parseCookies(event)) : undefined
  if (!attempt) throw new AppError('sign_in_failed', { problem: 'this browser did not begin it, or more than 10 minutes ago' })
  // A state is good once, whatever comes of it.
  const used = attemptCookies.cookieOf(attempt.state)
  deleteCookie(event, used.name, used.options)
  if (error === 'access_denied') throw new AppError('sign_in_denied')
  if (typeof code !== 'string' || !code) throw new AppError('sign_in_failed', { problem: 'LinuxDo Connect sent no code' })

  const { person, known } = await signIn.identify(code, attempt)
  const { welcomeCredit } = await shopSettings.signUp()
  if (!known && welcomeCredit > 0)
    await ledger.credit({ user: person.id, kind: 'welcome', amount: welcomeCredit, reference: person.id, note: '' })
  const user = await signIn.admit(person, known ? undefined : await invites.inviterOf(getCookie(event, inviteCookie), person.id))
  const cookie = sessionCookie(config.secure)
  setCookie(event, cookie.name, await sessions.issue(user), cookie.options)
  await sendRedirect(event, attempt.next, 302)
})
