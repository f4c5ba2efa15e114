import type { Identity } from './chunks.ts'
import { chunk, completion, contentDeltas, roleDelta, usageChunk } from './chunks.ts'
import { errorBody } from './errors.ts'
import type { Reply } from './reply.ts'
import type { Wire } from './scenarios.ts'
import type { Step } from './steps.ts'
import { usageOf } from './usage.ts'

const brokenFrame = '{"choices":[{"index":0,"delta":{"content":"half a fr'
const midwayError = errorBody('The sandbox broke down while it was answering.', 'server_error', 'sandbox_breakdown')

/** The steps of a reply that is sent as one JSON body. */
export function* wholeSteps(identity: Identity, reply: Reply, wire: Wire): Generator<Step> {
  const pauses = wire.everyMs === undefined ? 0 : wire.everyMs * contentDeltas(reply).length
  yield { do: 'wait', ms: (wire.headersAfterMs ?? 0) + pauses }
  const honest = usageOf(reply)
  const body = Buffer.from(JSON.stringify(wire.breaks?.by === 'error'
    ? midwayError
    : completion(identity, reply, wire.usage ? wire.usage(honest) : honest)))
  const by = wire.breaks?.by
  const half = body.subarray(0, body.length >> 1)
  // A cut or silent body promises its full length and stops before it; a bad one is whole by its length and ends in the middle.
  const promised = by === 'bad-json' ? half : body
  yield { do: 'head', status: 200, headers: { 'content-type': 'application/json', 'content-length': promised.length } }
  if (by === 'silence' || by === 'cut') {
    if (wire.breaks?.at === 'middle') yield { do: 'write', data: half }
    yield { do: by }
    return
  }
  yield* inBytes([{ do: 'write', data: promised }], wire)
}

/** The steps of a reply that is streamed as server-sent events. */
export function* streamSteps(identity: Identity, reply: Reply, wire: Wire, includeUsage: boolean): Generator<Step> {
  yield { do: 'wait', ms: wire.headersAfterMs ?? 0 }
  yield { do: 'head', status: 200, headers: { 'content-type': 'text/event-stream; charset=utf-8', 'cache-control': 'no-cache' } }
  yield* inBytes(eventSteps(identity, reply, wire, includeUsage), wire)
}

function* eventSteps(identity: Identity, reply: Reply, wire: Wire, includeUsage: boolean): Generator<Step> {
  const meter = createMeter(reply, wire, includeUsage)
  const frame = (value: Record<string, unknown>): Step => writeFrame(JSON.stringify(value), wire)
  const indexes = Array.from({ length: reply.choices }, (_, index) => index)

  if (wire.breaks?.at === 'start' && (yield* breakOff(wire))) return
  for (const index of indexes) yield frame(meter.during(chunk(identity, { index, delta: roleDelta(reply), finish: null })))
  if (wire.breaks?.at === 'role' && (yield* breakOff(wire))) return

  const deltas = contentDeltas(reply)
  const middle = Math.ceil(deltas.length / 2)
  for (const [place, delta] of deltas.entries()) {
    if (wire.everyMs !== undefined) yield { do: 'wait', ms: wire.everyMs }
    for (const index of indexes) yield frame(meter.during(chunk(identity, { index, delta, finish: null }), 1))
    if (place + 1 === middle && wire.breaks?.at === 'middle' && (yield* breakOff(wire))) return
  }
  for (const index of indexes) {
    const finish = chunk(identity, { index, delta: {}, finish: reply.finishReason })
    yield frame(index === reply.choices - 1 ? meter.atFinish(finish) : meter.during(finish))
  }
  if (meter.wantsUsageChunk) yield frame(meter.atEnd(usageChunk(identity)))
  if (wire.done !== false) yield writeFrame('[DONE]', wire)
}

/** Puts usage where the scenario wants it: nowhere, in a chunk of its own, in the finish, or in every chunk. */
function createMeter(reply: Reply, wire: Wire, includeUsage: boolean) {
  const honest = usageOf(reply)
  const reported = wire.usage ? wire.usage(honest) : honest
  const wantsUsageChunk = includeUsage && wire.usageIn === undefined && reported !== undefined
  let sent = 0

  /** A chunk on the way carries null where a later one will have the numbers. */
  function during(value: Record<string, unknown>, tokens = 0): Record<string, unknown> {
    sent = Math.min(sent + tokens, reply.completionTokens)
    if (wire.usageIn === 'every-chunk') return { ...value, usage: usageOf(reply, sent) }
    return wantsUsageChunk ? { ...value, usage: null } : value
  }

  return {
    wantsUsageChunk,
    during,
    atFinish: (value: Record<string, unknown>) => wire.usageIn === undefined ? during(value) : { ...value, usage: reported },
    atEnd: (value: Record<string, unknown>) => ({ ...value, usage: reported }),
  }
}

/** Plays the break of a scenario; returns false when the stream goes on after it. */
function* breakOff(wire: Wire): Generator<Step, boolean> {
  switch (wire.breaks?.by) {
    case 'silence':
    case 'cut':
      yield { do: wire.breaks.by }
      return true
    case 'error':
      yield writeFrame(JSON.stringify(midwayError), wire)
      return true
    case 'bad-json':
      yield writeFrame(brokenFrame, wire)
      return false
    default:
      return false
  }
}

/** One server-sent event (WHATWG HTML section 9.2), plain or with everything the grammar allows around it. */
function writeFrame(data: string, wire: Wire): Step {
  return wire.bytes === 'crlf'
    ? { do: 'write', data: `: keep-alive\r\n\r\nevent: message\r\nid: 1\r\ndata:${data}\r\n\r\n` }
    : { do: 'write', data: `data: ${data}\n\n` }
}

/** Beyond this many bytes sent one by one the rest goes in full frames: the point is made, and CPU is not free. */
const singleBytesAtMost = 16_384

/** Splits writes into single bytes when the scenario says so; the player sends each as its own packet. */
function* inBytes(steps: Iterable<Step>, wire: Wire): Generator<Step> {
  let sent = 0
  for (const step of steps) {
    if (wire.bytes !== 'one-by-one' || step.do !== 'write' || sent >= singleBytesAtMost) {
      yield step
      continue
    }
    const bytes = Buffer.from(step.data)
    for (let at = 0; at < bytes.length; at++) yield { do: 'write', data: bytes.subarray(at, at + 1) }
    sent += bytes.length
  }
}
