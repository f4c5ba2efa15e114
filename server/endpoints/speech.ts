import { z } from 'zod'
import type { ClientRequest, Metered, StreamMeter } from '#server/dialects/dialect'
import { AppError } from '#server/errors/app-error'
import { createEventMeter } from './event-meter'
import { parseJson, readBody, writeBody } from './json-body'
import { defineEndpoint, meteredOf, requestOf } from './pass-through'
import { readTokens } from './usage'

/** The most output tokens a character may come to, said slowly, and what silence around it may. */
const TOKENS_PER_CHARACTER = 40
const TOKENS_SLACK = 200

const wire = z.looseObject({
  model: z.string().min(1).max(200),
  input: z.string().min(1),
  /** A voice made in the operator's account has an id instead of a name. */
  voice: z.string().nullish(),
  stream_format: z.string().nullish(),
})

/** Code points: what looks like one sign may be several, but never half of one. */
function countCharacters(text: string): number {
  let count = 0
  for (const _ of text) count++
  return count
}

function unitsOf({ units }: ClientRequest): NonNullable<Metered['units']> {
  return { usage: units?.expected ?? {}, counted: ['characters'] }
}

function createStreamMeter(request: ClientRequest): StreamMeter {
  return createEventMeter((event) => {
    if (event.type === 'speech.audio.done') return { kind: 'end', tokens: readTokens(event.usage) }
    return { kind: event.type === 'speech.audio.delta' ? 'content' : 'other' }
  }, () => unitsOf(request))
}

/** Sound, or bytes that say nothing of themselves. A page or JSON is no speech. Throws AppError `upstream_malformed`. */
function readType(contentType: string): string {
  const type = contentType.trim() || 'application/octet-stream'
  if (!/^(?:audio\/[\w.+-]+|(?:application|binary)\/octet-stream)\s*(?:;[\w\s=".+;-]*)?$/i.test(type)) throw new AppError('upstream_malformed', {}, { cause: new Error(`speech of type ${type.slice(0, 100)}`) })
  return type
}

/** Text spoken, as sound or as events: https://platform.openai.com/docs/api-reference/audio/createSpeech */
export const speech = defineEndpoint({
  readRequest(body) {
    const { wire: request, dropped } = readBody(body, wire)
    const characters = countCharacters(request.input)
    const stream = request.stream_format === 'sse'
    return requestOf({
      body,
      model: request.model,
      stream,
      outputMax: stream ? characters * TOKENS_PER_CHARACTER + TOKENS_SLACK : 0,
      needs: ['characters'],
      units: { most: { characters }, expected: { characters } },
      dropped,
    })
  },
  readInputTexts: request => ({ texts: [wire.parse(parseJson(request.body)).input], messages: 0 }),
  writeUpstreamRequest: (request, upstream) => writeBody(request, upstream, { path: '/audio/speech', accept: '*/*' }),
  readReply(body, { request, contentType }) {
    const type = readType(contentType)
    if (body.byteLength === 0) throw new AppError('upstream_malformed', {}, { cause: new Error('silence') })
    return { metered: meteredOf({ units: unitsOf(request) }), contentType: type }
  },
  createStreamMeter,
})
