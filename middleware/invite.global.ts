import { inviteCode, inviteCookie, inviteCookieSeconds } from '#shared/schemas/code'

/** Remembers whose invitation link somebody has opened, until he signs in for the first time. */
export default defineNuxtRouteMiddleware((to) => {
  if (!import.meta.server) return
  const code = inviteCode.safeParse(to.query.invite)
  if (!code.success) return
  const secure = useRequestURL({ xForwardedProto: true }).protocol === 'https:'
  useCookie(inviteCookie, { maxAge: inviteCookieSeconds, path: '/', httpOnly: true, sameSite: 'lax', secure }).value = code.data
})
