import type { AdminRequest, RequestDetail, RequestReply } from '#shared/schemas/request'
import type { Prices, PriceTable } from '#shared/schemas/price'
import type { AdminTally, EntryReply, Tally as TallyReply } from '#shared/schemas/usage'
import { formatNano } from '#shared/utils/money'
import { mapPrices } from '#shared/utils/prices'
import type { Attempt, Entry, RequestRecord } from './records'
import type { RequestPage } from './statement'
import type { Series } from './statistics'
import type { Tally } from './tally'
import { requestCostOf } from './upstream-cost'

export function toEntryReply({ id, kind, amount, reference, note, late, at }: Entry): EntryReply {
  return { id, kind, amount: formatNano(amount), reference, note, late, at: toIso(at) }
}

/** What the user who paid may see: never which channels were tried. */
export function toRequestReply(record: RequestRecord): RequestReply {
  return {
    id: record.id,
    user: record.user,
    key: record.key,
    model: record.model.name,
    dialect: record.dialect,
    stream: record.stream,
    status: record.status,
    endReason: record.endReason,
    chargeRule: record.chargeRule,
    error: record.error,
    usage: record.usage,
    clamped: record.clamped,
    converted: record.converted ?? null,
    late: record.late,
    prices: toPrices(record.price.prices),
    picture: record.price.picture ?? null,
    discount: record.price.discount,
    cost: formatNano(record.cost),
    hold: formatNano(record.hold),
    startedAt: toIso(record.startedAt),
    firstByteMs: record.firstByteMs,
    durationMs: record.durationMs,
  }
}

export function toRequestDetail(record: RequestRecord): RequestDetail {
  return { ...toRequestReply(record), attempts: record.attempts.map(({ startedAt, durationMs, status, error }) => ({ startedAt: toIso(startedAt), durationMs, status, error })) }
}

export function toAdminRequest(record: RequestRecord, username: string): AdminRequest {
  const { cost, known } = requestCostOf(record)
  return {
    ...toRequestReply(record),
    username,
    attempts: record.attempts.map(toAttempt),
    upstreamCost: known ? formatNano(cost) : null,
    margin: known ? formatNano(BigInt(record.cost) - cost) : null,
  }
}

/** The page of a list of requests, each item made by `toItem`. */
export function toRequestPage<T>(page: RequestPage, toItem: (record: RequestRecord) => T): { items: T[], next: string | null, searchedTo?: string } {
  return { items: page.items.map(toItem), next: page.next, ...(page.searchedTo === undefined ? {} : { searchedTo: toIso(page.searchedTo) }) }
}

export function toTally({ requests, failed, input, output, cost }: Tally): TallyReply {
  return { requests, failed, inputTokens: input, outputTokens: output, cost: formatNano(cost) }
}

/** What only admins see of a sum. */
export function toAdminTally(tally: Tally): AdminTally {
  return { ...toTally(tally), upstreamCost: formatNano(tally.upstream), costed: formatNano(tally.costed) }
}

/** Mean time until an upstream began to answer. */
export function answerMsOf({ answered = 0, answerMs = 0 }: Tally): number | null {
  return answered === 0 ? null : Number(BigInt(answerMs) / BigInt(answered))
}

/** @param toReply how much of each sum is shown. */
export function toSeries<T>({ totals, series }: Series, toReply: (tally: Tally) => T) {
  return {
    totals: { today: toReply(totals.today), sevenDays: toReply(totals.sevenDays), thirtyDays: toReply(totals.thirtyDays) },
    series: series.map(({ day, ...tally }) => ({ day, ...toReply(tally) })),
  }
}

function toAttempt({ channel, upstreamModel, status, error, startedAt, durationMs, usage, cost, costPrice }: Attempt): AdminRequest['attempts'][number] {
  return {
    channel,
    upstreamModel,
    status,
    error,
    startedAt: toIso(startedAt),
    durationMs,
    usage: usage ?? null,
    cost: cost === undefined ? null : formatNano(cost),
    currency: costPrice?.currency ?? null,
    rate: costPrice ? formatNano(costPrice.rate) : null,
  }
}

/** Prices a request was charged by. A free request of the gateway itself may have none: they read as 0. */
function toPrices(table: PriceTable<number>): Prices {
  return { input: '0', output: '0', ...mapPrices(table, (_, nano) => formatNano(nano)) }
}

function toIso(at: number): string {
  return new Date(at).toISOString()
}
