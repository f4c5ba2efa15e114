import type { Quirks } from '#shared/schemas/quirks'
import { AppError } from '#server/errors/app-error'
import type { LiveRoute } from '#server/catalog/catalog'
import type { Dialect, FrameVerdict, Metered, PassedThrough, StreamMeter, UpstreamRequest } from '#server/dialects/dialect'
import { dialectOf } from '#server/dialects/index'
import type { AnswerContext, NeutralEvent, NeutralRequest } from '#server/dialects/neutral'
import type { SseFrame } from '#server/dialects/sse'
import type { OpenRequest } from './open-request'

/** One stream on its way from upstream to client. */
export interface StreamPassage {
  meter: StreamMeter
  /** Bytes for the client of one frame the meter has judged. */
  pass(frame: SseFrame, verdict: FrameVerdict): Uint8Array
  /** What is still to be said when the upstream has ended. */
  close(): Uint8Array
  /** Ends the answer politely where the money ended. */
  lengthEnd(): Uint8Array
  /** The end of the answer, held back until it is settled. */
  terminator(): Uint8Array
}

/** A whole answer as the client gets it. */
export interface WholeReply {
  metered: Metered
  bytes: Uint8Array
  contentType: string
}

/** How one attempt's request goes to its upstream, and its answer comes back. */
export interface Passage {
  wire: UpstreamRequest
  /** For `x-vapor-converted`; undefined when nothing was changed that anybody would miss. */
  converted: string | undefined
  readUpstreamFailure: Dialect['readUpstreamFailure']
  openStream(): StreamPassage
  readWhole(body: Uint8Array, contentType: string): WholeReply
}

const NOTHING = new Uint8Array(0)
const JSON_TYPE = 'application/json'
const HEADER_MAX = 512

/** Bytes pass when the channel speaks the client's dialect, else everything goes through the neutral form. */
export function createPassage(open: OpenRequest, route: LiveRoute, credential: string): Passage {
  const { dialect } = open
  if (route.channel.dialect === dialect.id) return direct(open, route, credential)
  if (dialect.passOnly) throw new AppError('unsupported_endpoint', { model: open.request.model, path: open.call.target.path })
  return convert(open, dialect, route, credential)
}

function direct({ dialect, request }: OpenRequest, { channel: { quirks }, upstreamModel: model }: LiveRoute, credential: string): Passage {
  return {
    wire: dialect.writeUpstreamRequest(request, { model, credential, quirks }),
    converted: request.dropped.length > 0 ? describe(dialect, dialect, request.dropped) : undefined,
    readUpstreamFailure: dialect.readUpstreamFailure,
    openStream() {
      const meter = dialect.createStreamMeter(request, quirks)
      let last: Uint8Array | undefined
      return {
        meter,
        pass(_, verdict) {
          if (verdict.kind !== 'end') return verdict.bytes
          last = verdict.bytes
          return NOTHING
        },
        close: () => NOTHING,
        lengthEnd: () => dialect.writeLengthEnd(request, meter.metered()),
        terminator: () => last ?? dialect.terminator(request),
      }
    },
    readWhole: (body, contentType) => dialect.passOnly
      ? { bytes: body, ...dialect.readReply(body, { request, contentType }) }
      : { bytes: body, metered: dialect.readReply(body, quirks), contentType: JSON_TYPE },
  }
}

function convert(open: OpenRequest, client: Dialect, { channel, upstreamModel: model }: LiveRoute, credential: string): Passage {
  const { request } = open
  const upstream = dialectOf(channel.dialect)
  const { quirks } = channel
  const neutral = open.neutral ??= client.readNeutralRequest(request)
  const written = upstream.writeNeutralRequest(neutral, { model, quirks })
  const target = upstream.writeUpstreamTarget({ model, credential, quirks, stream: request.stream })
  return {
    wire: { ...target, body: Buffer.from(JSON.stringify(written.body)) },
    converted: describe(client, upstream, [...new Set([...request.dropped, ...written.dropped, ...wordless(neutral, client)])]),
    readUpstreamFailure: upstream.readUpstreamFailure,
    openStream: () => convertStream(open, client, { upstream, quirks }, neutral),
    readWhole(body) {
      const metered = upstream.readReply(body, quirks)
      return { metered, bytes: client.writeNeutralReply(upstream.readNeutralReply(body, quirks), contextOf(open, neutral)), contentType: JSON_TYPE }
    },
  }
}

/** Fields the client sent that no other dialect has a word for. */
function wordless(neutral: NeutralRequest, client: Dialect): string[] {
  return Object.keys(neutral.extra[client.id] ?? {}).filter(name => /^[\w.]+$/.test(name))
}

function convertStream(open: OpenRequest, client: Dialect, { upstream, quirks }: { upstream: Dialect, quirks: Quirks }, neutral: NeutralRequest): StreamPassage {
  const meter = upstream.createStreamMeter({ ...open.request, wantsUsage: true, jsonArray: false }, quirks)
  const reader = upstream.createStreamReader(quirks)
  const writer = client.createStreamWriter(open.request, contextOf(open, neutral))
  const writeAll = (events: NeutralEvent[]) => join(events.map(event => writer.write(event)))
  return {
    meter,
    pass: frame => frame.data === undefined || frame.data === '[DONE]' ? NOTHING : writeAll(reader.read(frame.data)),
    close: () => writeAll(reader.end()),
    lengthEnd: () => writeAll([...reader.end().filter(event => event.type !== 'finish'), { type: 'finish', finish: 'length', stopSequence: undefined }]),
    terminator: () => writer.end(),
  }
}

function contextOf(open: OpenRequest, neutral: NeutralRequest): AnswerContext {
  const { call, request, hold } = open
  return { requestId: call.requestId, model: request.model, created: Math.floor(hold.startedAt / 1000), wantsUsage: request.wantsUsage, request: neutral }
}

/** `from>to; dropped=…`, field names only, short enough for any proxy. */
function describe(client: PassedThrough, upstream: PassedThrough, dropped: string[]): string {
  const named = dropped.filter(name => /^[\w.:[\]-]+$/.test(name))
  const text = `${client.id}>${upstream.id}${named.length > 0 ? `; dropped=${named.join(',')}` : ''}`
  return text.length <= HEADER_MAX ? text : `${text.slice(0, HEADER_MAX - 1)}+`
}

function join(parts: Uint8Array[]): Uint8Array {
  const filled = parts.filter(part => part.byteLength > 0)
  return filled.length === 1 ? filled[0]! : Buffer.concat(filled)
}
