/** Links to sign in: the login page, and the plain link that leaves for LinuxDo Connect. */
export function useSignIn() {
  const route = useRoute()
  const next = computed(() => safeNext(route.query.next) ?? '/console')
  const toLogin = computed(() => ({ path: '/login', query: route.path === '/' || route.path === '/login' ? {} : { next: route.fullPath } }))
  const oauthUrl = computed(() => `/api/auth/login?next=${encodeURIComponent(next.value)}`)
  return { next, toLogin, oauthUrl }
}

/** Only a path of this site: "//elsewhere" and "https:…" would be a way out of it. */
export function safeNext(value: unknown): string | undefined {
  if (typeof value !== 'string' || value.length > 200) return undefined
  return /^\/(?![/\\])/.test(value) ? value : undefined
}
