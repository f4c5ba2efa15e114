import { api } from '#shared/schemas/api'

/** Announcements somebody has put away; more than these are not remembered. */
const PUT_AWAY_MAX = 20

/** The name useAsyncData keeps it under, to ask again after a change. */
export const siteDataKey = 'api:GET:site'

/** What this site is called and what it announces; asked once, with the first page. */
export function useSite() {
  const { data } = useApiData(api.site, undefined, { key: 'site' })
  // A cookie, so that the server leaves out what was put away and nothing jumps.
  const away = useCookie<string[]>('announcements', { default: () => [], maxAge: 31_536_000, path: '/', sameSite: 'lax' })
  const name = computed(() => data.value?.name ?? 'Vapor')
  const announcements = computed(() => (data.value?.announcements ?? []).filter(({ id }) => !away.value.includes(id)))

  function putAway(id: string) {
    away.value = [...away.value, id].slice(-PUT_AWAY_MAX)
  }

  return { name, notice: computed(() => data.value?.notice), announcements, putAway }
}

/** Text an admin wrote in one language or in both. */
export function useSiteWords() {
  const { current } = useLocaleSwitch()
  const words = (text: { zh: string, en: string } | undefined) => (current.value === 'en' ? text?.en || text?.zh : text?.zh || text?.en) ?? ''
  return { words }
}
