/** Runs one piece of work at a time, and says while it does: a second press of the same button does nothing. */
export function usePending(work: () => Promise<void>) {
  const pending = ref(false)

  async function run() {
    if (pending.value) return
    pending.value = true
    try {
      await work()
    }
    finally {
      pending.value = false
    }
  }

  return { pending, run }
}
