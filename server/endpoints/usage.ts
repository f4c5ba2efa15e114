import { z } from 'zod'
import type { Usage } from '#shared/schemas/price'

const count = z.number().int().min(0).max(Number.MAX_SAFE_INTEGER)
const details = z.looseObject({ audio_tokens: count.nullish().catch(undefined), image_tokens: count.nullish().catch(undefined) }).nullish().catch(undefined)

const wire = z.looseObject({
  prompt_tokens: count.nullish(),
  input_tokens: count.nullish(),
  output_tokens: count.nullish(),
  completion_tokens: count.nullish(),
  total_tokens: count.nullish(),
  input_token_details: details,
  input_tokens_details: details,
})

/** Tokens an answer reports, in disjoint classes. */
export interface Tokens { usage: Usage, clamped: boolean }

/**
 * `usage` of the endpoints that are no conversation: `prompt_tokens` of embeddings, `input_tokens` and `output_tokens` of
 * pictures and sound, a bare `total_tokens` of rerankers. Undefined when nothing usable or nothing at all was counted.
 * https://platform.openai.com/docs/api-reference/embeddings/create, …/images/create, …/audio/createTranscription
 */
export function readTokens(raw: unknown): Tokens | undefined {
  const parsed = wire.safeParse(raw)
  if (!parsed.success) return undefined
  const { data } = parsed
  const output = data.output_tokens ?? data.completion_tokens ?? 0
  const prompt = data.prompt_tokens ?? data.input_tokens ?? Math.max(0, (data.total_tokens ?? 0) - output)
  if (prompt + output === 0) return undefined
  const parts = data.input_token_details ?? data.input_tokens_details
  const audioInput = Math.min(parts?.audio_tokens ?? 0, prompt)
  const imageInput = Math.min(parts?.image_tokens ?? 0, prompt - audioInput)
  return {
    usage: withoutZeros({ input: prompt - audioInput - imageInput, audioInput, imageInput, output }),
    clamped: audioInput + imageInput !== (parts?.audio_tokens ?? 0) + (parts?.image_tokens ?? 0),
  }
}

/** Adds up what several events report. */
export function addTokens(one: Tokens | undefined, other: Tokens | undefined): Tokens | undefined {
  if (!one || !other) return other ?? one
  const usage: Usage = { ...one.usage }
  for (const [name, units] of Object.entries(other.usage)) usage[name as keyof Usage] = (usage[name as keyof Usage] ?? 0) + units
  return { usage, clamped: one.clamped || other.clamped }
}

function withoutZeros(usage: Usage): Usage {
  return Object.fromEntries(Object.entries(usage).filter(([, units]) => units)) as Usage
}
