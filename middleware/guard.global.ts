/** Decides on the server, before anything is drawn, who may see a page: no flash of a console that is not yours. */
export default defineNuxtRouteMiddleware(async (to) => {
  // The server has refused already and this is its error page waking up: there is nothing left to decide.
  const { isHydrating, payload } = useNuxtApp()
  if (isHydrating && payload.error) return

  const session = useSessionStore()
  await session.load()

  const admin = isUnder(to.path, '/admin')
  if (!admin && !isUnder(to.path, '/console')) return
  if (session.unknown) return abortNavigation(createError({ status: 503, statusText: 'Service Unavailable', fatal: true }))
  if (!session.me) return navigateTo({ path: '/login', query: { next: to.fullPath } }, { redirectCode: 302 })
  if (admin && !session.isAdmin) return abortNavigation(createError({ status: 403, statusText: 'Forbidden', fatal: true }))
})

function isUnder(path: string, root: string): boolean {
  return path === root || path.startsWith(`${root}/`)
}
