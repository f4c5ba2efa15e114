import type { Component } from 'vue'

/**
 * A dialog whose code is no part of the page. `show` loads it and opens it then, so that it sees itself being opened.
 * Nobody waits for that: a page that came from the server carries hints to fetch its dialogs when the browser has nothing
 * else to do (`build/dialog-hints.ts`), and a page somebody walked to fetches them here. What a dialog shows is to be set
 * before `show`. In the template: `<component :is="d.view" v-if="d.view" v-model:open="d.open" …>`.
 */
export function useLateDialog<View extends Component>(load: () => Promise<{ default: View }>) {
  const { toastError } = useApiError()
  const fetchAhead = import.meta.client && !useNuxtApp().isHydrating

  const dialog = shallowReactive({
    view: undefined as View | undefined,
    open: false,
    async show(): Promise<void> {
      try {
        dialog.view ??= (await load()).default
      }
      catch (error) {
        toastError(error)
        return
      }
      await nextTick()
      dialog.open = true
    },
  })

  if (fetchAhead) onMounted(() => onNuxtReady(() => load().catch(() => { /* `show` tries again, and says so. */ })))

  return dialog
}
