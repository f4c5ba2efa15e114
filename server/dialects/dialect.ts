import type { DialectId } from '#shared/schemas/channel'
import type { Picture, Usage, UsageClass } from '#shared/schemas/price'
import type { Quirks } from '#shared/schemas/quirks'
import type { AppError } from '#server/errors/app-error'
import type { AnswerContext, NeutralReply, NeutralRequest, StreamReader, StreamWriter, WriteTarget, WrittenRequest } from './neutral'
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
  /** Headers of the client that travel to an upstream of the same dialect, such as `anthropic-beta`. */
  headers: Record<string, string>
  /** Streams as one JSON array instead of events: Gemini without `alt=sse`. */
  jsonArray: boolean
  /** Units other than tokens, where an endpoint sells them. */
  units?: RequestUnits
}

/** What is known of other units before the call. */
export interface RequestUnits {
  /** The most it can come to: what is held. */
  most: Usage
  /** What it will come to as far as can be told: what is charged when the answer never says. */
  expected: Usage
  /** What the request says of the pictures it wants, where it wants any. */
  picture?: Picture
}

/** Where a call came in, and with what: the model of a Gemini call stands in its path. */
export interface CallTarget {
  /** Path without the query, decoded once. */
  path: string
  query: URLSearchParams
  headers: Record<string, string | undefined>
}

/** Where a request goes: the name of the model there, the credential in clear, and how the upstream departs from the dialect. */
export interface UpstreamAccess {
  model: string
  credential: string
  quirks?: Quirks
}

/** What an upstream is sent: the path behind the channel's base URL, headers of the dialect, the patched body. */
export interface UpstreamRequest {
  path: string
  headers: Record<string, string>
  body: Uint8Array
  /** Fields of the client's that had to be left out for this upstream, and those it gets under another name or value. */
  dropped?: string[]
  renamed?: string[]
}

/** What was learnt from an answer so far. */
export interface Metered {
  /** As reported; undefined when nothing usable came. */
  usage: Usage | undefined
  /** Some reported part was larger than its whole and was cut. */
  clamped: boolean
  /** Units other than tokens, which of them nobody reported, and what the answer says of its pictures. */
  units?: { usage: Usage, counted: UsageClass[], picture?: Picture }
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
  /** `client`: the request is at fault, no other channel will do better. `endpoint`: this upstream does not have it. */
  blame: 'client' | 'endpoint' | 'credential' | 'busy' | 'upstream'
  /** The upstream's own words, to be scrubbed before anybody sees them. */
  message: string | undefined
  /** When the body says when to come again, as Gemini's does. */
  retryAfterSeconds?: number | undefined
}

/** What every path of the protocol needs, where bytes pass. `read…` is wire → Vapor, `write…` is Vapor → wire. */
export interface PassedThrough {
  readonly id: DialectId

  // A client speaks it.
  /** Throws AppError for what is not a request of this dialect. */
  readRequest(body: Uint8Array, target: CallTarget): ClientRequest
  /** Texts of the input that count as tokens, and the number of messages. */
  readInputTexts(request: ClientRequest): { texts: string[], messages: number }
  /** Content type of the answer's stream. */
  streamType(request: ClientRequest): string
  /** Keeps a silent connection open; ignored by every client of the dialect. */
  keepAlive(request: ClientRequest): Uint8Array
  /** The end of a stream that was passed through; empty where there is none. */
  terminator(request: ClientRequest): Uint8Array
  /** Ends a stream politely when the money is gone: the finish reason for length, and what must stand before the terminator. */
  writeLengthEnd(request: ClientRequest, metered: Metered): Uint8Array
  /** `target`: where the call came in, for a dialect whose errors look different from one path to another. */
  writeError(error: AppError, requestId: string, target?: CallTarget): WireError
  /** The same error after the stream has begun. */
  writeErrorFrame(error: AppError, requestId: string, request: ClientRequest): Uint8Array

  // An upstream speaks it, and so does the client: bytes pass.
  writeUpstreamRequest(request: ClientRequest, upstream: UpstreamAccess): UpstreamRequest
  createStreamMeter(request: ClientRequest, quirks?: Quirks): StreamMeter
  readUpstreamFailure(status: number, body: Uint8Array): UpstreamFailure
}

/** An endpoint beside the conversation, in `server/endpoints`: upstreams of its own dialect have it, others where `elsewhere` says how. */
export interface Endpoint extends PassedThrough {
  readonly passOnly: true
  /** A whole answer, which may be no JSON, and the content type to pass it on with. Throws AppError `upstream_malformed`. */
  readReply(body: Uint8Array, answer: EndpointAnswer): { metered: Metered, contentType: string }
  /** How channels of another dialect are asked for the same, where their vendor has it. */
  readonly elsewhere?: Partial<Record<DialectId, ConvertedEndpoint>>
}

/** What a whole answer is read with. */
export interface EndpointAnswer { request: ClientRequest, contentType: string, quirks?: Quirks }

/** An endpoint asked of an upstream of another dialect. Answers are whole: none of these streams. */
export interface ConvertedEndpoint {
  /** Throws AppError `unsupported_field` for what the other form has no place for. */
  writeUpstreamRequest(request: ClientRequest, upstream: UpstreamAccess): UpstreamRequest
  readUpstreamFailure(status: number, body: Uint8Array): UpstreamFailure
  /** `write` makes the client's answer once it is known what is charged. Throws AppError `upstream_malformed`. */
  readReply(body: Uint8Array, request: ClientRequest): { metered: Metered, write(usage: Usage): Uint8Array }
}

/** The port every folder beside this file implements. */
export interface Dialect extends PassedThrough {
  readonly passOnly?: undefined

  /** A whole answer. Throws AppError `upstream_malformed` when it cannot be read. */
  readReply(body: Uint8Array, quirks?: Quirks): Metered

  // An upstream speaks it, the client another: converted.
  /** Names of tools it takes; others are changed on the way there and back. */
  readonly toolName: RegExp
  /** Path and headers for a body another dialect's request was written to. */
  writeUpstreamTarget(upstream: UpstreamAccess & { stream: boolean }): Omit<UpstreamRequest, 'body'>
  /** Throws AppError `unsupported_field` for a required feature that cannot be carried (tool choice, schema, picture). */
  writeNeutralRequest(request: NeutralRequest, target: WriteTarget): WrittenRequest
  readNeutralReply(body: Uint8Array, quirks?: Quirks): NeutralReply
  createStreamReader(quirks?: Quirks): StreamReader

  // A client speaks it, the upstream another: converted.
  readNeutralRequest(request: ClientRequest): NeutralRequest
  writeNeutralReply(reply: NeutralReply, context: AnswerContext): Uint8Array
  createStreamWriter(request: ClientRequest, context: AnswerContext): StreamWriter

  /** Counting without answering, where the vendor offers it; throws AppError like `readRequest`. */
  readonly counting?: {
    read(body: Uint8Array, target: CallTarget): ClientRequest
    write(tokens: number): Uint8Array
  }

  // What an admin asks a channel.
  /** Where an upstream lists its models, with the headers to ask with. */
  writeModelsRequest(credential: string, quirks?: Quirks): { path: string, headers: Record<string, string> }
  readModels(body: Uint8Array): string[]
  /** The smallest real request, to test a channel with. */
  writeProbe(model: string, quirks?: Quirks): Uint8Array
}
