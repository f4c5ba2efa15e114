import type { Ref } from 'vue'

const PATIENCE_MAX = 60_000

/**
 * Asks again and again, politely: one question at a time, none while nobody looks at the page or it is switched off, and
 * after a failure each time after twice as long. Coming back to the page asks at once.
 */
export function usePolling(work: () => Promise<void>, everyMs: number, enabled: Ref<boolean>) {
  let timer: ReturnType<typeof setTimeout> | undefined
  let wait = everyMs
  let running = false
  const wanted = () => enabled.value && document.visibilityState === 'visible'

  function plan(after: number) {
    clearTimeout(timer)
    if (wanted()) timer = setTimeout(run, after)
  }

  async function run() {
    if (running || !wanted()) return
    running = true
    try {
      await work()
      wait = everyMs
    }
    catch { wait = Math.min(wait * 2, PATIENCE_MAX) }
    finally {
      running = false
      plan(wait)
    }
  }

  const wake = () => plan(0)
  onMounted(() => {
    document.addEventListener('visibilitychange', wake)
    plan(everyMs)
  })
  onBeforeUnmount(() => {
    document.removeEventListener('visibilitychange', wake)
    clearTimeout(timer)
  })
  watch(enabled, wake)
}
