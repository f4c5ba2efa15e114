import type { PaymentSettings } from '#shared/schemas/payment'

/** Settings as they are typed: percent instead of basis points, amounts in one line. */
export interface PaymentSettingsForm {
  enabled: boolean
  currency: string
  rate: string
  /** Amounts, separated by commas or spaces. */
  presets: string
  min: string
  max: string
  tiers: { from: string, percent: string }[]
  firstPercent: string
  clawback: boolean
  inviteCredit: string
  inviteCap: number
}

export function paymentFormOf({ tiers, firstBonus, presets, ...rest }: PaymentSettings): PaymentSettingsForm {
  return {
    ...rest,
    presets: presets.join(', '),
    tiers: tiers.map(({ from, bonus }) => ({ from, percent: percentOf(bonus) })),
    firstPercent: percentOf(firstBonus),
  }
}

/** What was typed, for the schema to judge: a percentage that is none becomes one it refuses. */
export function paymentSettingsOf({ tiers, firstPercent, presets, ...rest }: PaymentSettingsForm): PaymentSettings {
  return {
    ...rest,
    currency: rest.currency.trim(),
    rate: plainDecimal(rest.rate),
    min: plainDecimal(rest.min),
    max: plainDecimal(rest.max),
    inviteCredit: plainDecimal(rest.inviteCredit || '0'),
    presets: presets.split(/[\s,，、;；]+/).filter(Boolean).map(plainDecimal),
    tiers: tiers.map(({ from, percent }) => ({ from: plainDecimal(from), bonus: basisPointsOf(percent) })),
    firstBonus: basisPointsOf(firstPercent || '0'),
  }
}

/** 1000 basis points are "10" percent. */
export function percentOf(basisPoints: number): string {
  return shiftDecimal(String(basisPoints), -2) ?? '0'
}

function basisPointsOf(percent: string): number {
  const shifted = shiftDecimal(percent, 2)
  return shifted === undefined ? Number.NaN : Number(shifted)
}
