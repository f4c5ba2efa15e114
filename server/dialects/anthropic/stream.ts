import type { Usage } from '#shared/schemas/price'
import type { ClientRequest, FrameVerdict, Metered, StreamMeter } from '../dialect'
import type { SseFrame } from '../sse'
import { parseShallow } from '../json-depth'
import { MESSAGE_STOP } from './upstream'
import { mergeUsage, readUsage } from './usage'
import { isRecord, recordIn, stringIn } from './wire'
import type { Json } from './wire'

/** `openBlock`: the block a polite end must close first. */
export interface MessagesMetered extends Metered { openBlock: number | undefined }

/** State of one stream: what the frames have said so far. */
interface StreamState {
  pieces: string[]
  textBytes: number
  contentFrames: number
  started: boolean
  blockSeen: boolean
  /** The frame at hand is not for the client. */
  hidden: boolean
  openBlock: number | undefined
  model: string | undefined
  usage: Json | undefined
  /** message_start guesses the output; only message_delta knows it. */
  outputKnown: boolean
  finished: boolean
}

type Kind = FrameVerdict['kind']

const NOTHING = new Uint8Array(0)
/** Bytes of a token, low rather than high: what is guessed is never more than what was delivered. */
const BYTES_PER_TOKEN = 4

/**
 * Watches the frames of a stream as they pass: https://docs.anthropic.com/en/docs/build-with-claude/streaming
 * Usage starts in message_start and is overwritten by every message_delta, never added. Where the stream was cut before
 * one, the input is exact and the output what the delivered text amounts to.
 */
export function createStreamMeter(_request: ClientRequest): StreamMeter {
  const state: StreamState = { pieces: [], textBytes: 0, contentFrames: 0, started: false, blockSeen: false, hidden: false, openBlock: undefined, model: undefined, usage: undefined, outputKnown: false, finished: false }

  function observe(frame: SseFrame): FrameVerdict {
    if (frame.data === undefined) return { kind: 'other', bytes: frame.bytes }
    // Some compatible upstreams end like another vendor; the client still needs this one's end.
    if (frame.data === '[DONE]') return { kind: 'end', bytes: MESSAGE_STOP }
    const event = parseEvent(frame.data)
    if (!event) return { kind: 'broken', bytes: NOTHING }
    const type = stringIn(event, 'type') ?? ''
    state.hidden = false
    // An unknown event says nothing here, but may say something to the client.
    const kind = (Object.hasOwn(observers, type) ? observers[type]!(state, event) : undefined) ?? (event.error === undefined ? 'other' : 'error')
    if (kind === 'content') state.contentFrames++
    return { kind, bytes: kind === 'error' || state.hidden ? NOTHING : frame.bytes }
  }

  return { observe, metered: () => meteredOf(state) }
}

function meteredOf(state: StreamState): MessagesMetered {
  const reading = readUsage(state.usage, state.model)
  const usage = reading?.usage
  // Some upstreams begin with zeros and say everything at the end: where that never came, nothing is known.
  if (!state.outputKnown && usage && !hasInput(usage)) return meteredOf({ ...state, usage: undefined })
  const guessed = Math.ceil(state.textBytes / BYTES_PER_TOKEN)
  const known = usage === undefined || state.outputKnown ? usage : { ...usage, output: Math.max(usage.output ?? 0, guessed) }
  return {
    usage: known,
    clamped: reading?.clamped ?? false,
    text: () => state.pieces.join(''),
    textBytes: state.textBytes,
    contentFrames: state.contentFrames,
    finished: state.finished,
    openBlock: state.openBlock,
  }
}

const hasInput = ({ input = 0, cachedInput = 0, cacheWrite5m = 0, cacheWrite1h = 0 }: Usage): boolean => input + cachedInput + cacheWrite5m + cacheWrite1h > 0

/** What each event does to the state; the verdict is `other` where none is given. */
const observers: Record<string, (state: StreamState, event: Json) => Kind | undefined> = {
  message_start(state, event) {
    // A second beginning behind a block is another attempt spliced in: what was sent can no longer be true.
    if (state.blockSeen) return 'error'
    // Before any block it is harmless, but the client must see one only.
    state.hidden = state.started
    const message = recordIn(event, 'message')
    state.started = true
    state.model = stringIn(message, 'model')
    state.usage = mergeUsage(undefined, message?.usage)
    return undefined
  },
  content_block_start(state, event) {
    state.blockSeen = true
    state.openBlock = typeof event.index === 'number' ? event.index : undefined
    const block = recordIn(event, 'content_block')
    const produced = collect(state, textOfBlock(block))
    return produced || block?.type === 'redacted_thinking' ? 'content' : undefined
  },
  content_block_delta(state, event) {
    const delta = recordIn(event, 'delta')
    const produced = collect(state, textOfDelta(delta))
    // A signature proves thinking that is billed, though nothing of it is shown.
    return produced || delta?.type === 'signature_delta' ? 'content' : undefined
  },
  content_block_stop(state) {
    state.openBlock = undefined
    return undefined
  },
  message_delta(state, event) {
    if (isRecord(event.usage)) {
      state.usage = mergeUsage(state.usage, event.usage)
      if (typeof event.usage.output_tokens === 'number') state.outputKnown = true
    }
    if (stringIn(recordIn(event, 'delta'), 'stop_reason') !== undefined) state.finished = true
    return undefined
  },
  message_stop(state) {
    state.finished = true
    return 'end'
  },
  error: () => 'error',
}

function collect(state: StreamState, text: string): boolean {
  if (!text) return false
  state.pieces.push(text)
  state.textBytes += Buffer.byteLength(text)
  return true
}

/** What the model produced in a block: names of calls, and text that compatible upstreams put into the start already. */
export function textOfBlock(block: Json | undefined): string {
  if (block === undefined) return ''
  const input = isRecord(block.input) && Object.keys(block.input).length > 0 ? JSON.stringify(block.input) : ''
  const called = block.type === 'tool_use' || block.type === 'server_tool_use' ? (stringIn(block, 'name') ?? '') + input : ''
  if (block.type === 'text') return stringIn(block, 'text') ?? ''
  return block.type === 'thinking' ? stringIn(block, 'thinking') ?? '' : called
}

function textOfDelta(delta: Json | undefined): string {
  return stringIn(delta, 'text') ?? stringIn(delta, 'thinking') ?? stringIn(delta, 'partial_json') ?? ''
}

function parseEvent(data: string): Json | undefined {
  try {
    const event = parseShallow(data)
    return isRecord(event) ? event : undefined
  }
  catch { return undefined }
}
