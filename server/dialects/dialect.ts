import type { DialectId } from '#shared/schemas/channel'
import type { Usage, UsageClass } from '#shared/schemas/price'
import type { AppError } from '#server/errors/app-error'
import type { SseFrame } from './sse'

/** What the gateway must know of a call; the body itself stays as the client sent it. */
export interface ClientRequest {
  body: Uint8Array
  model: string
  stream: boolean
  /** The client asked for usage in its stream. */
  wantsUsage: boolean
  /** Upper bound of output tokens over all choices, when the client gave one. */
  outputMax: number | undefined
  choices: number
  /** Bytes of text, without the data of images and files, and the number of those. */
  textBytes: number
  mediaParts: number
  /** Classes this request can only be sold with when they have a price of their own. */
  needs: UsageClass[]
  /** Fields that are not passed on, to be said in `x-vapor-converted`. */
  dropped: string[]
}

/** What an upstream is sent: the path behind the channel's base URL, headers of the dialect, the patched body. */
export interface UpstreamRequest {
  path: string
  headers: Record<string, string>
  body: Uint8Array
}

/** What was learnt from an answer so far. */
export interface Metered {
  /** As reported; undefined when nothing usable came. */
  usage: Usage | undefined
  /** Some reported part was larger than its whole and was cut. */
  clamped: boolean
  /** Text the model produced (content, reasoning, tool arguments, refusals), for counting when nothing was reported. */
  text(): string
  textBytes: number
  contentFrames: number
  /** The answer came to its own end. */
  finished: boolean
}

/** What to do with a frame of an upstream's stream. */
export interface FrameVerdict {
  kind: 'content' | 'other' | 'end' | 'error' | 'broken'
  /** Bytes for the client; empty when the frame is hidden. */
  bytes: Uint8Array
}

export interface StreamMeter {
  observe(frame: SseFrame): FrameVerdict
  metered(): Metered
}

export interface WireError {
  status: number
  headers: Record<string, string>
  body: Uint8Array
}

/** What an upstream's error means for the request. */
export interface UpstreamFailure {
  /** `client`: the request is at fault, no other channel will do better. */
  blame: 'client' | 'credential' | 'busy' | 'upstream'
  /** The upstream's own words, to be scrubbed before anybody sees them. */
  message: string | undefined
}

/** The port every folder beside this file implements. `read…` is wire → Vapor, `write…` is Vapor → wire. */
export interface Dialect {
  readonly id: DialectId
  /** Content type of its streams. */
  readonly streamType: string
  /** Throws AppError for what is not a request of this dialect. */
  readRequest(body: Uint8Array): ClientRequest
  writeUpstreamRequest(request: ClientRequest, upstream: { model: string, credential: string }): UpstreamRequest
  /** Texts of the input that count as tokens, and the number of messages. */
  readInputTexts(request: ClientRequest): { texts: string[], messages: number }
  /** A whole answer. Throws AppError `upstream_malformed` when it cannot be read. */
  readReply(body: Uint8Array): Metered
  createStreamMeter(request: ClientRequest): StreamMeter
  readUpstreamFailure(status: number, body: Uint8Array): UpstreamFailure
  writeError(error: AppError, requestId: string): WireError
  /** The same error after the stream has begun. */
  writeErrorFrame(error: AppError, requestId: string): Uint8Array
  /** Ends a stream politely when the money is gone: finish reason `length` and the terminator. */
  writeLengthEnd(model: string): Uint8Array
  /** The dialect's end of a stream, for upstreams that forget theirs; empty where there is none. */
  readonly terminator: Uint8Array
  /** Keeps a silent connection open; ignored by every client of the dialect. */
  readonly keepAlive: Uint8Array
  /** Where an upstream lists its models, with the headers to ask with. */
  writeModelsRequest(credential: string): { path: string, headers: Record<string, string> }
  readModels(body: Uint8Array): string[]
  /** The smallest real request, to test a channel with. */
  writeProbe(model: string): Uint8Array
}
