/** The schedule that heals what notices have not told: every order whose next question is due is asked about. */
import { keys } from '#server/storage/keys'
import type { Store } from '#server/storage/store'
import type { Orders } from './orders'
import type { Questions } from './questions'

const PAGE = 50
const PARALLEL = 4
/** No page is begun after this: whoever comes next goes on. */
const RUN_MS = 10_000

export interface AskerOptions {
  store: Store
  orders: Orders
  questions: Questions
  now: () => number
  onError: (error: unknown) => void
}

export function createAsker({ store, orders, questions, now, onError }: AskerOptions) {
  let running: Promise<number> | undefined

  /**
   * Asks about everything that is due; answers how many. Two that do so at once ask twice and book
   * once. A second call joins the one under way.
   */
  function run(): Promise<number> {
    running ??= ask().finally(() => { running = undefined })
    return running
  }

  async function ask(): Promise<number> {
    if (!await nextDue()) return 0
    const began = now()
    let asked = 0
    let after: string | undefined
    while (now() - began < RUN_MS) {
      const rows = await store.list<string>(keys.ordersAskPrefix, { after, limit: PAGE })
      const due = rows.filter(row => row.key < keys.ordersAsk(began + 1, ''))
      for (let index = 0; index < due.length; index += PARALLEL)
        await Promise.all(due.slice(index, index + PARALLEL).map(row => askOne(row.value)))
      asked += due.length
      if (due.length < PAGE) break
      after = due.at(-1)?.key
    }
    return asked
  }

  async function nextDue(): Promise<boolean> {
    const [row] = await store.list<string>(keys.ordersAskPrefix, { limit: 1 })
    return row !== undefined && row.key < keys.ordersAsk(now() + 1, '')
  }

  /** One that fails stays due and comes again; the others do not wait for it. */
  async function askOne(id: string): Promise<void> {
    try {
      await questions.ask(await orders.require(id))
    }
    catch (error) { onError(error) }
  }

  return { run }
}
