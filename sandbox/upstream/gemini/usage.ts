import type { Counts } from '../counts.ts'
import { asStrings, countsOf, countsSoFar } from '../counts.ts'
import type { Reply } from '../reply.ts'
import type { Wire } from '../scenarios.ts'

/** Gemini's usage. Thoughts are beside the candidates, what came from a cache is in the prompt, and a zero is left out. */
export interface GeminiUsage {
  promptTokenCount: number
  candidatesTokenCount?: number
  cachedContentTokenCount?: number
  thoughtsTokenCount?: number
  totalTokenCount: number
  promptTokensDetails: { modality: 'TEXT', tokenCount: number }[]
}

export function usageOfGemini({ input, cached, output, reasoning }: Counts): GeminiUsage {
  const candidates = output - reasoning
  return {
    promptTokenCount: input,
    ...(candidates !== 0 && { candidatesTokenCount: candidates }),
    ...(cached > 0 && { cachedContentTokenCount: cached }),
    ...(reasoning > 0 && { thoughtsTokenCount: reasoning }),
    totalTokenCount: input + output,
    promptTokensDetails: [{ modality: 'TEXT', tokenCount: input }],
  }
}

/** What a chunk reports after `sent` tokens: the truth so far, or the scenario's lie in every one of them. */
export function usageAfter(reply: Reply, wire: Wire, sent: number): object | undefined {
  const honest = countsOf(reply)
  const counts = wire.usage ? wire.usage(honest) : countsSoFar(honest, sent)
  if (!counts) return undefined
  const usage = usageOfGemini(counts)
  return wire.usageAsStrings ? asStrings(usage, ['promptTokenCount', 'candidatesTokenCount', 'totalTokenCount']) : usage
}
