import type { Counts } from '../counts.ts'
import { asStrings, countsOf } from '../counts.ts'
import type { Reply } from '../reply.ts'
import type { Wire } from '../scenarios.ts'

/** OpenAI's usage object of a chat completion; all numbers are tokens. */
export interface Usage {
  prompt_tokens: number
  completion_tokens: number
  total_tokens: number
  prompt_tokens_details: { cached_tokens: number, audio_tokens: number }
  completion_tokens_details: {
    reasoning_tokens: number
    audio_tokens: number
    accepted_prediction_tokens: number
    rejected_prediction_tokens: number
  }
}

/** The honest usage of a reply. */
export function usageOf(reply: Reply): Usage {
  return usageOfCounts(countsOf(reply))
}

export function usageOfCounts({ input, cached, output, reasoning }: Counts): Usage {
  return {
    prompt_tokens: input,
    completion_tokens: output,
    total_tokens: input + output,
    prompt_tokens_details: { cached_tokens: cached, audio_tokens: 0 },
    completion_tokens_details: {
      reasoning_tokens: reasoning,
      audio_tokens: 0,
      accepted_prediction_tokens: 0,
      rejected_prediction_tokens: 0,
    },
  }
}

/** The usage a scenario reports, which may be a lie or nothing at all. */
export function reportedUsage(reply: Reply, wire: Wire): object | undefined {
  const honest = countsOf(reply)
  const counts = wire.usage ? wire.usage(honest) : honest
  if (!counts) return undefined
  const usage = usageOfCounts(counts)
  return wire.usageAsStrings ? asStrings(usage, ['prompt_tokens', 'completion_tokens', 'total_tokens']) : usage
}
