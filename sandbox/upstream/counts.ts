import type { Reply } from './reply.ts'

/** What one answer costs, in o200k tokens and in one meaning for all dialects. */
export interface Counts {
  /** The whole prompt, with what came from a cache. */
  input: number
  /** The part of the input that is said to come from a cache. */
  cached: number
  /** Everything that was said, with the reasoning. */
  output: number
  /** The part of the output that is reasoning. */
  reasoning: number
}

export function countsOf(reply: Reply): Counts {
  return {
    input: reply.promptTokens,
    cached: reply.cachedTokens,
    output: reply.completionTokens,
    reasoning: reply.reasoningTokens,
  }
}

/** The counts while only the first `output` tokens have been sent. */
export function countsSoFar(counts: Counts, output: number): Counts {
  return { ...counts, output: Math.min(output, counts.output), reasoning: Math.min(counts.reasoning, output) }
}

/** Writes the main counts of a usage object as text, as some compatible servers do. */
export function asStrings(usage: object, names: string[]): Record<string, unknown> {
  return Object.fromEntries(Object.entries(usage).map(([name, value]) => [name, names.includes(name) ? String(value) : value as unknown]))
}
