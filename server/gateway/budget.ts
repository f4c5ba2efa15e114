import type { Ledger } from '#server/billing/ledger'
import { dearest } from '#server/billing/price'
import type { Hold } from '#server/billing/records'
import { totalInput } from '#server/billing/usage'
import type { OpenRequest } from './open-request'
import { holdFor, mostInput } from './quote'

/** A hold grows when 70 % of what it pays for is used, by half of it, at least 2,000 tokens. */
const ASK_AT = 0.7
const GROWTH = 0.5
const STEP_MIN = 2000
/** Bytes of text a token has at least, on average: how output is guessed while it flows. */
const BYTES_PER_TOKEN = 4

export interface Budget {
  /** Told after every chunk; true when the money has ended and the stream must, too. */
  isSpent(): boolean
}

/**
 * Watches how much of its hold a stream has used and lets the ledger grow it in time. Growing goes on beside the stream,
 * which waits for nothing; when the ledger refuses, the stream ends where the hold ends.
 */
export function createBudget(open: OpenRequest, ledger: Ledger, onError: (error: unknown) => void): Budget {
  const { price } = open.hold
  // Nothing to pay, or no output that could outgrow what was known before.
  const free = open.quote.wanted === 0 || open.request.outputMax === 0
  /** Input and output tokens the hold pays for. */
  let input = open.quote.inputTokens
  let tokens = affordable(open, open.quote.outputTokens)
  let growing = false
  let refused = false

  function grow(): void {
    growing = true
    const step = Math.max(STEP_MIN, Math.ceil(tokens * GROWTH))
    // An upstream that reports a longer input than was guessed may have moved the request to a dearer tier.
    const seen = Math.max(input, Math.min(totalInput(open.metered?.().usage ?? {}), mostInput(open.request)))
    const more = holdFor(price, seen, tokens + step) - holdFor(price, input, tokens)
    ledger.extend(open.hold, more, { ...open.request.units?.expected, input: open.quote.inputTokens, output: produced(open), request: 1 }, open.spendLimit, open.limits)
      .then((grown: Hold | undefined) => {
        if (!grown) {
          refused = true
          return
        }
        open.hold = grown
        input = seen
        tokens += step
      })
      .catch((error: unknown) => {
        refused = true
        onError(error)
      })
      .finally(() => { growing = false })
  }

  return {
    isSpent() {
      if (free) return false
      const used = produced(open)
      if (!growing && !refused && used >= tokens * ASK_AT) grow()
      return refused && used >= tokens
    },
  }
}

/** Output tokens so far, guessed from frames and bytes. */
function produced(open: OpenRequest): number {
  const metered = open.metered?.()
  return metered ? Math.max(metered.contentFrames, Math.ceil(metered.textBytes / BYTES_PER_TOKEN)) : 0
}

/** Output tokens the hold really pays for: less than quoted when the balance was short. */
function affordable(open: OpenRequest, quoted: number): number {
  if (open.hold.amount >= open.quote.wanted) return quoted
  const input = holdFor(dearest(open.hold.price), open.quote.inputTokens, 0, open.request.units?.most)
  const perQuoted = open.quote.wanted - input
  return perQuoted === 0 ? quoted : Math.floor(quoted * Math.max(0, open.hold.amount - input) / perQuoted)
}
