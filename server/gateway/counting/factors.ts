/**
 * Tokens of a model's own vocabulary for one token of o200k, measured over recorded answers (gpt-tokenizer against the
 * vendors' reported usage): what a count is multiplied with. The first pattern that fits the upstream's name decides.
 */
const factors: [pattern: RegExp, factor: number][] = [
  [/claude-(?:(?:opus|sonnet|fable|haiku)-(?:4-[7-9]|[5-9])|next)/i, 1.5],
  [/claude/i, 1.15],
  [/gemini/i, 1.06],
]

export function tokenFactor(model: string): number {
  return factors.find(([pattern]) => pattern.test(model))?.[1] ?? 1
}
