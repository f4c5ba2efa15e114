import type { Counts } from '../counts.ts'
import { asStrings, countsOf } from '../counts.ts'
import type { Reply } from '../reply.ts'
import type { Wire } from '../scenarios.ts'

/** Anthropic's usage object. What was read from a cache is not part of `input_tokens`. */
export interface AnthropicUsage {
  input_tokens: number
  cache_creation_input_tokens: number
  cache_read_input_tokens: number
  cache_creation: { ephemeral_5m_input_tokens: number, ephemeral_1h_input_tokens: number }
  output_tokens: number
  output_tokens_details?: { thinking_tokens: number }
  service_tier: 'standard'
}

export function usageOfAnthropic({ input, cached, output, reasoning }: Counts): AnthropicUsage {
  return {
    input_tokens: Math.max(0, input - cached),
    cache_creation_input_tokens: 0,
    cache_read_input_tokens: cached,
    cache_creation: { ephemeral_5m_input_tokens: 0, ephemeral_1h_input_tokens: 0 },
    output_tokens: output,
    ...(reasoning > 0 && { output_tokens_details: { thinking_tokens: reasoning } }),
    service_tier: 'standard',
  }
}

/** The usage a scenario reports, which may be a lie or nothing at all. */
export function reportedAnthropicUsage(reply: Reply, wire: Wire): object | undefined {
  const honest = countsOf(reply)
  const counts = wire.usage ? wire.usage(honest) : honest
  if (!counts) return undefined
  const usage = usageOfAnthropic(counts)
  return wire.usageAsStrings ? asStrings(usage, ['input_tokens', 'output_tokens', 'cache_read_input_tokens']) : usage
}

/** What `message_start` knows: the whole input, and an output of one token that the end replaces. */
export function startingUsage(reply: Reply, wire: Wire): object | undefined {
  const honest = countsOf(reply)
  // Compatible servers that learn the numbers at the end send zeros first.
  if (wire.usageIn === 'finish-chunk') return usageOfAnthropic({ input: 0, cached: 0, output: 0, reasoning: 0 })
  const reported = reportedAnthropicUsage(reply, wire)
  return reported && { ...reported, output_tokens: Math.min(1, honest.output), output_tokens_details: undefined }
}
