/** Remembers whose invitation link somebody has opened, until he signs in for the first time. */
export default defineNuxtRouteMiddleware(async (to) => {
  if (!import.meta.server || to.query.invite === undefined) return
  const secure = useRequestURL({ xForwardedProto: true }).protocol === 'https:'
  const cookie = (name: string, maxAge: number) => useCookie(name, { maxAge, path: '/', httpOnly: true, sameSite: 'lax', secure })
  const nuxt = useNuxtApp()
  // The browser never gets here, and must not carry the schemas for it.
  const { inviteCode, inviteCookie, inviteCookieSeconds } = await import('#shared/schemas/code')
  const code = inviteCode.safeParse(to.query.invite)
  if (code.success) nuxt.runWithContext(() => cookie(inviteCookie, inviteCookieSeconds).value = code.data)
})
