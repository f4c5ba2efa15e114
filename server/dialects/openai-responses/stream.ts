import type { ClientRequest, FrameVerdict, Metered, StreamMeter } from '../dialect'
import type { SseFrame } from '../sse'
import { textOfItem } from './reply'
import { readUsage } from './usage'
import type { Fields } from './wire'
import { entryOf, isFields, parseEvent, textOf } from './wire'

const NOTHING = new Uint8Array(0)

/** What an end written by Vapor must continue: the response's id and its counter, and the items that were whole. */
export interface Trail {
  id: string | undefined
  created: number | undefined
  model: string | undefined
  /** The last `sequence_number` seen. */
  sequence: number
  items: Fields[]
}

export interface TrackedMetered extends Metered { trail: Trail }

/** State of one stream: what the frames have said so far. */
interface MeterState {
  pieces: string[]
  textBytes: number
  contentFrames: number
  usage: ReturnType<typeof readUsage>
  finished: boolean
  /** Indexes of items whose text came in deltas: the copies in their done events are not counted again. */
  streamed: Set<unknown>
  trail: Trail
}

/**
 * Watches the events of a stream as they pass: https://platform.openai.com/docs/api-reference/responses-streaming
 * Usage stands in the last event, be it completed, incomplete or failed. Items are told apart by `output_index`,
 * because some upstreams change the ids of items with every event.
 */
export function createStreamMeter(_request: ClientRequest): StreamMeter {
  const state: MeterState = {
    pieces: [],
    textBytes: 0,
    contentFrames: 0,
    usage: undefined,
    finished: false,
    streamed: new Set(),
    trail: { id: undefined, created: undefined, model: undefined, sequence: -1, items: [] },
  }

  function observe(frame: SseFrame): FrameVerdict {
    if (frame.data === undefined) return { kind: 'other', bytes: frame.bytes }
    // Not of this API, but some upstreams append it.
    if (frame.data === '[DONE]') return { kind: 'end', bytes: NOTHING }
    const event = parseEvent(frame.data)
    if (!event) return { kind: 'broken', bytes: NOTHING }
    if (typeof event.sequence_number === 'number') state.trail.sequence = event.sequence_number
    const type = textOf(event.type) ?? ''
    if (type === 'error' || (type === '' && event.error != null)) return { kind: 'error', bytes: NOTHING }
    const kind = type.endsWith('.delta') ? observeDelta(state, event) : entryOf(observers, type)?.(state, event) ?? 'other'
    return { kind, bytes: kind === 'error' ? NOTHING : frame.bytes }
  }

  function metered(): TrackedMetered {
    return {
      usage: state.usage?.usage,
      clamped: state.usage?.clamped ?? false,
      text: () => state.pieces.join(''),
      textBytes: state.textBytes,
      contentFrames: state.contentFrames,
      finished: state.finished,
      trail: { ...state.trail, items: [...state.trail.items] },
    }
  }

  return { observe, metered }
}

type Kind = FrameVerdict['kind']

const observers: Record<string, (state: MeterState, event: Fields) => Kind> = {
  'response.created': (state, event) => {
    if (!isFields(event.response)) return 'other'
    state.trail.id = textOf(event.response.id)
    state.trail.model = textOf(event.response.model)
    if (typeof event.response.created_at === 'number') state.trail.created = event.response.created_at
    return 'other'
  },
  // The name of a tool is output too, and all of a call without arguments.
  'response.output_item.added': (state, event) => collect(state, isFields(event.item) ? textOf(event.item.name) ?? '' : ''),
  'response.output_item.done': (state, event) => {
    if (!isFields(event.item)) return 'other'
    state.trail.items.push(event.item)
    if (state.streamed.has(event.output_index)) return 'other'
    const { name: _, ...unnamed } = event.item
    return collect(state, textOfItem(unnamed))
  },
  'response.completed': (state, event) => end(state, event, 'end'),
  'response.incomplete': (state, event) => end(state, event, 'end'),
  'response.failed': (state, event) => end(state, event, 'error'),
  'response.cancelled': (state, event) => end(state, event, 'error'),
}

/** Every event of this name is a piece of output: text, refusal, reasoning, arguments of a call. */
function observeDelta(state: MeterState, event: Fields): Kind {
  const delta = textOf(event.delta) ?? ''
  if (delta) state.streamed.add(event.output_index)
  return collect(state, delta)
}

function collect(state: MeterState, text: string): Kind {
  if (!text) return 'other'
  state.pieces.push(text)
  state.textBytes += Buffer.byteLength(text)
  state.contentFrames++
  return 'content'
}

function end(state: MeterState, event: Fields, kind: 'end' | 'error'): Kind {
  const response = isFields(event.response) ? event.response : {}
  state.usage = readUsage(response.usage) ?? state.usage
  // Some upstreams say nothing before the last event, which then holds all there is to count.
  if (state.contentFrames === 0 && Array.isArray(response.output)) for (const item of response.output.filter(isFields)) collect(state, textOfItem(item))
  state.finished = kind === 'end'
  return kind
}
