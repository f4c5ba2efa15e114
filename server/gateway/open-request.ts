import type { KeyLimits } from '#server/billing/limits'
import type { Attempt, Hold } from '#server/billing/records'
import type { ClientRequest, Dialect, Endpoint, Metered } from '#server/dialects/dialect'
import type { NeutralRequest } from '#server/dialects/neutral'
import type { Usage } from '#shared/schemas/price'
import type { Quote } from './quote'
import type { Call } from './reply'

/** The state of one request between its hold and its settlement. `relay.ts` makes it, one answer at a time fills it. */
export interface OpenRequest {
  call: Call
  dialect: Dialect | Endpoint
  request: ClientRequest
  hold: Hold
  quote: Quote
  spendLimit: number | null
  /** What its key may beside that: a stream that grows stays within it. */
  limits: KeyLimits
  /** What the key has left of this minute, for the reply. */
  rateHeaders: Record<string, string>
  attempts: Attempt[]
  /** An upstream has been sent the request and may bill it. */
  accepted: boolean
  /** The first frame carrying content has left us: from here on no other channel may be tried. */
  committed: boolean
  /** Headers have left us, so an error can only be told inside the stream. */
  opened: boolean
  /** The answer ended at a stop sequence found here, before its upstream's own end. */
  cut: boolean
  /** The money ended before the answer did. */
  outOfCredit: boolean
  firstByteAt: number | null
  /** The request in neutral words, once an attempt has needed them. */
  neutral: NeutralRequest | undefined
  /** The upstream's name of the model in the latest attempt, the public one before. */
  upstreamModel: string
  /** What the latest attempt had to change, for `x-vapor-converted`. */
  converted: string | undefined
  /** The end of the answer, held back until it is settled for this usage. */
  terminator: ((settled: Usage) => Uint8Array) | undefined
  /** What the answering attempt has measured so far. */
  metered: (() => Metered) | undefined
  /** Ends the upstream's work; the reason tells who wanted it. */
  abort: AbortController
}

export type AbortReason = 'client_left' | 'deadline' | 'stopping' | 'finished'

/** Why an aborted request was aborted; undefined while it is not. */
export function abortReason(open: OpenRequest): AbortReason | undefined {
  return open.abort.signal.aborted ? open.abort.signal.reason as AbortReason : undefined
}
