import type { CallTarget, ClientRequest, Endpoint, Metered, StreamMeter } from '#server/dialects/dialect'
import { AppError } from '#server/errors/app-error'
import { createEventMeter } from './event-meter'
import { sizeOf } from './form-body'
import { formText, readFormRequest, writeForm } from './form-request'
import { readAnswer, recordOf, textOf } from './json-body'
import type { Wire } from './json-body'
import { defineEndpoint, meteredOf } from './pass-through'
import { readTokens } from './usage'

/** Bytes of a second of sound: what is charged when nobody said how long it is, what is held, and the least a codec makes. */
const BYTES_PER_SECOND = 16_000
const HELD_BYTES_PER_SECOND = 4_000
const LEAST_BYTES_PER_SECOND = 500

const JSON_TYPE = 'application/json'
/** What subtitles and plain words are called. */
const TEXT_TYPE = /^(?:text\/(?:plain|vtt|srt)|application\/(?:x-subrip|srt))\s*(?:;\s*charset="?[\w-]+"?\s*)?$/i

const secondsOf = (bytes: number, perSecond: number): number => Math.max(1, Math.ceil(bytes / perSecond))

function readRequest(body: Uint8Array, target: CallTarget): ClientRequest {
  const form = readFormRequest(body, target)
  // A URL would be fetched by the upstream, and nobody could tell how long its sound is.
  for (const name of ['url', 'file_url']) {
    if (form.field(name)) throw new AppError('unsupported_field', { field: name, why: 'send the file itself' })
  }
  const [file, ...others] = form.files
  if (file?.name !== 'file' || others.length > 0) throw new AppError('invalid_request', { problem: 'file: send exactly one file under this name.' })
  const bytes = sizeOf([file])
  return {
    ...form.base,
    outputMax: undefined,
    needs: ['audioSeconds'],
    units: { most: { audioSeconds: secondsOf(bytes, HELD_BYTES_PER_SECOND) }, expected: { audioSeconds: secondsOf(bytes, BYTES_PER_SECOND) } },
  }
}

/** Tokens or seconds an answer or its last event reports, the other of the two counted. */
function readUsed(answer: Wire, request: ClientRequest): Pick<Metered, 'usage' | 'clamped' | 'units'> {
  const usage = recordOf(answer.usage)
  const tokens = readTokens(usage)
  const said = [usage.seconds, answer.duration].map(Number).find(seconds => Number.isFinite(seconds) && seconds > 0)
  const most = secondsOf(request.body.byteLength, LEAST_BYTES_PER_SECOND)
  const seconds = said === undefined ? request.units?.expected.audioSeconds ?? 1 : Math.min(Math.ceil(said), most)
  return {
    usage: tokens?.usage,
    clamped: (tokens?.clamped ?? false) || (said !== undefined && Math.ceil(said) > most),
    units: { usage: { audioSeconds: seconds }, counted: said === undefined ? ['audioSeconds'] : [] },
  }
}

/** JSON, or the words themselves as text or subtitles where the client asked for those. */
const readReply: Endpoint['readReply'] = (body, { request, contentType }) => {
  const [format = 'json'] = formText(request, 'response_format')
  if (format.endsWith('json') || !TEXT_TYPE.test(contentType)) {
    const answer = readAnswer(body)
    if (typeof answer.text !== 'string') throw new AppError('upstream_malformed', {}, { cause: new Error('no text') })
    return { metered: meteredOf({ ...readUsed(answer, request), text: answer.text }), contentType: JSON_TYPE }
  }
  return { metered: meteredOf({ ...readUsed({}, request), text: Buffer.from(body).toString('utf8') }), contentType }
}

function createStreamMeter(request: ClientRequest): StreamMeter {
  let { units } = readUsed({}, request)
  return createEventMeter((event) => {
    if (event.type !== 'transcript.text.done') return { kind: event.type === 'transcript.text.delta' ? 'content' : 'other', text: textOf(event.delta) }
    const used = readUsed(event, request)
    units = used.units
    return { kind: 'end', tokens: used.usage && { usage: used.usage, clamped: used.clamped } }
  }, () => units)
}

function defineListening(path: string): Endpoint {
  return defineEndpoint({
    readRequest,
    readInputTexts: request => ({ texts: formText(request, 'prompt'), messages: 0 }),
    writeUpstreamRequest: (request, upstream) => writeForm(request, upstream, path),
    readReply,
    createStreamMeter,
  })
}

/** Sound written down: https://platform.openai.com/docs/api-reference/audio/createTranscription */
export const transcriptions = defineListening('/audio/transcriptions')
/** The same, in English: https://platform.openai.com/docs/api-reference/audio/createTranslation */
export const translations = defineListening('/audio/translations')
