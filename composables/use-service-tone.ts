export type ServiceTone = 'good' | 'fair' | 'bad' | 'unknown'

const GOOD = 0.98
const FAIR = 0.9

/** How a rate of success is to be taken; null is told of too few calls. */
export function serviceTone(success: number | null): ServiceTone {
  if (success === null) return 'unknown'
  if (success >= GOOD) return 'good'
  return success >= FAIR ? 'fair' : 'bad'
}
