import type { Ref } from 'vue'
import type { UserSpending } from '#shared/schemas/usage'
import { api } from '#shared/schemas/api'

/** The API takes so many at once. */
const AT_ONCE = 50

/** What the users of a growing list have spent: it comes after the list, and nobody is asked about twice. */
export function useSpending(users: Ref<{ id: string }[]>) {
  const known = shallowRef(new Map<string, UserSpending>())
  const asked = new Set<string>()

  async function load() {
    const missing = users.value.map(user => user.id).filter(id => !asked.has(id))
    for (const id of missing) asked.add(id)
    for (let from = 0; from < missing.length; from += AT_ONCE) {
      const ids = missing.slice(from, from + AT_ONCE)
      try {
        const { items } = await callApi(api.userSpending, { query: { users: ids.join(',') } })
        known.value = new Map([...known.value, ...items.map(item => [item.user, item] as const)])
      }
      catch {
        // The list says what matters; a figure that is missing is asked for again with the next page.
        for (const id of ids) asked.delete(id)
        return
      }
    }
  }

  onMounted(() => watch(users, load, { immediate: true }))
  return { spendingOf: (id: string) => known.value.get(id) }
}
