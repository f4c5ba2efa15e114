import type { RequestRecord } from './records'
import { totalInput, totalOutput } from './usage'

/** Counters of one row of statistics. Cost in nano-credits. */
export interface Counters {
  requests: number
  failed: number
  input: number
  output: number
  cost: number
  /** Of channels only: tries the upstream began to answer, and the milliseconds until then. */
  answered?: number
  answerMs?: number
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
  addAnswers(tally, row)
}

function addAnswers(sum: Pick<Counters, 'answered' | 'answerMs'>, more: Partial<Counters> | undefined): void {
  if (more?.answered === undefined) return
  sum.answered = (sum.answered ?? 0) + more.answered
  sum.answerMs = (sum.answerMs ?? 0) + (more.answerMs ?? 0)
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
    const answer = attempt.answerMs === undefined ? {} : { answered: 1, answerMs: attempt.answerMs }
    return [attempt.channel, last ? { ...served, failed, ...answer } : { requests: 1, failed, input: 0, output: 0, cost: 0, ...answer }]
  })
}

export function addCounters(sum: Counters, more: Counters): void {
  sum.requests += more.requests
  sum.failed += more.failed
  sum.input += more.input
  sum.output += more.output
  sum.cost += more.cost
  addAnswers(sum, more)
}
