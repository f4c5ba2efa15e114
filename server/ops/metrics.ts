/** What an operator watches: one set per process, counted beside the work and never part of it. */
import type { Ledger } from '#server/billing/ledger'
import type { RequestRecord } from '#server/billing/records'
import { toAppError } from '#server/errors/app-error'
import type { Relay } from '#server/gateway/relay'
import type { StoreDriver } from '#server/storage/store'
import { formatNano } from '#shared/utils/money'
import { createCounter, createHistogram, gaugeLines } from './exposition'

const LAG_EVERY_MS = 50
const SECONDS = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5]

/** Read when the metrics are asked for. */
export interface Gauges {
  openRequests: () => number
  outboxSize: () => number
}

export type Metrics = ReturnType<typeof createMetrics>

export function createMetrics() {
  const requests = createCounter('vapor_requests_total', 'Calls of the public protocol, by the status the client got; a stream has the one it began with.')
  const settled = createCounter('vapor_settled_total', 'Requests booked, by who ended them.')
  const tokens = createCounter('vapor_tokens_total', 'Usage booked, by its class.')
  const cost = createCounter('vapor_cost_credits_total', 'Credits charged.', sum => formatNano(sum))
  const failures = createCounter('vapor_upstream_failures_total', 'Attempts that did not serve their request.')
  const storeFailures = createCounter('vapor_store_failures_total', 'Operations the store could not do.')
  const store = createHistogram('vapor_store_seconds', 'Time the store took.', SECONDS)
  const lag = createHistogram('vapor_event_loop_lag_seconds', `How late a timer was that looks every ${LAG_EVERY_MS} ms.`, SECONDS)
  const startedAt = Date.now()

  let expected = performance.now() + LAG_EVERY_MS
  const looking = setInterval(() => {
    lag.observe({}, Math.max(0, performance.now() - expected) / 1000)
    expected = performance.now() + LAG_EVERY_MS
  }, LAG_EVERY_MS)
  looking.unref()

  /** The same relay, counted. */
  function watchRelay(relay: Relay): Relay {
    return async (path, call) => {
      try {
        const reply = await relay(path, call)
        requests.add({ dialect: call.dialect.id, status: reply.status })
        return reply
      }
      catch (error) {
        requests.add({ dialect: call.dialect.id, status: toAppError(error).status })
        throw error
      }
    }
  }

  /** The same ledger; what it books is counted once, whatever is repeated. */
  function watchLedger(ledger: Ledger): Ledger {
    return {
      ...ledger,
      async settle(order) {
        const result = await ledger.settle(order)
        if (!result.repeated) countBooked(order.record)
        return result
      },
      async sweep(...asked) {
        const swept = await ledger.sweep(...asked)
        if (swept) settled.add({ dialect: asked[0].dialect, end: 'interrupted' })
        return swept
      },
    }
  }

  function countBooked(record: Pick<RequestRecord, 'dialect' | 'endReason' | 'usage' | 'cost' | 'attempts'>): void {
    settled.add({ dialect: record.dialect, end: record.endReason })
    cost.add({}, record.cost)
    for (const [name, units] of Object.entries(record.usage)) tokens.add({ class: name }, units)
    for (const attempt of record.attempts) {
      if (attempt.error !== null) failures.add({ channel: attempt.channel, error: attempt.error })
    }
  }

  async function timed<T>(operation: string, work: Promise<T>): Promise<T> {
    const start = performance.now()
    try { return await work }
    catch (error) {
      storeFailures.add({ operation })
      throw error
    }
    finally { store.observe({ operation }, (performance.now() - start) / 1000) }
  }

  /** The same store, timed. */
  function watchStore(inner: StoreDriver): StoreDriver {
    return {
      ...inner,
      get: <T>(key: string) => timed('get', inner.get<T>(key)),
      getMany: <T>(keys: string[]) => timed('get', inner.getMany<T>(keys)),
      list: <T>(...asked: Parameters<StoreDriver['list']>) => timed('list', inner.list<T>(...asked)),
      put: (...asked) => timed('commit', inner.put(...asked)),
      delete: (...asked) => timed('commit', inner.delete(...asked)),
      commit: (...asked) => timed('commit', inner.commit(...asked)),
    }
  }

  function write(gauges: Gauges): string {
    const { user, system } = process.cpuUsage()
    const cpu = createCounter('process_cpu_seconds_total', 'Processor time spent.', micros => String(Number(micros) / 1e6))
    cpu.add({}, user + system)
    const lines = [
      ...[requests, settled, tokens, cost, failures, storeFailures, store, lag, cpu].flatMap(metric => metric.lines()),
      ...gaugeLines('vapor_open_requests', 'Requests running here now.', gauges.openRequests()),
      ...gaugeLines('vapor_outbox_size', 'Settlements waiting because the store could not take them.', gauges.outboxSize()),
      ...gaugeLines('process_resident_memory_bytes', 'Memory in use.', process.memoryUsage.rss()),
      ...gaugeLines('process_start_time_seconds', 'When this process started.', startedAt / 1000),
    ]
    return `${lines.join('\n')}\n`
  }

  return { watchRelay, watchLedger, watchStore, write, close: () => clearInterval(looking) }
}
