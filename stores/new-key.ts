import type { KeyCreated } from '#shared/schemas/key'

/**
 * The key made last in this page, with its secret: it fills the samples until the page is closed or loaded anew. It is
 * only ever in the memory of the browser.
 */
export const useNewKeyStore = defineStore('new-key', () => {
  const created = shallowRef<KeyCreated | null>(null)
  const secret = computed(() => created.value?.secret ?? null)

  function remember(key: KeyCreated) {
    if (import.meta.client && key.secret !== null) created.value = key
  }

  function forget() {
    created.value = null
  }

  return { created, secret, remember, forget }
})
