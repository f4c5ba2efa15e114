/** Runs one piece of work at a time, and says while it does: a second press of the same button does nothing. */
export function usePending<Given extends unknown[]>(work: (...given: Given) => Promise<void>) {
  const pending = ref(false)

  async function run(...given: Given) {
    if (pending.value) return
    pending.value = true
    try {
      await work(...given)
    }
    finally {
      pending.value = false
    }
  }

  return { pending, run }
}
