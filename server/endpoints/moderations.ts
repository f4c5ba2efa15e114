import { z } from 'zod'
import { listOf, parseJson, readAnswer, readBody, recordOf, textsIn, writeBody } from './json-body'
import { defineEndpoint, meteredOf, requestOf } from './pass-through'
import { readTokens } from './usage'

/** What the vendor takes when a client names no model. */
const DEFAULT_MODEL = 'omni-moderation-latest'

const wire = z.looseObject({
  model: z.string().min(1).max(200).nullish(),
  input: z.union([z.string(), z.array(z.unknown()).min(1)]),
})

/** A picture as data is no text. */
const isData = (text: string): boolean => text.startsWith('data:')

/** Whether texts and pictures may be shown: https://platform.openai.com/docs/api-reference/moderations/create */
export const moderations = defineEndpoint({
  readRequest(body) {
    const { wire: request, dropped } = readBody(body, wire)
    const pictures = textsIn(request.input).filter(isData)
    return requestOf({
      body,
      model: request.model ?? DEFAULT_MODEL,
      textBytes: Math.max(0, body.byteLength - pictures.reduce((sum, data) => sum + data.length, 0)),
      mediaParts: pictures.length,
      dropped,
    })
  },
  readInputTexts: request => ({ texts: textsIn(wire.parse(parseJson(request.body)).input).filter(text => !isData(text)), messages: 0 }),
  writeUpstreamRequest: (request, upstream) => writeBody(request, upstream, { path: '/moderations', named: Boolean(recordOf(parseJson(request.body)).model) }),
  readReply(body) {
    const answer = readAnswer(body)
    return { metered: meteredOf({ ...readTokens(answer.usage), empty: listOf(answer.results).length === 0 }), contentType: 'application/json' }
  },
})
