/** What stands on a receipt, made from the stored request alone: the bill, line by line, and the arithmetic to the charge. */
import type { ChargeRule } from '#shared/schemas/request'
import type { Receipt } from '#shared/schemas/receipt'
import { formatDecimal, formatNano } from '#shared/utils/money'
import { longContextOf } from '#shared/utils/prices'
import { costOf, exactCostOf, linesOf } from './price'
import type { PriceLine } from './price'
import type { Attempt, Entry, RequestRecord } from './records'

/** Places of the exact numbers: units × nano is 9 + 6 for the million, and 4 more for the basis points of a discount. */
const LINE_DIGITS = 15
const SUM_DIGITS = 19
const DISCOUNT_DIGITS = 4
/** Rules under which nobody pays more than was set aside. */
const AT_MOST_HELD: readonly ChargeRule[] = ['client_left', 'held_limit', 'interrupted']

/**
 * The receipt of a request. Throws when the stored numbers do not explain the charge: nothing is signed that does not
 * add up.
 */
export function toReceipt(record: RequestRecord, entries: Entry[], issuer: string): Receipt {
  requireWhole(record, entries)
  const { price, usage } = record
  const tier = longContextOf(price.prices, usage)
  return {
    v: 1,
    issuer,
    request: record.id,
    user: record.user,
    key: { id: record.key.id, name: record.key.name },
    model: record.model.name,
    dialect: record.dialect,
    startedAt: toIso(record.startedAt),
    bookedAt: toIso(record.bookedAt),
    durationMs: record.durationMs,
    status: record.status,
    endReason: record.endReason,
    chargeRule: record.chargeRule,
    usage,
    clamped: record.clamped,
    late: record.late,
    lines: linesOf(price, usage).map(toLine),
    longContext: tier ? { above: tier.above } : null,
    picture: (usage.image && price.picture) || null,
    discount: price.discount,
    formula: formulaOf(record),
    hold: formatNano(record.hold),
    cost: formatNano(record.cost),
    entries: entries.map(({ id, amount, at }) => ({ id, amount: formatNano(amount), at: toIso(at) })),
    attempts: record.attempts.map(toAttempt),
  }
}

/** The ledger and the record speak of one sum, wherever a part of it was booked. */
function requireWhole(record: RequestRecord, entries: Entry[]): void {
  const booked = entries.reduce((sum, { amount }) => sum - BigInt(amount), 0n)
  if (booked !== BigInt(record.cost)) throw new Error(`the entries of ${record.id} come to ${booked}, its record says ${record.cost}`)
}

function toLine({ usageClass, units, price }: PriceLine): Receipt['lines'][number] {
  return { class: usageClass, units, price: formatNano(price), cost: formatDecimal(BigInt(units) * BigInt(price), LINE_DIGITS) }
}

/** `(12 × 3 + 40 × 15) ÷ 1000000 × (1 − 0.1) = 0.0005724`, rounded up where it needs to be, and the rule when that is not what was charged. */
function formulaOf(record: RequestRecord): string {
  const { price, usage } = record
  const products = linesOf(price, usage).filter(line => line.price > 0).map(line => `${line.units} × ${formatNano(line.price)}`)
  const sum = products.length > 0 ? `(${products.join(' + ')}) ÷ 1000000` : '0'
  const discount = price.discount > 0 && products.length > 0 ? ` × (1 − ${formatDecimal(BigInt(price.discount), DISCOUNT_DIGITS)})` : ''
  const exact = formatDecimal(exactCostOf(price, usage), SUM_DIGITS)
  const full = costOf(price, usage)
  const rounded = exact === formatNano(full) ? '' : `, rounded up to a billionth = ${formatNano(full)}`
  const text = sum === '0' ? '0' : `${sum}${discount} = ${exact}${rounded}`
  return full === record.cost ? text : `${text}; ${ruleOf(record, full)}`
}

/** Why less than the full cost was charged, with both numbers. */
function ruleOf(record: RequestRecord, full: number): string {
  const { chargeRule, cost, hold } = record
  if (!AT_MOST_HELD.includes(chargeRule) || cost !== Math.min(full, hold)) throw new Error(`${record.id} cost ${cost} by the rule ${chargeRule}, which does not follow from ${full}`)
  return `by the rule ${chargeRule} at most the ${formatNano(hold)} held = ${formatNano(cost)}`
}

/** Which channel was tried is the shop's own business. */
function toAttempt({ startedAt, durationMs, status, error }: Attempt): Receipt['attempts'][number] {
  return { startedAt: toIso(startedAt), durationMs, status, error }
}

function toIso(at: number): string {
  return new Date(at).toISOString()
}
