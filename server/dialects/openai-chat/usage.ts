import { z } from 'zod'
import type { Usage } from '#shared/schemas/price'
import type { Quirks } from '#shared/schemas/quirks'

const count = z.number().int().min(0).max(Number.MAX_SAFE_INTEGER)
const part = count.nullish().catch(undefined).transform(value => value ?? 0)

const wire = z.looseObject({
  prompt_tokens: count,
  completion_tokens: count,
  total_tokens: part,
  prompt_tokens_details: z.looseObject({ cached_tokens: count.nullish().catch(undefined), cache_write_tokens: part, audio_tokens: part }).nullish().catch(undefined),
  completion_tokens_details: z.looseObject({ reasoning_tokens: part, audio_tokens: part }).nullish().catch(undefined),
  /** DeepSeek's name for cached tokens, older than the details. */
  prompt_cache_hit_tokens: part,
})

/**
 * `usage` of Chat Completions into disjoint classes. Cached, written and audio tokens are parts of `prompt_tokens`,
 * reasoning and audio parts of `completion_tokens`; a part larger than its whole is cut to it. Where the total is exactly
 * prompt, completion and reasoning together, reasoning was never inside (xAI); what else an upstream does is a quirk.
 * Undefined when the numbers are missing, negative or not numbers.
 * https://platform.openai.com/docs/api-reference/chat/object#chat/object-usage
 */
export function readUsage(raw: unknown, quirks: Quirks = {}): { usage: Usage, clamped: boolean } | undefined {
  const parsed = wire.safeParse(raw)
  if (!parsed.success) return undefined
  const { prompt_tokens: prompt, completion_tokens: completion, total_tokens: total, prompt_tokens_details: from, completion_tokens_details: to } = parsed.data
  const outside = reasoningOutside({ prompt, completion, total, thought: to?.reasoning_tokens ?? 0 }, quirks)
  const thought = Math.max(to?.reasoning_tokens ?? 0, outside)
  const whole = completion + outside
  const cached = from?.cached_tokens ?? parsed.data.prompt_cache_hit_tokens
  const input = split(quirks.cachedOutside && cached > prompt ? prompt + cached : prompt, [cached, from?.cache_write_tokens ?? 0, from?.audio_tokens ?? 0])
  const output = split(whole, [thought, to?.audio_tokens ?? 0])
  const [cachedInput, cacheWrite5m, audioInput] = input.parts
  const [reasoning, audioOutput] = output.parts
  const classes = { input: input.rest, cachedInput, cacheWrite5m, audioInput, output: output.rest, reasoning, audioOutput }
  return {
    usage: Object.fromEntries(Object.entries(classes).filter(([, units]) => units)) as Usage,
    clamped: input.clamped || output.clamped,
  }
}

/** Reasoning that is not inside the completion. */
function reasoningOutside({ prompt, completion, total, thought }: Record<'prompt' | 'completion' | 'total' | 'thought', number>, quirks: Quirks): number {
  const missing = total - prompt - completion
  if (missing > 0 && (missing === thought || quirks.reasoningOutside === 'in-total')) return missing
  // More reasoning than completion cannot have been inside.
  return quirks.reasoningOutside === 'beside' && thought > completion ? thought : 0
}

/** Takes parts out of a whole, each at most what is left. */
function split(whole: number, parts: number[]): { rest: number, parts: number[], clamped: boolean } {
  let rest = whole
  let clamped = false
  const taken = parts.map((wanted) => {
    const units = Math.min(wanted, rest)
    if (units !== wanted) clamped = true
    rest -= units
    return units
  })
  return { rest, parts: taken, clamped }
}

/** Classes as the `usage` a client of this dialect expects; the details always stand there, because SDKs read them unguarded. */
export function writeUsage(usage: Usage): Record<string, unknown> {
  const { input = 0, cachedInput = 0, cacheWrite5m = 0, cacheWrite1h = 0, audioInput = 0, output = 0, reasoning = 0, audioOutput = 0 } = usage
  const prompt = input + cachedInput + cacheWrite5m + cacheWrite1h + audioInput
  const completion = output + reasoning + audioOutput
  return {
    prompt_tokens: prompt,
    completion_tokens: completion,
    total_tokens: prompt + completion,
    prompt_tokens_details: { cached_tokens: cachedInput, cache_write_tokens: cacheWrite5m + cacheWrite1h, audio_tokens: audioInput },
    completion_tokens_details: { reasoning_tokens: reasoning, audio_tokens: audioOutput, accepted_prediction_tokens: 0, rejected_prediction_tokens: 0 },
  }
}
