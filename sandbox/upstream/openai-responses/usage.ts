import type { Counts } from '../counts.ts'
import { asStrings, countsOf } from '../counts.ts'
import type { Reply } from '../reply.ts'
import type { Wire } from '../scenarios.ts'

/** The usage object of a response; all numbers are tokens. */
export interface ResponsesUsage {
  input_tokens: number
  input_tokens_details: { cached_tokens: number, cache_write_tokens: number }
  output_tokens: number
  output_tokens_details: { reasoning_tokens: number }
  total_tokens: number
}

export function usageOfResponses({ input, cached, output, reasoning }: Counts): ResponsesUsage {
  return {
    input_tokens: input,
    input_tokens_details: { cached_tokens: cached, cache_write_tokens: 0 },
    output_tokens: output,
    output_tokens_details: { reasoning_tokens: reasoning },
    total_tokens: input + output,
  }
}

/** The usage a scenario reports, which may be a lie, or null. */
export function reportedResponsesUsage(reply: Reply, wire: Wire): object | null {
  const honest = countsOf(reply)
  const counts = wire.usage ? wire.usage(honest) : honest
  if (!counts) return null
  const usage = usageOfResponses(counts)
  return wire.usageAsStrings ? asStrings(usage, ['input_tokens', 'output_tokens', 'total_tokens']) : usage
}
