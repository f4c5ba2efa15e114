import type { ChargeRule, EndReason } from '#shared/schemas/request'
import type { Usage, UsageClass } from '#shared/schemas/price'
import type { Ledger, SettleOrder } from '#server/billing/ledger'
import type { Outbox } from '#server/billing/outbox'
import { costOf, isPriced, pictureCharged } from '#server/billing/price'
import type { Attempt, PriceSnapshot } from '#server/billing/records'
import { withCost } from '#server/billing/upstream-cost'
import { clampUsage, totalInput, totalOutput } from '#server/billing/usage'
import type { ClientRequest, Metered } from '#server/dialects/dialect'
import type { AppError } from '#server/errors/app-error'
import { tokenFactor } from './counting/factors'
import type { Counter } from './counting/index'
import { inputTokens } from './counting/input'
import type { OpenRequest } from './open-request'
import { mostInput } from './quote'
import type { Quotes } from './quote'

/** How a request came to its end. */
export interface Ending {
  reason: EndReason
  /** HTTP status the client got; 499 for one that had left. */
  status: number
  error: AppError | undefined
}

export interface Settled { cost: number, usage: Usage }

export interface SettlementOptions {
  ledger: Ledger
  outbox: Outbox
  counter: Counter
  quotes: Quotes
  requestsTtlMs: number
  onError: (error: unknown) => void
}

/** Room above the visible bytes: markers around calls; and the most hidden thinking a report may claim. */
const OUTPUT_SLACK = 64
const REASONING_MAX = 131_072

export type Settlement = ReturnType<typeof createSettlement>

/** Books what a request cost, by the rule of who ended it (`docs/billing.md` has the table). */
export function createSettlement(options: SettlementOptions) {
  async function settle(open: OpenRequest, ending: Ending): Promise<Settled> {
    const rule = ruleOf(open, ending)
    const measured = await measure(open, rule)
    const price = priceCharged(open)
    const full = costOf(price, measured.usage)
    // Nobody pays more than was set aside for an answer that was ended early on his behalf.
    const cost = rule === 'client_left' || rule === 'held_limit' ? Math.min(full, open.hold.amount) : full
    await book(orderOf(open, ending, { rule, price, cost, ...measured }))
    if (rule === 'reported' && !open.dialect.passOnly) options.quotes.learn(open.hold.model.id, open.request, { input: totalInput(measured.usage), output: totalOutput(measured.usage) })
    return { cost, usage: measured.usage }
  }

  /** Into the ledger, or, when the store cannot take it, into the outbox, which replays it with the same once-ids. */
  async function book(order: SettleOrder): Promise<void> {
    try {
      await options.ledger.settle(order)
    }
    catch (error) {
      options.onError(error)
      await options.outbox.add(order)
    }
  }

  async function measure(open: OpenRequest, rule: ChargeRule): Promise<{ usage: Usage, clamped: boolean }> {
    if (rule === 'free_failure') return { usage: {}, clamped: false }
    const metered = open.metered?.()
    const counted = metered?.usage === undefined
    // Where only other units are sold, counting tokens would be work for nothing.
    const raw = metered?.usage ?? (open.request.units && !areTokensPriced(open) ? {} : await count(open, metered))
    const { usage, clamped } = clampUsage(raw, limitsOf(open.request, metered))
    const units = metered?.units?.usage ?? open.request.units?.expected
    return { usage: { ...usage, ...units, request: 1 }, clamped: (!counted && clamped) || (metered?.clamped ?? false) }
  }

  async function count(open: OpenRequest, metered: Metered | undefined): Promise<Usage> {
    const model = open.upstreamModel
    const [input, output] = await Promise.all([
      inputTokens(open.dialect, open.request, options.counter, model),
      options.counter.count([metered?.text() ?? '']),
    ])
    return { input, output: Math.ceil(output * tokenFactor(model)) }
  }

  function orderOf(open: OpenRequest, ending: Ending, charge: { rule: ChargeRule, price: PriceSnapshot, cost: number, usage: Usage, clamped: boolean }): SettleOrder {
    const { hold } = open
    return {
      record: {
        id: hold.request,
        user: hold.user,
        key: hold.key,
        model: hold.model,
        dialect: hold.dialect,
        stream: hold.stream,
        status: ending.status,
        endReason: ending.reason,
        chargeRule: charge.rule,
        error: ending.error?.code ?? null,
        usage: charge.usage,
        clamped: charge.clamped,
        price: charge.price,
        cost: charge.cost,
        hold: hold.amount,
        converted: open.converted ?? null,
        attempts: costed(open, charge),
        startedAt: hold.startedAt,
        firstByteMs: open.firstByteAt === null ? null : open.firstByteAt - hold.startedAt,
        durationMs: Date.now() - hold.startedAt,
      },
      forgetIdempotency: charge.rule === 'free_failure',
      requestsTtlMs: options.requestsTtlMs,
      idempotency: hold.idempotency,
      ...(hold.counted ? { counted: hold.counted } : {}),
    }
  }

  return { settle }
}

/**
 * The tries with what each cost the shop. The last one used what was settled, the earlier ones what their upstream had
 * reported before they failed; a request that is free used nothing for its user, but its last try may have reported, too.
 */
function costed(open: OpenRequest, { rule, usage }: { rule: ChargeRule, usage: Usage }): Attempt[] {
  const metered = open.metered?.()
  const made = metered?.units?.picture
  const asked = open.request.units?.picture
  const picture = made || asked ? { size: made?.size ?? asked?.size ?? null, quality: made?.quality ?? asked?.quality ?? null } : undefined
  const limits = limitsOf(open.request, metered)
  return open.attempts.map((attempt, index) => {
    const settled = index === open.attempts.length - 1 && rule !== 'free_failure'
    const used = settled ? usage : attempt.usage && clampUsage(attempt.usage, limits).usage
    return withCost({ ...attempt, ...(used ? { usage: used } : {}) }, picture)
  })
}

function isAnyPriced(open: OpenRequest, classes: readonly UsageClass[]): boolean {
  return classes.some(name => isPriced(open.hold.price.prices, name))
}

const areTokensPriced = (open: OpenRequest): boolean => isAnyPriced(open, ['input', 'output'])

/** The snapshot a request began with, and of which pictures the answer told what they became. */
function priceCharged(open: OpenRequest): PriceSnapshot {
  const { price } = open.hold
  const made = open.metered?.().units?.picture
  return price.picture && made ? { ...price, picture: pictureCharged(price.prices, price.picture, made) } : price
}

/** Where units other than tokens are sold, what nobody reported matters only if it costs something. */
function isReported(open: OpenRequest, metered: Metered | undefined): boolean {
  if (!metered?.units) return metered?.usage !== undefined
  return !isAnyPriced(open, metered.units.counted) && (metered.usage !== undefined || !areTokensPriced(open))
}

/** Who ended it decides what is charged. */
function ruleOf(open: OpenRequest, { reason }: Ending): ChargeRule {
  const metered = open.metered?.()
  const reported = isReported(open, metered)
  const produced = (metered?.textBytes ?? 0) > 0 || (metered?.contentFrames ?? 0) > 0
  switch (reason) {
    case 'completed':
      if (!reported) return 'counted'
      if (open.cut) return 'reported_partial'
      return produced ? 'reported' : 'no_content'
    case 'client_left': return open.accepted ? 'client_left' : 'free_failure'
    case 'out_of_credit': return 'held_limit'
    case 'upstream_cut': case 'stalled': case 'deadline': case 'interrupted':
      if (!open.committed) return 'free_failure'
      return reported ? 'reported_partial' : 'counted'
    default: return 'free_failure'
  }
}

/** The most tokens this request can have used: a token has at least one byte. */
function limitsOf(request: ClientRequest, metered: Metered | undefined): { input: number, output: number } {
  const visible = metered?.textBytes ?? 0
  const thinking = metered?.usage?.reasoning ? REASONING_MAX * request.choices : 0
  return {
    input: mostInput(request),
    output: request.outputMax === undefined ? visible + OUTPUT_SLACK * request.choices + thinking : Math.max(request.outputMax, visible),
  }
}
