import { z } from 'zod'
import { openaiChat } from '#server/dialects/openai-chat'
import type { ClientRequest, Metered, StreamMeter } from '#server/dialects/dialect'
import type { Quirks } from '#shared/schemas/quirks'
import { AppError } from '#server/errors/app-error'
import { isWire, parseJson, readAnswer, readBody, textOf, textsIn } from './json-body'
import { defineEndpoint, requestOf } from './pass-through'

const positiveInt = z.number().int().min(1).max(10_000_000)

const wire = z.looseObject({
  model: z.string().min(1).max(200),
  prompt: z.union([z.string(), z.array(z.unknown()).min(1)]),
  stream: z.boolean().nullish(),
  stream_options: z.looseObject({ include_usage: z.boolean().nullish() }).nullish(),
  max_tokens: positiveInt.nullish(),
  n: z.number().int().min(1).max(128).nullish(),
  best_of: z.number().int().min(1).max(128).nullish(),
})

/** One prompt is a text or a list of tokens; a list of those is many prompts. */
function promptsIn(prompt: string | unknown[]): number {
  return typeof prompt === 'string' || typeof prompt[0] === 'number' ? 1 : prompt.length
}

function readRequest(body: Uint8Array): ClientRequest {
  const { wire: request, dropped } = readBody(body, wire)
  const best = request.best_of ?? 1
  // Answers that were thrown away are paid for, too, and cannot be seen.
  if (best > (request.n ?? 1) && !request.max_tokens) throw new AppError('invalid_request', { problem: 'best_of: say max_tokens with it.' })
  const choices = Math.max(request.n ?? 1, best) * promptsIn(request.prompt)
  return requestOf({
    body,
    model: request.model,
    stream: request.stream ?? false,
    wantsUsage: request.stream_options?.include_usage ?? false,
    outputMax: request.max_tokens ? request.max_tokens * choices : undefined,
    choices,
    dropped,
  })
}

function readInputTexts(request: ClientRequest): { texts: string[], messages: number } {
  const { prompt, suffix } = wire.parse(parseJson(request.body))
  return { texts: [...textsIn(prompt), ...textsIn(suffix)], messages: 0 }
}

function textOfChoices(answer: Record<string, unknown>): string {
  return Array.isArray(answer.choices) ? answer.choices.map(choice => isWire(choice) ? textOf(choice.text) : '').join('') : ''
}

/** Chat Completions reads usage, finish and errors; only the text stands elsewhere. */
function createStreamMeter(request: ClientRequest, quirks?: Quirks): StreamMeter {
  const chat = openaiChat.createStreamMeter(request, quirks)
  const pieces: string[] = []
  let textBytes = 0
  return {
    observe(frame) {
      const verdict = chat.observe(frame)
      if (verdict.kind !== 'other' || !frame.data) return verdict
      const text = textOfChoices(JSON.parse(frame.data) as Record<string, unknown>)
      if (!text) return verdict
      pieces.push(text)
      textBytes += Buffer.byteLength(text)
      return { ...verdict, kind: 'content' }
    },
    metered: () => ({ ...chat.metered(), text: () => pieces.join(''), textBytes, contentFrames: pieces.length }),
  }
}

function writeLengthEnd(request: ClientRequest, metered: Metered): Uint8Array {
  const usage = request.wantsUsage && metered.usage ? { usage: { prompt_tokens: metered.usage.input ?? 0, completion_tokens: metered.usage.output ?? 0 } } : {}
  const chunk = { id: 'cmpl-vapor', object: 'text_completion', created: Math.floor(Date.now() / 1000), model: request.model, choices: [{ index: 0, text: '', logprobs: null, finish_reason: 'length' }], ...usage }
  return Buffer.from(`data: ${JSON.stringify(chunk)}\n\n`)
}

/** Legacy text completion, whole and streamed: https://platform.openai.com/docs/api-reference/completions/create */
export const completions = defineEndpoint({
  readRequest,
  readInputTexts,
  writeUpstreamRequest: (request, upstream) => ({ ...openaiChat.writeUpstreamRequest(request, upstream), path: '/completions' }),
  readReply(body, { quirks }) {
    const text = textOfChoices(readAnswer(body))
    return { metered: { ...openaiChat.readReply(body, quirks), text: () => text, textBytes: Buffer.byteLength(text), contentFrames: text ? 1 : 0 }, contentType: 'application/json' }
  },
  createStreamMeter,
  terminator: openaiChat.terminator,
  writeLengthEnd,
})
