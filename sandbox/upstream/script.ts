import type { Wire } from './scenarios.ts'
import type { Step } from './steps.ts'

/** One event of a stream; its name goes on the wire in the dialects that name their events. */
export interface Frame {
  event?: string
  data: string
}

/** A reply as a dialect streams it. The parts are asked for one after the other, so they may share a counter. */
export interface Script {
  /** All that comes before the first word. */
  opening: () => Iterable<Frame>
  /** How many entries `content` has. */
  pieces: number
  /** One entry for each piece of the content, with the events that open and close what it stands in. */
  content: () => Iterable<Frame[]>
  closing: () => Iterable<Frame>
  /** How the stream says that the model broke down. */
  failure: () => Frame[]
  /** Half a JSON text. */
  broken: Frame
}

/** How events become bytes. */
export interface Framing {
  type: string
  first?: string
  last?: string
  between?: string
  frame: (frame: Frame, crlf: boolean) => string
}

/** Server-sent events (WHATWG HTML section 9.2), plain or with everything the grammar allows around them. */
export const eventFraming: Framing = {
  type: 'text/event-stream; charset=utf-8',
  frame: ({ event, data }, crlf) => crlf
    ? `: keep-alive\r\n\r\nevent: ${event ?? 'message'}\r\nid: 1\r\ndata:${data}\r\n\r\n`
    : `${event === undefined ? '' : `event: ${event}\n`}data: ${data}\n\n`,
}

/** The steps of a reply that is sent as one JSON body; `pieces` is how often a paced reply pauses. */
export function* wholeSteps(wire: Wire, pieces: number, body: unknown, failure: unknown): Generator<Step> {
  const pauses = wire.everyMs === undefined ? 0 : wire.everyMs * pieces
  yield { do: 'wait', ms: (wire.headersAfterMs ?? 0) + pauses }
  const bytes = Buffer.from(JSON.stringify(wire.breaks?.by === 'error' ? failure : body))
  const by = wire.breaks?.by
  const half = bytes.subarray(0, bytes.length >> 1)
  // A cut or silent body promises its full length and stops before it; a bad one is whole by its length and ends in the middle.
  const promised = by === 'bad-json' ? half : bytes
  yield { do: 'head', status: 200, headers: { 'content-type': 'application/json', 'content-length': promised.length } }
  if (by === 'silence' || by === 'cut') {
    if (wire.breaks?.at === 'middle') yield { do: 'write', data: half }
    yield { do: by }
    return
  }
  yield* inBytes([{ do: 'write', data: promised }], wire)
}

/** The steps of a reply that is streamed. */
export function* streamSteps(script: Script, wire: Wire, framing: Framing = eventFraming): Generator<Step> {
  yield { do: 'wait', ms: wire.headersAfterMs ?? 0 }
  yield { do: 'head', status: 200, headers: { 'content-type': framing.type, 'cache-control': 'no-cache' } }
  yield* inBytes(framed(eventSteps(script, wire), wire, framing), wire)
}

/** A step, or an event that has no bytes yet. */
type Act = Step | { do: 'frame', frame: Frame }

function* framed(acts: Iterable<Act>, wire: Wire, framing: Framing): Generator<Step> {
  const { first = '', last = '', between = '' } = framing
  let before = first
  for (const act of acts) {
    if (act.do !== 'frame') {
      yield act
      if (act.do === 'cut' || act.do === 'silence') return
      continue
    }
    yield { do: 'write', data: before + framing.frame(act.frame, wire.bytes === 'crlf') }
    before = between
  }
  const end = (before === first ? first : '') + last
  if (end !== '') yield { do: 'write', data: end }
}

function* eventSteps(script: Script, wire: Wire): Generator<Act> {
  const at = wire.breaks?.at
  if (at === 'start' && (yield* breakOff(script, wire))) return
  yield* asActs(script.opening())
  if (at === 'role' && (yield* breakOff(script, wire))) return
  const middle = Math.ceil(script.pieces / 2)
  let place = 0
  for (const frames of script.content()) {
    if (wire.everyMs !== undefined) yield { do: 'wait', ms: wire.everyMs }
    yield* asActs(frames)
    if (++place === middle && at === 'middle' && (yield* breakOff(script, wire))) return
  }
  yield* asActs(script.closing())
}

function* asActs(frames: Iterable<Frame>): Generator<Act> {
  for (const frame of frames) yield { do: 'frame', frame }
}

/** Plays the break of a scenario; returns false when the stream goes on after it. */
function* breakOff(script: Script, wire: Wire): Generator<Act, boolean> {
  switch (wire.breaks?.by) {
    case 'silence':
    case 'cut':
      yield { do: wire.breaks.by }
      return true
    case 'error':
      yield* asActs(script.failure())
      return true
    case 'bad-json':
      yield* asActs([script.broken])
      return false
    default:
      return false
  }
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
