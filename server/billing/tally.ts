import type { RequestRecord } from './records'
import { totalInput, totalOutput } from './usage'

/** Counters of one row of statistics. Cost in nano-credits. */
export interface Counters {
  requests: number
  failed: number
  input: number
  output: number
  cost: number
}

/** A sum of many rows: its cost may leave the safe integers. */
export interface Tally extends Omit<Counters, 'cost'> {
  cost: bigint
}

export function emptyTally(): Tally {
  return { requests: 0, failed: 0, input: 0, output: 0, cost: 0n }
}

/** Adds a row to a sum in place. */
export function addTo(tally: Tally, row: Partial<Counters> | undefined): void {
  tally.requests += row?.requests ?? 0
  tally.failed += row?.failed ?? 0
  tally.input += row?.input ?? 0
  tally.output += row?.output ?? 0
  tally.cost += BigInt(row?.cost ?? 0)
}

/** What one request adds to the shop, its user and its model. */
export function countersOf(record: RequestRecord): Counters {
  return {
    requests: 1,
    failed: record.error === null ? 0 : 1,
    input: totalInput(record.usage),
    output: totalOutput(record.usage),
    cost: record.cost,
  }
}

/**
 * What one request adds to the channels it tried. Each attempt counts where it happened, so that a channel that fails
 * shows, even when another one saved the request; tokens and cost belong to the last, which served.
 */
export function channelCountersOf(record: RequestRecord): [channel: string, counters: Counters][] {
  const served = countersOf(record)
  return record.attempts.map((attempt, index) => {
    const failed = attempt.error === null ? 0 : 1
    const last = index === record.attempts.length - 1
    return [attempt.channel, last ? { ...served, failed } : { requests: 1, failed, input: 0, output: 0, cost: 0 }]
  })
}

export function addCounters(sum: Counters, more: Counters): void {
  sum.requests += more.requests
  sum.failed += more.failed
  sum.input += more.input
  sum.output += more.output
  sum.cost += more.cost
}
