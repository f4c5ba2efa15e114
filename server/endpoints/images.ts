import { z } from 'zod'
import type { ClientRequest, Endpoint, Metered, StreamMeter } from '#server/dialects/dialect'
import { AppError } from '#server/errors/app-error'
import { ANY } from '#shared/schemas/price'
import type { Picture } from '#shared/schemas/price'
import { createEventMeter } from './event-meter'
import { formText, readFormRequest, writeForm } from './form-request'
import { listOf, parseJson, readAnswer, readBody, writeBody } from './json-body'
import { defineEndpoint, meteredOf, requestOf } from './pass-through'
import { readTokens } from './usage'

const IMAGES_MAX = 10
/** Output tokens one picture may come to: 6,240 at the vendor's highest quality, and 100 for each partial picture. */
const TOKENS_PER_IMAGE = 10_000

const wire = z.looseObject({
  model: z.string().min(1).max(200),
  prompt: z.string(),
  n: z.number().int().min(1).max(IMAGES_MAX).nullish(),
  stream: z.boolean().nullish(),
  size: z.string().nullish(),
  quality: z.string().nullish(),
})

type Sold = Pick<ClientRequest, 'outputMax' | 'choices' | 'needs' | 'units'>

function soldFor(n: number, picture: Picture): Sold {
  return { outputMax: TOKENS_PER_IMAGE * n, choices: n, needs: ['image'], units: { most: { image: n }, expected: { image: n }, picture } }
}

function unitsOf(made: number, picture: Picture): NonNullable<Metered['units']> {
  return { usage: made > 0 ? { image: made } : {}, counted: ['image'], picture }
}

/** What a request wants or an answer or event made: `auto` and what is no plain word say nothing. */
const pictureOf = ({ size, quality }: { size?: unknown, quality?: unknown }): Picture => ({ size: wordOf(size), quality: wordOf(quality) })

/** A size may be written `1024x1024`, `1024*1024` or `1024×1024`. */
function wordOf(value: unknown): string | null {
  const word = typeof value === 'string' ? value.trim().toLowerCase().replace(/[*×]/, 'x') : ''
  return /^[\w.:-]{1,32}$/.test(word) && word !== 'auto' && word !== ANY ? word : null
}

/** Pictures made are counted; tokens are as reported. More pictures than were asked for are a gift. */
const readReply: Endpoint['readReply'] = (body, { request }) => {
  const answer = readAnswer(body)
  const made = Math.min(listOf(answer.data).length, request.choices)
  return { metered: meteredOf({ ...readTokens(answer.usage), units: unitsOf(made, pictureOf(answer)), empty: made === 0 }), contentType: 'application/json' }
}

/** Events of both endpoints: partial pictures, and each whole one with its usage. */
function createStreamMeter({ choices }: ClientRequest): StreamMeter {
  let made = 0
  let picture = pictureOf({})
  return createEventMeter((event) => {
    const type = String(event.type)
    if (!type.endsWith('.completed')) return { kind: type.endsWith('.partial_image') ? 'content' : 'other' }
    made = Math.min(made + 1, choices)
    picture = pictureOf(event)
    return { kind: made === choices ? 'end' : 'content', tokens: readTokens(event.usage), finished: true }
  }, () => unitsOf(made, picture))
}

/** Pictures from words: https://platform.openai.com/docs/api-reference/images/create */
export const imageGenerations = defineEndpoint({
  readRequest(body) {
    const { wire: request, dropped } = readBody(body, wire)
    return requestOf({ body, model: request.model, stream: request.stream ?? false, dropped, ...soldFor(request.n ?? 1, pictureOf(request)) })
  },
  readInputTexts: request => ({ texts: [wire.parse(parseJson(request.body)).prompt], messages: 0 }),
  writeUpstreamRequest: (request, upstream) => writeBody(request, upstream, { path: '/images/generations' }),
  readReply,
  createStreamMeter,
})

/** Pictures from pictures, as a form: https://platform.openai.com/docs/api-reference/images/createEdit */
export const imageEdits = defineEndpoint({
  readRequest(body, target) {
    const form = readFormRequest(body, target)
    if (form.files.length === 0) throw new AppError('invalid_request', { problem: 'image: send at least one file.' })
    return { ...form.base, mediaParts: form.files.length, ...soldFor(form.number('n', IMAGES_MAX) ?? 1, pictureOf({ size: form.field('size'), quality: form.field('quality') })) }
  },
  readInputTexts: request => ({ texts: formText(request, 'prompt'), messages: 0 }),
  writeUpstreamRequest: (request, upstream) => writeForm(request, upstream, '/images/edits'),
  readReply,
  createStreamMeter,
})
