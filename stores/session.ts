import type { Me } from '#shared/schemas/auth'
import { api } from '#shared/schemas/api'

/** Who is signed in. Filled once while the server renders; the browser takes it over from the payload. */
export const useSessionStore = defineStore('session', () => {
  const me = ref<Me | null>(null)
  const loaded = ref(false)
  /** The site could not say who this is (the store is away, say): neither signed in nor out. */
  const unknown = ref(false)

  async function load() {
    if (loaded.value) return
    await refresh()
    loaded.value = true
  }

  async function refresh() {
    // Without any cookie nobody can be signed in, so that visitors cost no extra call.
    if (import.meta.server && !useRequestHeaders(['cookie']).cookie) return
    try {
      me.value = await callApi(api.me)
      unknown.value = false
    }
    catch (error) {
      me.value = null
      const { status } = readApiError(error)
      unknown.value = status === undefined || status >= 500
    }
  }

  function forget() {
    me.value = null
  }

  const isAdmin = computed(() => me.value?.role === 'admin')

  return { me, loaded, unknown, isAdmin, load, refresh, forget }
})
