import type { ComputedRef, Ref } from 'vue'

/** Which of a list are ticked. What leaves the list leaves the selection. */
export function useSelection<T extends { id: string }>(items: Ref<T[]> | ComputedRef<T[]>) {
  const ids = ref<Set<string>>(new Set())
  const selected = computed(() => items.value.filter(item => ids.value.has(item.id)))
  const all = computed({
    get: () => items.value.length > 0 && selected.value.length === items.value.length ? true : selected.value.length > 0 ? 'indeterminate' as const : false,
    set: (on) => {
      ids.value = new Set(on === true ? items.value.map(item => item.id) : [])
    },
  })

  function toggle(id: string, on: boolean | 'indeterminate') {
    const next = new Set(ids.value)
    if (on === true) next.add(id)
    else next.delete(id)
    ids.value = next
  }

  return { selected, all, toggle, isSelected: (id: string) => ids.value.has(id), clear: () => { ids.value = new Set() } }
}
