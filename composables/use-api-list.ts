import type { Operation } from '#shared/schemas/api'
import type { CallOptions, ReplyOf } from '~/composables/use-api'

interface Page<T> { items: T[], next: string | null, searchedTo?: string | undefined }

/**
 * A list that grows downwards: the first page comes with the page itself, the following ones on demand. Changing a
 * filter starts it anew.
 */
export function useApiList<const O extends Operation, T>(
  operation: O,
  options: () => CallOptions<O>,
  pick: (reply: ReplyOf<O>) => Page<T>,
  settings: { key?: string } = {},
) {
  const first = useApiData(operation, options, settings)
  const later = shallowRef<Page<T>[]>([])
  const loadingMore = ref(false)
  const { toastError } = useApiError()

  const pages = computed(() => first.data.value === undefined ? [] : [pick(first.data.value), ...later.value])
  const items = computed(() => pages.value.flatMap(page => page.items))
  const last = computed(() => pages.value.at(-1))
  watch(first.data, () => {
    later.value = []
  })

  async function loadMore() {
    const after = last.value?.next
    if (!after || loadingMore.value) return
    const asked = first.data.value
    loadingMore.value = true
    try {
      const query = { ...(options() as { query?: object }).query, after }
      const call = callApi as (operation: Operation, options: object) => Promise<unknown>
      const reply = await call(operation, { ...options(), query }) as ReplyOf<O>
      // A filter changed while this page was under way: it belongs to another list now.
      if (first.data.value === asked) later.value = [...later.value, pick(reply)]
    }
    catch (error) {
      toastError(error)
    }
    finally {
      loadingMore.value = false
    }
  }

  return {
    items,
    more: computed(() => Boolean(last.value?.next)),
    searchedTo: computed(() => last.value?.searchedTo),
    status: first.status,
    error: first.error,
    refresh: first.refresh,
    loadingMore,
    loadMore,
  }
}
