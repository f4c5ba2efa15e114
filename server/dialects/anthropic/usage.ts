import { z } from 'zod'
import type { Usage } from '#shared/schemas/price'
import { isRecord } from './wire'
import type { Json } from './wire'

const count = z.number().int().min(0).max(Number.MAX_SAFE_INTEGER)
const part = count.nullish().catch(undefined).transform(value => value ?? 0)

const wire = z.looseObject({
  input_tokens: count.nullish(),
  output_tokens: count.nullish(),
  cache_read_input_tokens: part,
  cache_creation_input_tokens: count.nullish(),
  cache_creation: z.looseObject({ ephemeral_5m_input_tokens: part, ephemeral_1h_input_tokens: part }).nullish(),
  output_tokens_details: z.looseObject({ thinking_tokens: part }).nullish(),
})
type Wire = z.output<typeof wire>

interface Reading { usage: Usage, clamped: boolean }

/**
 * `usage` of Messages into disjoint classes. The cache stands beside `input_tokens`, thinking inside `output_tokens`.
 * The top level counts entries of type `message` alone, so every other of `iterations[]` is added; one that ran on
 * another model than `model` has another price, which is flagged. Undefined when the numbers are missing or nonsense.
 * https://docs.anthropic.com/en/api/messages#response-usage
 */
export function readUsage(raw: unknown, model?: string): Reading | undefined {
  const parsed = wire.safeParse(raw)
  if (!parsed.success) return undefined
  const { input_tokens: input, output_tokens: output } = parsed.data
  if ((input ?? undefined) === undefined && (output ?? undefined) === undefined) return undefined
  const readings = [classesOf(parsed.data), ...hiddenIn(parsed.data, model)]
  const sum: Usage = {}
  for (const { usage } of readings) {
    for (const [name, units] of Object.entries(usage) as [keyof Usage, number][]) {
      if (units > 0) sum[name] = (sum[name] ?? 0) + units
    }
  }
  return { usage: sum, clamped: readings.some(({ clamped }) => clamped) }
}

function classesOf(from: Wire): Reading {
  const split = from.cache_creation
  const written = from.cache_creation_input_tokens ?? ((split?.ephemeral_5m_input_tokens ?? 0) + (split?.ephemeral_1h_input_tokens ?? 0))
  const hour = split?.ephemeral_1h_input_tokens ?? 0
  const output = from.output_tokens ?? 0
  const thinking = from.output_tokens_details?.thinking_tokens ?? 0
  const cacheWrite1h = Math.min(hour, written)
  const reasoning = Math.min(thinking, output)
  return {
    usage: {
      input: from.input_tokens ?? 0,
      cachedInput: from.cache_read_input_tokens,
      cacheWrite5m: written - cacheWrite1h,
      cacheWrite1h,
      output: output - reasoning,
      reasoning,
    },
    clamped: hour > written || thinking > output,
  }
}

/** Work the top level leaves out: compactions, advisers, fallbacks. */
function hiddenIn(from: Wire, model: string | undefined): Reading[] {
  const entries: unknown[] = Array.isArray(from.iterations) ? from.iterations : []
  return entries.filter(isRecord).filter(entry => entry.type !== 'message').flatMap((entry) => {
    const parsed = wire.safeParse(entry)
    if (!parsed.success) return []
    const foreign = typeof entry.model === 'string' && entry.model !== model
    const { usage, clamped } = classesOf(parsed.data)
    return [{ usage, clamped: clamped || foreign }]
  })
}

/**
 * What a stream has reported so far: each field that is there and not null takes the place of the older one, nothing is
 * added up (https://docs.anthropic.com/en/docs/build-with-claude/streaming: counts of message_delta are cumulative).
 */
export function mergeUsage(older: Json | undefined, newer: unknown): Json | undefined {
  if (!isRecord(newer)) return older
  return { ...older, ...Object.fromEntries(Object.entries(newer).filter(([, value]) => value !== null && value !== undefined)) }
}

/** Classes as the `usage` a client of this dialect reads; detail objects are always there, because SDKs read them unguarded. */
export function writeUsage(usage: Usage): Json {
  const { input = 0, audioInput = 0, cachedInput = 0, cacheWrite5m = 0, cacheWrite1h = 0, output = 0, reasoning = 0, audioOutput = 0 } = usage
  return {
    input_tokens: input + audioInput,
    cache_creation_input_tokens: cacheWrite5m + cacheWrite1h,
    cache_read_input_tokens: cachedInput,
    cache_creation: { ephemeral_5m_input_tokens: cacheWrite5m, ephemeral_1h_input_tokens: cacheWrite1h },
    output_tokens: output + reasoning + audioOutput,
    output_tokens_details: { thinking_tokens: reasoning },
    server_tool_use: { web_search_requests: 0, web_fetch_requests: 0 },
    service_tier: 'standard',
  }
}
