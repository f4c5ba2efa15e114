import type { Quirks } from '#shared/schemas/quirks'
import type { ClientRequest, FrameVerdict, Metered, StreamMeter } from '../dialect'
import type { SseFrame } from '../sse'
import { parseShallow } from '../json-depth'
import { readUsage } from './usage'
import { errorIn, filled, isBroken, NOTHING, recordOf, recordsOf, reportedUsage, textOfDelta } from './wire'
import type { Wire } from './wire'

const EMPTY_USAGE = ',"usage":null'

/** State of one stream: what the frames have said so far. */
interface StreamState {
  pieces: string[]
  textBytes: number
  contentFrames: number
  usage: ReturnType<typeof readUsage>
  finished: boolean
}

/**
 * Watches the frames of a stream as they pass: https://platform.openai.com/docs/api-reference/chat/streaming
 * Usage stands in a last chunk without choices; compatible upstreams put it into the finish chunk or into every chunk, one
 * even beside an error. The last one counts. A client that did not ask for it does not see it.
 */
export function createStreamMeter(request: ClientRequest, quirks?: Quirks): StreamMeter {
  const state: StreamState = { pieces: [], textBytes: 0, contentFrames: 0, usage: undefined, finished: false }

  function observe(frame: SseFrame): FrameVerdict {
    if (frame.data === undefined) return { kind: 'other', bytes: frame.bytes }
    if (frame.data.trim() === '[DONE]') {
      state.finished = true
      return { kind: 'end', bytes: frame.bytes }
    }
    const chunk = parseChunk(frame.data)
    if (!chunk) return { kind: 'broken', bytes: NOTHING }
    const reported = reportedUsage(chunk)
    if (reported != null) state.usage = readUsage(reported, quirks) ?? state.usage
    if (errorIn(chunk) !== undefined || recordsOf(chunk.choices).some(choice => isBroken(choice.finish_reason))) return { kind: 'error', bytes: NOTHING }
    const hasContent = observeChoices(state, chunk)
    return { kind: hasContent ? 'content' : 'other', bytes: request.wantsUsage ? frame.bytes : withoutUsage(frame, chunk) }
  }

  function metered(): Metered {
    return {
      usage: state.usage?.usage,
      clamped: state.usage?.clamped ?? false,
      text: () => state.pieces.join(''),
      textBytes: state.textBytes,
      contentFrames: state.contentFrames,
      finished: state.finished,
    }
  }

  return { observe, metered }
}

/** Collects what the choices say; true when they carry content. */
function observeChoices(state: StreamState, chunk: Wire): boolean {
  let hasContent = false
  for (const choice of recordsOf(chunk.choices)) {
    if (filled(choice.finish_reason)) state.finished = true
    const text = textOfDelta(recordOf(choice.delta))
    if (!text) continue
    hasContent = true
    state.pieces.push(text)
    state.textBytes += Buffer.byteLength(text)
  }
  if (hasContent) state.contentFrames++
  return hasContent
}

function parseChunk(data: string): Wire | undefined {
  try {
    const chunk = parseShallow(data)
    return typeof chunk === 'object' && chunk !== null && !Array.isArray(chunk) ? chunk as Wire : undefined
  }
  catch { return undefined }
}

/** The frame as it would be had nobody asked for usage: hidden when it is the usage chunk, else without the field. */
function withoutUsage(frame: SseFrame, chunk: Wire): Uint8Array {
  if (chunk.usage === undefined) return frame.bytes
  if (chunk.usage !== null && recordsOf(chunk.choices).length === 0) return NOTHING
  const text = Buffer.from(frame.bytes).toString('utf8')
  // Inside a JSON string a quote is escaped, so this sequence can only be the field itself.
  if (chunk.usage === null && text.includes(EMPTY_USAGE)) return Buffer.from(text.replace(EMPTY_USAGE, ''))
  const { usage: _, ...rest } = chunk
  return Buffer.from(`data: ${JSON.stringify(rest)}\n\n`)
}
