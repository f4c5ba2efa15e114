/**
 * Server-sent events, read from chunks cut anywhere (https://html.spec.whatwg.org/multipage/server-sent-events.html):
 * LF, CRLF or CR line ends, comments, several `data:` lines, a last event without its blank line.
 */
export interface SseFrame {
  /** The bytes as they came, blank line included. */
  bytes: Uint8Array
  /** The joined `data:` lines; undefined when the frame has none (a comment, a bare event name). */
  data: string | undefined
}

export interface SseDecoder {
  push(chunk: Uint8Array): SseFrame[]
  /** What is left when the stream ends without a blank line. */
  end(): SseFrame[]
}

const LF = 10
const CR = 13
const FRAME_MAX = 32 * 1024 * 1024

/** Throws RangeError for a frame beyond 32 MiB: an upstream must not fill the memory. */
export function createSseDecoder(): SseDecoder {
  let pending: Buffer = Buffer.alloc(0)
  /** Where the scan goes on and where the current line began, within `pending`. */
  let position = 0
  let lineStart = 0

  function push(chunk: Uint8Array): SseFrame[] {
    pending = pending.length === 0 ? Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength) : Buffer.concat([pending, chunk])
    const frames: SseFrame[] = []
    let frameStart = 0
    for (;;) {
      const end = lineEnd(pending, position)
      if (end === undefined) break
      const blank = end.at === lineStart
      position = lineStart = end.next
      if (!blank) continue
      // A blank line right behind another ends nothing; it travels with the frame that follows.
      if (end.at === frameStart) continue
      frames.push(toFrame(pending.subarray(frameStart, end.next)))
      frameStart = end.next
    }
    if (pending.length - frameStart > FRAME_MAX) throw new RangeError('an event is larger than 32 MiB')
    keep(frameStart)
    return frames
  }

  /** Keeps the unfinished rest as a copy: a slice would pin the whole network buffer. */
  function keep(from: number): void {
    pending = from === pending.length ? Buffer.alloc(0) : Buffer.from(pending.subarray(from))
    lineStart -= from
    position = pending.length === 0 ? 0 : Math.max(lineStart, pending.length - 1)
    if (pending.length === 0) lineStart = 0
  }

  function end(): SseFrame[] {
    const rest = pending
    pending = Buffer.alloc(0)
    position = lineStart = 0
    return rest.length === 0 ? [] : [toFrame(rest)]
  }

  return { push, end }
}

/**
 * The next line end at or behind `from`: where the line stops and where the next begins. A CR at the very end of the
 * bytes is not an end yet, because its LF may come with the next chunk.
 */
function lineEnd(bytes: Buffer, from: number): { at: number, next: number } | undefined {
  const lf = bytes.indexOf(LF, from)
  const cr = bytes.subarray(from, lf === -1 ? undefined : lf).indexOf(CR)
  if (cr !== -1) {
    const at = from + cr
    if (at + 1 === lf) return { at, next: lf + 1 }
    if (at + 1 < bytes.length) return { at, next: at + 1 }
    return undefined
  }
  return lf === -1 ? undefined : { at: lf, next: lf + 1 }
}

function toFrame(bytes: Buffer): SseFrame {
  const text = bytes.toString('utf8')
  let data: string | undefined
  for (const line of text.split(/\r\n|\n|\r/)) {
    if (!line.startsWith('data:')) continue
    const value = line.startsWith('data: ') ? line.slice(6) : line.slice(5)
    data = data === undefined ? value : `${data}\n${value}`
  }
  return { bytes, data }
}
