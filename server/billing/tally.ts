import { NANO_PER_CREDIT } from '#shared/utils/money'
import type { RequestRecord } from './records'
import { requestCostOf } from './upstream-cost'
import { totalInput, totalOutput } from './usage'

/**
 * Counters of one row of statistics. Cost in nano-credits. The last three are absent in rows from before there were cost
 * prices. What upstreams take is kept as whole credits and the nano beyond them: a mistyped cost price must not
 * make a counter leave the safe integers, which would stop all of statistics.
 */
export interface Counters {
  requests: number
  failed: number
  input: number
  output: number
  cost: number
  /** The part of `cost` whose upstream cost is known. */
  costed: number
  upstreamCredits: number
  upstreamNano: number
  /** Of channels only: tries the upstream began to answer, and the milliseconds until then. */
  answered?: number
  answerMs?: number
}

/** A sum of many rows: its amounts may leave the safe integers. */
export interface Tally extends Pick<Counters, 'requests' | 'failed' | 'input' | 'output' | 'answered' | 'answerMs'> {
  cost: bigint
  costed: bigint
  upstream: bigint
}

export function emptyTally(): Tally {
  return { requests: 0, failed: 0, input: 0, output: 0, cost: 0n, costed: 0n, upstream: 0n }
}

/** Adds a row to a sum in place. */
export function addTo(tally: Tally, row: Partial<Counters> | undefined): void {
  tally.requests += row?.requests ?? 0
  tally.failed += row?.failed ?? 0
  tally.input += row?.input ?? 0
  tally.output += row?.output ?? 0
  tally.cost += BigInt(row?.cost ?? 0)
  tally.costed += BigInt(row?.costed ?? 0)
  tally.upstream += BigInt(row?.upstreamCredits ?? 0) * BigInt(NANO_PER_CREDIT) + BigInt(row?.upstreamNano ?? 0)
  addAnswers(tally, row)
}

function addAnswers(sum: Pick<Counters, 'answered' | 'answerMs'>, more: Partial<Counters> | undefined): void {
  if (more?.answered === undefined) return
  sum.answered = (sum.answered ?? 0) + more.answered
  sum.answerMs = (sum.answerMs ?? 0) + (more.answerMs ?? 0)
}

/** What one request adds to the shop, its user and its model. */
export function countersOf(record: RequestRecord): Counters {
  const upstream = requestCostOf(record)
  return {
    requests: 1,
    failed: record.error === null ? 0 : 1,
    input: totalInput(record.usage),
    output: totalOutput(record.usage),
    cost: record.cost,
    costed: upstream.known ? record.cost : 0,
    ...splitUpstream(upstream.cost),
  }
}

/**
 * What one request adds to the channels it tried. Each attempt counts where it happened, so that a channel that fails
 * shows, even when another one saved the request, and with it what it took; tokens and revenue belong to the last, which
 * served.
 */
export function channelCountersOf(record: RequestRecord): [channel: string, counters: Counters][] {
  const served = countersOf(record)
  return record.attempts.map((attempt, index) => {
    const upstream = splitUpstream(BigInt(attempt.cost ?? 0))
    const failed = attempt.error === null ? 0 : 1
    const last = index === record.attempts.length - 1
    const answer = attempt.answerMs === undefined ? {} : { answered: 1, answerMs: attempt.answerMs }
    if (last) return [attempt.channel, { ...served, failed, costed: attempt.cost === undefined ? 0 : record.cost, ...upstream, ...answer }]
    return [attempt.channel, { requests: 1, failed, input: 0, output: 0, cost: 0, costed: 0, ...upstream, ...answer }]
  })
}

export function addCounters(sum: Counters, more: Counters): void {
  sum.requests += more.requests
  sum.failed += more.failed
  sum.input += more.input
  sum.output += more.output
  sum.cost += more.cost
  sum.costed += more.costed
  const carried = splitUpstream(BigInt(sum.upstreamNano) + BigInt(more.upstreamNano))
  sum.upstreamCredits += more.upstreamCredits + carried.upstreamCredits
  sum.upstreamNano = carried.upstreamNano
  addAnswers(sum, more)
}

function splitUpstream(nano: bigint): Pick<Counters, 'upstreamCredits' | 'upstreamNano'> {
  return { upstreamCredits: Number(nano / BigInt(NANO_PER_CREDIT)), upstreamNano: Number(nano % BigInt(NANO_PER_CREDIT)) }
}
