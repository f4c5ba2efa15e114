/**
 * Answers from memory what was loaded for the same key within `freshMs`; callers that come while it loads share the load.
 * A load that failed is not kept. Keys must be few: none is ever forgotten.
 */
export function shareFor<Key extends string, T>(freshMs: number, load: (key: Key) => Promise<T>, now: () => number = Date.now): (key: Key) => Promise<T> {
  const kept = new Map<Key, { until: number, value: Promise<T> }>()
  return (key) => {
    const known = kept.get(key)
    if (known && known.until > now()) return known.value
    const entry = { until: now() + freshMs, value: load(key) }
    kept.set(key, entry)
    entry.value.catch(() => {
      if (kept.get(key) === entry) kept.delete(key)
    })
    return entry.value
  }
}
