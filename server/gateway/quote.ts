import { costOf, dearest, priceOf } from '#server/billing/price'
import type { PriceSnapshot } from '#server/billing/records'
import type { ClientRequest } from '#server/dialects/dialect'
import type { Usage } from '#shared/schemas/price'

/** Tokens per byte of text until a model has taught better; prose is nearer 0.25, Chinese nearer 0.4. */
const START_RATIO = 0.5
const START_OUTPUT = 4096
/** The least output a hold must pay for: less is not worth starting. */
const LEAST_OUTPUT = 256
const MEDIA_TOKENS = 1500
/** Room above the bytes: templates around messages, and what one picture or file may come to. */
const INPUT_SLACK = 2000
const INPUT_PER_MEDIA = 20_000
const REMEMBERED = 200
const LEARNT_FROM = 20

export interface Quote {
  inputTokens: number
  /** Output tokens the wanted hold pays for. */
  outputTokens: number
  /** Nano-credits. */
  wanted: number
  least: number
}

interface Learnt { ratios: number[], outputs: number[] }

export type Quotes = ReturnType<typeof createQuotes>

/**
 * How much to hold, decided from bytes: nothing is tokenised before the answer. What a model's requests really used is
 * remembered in this process, the last 200 of each, and the 95th percentile is what the next hold expects.
 */
export function createQuotes() {
  const learnt = new Map<string, Learnt>()

  function quote(model: string, price: PriceSnapshot, request: ClientRequest): Quote {
    const known = learnt.get(model)
    const ratio = percentile(known?.ratios) ?? START_RATIO
    const cap = (percentile(known?.outputs) ?? START_OUTPUT) * request.choices
    const inputTokens = Math.ceil(request.textBytes * ratio) + request.mediaParts * MEDIA_TOKENS
    const outputTokens = Math.ceil(Math.min(request.outputMax ?? cap, cap))
    return {
      inputTokens,
      outputTokens,
      wanted: holdFor(dearest(price), inputTokens, outputTokens, request.units?.most),
      least: holdFor(price, inputTokens, Math.min(LEAST_OUTPUT, outputTokens), request.units?.expected),
    }
  }

  function learn(model: string, request: ClientRequest, used: { input: number, output: number }): void {
    const known = learnt.get(model) ?? { ratios: [], outputs: [] }
    learnt.set(model, known)
    const textTokens = used.input - request.mediaParts * MEDIA_TOKENS
    if (request.textBytes > 0 && textTokens > 0) remember(known.ratios, Math.min(1, textTokens / request.textBytes))
    remember(known.outputs, used.output / request.choices)
  }

  return { quote, learn }
}

/**
 * Nano-credits for so many tokens in and out, at the dearer of the classes each may turn out to be, and other units. An
 * input long enough for the tier of long requests is held at its prices.
 */
export function holdFor(price: PriceSnapshot, inputTokens: number, outputTokens: number, units?: Usage): number {
  const reasoning = priceOf(price.prices, 'reasoning', inputTokens) > priceOf(price.prices, 'output', inputTokens)
  return costOf(price, { ...units, input: inputTokens, [reasoning ? 'reasoning' : 'output']: outputTokens, request: 1 })
}

/** The most tokens of input a request can have, whatever an upstream reports: a token has at least one byte. */
export function mostInput(request: ClientRequest): number {
  return request.body.byteLength + INPUT_SLACK + request.mediaParts * INPUT_PER_MEDIA
}

function remember(values: number[], value: number): void {
  values.push(value)
  if (values.length > REMEMBERED) values.shift()
}

/** The 95th percentile of what is remembered; undefined while that is too little to trust. */
function percentile(values: number[] | undefined): number | undefined {
  if (!values || values.length < LEARNT_FROM) return undefined
  const sorted = [...values].sort((one, other) => one - other)
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * 0.95))]
}
