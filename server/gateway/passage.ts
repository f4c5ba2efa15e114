import type { DialectId } from '#shared/schemas/channel'
import type { Usage } from '#shared/schemas/price'
import type { Quirks } from '#shared/schemas/quirks'
import { AppError } from '#server/errors/app-error'
import type { LiveRoute } from '#server/catalog/catalog'
import type { ConvertedEndpoint, Dialect, Endpoint, FrameVerdict, Metered, StreamMeter, UpstreamRequest } from '#server/dialects/dialect'
import { dialectOf } from '#server/dialects/index'
import type { AnswerContext, NeutralEvent, NeutralRequest } from '#server/dialects/neutral'
import type { SseFrame } from '#server/dialects/sse'
import { legalTools } from '#server/dialects/tool-names'
import type { LegalTools } from '#server/dialects/tool-names'
import type { OpenRequest } from './open-request'
import { createStopCut } from './stop-sequences'
import type { StopCut } from './stop-sequences'

/** One stream on its way from upstream to client. */
export interface StreamPassage {
  meter: StreamMeter
  /** Bytes for the client of one frame the meter has judged. */
  pass(frame: SseFrame, verdict: FrameVerdict): Uint8Array
  /** The answer is whole before its upstream has ended: nothing more is wanted from there. */
  isCut(): boolean
  /** What is still to be said when the upstream has ended. */
  close(): Uint8Array
  /** Ends the answer politely where the money ended. */
  lengthEnd(): Uint8Array
  /** The end of the answer, held back until it is settled for this usage. */
  terminator(settled: Usage): Uint8Array
}

/** A whole answer as the client gets it. */
export interface WholeReply {
  metered: Metered
  /** The answer, once it is settled for this usage. */
  write(settled: Usage): Uint8Array
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
  if (!dialect.passOnly) return convert(open, dialect, route, credential)
  const elsewhere = dialect.elsewhere?.[route.channel.dialect]
  if (!elsewhere) throw new AppError('unsupported_endpoint', { model: open.request.model, path: open.call.target.path })
  return ask(open, { dialect, elsewhere }, route, credential)
}

function direct({ dialect, request }: OpenRequest, { channel: { quirks }, upstreamModel: model }: LiveRoute, credential: string): Passage {
  const { dropped = [], renamed = [], ...wire } = dialect.writeUpstreamRequest(request, { model, credential, quirks })
  const changes = { dropped: [...request.dropped, ...dropped], renamed }
  return {
    wire,
    converted: changes.dropped.length + renamed.length > 0 ? describe(dialect.id, dialect.id, changes) : undefined,
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
        isCut: () => false,
        close: () => NOTHING,
        lengthEnd: () => dialect.writeLengthEnd(request, meter.metered()),
        terminator: () => last ?? dialect.terminator(request),
      }
    },
    readWhole: (body, contentType) => dialect.passOnly
      ? { write: () => body, ...dialect.readReply(body, { request, contentType, quirks }) }
      : { write: () => body, metered: dialect.readReply(body, quirks), contentType: JSON_TYPE },
  }
}

/** An endpoint that is no conversation, at a channel whose vendor has it in another form. */
function ask({ request }: OpenRequest, { dialect, elsewhere }: { dialect: Endpoint, elsewhere: ConvertedEndpoint }, { channel, upstreamModel: model }: LiveRoute, credential: string): Passage {
  const { dropped = [], renamed = [], ...wire } = elsewhere.writeUpstreamRequest(request, { model, credential, quirks: channel.quirks })
  return {
    wire,
    converted: describe(dialect.id, channel.dialect, { dropped: [...request.dropped, ...dropped], renamed }),
    readUpstreamFailure: elsewhere.readUpstreamFailure,
    openStream: () => { throw new AppError('internal', {}, { cause: new Error('this endpoint does not stream') }) },
    readWhole: body => ({ ...elsewhere.readReply(body, request), contentType: JSON_TYPE }),
  }
}

function convert(open: OpenRequest, client: Dialect, { channel, upstreamModel: model }: LiveRoute, credential: string): Passage {
  const { request } = open
  const upstream = dialectOf(channel.dialect)
  const { quirks } = channel
  const neutral = open.neutral ??= client.readNeutralRequest(request)
  const tools = legalTools(neutral, upstream.toolName)
  const written = upstream.writeNeutralRequest(tools.request, { model, quirks })
  const conversion: Conversion = { client, upstream, quirks, neutral, tools, stops: createStopCut(written.stops) }
  const target = upstream.writeUpstreamTarget({ model, credential, quirks, stream: request.stream })
  return {
    wire: { ...target, body: Buffer.from(JSON.stringify(written.body)) },
    converted: describe(client.id, upstream.id, {
      dropped: [...request.dropped, ...written.dropped, ...wordless(neutral, client)],
      renamed: tools.renamed ? ['tools.name'] : [],
    }),
    readUpstreamFailure: upstream.readUpstreamFailure,
    openStream: () => convertStream(open, conversion),
    readWhole(body) {
      const metered = upstream.readReply(body, quirks)
      const reply = conversion.stops.cutReply(tools.readReply(upstream.readNeutralReply(body, quirks)))
      const bytes = client.writeNeutralReply(reply, contextOf(open, neutral))
      return { metered, write: () => bytes, contentType: JSON_TYPE }
    },
  }
}

/** Fields the client sent that no other dialect has a word for. */
function wordless(neutral: NeutralRequest, client: Dialect): string[] {
  return Object.keys(neutral.extra[client.id] ?? {}).filter(name => /^[\w.]+$/.test(name))
}

/** What stands between a client and an upstream that speak differently. */
interface Conversion {
  client: Dialect
  upstream: Dialect
  quirks: Quirks
  neutral: NeutralRequest
  tools: LegalTools
  stops: StopCut
}

function convertStream(open: OpenRequest, { client, upstream, quirks, neutral, tools, stops }: Conversion): StreamPassage {
  const meter = upstream.createStreamMeter({ ...open.request, wantsUsage: true, jsonArray: false }, quirks)
  const reader = upstream.createStreamReader(quirks)
  const writer = client.createStreamWriter(open.request, contextOf(open, neutral))
  const cut = stops.openStream()
  const writeAll = (events: NeutralEvent[]) => join(cut.pass(events.map(event => tools.readEvent(event))).map(event => writer.write(event)))
  return {
    meter,
    pass: frame => cut.isCut() || frame.data === undefined ? NOTHING : writeAll(reader.read(frame.data)),
    isCut: () => cut.isCut(),
    close: () => writeAll(reader.end()),
    lengthEnd: () => writeAll([...reader.end().filter(event => event.type !== 'finish'), { type: 'finish', finish: 'length', stopSequence: undefined }]),
    // An upstream that was left in the middle has not told all its numbers: the client gets those he pays for.
    terminator: settled => cut.isCut() ? join([writer.write({ type: 'usage', usage: settled }), writer.end()]) : writer.end(),
  }
}

function contextOf(open: OpenRequest, neutral: NeutralRequest): AnswerContext {
  const { call, request, hold } = open
  return { requestId: call.requestId, model: request.model, created: Math.floor(hold.startedAt / 1000), wantsUsage: request.wantsUsage, request: neutral }
}

/** `from>to; dropped=…; renamed=…`, field names only, short enough for any proxy. */
function describe(client: DialectId, upstream: DialectId, changes: { dropped: string[], renamed: string[] }): string {
  const parts = Object.entries(changes).map(([word, fields]) => [word, [...new Set(fields)].filter(name => /^[\w.:[\]-]+$/.test(name))] as const)
  const text = [`${client}>${upstream}`, ...parts.flatMap(([word, fields]) => fields.length > 0 ? [`${word}=${fields.join(',')}`] : [])].join('; ')
  return text.length <= HEADER_MAX ? text : `${text.slice(0, HEADER_MAX - 1)}+`
}

function join(parts: Uint8Array[]): Uint8Array {
  const filled = parts.filter(part => part.byteLength > 0)
  return filled.length === 1 ? filled[0]! : Buffer.concat(filled)
}
