import { createSseDecoder } from '#server/dialects/sse'
import type { SseFrame } from '#server/dialects/sse'
import { AppError, toAppError } from '#server/errors/app-error'
import type { Budget } from './budget'
import type { OpenRequest } from './open-request'
import type { Passage, StreamPassage } from './passage'
import type { UpstreamReply } from './upstream'

/** Frames before the first content are kept back at most up to this: a channel may still be changed while they are. */
const PRELUDE_MAX = 1024 * 1024

/**
 * One upstream's stream, frame by frame to the client: metered as it passes, kept back until the first content, without
 * the terminator, which waits for the settlement. Throws AppError for a stream that is broken, cut or an error.
 */
export async function* passStream(open: OpenRequest, reply: UpstreamReply, passage: Passage, budget: Budget): AsyncGenerator<Uint8Array> {
  requireStream(reply)
  const decoder = createSseDecoder()
  const stream = passage.openStream()
  open.metered = stream.meter.metered
  open.terminator = stream.terminator
  let prelude: Uint8Array[] = []
  let preludeBytes = 0

  for await (const chunk of withEnd(reply.chunks)) {
    const passed = observeAll(stream, chunk === 'end' ? decoder.end() : decode(decoder, chunk))
    if (!open.committed && !passed.hasContent) {
      prelude = prelude.concat(passed.bytes)
      preludeBytes += passed.bytes.reduce((sum, bytes) => sum + bytes.byteLength, 0)
      if (preludeBytes > PRELUDE_MAX) throw new AppError('upstream_malformed')
    }
    else {
      if (!open.committed) {
        open.committed = true
        open.firstByteAt = Date.now()
        passed.bytes.unshift(...prelude)
      }
      if (passed.bytes.length > 0) yield join(passed.bytes)
    }
    if (stream.isCut()) {
      open.cut = !passed.ended
      return
    }
    if (passed.failure) throw passed.failure
    if (budget.isSpent()) {
      open.outOfCredit = true
      yield stream.lengthEnd()
      return
    }
    if (passed.ended) break
  }
  if (!stream.meter.metered().finished) throw new AppError('upstream_cut')
  // An answer without any content is still an answer.
  const rest = [...(open.committed ? [] : prelude), stream.close()].filter(bytes => bytes.byteLength > 0)
  if (rest.length > 0) yield join(rest)
}

/** An upstream that answers a stream with something else cannot be passed on as one. */
function requireStream(reply: UpstreamReply): void {
  if (!reply.headers['content-type']?.toLowerCase().includes('event-stream')) throw new AppError('upstream_malformed')
}

async function* withEnd(chunks: AsyncGenerator<Uint8Array>): AsyncGenerator<Uint8Array | 'end'> {
  yield* chunks
  yield 'end'
}

function decode(decoder: ReturnType<typeof createSseDecoder>, chunk: Uint8Array): SseFrame[] {
  try {
    return decoder.push(chunk)
  }
  catch (cause) { throw new AppError('upstream_malformed', {}, { cause }) }
}

interface Passed {
  bytes: Uint8Array[]
  hasContent: boolean
  ended: boolean
  failure: AppError | undefined
}

/** What the frames of a chunk leave for the client. A failure stops the reading, what stood before it still goes out. */
function observeAll(stream: StreamPassage, frames: SseFrame[]): Passed {
  const passed: Passed = { bytes: [], hasContent: false, ended: false, failure: undefined }
  for (const frame of frames) {
    const verdict = stream.meter.observe(frame)
    if (verdict.kind === 'error' || verdict.kind === 'broken') {
      passed.failure = new AppError(verdict.kind === 'error' ? 'upstream_cut' : 'upstream_malformed')
      return passed
    }
    if (verdict.kind === 'content') passed.hasContent = true
    const bytes = stream.pass(frame, verdict)
    if (bytes.byteLength > 0) passed.bytes.push(bytes)
    if (verdict.kind === 'end') {
      passed.ended = true
      return passed
    }
  }
  return passed
}

function join(parts: Uint8Array[]): Uint8Array {
  return parts.length === 1 ? parts[0]! : Buffer.concat(parts)
}

/**
 * Keeps a silent stream alive: whenever nothing came for `everyMs`, the dialect's keep-alive goes out. `first` is a
 * result already asked for.
 */
export async function* keepAlive(
  frames: AsyncGenerator<Uint8Array>,
  first: Promise<IteratorResult<Uint8Array>>,
  options: { bytes: Uint8Array, everyMs: number, onError: (error: AppError) => Uint8Array },
): AsyncGenerator<Uint8Array> {
  let next = first
  try {
    for (;;) {
      const result = await silenceOr(next, options.everyMs)
      if (result === 'silence') {
        yield options.bytes
        continue
      }
      if (result.done) return
      yield result.value
      next = frames.next()
    }
  }
  catch (error) { yield options.onError(toAppError(error)) }
  finally { await frames.return(undefined) }
}

async function silenceOr<T>(promise: Promise<T>, afterMs: number): Promise<T | 'silence'> {
  let timer: NodeJS.Timeout | undefined
  try {
    return await Promise.race([promise, new Promise<'silence'>((resolve) => { timer = setTimeout(resolve, afterMs, 'silence') })])
  }
  finally { clearTimeout(timer) }
}
