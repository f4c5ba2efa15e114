import type { Effort, ReasoningControl } from './neutral'

/** Tokens to think with for an effort, where a dialect or an older model takes a budget; -1 lets the model decide. */
const budgets: Record<Effort, number> = { none: 0, minimal: 512, low: 1024, medium: 8192, high: 24_576, xhigh: 32_768, max: -1 }

export function budgetOf(control: ReasoningControl): number | undefined {
  return control.budget ?? (control.effort === undefined ? undefined : budgets[control.effort])
}

/** The effort a budget amounts to; undefined when the model decides. */
export function effortOf(control: ReasoningControl): Effort | undefined {
  if (control.effort !== undefined) return control.effort
  const { budget } = control
  if (budget === undefined || budget < 0) return undefined
  if (budget === 0) return 'none'
  if (budget <= budgets.minimal) return 'minimal'
  if (budget <= budgets.low) return 'low'
  if (budget <= budgets.medium) return 'medium'
  return budget <= budgets.high ? 'high' : 'xhigh'
}
