import type { OrderReply, OrderState } from '#shared/schemas/payment'
import { api } from '#shared/schemas/api'

/** Still waiting for money, as far as this shop knows: a late payment counts in both. */
export const openStates: readonly OrderState[] = ['pending', 'expired']

/** Seconds between two questions: dense while the payer looks at the page, then rarer, and after four minutes no more. */
export const watchDelays = [1, 2, 2, 3, 4, 5, 6, 8, 10, 15, 20, 30, 30, 45, 60]

/**
 * Asks about one order until it is settled, or until there is no point in asking any more. The server goes on asking the
 * gateway by itself; this only makes a page notice.
 */
export function useOrderWatch(id: Ref<string | undefined>, settings: { start?: OrderReply | undefined, settled: (order: OrderReply) => void }) {
  const order = shallowRef<OrderReply | undefined>(settings.start)
  const problem = shallowRef<unknown>()
  const watching = ref(Boolean(id.value) && (!settings.start || openStates.includes(settings.start.state)))
  const asking = ref(false)
  let round = 0
  let timer: ReturnType<typeof setTimeout> | undefined

  async function ask(): Promise<void> {
    const wanted = id.value
    if (!wanted || asking.value) return
    asking.value = true
    try {
      const answer = await callApi(api.queryOrder, { params: { trade_no: wanted } })
      if (wanted === id.value) take(answer)
    }
    catch (error) {
      if (wanted === id.value) problem.value = error
    }
    finally {
      asking.value = false
    }
  }

  function take(answer: OrderReply): void {
    const wasOpen = !order.value || openStates.includes(order.value.state)
    order.value = answer
    problem.value = undefined
    if (openStates.includes(answer.state)) return
    stop()
    if (wasOpen) settings.settled(answer)
  }

  function next(): void {
    const delay = watchDelays[round++]
    if (delay === undefined || isHopeless(problem.value)) return stop()
    timer = setTimeout(async () => {
      await ask()
      if (watching.value) next()
    }, delay * 1000)
  }

  function stop(): void {
    clearTimeout(timer)
    watching.value = false
  }

  async function start(): Promise<void> {
    clearTimeout(timer)
    round = 0
    problem.value = undefined
    watching.value = Boolean(id.value)
    await ask()
    if (watching.value) next()
  }

  onMounted(() => {
    if (watching.value) void start()
  })
  watch(id, () => {
    order.value = undefined
    void start()
  })
  onBeforeUnmount(stop)

  return { order, problem, watching, asking, ask, start }
}

/** An order that is not there, or not this user's, will not appear by asking again. */
function isHopeless(problem: unknown): boolean {
  const { status } = readApiError(problem)
  return problem !== undefined && status !== undefined && status >= 400 && status < 500 && status !== 429
}
