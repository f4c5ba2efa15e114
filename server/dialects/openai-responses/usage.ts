import { z } from 'zod'
import type { Usage } from '#shared/schemas/price'

const count = z.number().int().min(0).max(Number.MAX_SAFE_INTEGER)
const part = count.nullish().transform(value => value ?? 0)

const wire = z.looseObject({
  input_tokens: count,
  output_tokens: count,
  input_tokens_details: z.looseObject({ cached_tokens: part, cache_write_tokens: part, audio_tokens: part }).nullish(),
  output_tokens_details: z.looseObject({ reasoning_tokens: part, audio_tokens: part }).nullish(),
})

/**
 * `usage` of a response into disjoint classes. Tokens read from and written to the cache are parts of `input_tokens`,
 * reasoning is a part of `output_tokens`; a part larger than its whole is cut to it. The only time a write is kept for
 * is 30 minutes, which is sold as the short class.
 * Undefined when the numbers are missing, negative or not numbers.
 * https://platform.openai.com/docs/api-reference/responses/object#responses/object-usage
 */
export function readUsage(raw: unknown): { usage: Usage, clamped: boolean } | undefined {
  const parsed = wire.safeParse(raw)
  if (!parsed.success) return undefined
  const { input_tokens: prompt, output_tokens: answer, input_tokens_details: from, output_tokens_details: to } = parsed.data
  const input = split(prompt, [from?.cached_tokens ?? 0, from?.cache_write_tokens ?? 0, from?.audio_tokens ?? 0])
  const output = split(answer, [to?.reasoning_tokens ?? 0, to?.audio_tokens ?? 0])
  const [cachedInput, cacheWrite5m, audioInput] = input.parts
  const [reasoning, audioOutput] = output.parts
  const classes = { input: input.rest, cachedInput, cacheWrite5m, audioInput, output: output.rest, reasoning, audioOutput }
  return {
    usage: Object.fromEntries(Object.entries(classes).filter(([, units]) => units)) as Usage,
    clamped: input.clamped || output.clamped,
  }
}

export interface WireUsage {
  input_tokens: number
  input_tokens_details: { cached_tokens: number, cache_write_tokens: number }
  output_tokens: number
  output_tokens_details: { reasoning_tokens: number }
  total_tokens: number
}

/** Classes as a client of this dialect reads them. SDKs read the details unguarded, so they are always there. */
export function writeUsage(usage: Usage): WireUsage {
  const cached = usage.cachedInput ?? 0
  const written = (usage.cacheWrite5m ?? 0) + (usage.cacheWrite1h ?? 0)
  const input = (usage.input ?? 0) + cached + written + (usage.audioInput ?? 0)
  const reasoning = usage.reasoning ?? 0
  const output = (usage.output ?? 0) + reasoning + (usage.audioOutput ?? 0)
  return {
    input_tokens: input,
    input_tokens_details: { cached_tokens: cached, cache_write_tokens: written },
    output_tokens: output,
    output_tokens_details: { reasoning_tokens: reasoning },
    total_tokens: input + output,
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
