import { openaiChat } from '#server/dialects/openai-chat'
import type { ClientRequest, Endpoint, Metered, UpstreamFailure } from '#server/dialects/dialect'
import { AppError } from '#server/errors/app-error'

type Given = 'readRequest' | 'readInputTexts' | 'writeUpstreamRequest' | 'readReply'

export const NOTHING: Uint8Array = new Uint8Array(0)
/** Statuses of a server that does not have the endpoint at all. */
const MISSING = new Set([404, 405, 501])

/** An endpoint beside Chat Completions: errors and events are those of that dialect, bytes pass. */
export function defineEndpoint(parts: Pick<Endpoint, Given> & Partial<Omit<Endpoint, Given | 'id' | 'passOnly'>>): Endpoint {
  return {
    id: openaiChat.id,
    passOnly: true,
    streamType: openaiChat.streamType,
    keepAlive: openaiChat.keepAlive,
    terminator: () => NOTHING,
    writeLengthEnd: () => NOTHING,
    writeError: openaiChat.writeError,
    writeErrorFrame: openaiChat.writeErrorFrame,
    createStreamMeter: () => { throw new AppError('internal', {}, { cause: new Error('this endpoint does not stream') }) },
    readUpstreamFailure,
    ...parts,
  }
}

/** A channel without this endpoint is not ill: the next one is asked, and its health stays as it is. */
export function readUpstreamFailure(status: number, body: Uint8Array): UpstreamFailure {
  const failure = openaiChat.readUpstreamFailure(status, body)
  return MISSING.has(status) ? { ...failure, blame: 'endpoint' } : failure
}

/** A request that asks for no output tokens, unless `parts` say otherwise. */
export function requestOf(parts: Pick<ClientRequest, 'body' | 'model'> & Partial<ClientRequest>): ClientRequest {
  return {
    stream: false,
    wantsUsage: false,
    outputMax: 0,
    choices: 1,
    textBytes: parts.body.byteLength,
    mediaParts: 0,
    needs: [],
    dropped: [],
    headers: {},
    jsonArray: false,
    ...parts,
  }
}

/** What a whole answer was worth; without `text` it is one piece of content that is no text. */
export function meteredOf({ text = '', usage, clamped = false, units, empty = false }: Partial<Pick<Metered, 'usage' | 'clamped' | 'units'>> & { text?: string, empty?: boolean }): Metered {
  return {
    usage,
    clamped,
    ...(units ? { units } : {}),
    text: () => text,
    textBytes: Buffer.byteLength(text),
    contentFrames: empty ? 0 : 1,
    finished: true,
  }
}
