/**
 * Text ⇄ nano-credits. The only place where money changes its form.
 *
 * 1 credit = 1_000_000_000 nano. Inside Vapor money is an integer number of nano-credits; at every edge (API, pages,
 * environment) it is decimal text in credits, so that no float ever touches it.
 */
export const NANO_PER_CREDIT = 1_000_000_000
const DIGITS = 9
const DECIMAL = /^(-?)(\d{1,12})(?:\.(\d{1,9}))?$/

/** Decimal text in credits ("12.5") to nano-credits, or undefined when it is not a plain decimal of at most 9 places. */
export function parseNano(text: string): bigint | undefined {
  const match = DECIMAL.exec(text.trim())
  if (!match) return undefined
  const [, sign, whole = '0', fraction = ''] = match
  const nano = BigInt(whole) * BigInt(NANO_PER_CREDIT) + BigInt(fraction.padEnd(DIGITS, '0') || '0')
  return sign ? -nano : nano
}

/** Like {@link parseNano}, but a safe integer: a single balance, price or adjustment never leaves that range. */
export function parseSafeNano(text: string): number | undefined {
  const nano = parseNano(text)
  if (nano === undefined) return undefined
  const number = Number(nano)
  return Number.isSafeInteger(number) ? number : undefined
}

/** Nano-credits to decimal text in credits, exact, without trailing zeros: 1500000000 → "1.5". */
export function formatNano(nano: number | bigint): string {
  return formatDecimal(BigInt(nano), DIGITS)
}

/** An integer of the `digits`-th place as exact decimal text, without trailing zeros: 12 at 3 digits → "0.012". */
export function formatDecimal(value: bigint, digits: number): string {
  const one = 10n ** BigInt(digits)
  const absolute = value < 0n ? -value : value
  const fraction = (absolute % one).toString().padStart(digits, '0').replace(/0+$/, '')
  return `${value < 0n ? '-' : ''}${absolute / one}${fraction ? `.${fraction}` : ''}`
}

const GATEWAY_MONEY = /^(\d{1,9})(?:\.(\d{1,2}))?$/

/** Money of the payment gateway ("10", "9.9", "9.90") to integer cents, or undefined when it is anything else. */
export function parseCents(text: string): number | undefined {
  const match = GATEWAY_MONEY.exec(text)
  if (!match) return undefined
  const [, whole = '0', fraction = ''] = match
  return Number(BigInt(whole) * 100n + BigInt(fraction.padEnd(2, '0')))
}

/** Integer cents to the form gateways sign: always two decimals. */
export function formatCents(cents: number | bigint): string {
  const value = BigInt(cents)
  const absolute = value < 0n ? -value : value
  return `${value < 0n ? '-' : ''}${absolute / 100n}.${(absolute % 100n).toString().padStart(2, '0')}`
}

/**
 * Credits for people: at least two digits, at most `digits`, rounded half away from zero, never rounded to zero
 * ("< 0.000001" instead). `exact` is what a title or a copy button shows.
 */
export function displayCredits(exact: string, digits = 6): string {
  const match = DECIMAL.exec(exact)
  if (!match) return exact
  const [, sign, whole = '0', fraction = ''] = match
  if (fraction.length <= digits) return group(sign ?? '', whole, fraction.padEnd(2, '0'))
  const scaled = BigInt(whole + fraction.padEnd(DIGITS, '0').slice(0, DIGITS))
  const step = 10n ** BigInt(DIGITS - digits)
  const rounded = (scaled + step / 2n) / step
  if (rounded === 0n) return `${sign ? '> -' : '< '}0.${'0'.repeat(digits - 1)}1`
  const text = rounded.toString().padStart(digits + 1, '0')
  const cut = text.slice(-digits).replace(/0+$/, '').padEnd(2, '0')
  return group(sign ?? '', text.slice(0, -digits), cut)
}

function group(sign: string, whole: string, fraction: string): string {
  return `${sign}${whole.replace(/\B(?=(\d{3})+$)/g, ',')}.${fraction}`
}
