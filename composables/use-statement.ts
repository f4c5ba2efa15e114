import type { EntryReply } from '#shared/schemas/usage'
import type { ReplyOf } from '~/composables/use-api'
import { api } from '#shared/schemas/api'

/** An entry with the balance as it stood right after it; null where that cannot be told. */
export interface StatementLine extends EntryReply { balance: string | null }

type Page = ReplyOf<typeof api.listEntries>
const PAGE = 50
const TRIES = 3

/**
 * The ledger with a running balance. Entries do not keep the balance they led to; it is derived: the balance now, minus
 * every entry above. So the balance and the first page must belong together, which is so when no entry came between
 * reading the balance before and after the page.
 */
export function useStatement() {
  const session = useSessionStore()
  const nuxt = useNuxtApp()
  const first = useAsyncData('api:statement', async () => {
    for (let tries = 1; ; tries++) {
      const before = balanceOf(session.me)
      // While the server renders, each call needs the request it belongs to, which is forgotten after an await.
      const page = await nuxt.runWithContext(() => callApi(api.listEntries, { query: { limit: PAGE } }))
      await nuxt.runWithContext(() => session.refresh())
      const after = balanceOf(session.me)
      if (before === after || tries === TRIES) return { page, balance: before === after ? after : null }
    }
  }, { lazy: true, deep: false })

  const later = shallowRef<Page[]>([])
  const loadingMore = ref(false)
  const { toastError } = useApiError()
  const last = computed(() => later.value.at(-1) ?? first.data.value?.page)
  const lines = computed(() => {
    const { page, balance = null } = first.data.value ?? {}
    return page ? withBalances([page, ...later.value].flatMap(({ items }) => items), balance) : []
  })
  watch(first.data, () => {
    later.value = []
  })

  async function loadMore() {
    const after = last.value?.next
    const asked = first.data.value
    if (!after || loadingMore.value) return
    loadingMore.value = true
    try {
      const page = await callApi(api.listEntries, { query: { limit: PAGE, after } })
      if (first.data.value === asked) later.value = [...later.value, page]
    }
    catch (error) {
      toastError(error)
    }
    finally {
      loadingMore.value = false
    }
  }

  return { lines, more: computed(() => Boolean(last.value?.next)), status: first.status, error: first.error, refresh: first.refresh, loadMore, loadingMore }
}

/** Newest first: each line's balance is the one above it without the entry above. */
export function withBalances(entries: EntryReply[], balance: string | null): StatementLine[] {
  let now = balance === null ? undefined : parseNano(balance)
  return entries.map((entry) => {
    const line = { ...entry, balance: now === undefined ? null : formatNano(now) }
    const amount = parseNano(entry.amount)
    now = now === undefined || amount === undefined ? undefined : now - amount
    return line
  })
}

/** What the entries add up to: what can be spent and what is set aside. */
function balanceOf(me: { available: string, held: string } | null): string | null {
  if (!me) return null
  return formatNano((parseNano(me.available) ?? 0n) + (parseNano(me.held) ?? 0n))
}
