/** How many units a typed price is for. The API always speaks per million. */
export const priceUnits = ['million', 'thousand', 'one'] as const
export type PriceUnit = typeof priceUnits[number]

const places: Record<PriceUnit, number> = { million: 0, thousand: 3, one: 6 }

/** What the API takes: at most nine digits on either side of the point. */
const API_PRICE = /^\d{1,9}(?:\.\d{1,9})?$/
const DECIMAL = /^(\d+)(?:\.(\d*))?$|^\.(\d+)$/

/** "0.0025" shifted by 3 is "2.5". Only digits move, so that no price is ever off by a float. */
export function shiftDecimal(text: string, by: number): string | undefined {
  const match = DECIMAL.exec(text.trim())
  if (!match) return undefined
  const whole = match[1] ?? '0'
  const fraction = match[2] ?? match[3] ?? ''
  const digits = by >= 0 ? whole + fraction.padEnd(by, '0') : whole.padStart(1 - by, '0') + fraction
  const point = by >= 0 ? whole.length + by : Math.max(whole.length + by, 1)
  return trimZeros(digits.slice(0, point), digits.slice(point))
}

/** A price typed per `unit`, as the API wants it; undefined when it is no price or too fine to be kept exactly. */
export function toPerMillion(text: string, unit: PriceUnit): string | undefined {
  const shifted = shiftDecimal(text, places[unit])
  return shifted !== undefined && API_PRICE.test(shifted) ? shifted : undefined
}

/** A price of the API, per `unit`: exact, because a point moved to the left never loses a digit. */
export function fromPerMillion(text: string, unit: PriceUnit): string {
  return shiftDecimal(text, -places[unit]) ?? text
}

function trimZeros(whole: string, fraction: string): string {
  const digits = fraction.replace(/0+$/, '')
  return `${whole.replace(/^0+(?=\d)/, '') || '0'}${digits ? `.${digits}` : ''}`
}

/** Typed decimal text in the form every schema takes: ".5" is "0.5", "+3." is "3". What is no number stays as it is. */
export function plainDecimal(text: string): string {
  const match = /^([+-]?)(.*)$/.exec(text.trim())
  const digits = shiftDecimal(match?.[2] ?? '', 0)
  if (digits === undefined) return text
  return match?.[1] === '-' && digits !== '0' ? `-${digits}` : digits
}
