import type { AdminTally } from '#shared/schemas/usage'

export interface Margin {
  /** Credits left of the revenue whose upstream cost is known. */
  margin: string
  /** Of that revenue; null where there is none. A float only to be shown as a percentage. */
  share: number | null
  /** Revenue whose upstream cost nobody knows. */
  unknown: string
  loss: boolean
  /** Some of the cost is known: without any, nothing of this says anything. */
  known: boolean
}

const SHARES = 10_000

/** What is left of the revenue after the upstreams were paid, as far as their prices are known. */
export function marginOf({ cost, costed, upstreamCost }: Pick<AdminTally, 'cost' | 'costed' | 'upstreamCost'>): Margin {
  const [all, known, upstream] = [cost, costed, upstreamCost].map(text => parseNano(text) ?? 0n) as [bigint, bigint, bigint]
  const left = known - upstream
  return {
    margin: formatNano(left),
    share: known > 0n ? Number(left * BigInt(SHARES) / known) / SHARES : null,
    unknown: formatNano(all - known),
    loss: left < 0n,
    known: known > 0n || upstream > 0n,
  }
}
