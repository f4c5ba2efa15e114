import { inputClasses, outputClasses } from '#shared/schemas/price'
import type { Usage, UsageClass } from '#shared/schemas/price'
import { unitsIn } from '#shared/utils/prices'

export const totalInput = (usage: Usage): number => unitsIn(usage, inputClasses)
export const totalOutput = (usage: Usage): number => unitsIn(usage, outputClasses)

/**
 * Cuts a usage to what is possible. Upstream numbers are untrusted input: a token has at least one byte, so a body of
 * n bytes never holds more than about n tokens.
 */
export function clampUsage(usage: Usage, limits: { input: number, output: number }): { usage: Usage, clamped: boolean } {
  const kept: Usage = { ...usage, ...cut(usage, inputClasses, limits.input), ...cut(usage, outputClasses, limits.output) }
  const clamped = totalInput(kept) !== totalInput(usage) || totalOutput(kept) !== totalOutput(usage)
  return { usage: withoutZeros(kept), clamped }
}

function cut(usage: Usage, classes: readonly UsageClass[], limit: number): Usage {
  let left = limit
  const kept: Usage = {}
  for (const usageClass of classes) {
    const units = Math.min(usage[usageClass] ?? 0, left)
    kept[usageClass] = units
    left -= units
  }
  return kept
}

function withoutZeros(usage: Usage): Usage {
  return Object.fromEntries(Object.entries(usage).filter(([, units]) => units)) as Usage
}
