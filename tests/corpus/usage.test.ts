import { describe, expect, it } from 'vitest'
import { dialectOf } from '#server/dialects/index'
import { AppError } from '#server/errors/app-error'
import type { Usage } from '#shared/schemas/price'
import { reportedUsage } from '../support/reported-usage'
import { crossStream, totalOf } from '../support/wires'
import { cases, missing } from './cases'
import type { Case } from './cases'

/** The classes of every recorded answer add up to what its upstream reported, errors and broken ones included. */
function meteredOf(one: Case): Usage | undefined {
  if (one.sse) return crossStream(one.dialect, one.dialect, [one.sse]).metered.usage
  try {
    return dialectOf(one.dialect).readReply(one.body).usage
  }
  catch (error) {
    if (error instanceof AppError) return undefined
    throw error
  }
}

/** Not answers, and one whose reading stops where a second answer begins inside the first. */
const left = new Set(['gemini/count-tokens', 'anthropic/count-tokens', 'anthropic/robustness-spliced-message-start'])

describe.skipIf(missing)('usage of recorded answers (VAPOR_CORPUS)', () => {
  it.each(cases.filter(one => one.status === 200 && !left.has(one.name)))('$name', (one) => {
    const usage = meteredOf(one)
    const reported = reportedUsage(one.dialect, one.sse ?? one.body)
    expect(totalOf(usage)).toBe(reported?.total ?? 0)
    expect(usage?.cachedInput ?? 0).toBe(reported?.read ?? 0)
    expect((usage?.cacheWrite5m ?? 0) + (usage?.cacheWrite1h ?? 0)).toBe(reported?.written ?? 0)
    expect(usage?.cacheWrite1h ?? 0).toBe(reported?.hour ?? 0)
    expect(usage?.reasoning ?? 0).toBe(reported?.reasoning ?? 0)
  })
})
