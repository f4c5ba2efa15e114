import { z } from 'zod'
import type { Usage } from '#shared/schemas/price'

const count = z.number().int().min(0).max(Number.MAX_SAFE_INTEGER)
const part = count.nullish().transform(value => value ?? 0)

const wire = z.looseObject({
  prompt_tokens: count,
  completion_tokens: count,
  prompt_tokens_details: z.looseObject({ cached_tokens: part, cache_write_tokens: part, audio_tokens: part }).nullish(),
  completion_tokens_details: z.looseObject({ reasoning_tokens: part, audio_tokens: part }).nullish(),
})

/**
 * `usage` of Chat Completions into disjoint classes. Cached, written and audio tokens are parts of `prompt_tokens`,
 * reasoning and audio parts of `completion_tokens`; a part larger than its whole is cut to it.
 * Undefined when the numbers are missing, negative or not numbers.
 * https://platform.openai.com/docs/api-reference/chat/object#chat/object-usage
 */
export function readUsage(raw: unknown): { usage: Usage, clamped: boolean } | undefined {
  const parsed = wire.safeParse(raw)
  if (!parsed.success) return undefined
  const { prompt_tokens: prompt, completion_tokens: completion, prompt_tokens_details: from, completion_tokens_details: to } = parsed.data
  const input = split(prompt, [from?.cached_tokens ?? 0, from?.cache_write_tokens ?? 0, from?.audio_tokens ?? 0])
  const output = split(completion, [to?.reasoning_tokens ?? 0, to?.audio_tokens ?? 0])
  const [cachedInput, cacheWrite5m, audioInput] = input.parts
  const [reasoning, audioOutput] = output.parts
  const classes = { input: input.rest, cachedInput, cacheWrite5m, audioInput, output: output.rest, reasoning, audioOutput }
  return {
    usage: Object.fromEntries(Object.entries(classes).filter(([, units]) => units)) as Usage,
    clamped: input.clamped || output.clamped,
  }
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
