import type { FrameVerdict, Metered, StreamMeter } from '#server/dialects/dialect'
import type { SseFrame } from '#server/dialects/sse'
import { hasError, isWire } from './json-body'
import type { Wire } from './json-body'
import { NOTHING } from './pass-through'
import { addTokens } from './usage'
import type { Tokens } from './usage'

/** What one event means. */
export interface EventReading {
  kind: 'content' | 'other' | 'end'
  text?: string
  tokens?: Tokens | undefined
  /** What has come is an answer, should nothing follow. */
  finished?: boolean
}

/** Watches a stream of typed events: each is read by `read`, and `units` says what they came to so far. */
export function createEventMeter(read: (event: Wire) => EventReading, units: () => Metered['units']): StreamMeter {
  const pieces: string[] = []
  let tokens: Tokens | undefined
  let contentFrames = 0
  let finished = false

  function observe(frame: SseFrame): FrameVerdict {
    if (frame.data === undefined) return { kind: 'other', bytes: frame.bytes }
    if (frame.data.trim() === '[DONE]') {
      finished = true
      return { kind: 'end', bytes: frame.bytes }
    }
    const event = parse(frame.data)
    if (!event) return { kind: 'broken', bytes: NOTHING }
    if (event.type === 'error' || hasError(event)) return { kind: 'error', bytes: NOTHING }
    const reading = read(event)
    if (reading.text) pieces.push(reading.text)
    tokens = addTokens(tokens, reading.tokens)
    if (reading.kind !== 'other') contentFrames++
    finished ||= reading.kind === 'end' || (reading.finished ?? false)
    return { kind: reading.kind, bytes: frame.bytes }
  }

  function metered(): Metered {
    const text = pieces.join('')
    const known = units()
    return {
      usage: tokens?.usage,
      clamped: tokens?.clamped ?? false,
      ...(known ? { units: known } : {}),
      text: () => text,
      textBytes: Buffer.byteLength(text),
      contentFrames,
      finished,
    }
  }

  return { observe, metered }
}

function parse(data: string): Wire | undefined {
  try {
    const event = JSON.parse(data) as unknown
    return isWire(event) ? event : undefined
  }
  catch { return undefined }
}
