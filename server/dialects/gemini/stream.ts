import type { ClientRequest, FrameVerdict, Metered, StreamMeter } from '../dialect'
import { openJsonArray, writeJsonElement } from '../json-array'
import type { SseFrame } from '../sse'
import { terminator } from './upstream'
import { createUsageTally } from './usage'
import type { UsageTally } from './usage'
import { hasContent, parseResponse, producedText } from './wire'
import type { WireResponse } from './wire'

const NOTHING = new Uint8Array(0)

/** State of one stream: what the frames have said so far. */
interface StreamState {
  pieces: string[]
  textBytes: number
  contentFrames: number
  usage: UsageTally
  /** Candidates that were seen, and whether they came to their end. */
  ended: Map<number, boolean>
  blocked: boolean
  done: boolean
}

/**
 * Watches the chunks of a stream as they pass: each is a whole GenerateContentResponse with new parts and usage so far.
 * No chunk says that it is the last, and text may follow a finish reason, so the end is the end of the body.
 */
export function createStreamMeter(request: ClientRequest): StreamMeter {
  const state: StreamState = { pieces: [], textBytes: 0, contentFrames: 0, usage: createUsageTally(), ended: new Map(), blocked: false, done: false }
  if (request.jsonArray) openJsonArray(request)

  function observe(frame: SseFrame): FrameVerdict {
    const { data } = frame
    if (data === undefined) return { kind: 'other', bytes: NOTHING }
    // Compatible upstreams close like OpenAI does; Google's SDKs would take the word for a broken chunk.
    if (data.trim() === '[DONE]') {
      state.done = true
      return { kind: 'end', bytes: terminator(request) }
    }
    const chunk = parseResponse(data)
    if (!chunk) return { kind: 'broken', bytes: NOTHING }
    if (chunk.error != null) return { kind: 'error', bytes: NOTHING }
    const isContent = observeChunk(state, chunk)
    return { kind: isContent ? 'content' : 'other', bytes: request.jsonArray ? writeJsonElement(request, data, isContent) : plainFrame(frame, data) }
  }

  function metered(): Metered {
    const reported = state.usage.read()
    return {
      usage: reported?.usage,
      clamped: reported?.clamped ?? false,
      text: () => state.pieces.join(''),
      textBytes: state.textBytes,
      contentFrames: state.contentFrames,
      finished: state.done || state.blocked || (state.ended.size > 0 && [...state.ended.values()].every(Boolean)),
    }
  }

  return { observe, metered }
}

/** Collects what the candidates say; true when they carry content. */
function observeChunk(state: StreamState, chunk: WireResponse): boolean {
  let isContent = false
  if (chunk.promptFeedback?.blockReason) state.blocked = true
  if (chunk.usageMetadata != null) state.usage.add(chunk.usageMetadata)
  for (const candidate of chunk.candidates ?? []) {
    const index = candidate.index ?? 0
    state.ended.set(index, Boolean(candidate.finishReason) || (state.ended.get(index) ?? false))
    for (const part of candidate.content?.parts ?? []) {
      if (hasContent(part)) isContent = true
      const text = producedText(part)
      if (!text) continue
      state.pieces.push(text)
      state.textBytes += Buffer.byteLength(text)
    }
  }
  if (isContent) state.contentFrames++
  return isContent
}

const DATA = Buffer.from('data: ')

/** Google's JavaScript client reads nothing but `data:` lines: a frame with a comment or a name beside them is framed anew. */
function plainFrame(frame: SseFrame, data: string): Uint8Array {
  const bytes = Buffer.from(frame.bytes.buffer, frame.bytes.byteOffset, frame.bytes.byteLength)
  const isPlain = bytes.subarray(0, DATA.length).equals(DATA) && bytes.length - Buffer.byteLength(data) - DATA.length <= 4
  return isPlain ? frame.bytes : Buffer.from(`data: ${data}\r\n\r\n`)
}
