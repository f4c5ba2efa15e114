/** Text such as `10`, `-1.50` or `1e2`, by the grammar of JSON numbers. */
const numberPattern = /^(-?)(0|[1-9]\d*)(?:\.(\d+))?(?:[eE]([+-]?\d{1,3}))?$/

/** A decimal number: `digits` is the number times ten to the power of `places`. */
interface Decimal {
  digits: bigint
  places: number
}

function parseDecimal(text: string): Decimal | undefined {
  const [, sign = '', whole = '', fraction = '', exponent = '0'] = numberPattern.exec(text) ?? []
  if (whole === '') return undefined
  return { digits: BigInt(sign + whole + fraction), places: fraction.length - Number(exponent) }
}

/**
 * Reads an amount as Credit does: the text is taken for JSON, a number or a string holding one; zero and less and more
 * than two places are refused. Gives hundredths, or what Credit says of the amount.
 */
export function readAmount(text: string): { cents: bigint } | { refused: string } {
  const decimal = parseDecimal(text.trim().replace(/^"(.*)"$/, '$1'))
  if (!decimal) return { refused: jsonError(text.trim()) }
  if (decimal.digits <= 0n) return { refused: '金额必须大于0' }
  if (decimal.places > 2) return { refused: '金额小数位数不能超过2位' }
  return { cents: decimal.digits * 10n ** BigInt(2 - decimal.places) }
}

/** What Go's JSON reader says of a text that is no number. */
function jsonError(text: string): string {
  if (text === '') return 'unexpected end of JSON input'
  const start = /^-?(?:0|[1-9]\d*)/.exec(text)?.[0] ?? ''
  const culprit = text[start.length] ?? ''
  return start === '' ? `invalid character '${culprit}' looking for beginning of value` : `invalid character '${culprit}' after top-level value`
}

/** `10.00`. */
export function fixedMoney(cents: bigint): string {
  const text = String(cents).padStart(3, '0')
  return `${text.slice(0, -2)}.${text.slice(-2)}`
}

/** The same without zeros at the end: `10`, `10.5`. */
export function trimmedMoney(cents: bigint): string {
  return fixedMoney(cents).replace(/\.?0+$/, '')
}

/** Hundredths of an amount PHP calls numeric, rounded to two places as its columns do; undefined when it is not. */
export function phpCents(text: string): bigint | undefined {
  if (!/^(?:\d+\.?\d*|\.\d+)$/.test(text)) return undefined
  const [whole = '', fraction = ''] = text.split('.')
  const thousandths = BigInt((whole || '0') + fraction.padEnd(3, '0').slice(0, 3))
  return (thousandths + 5n) / 10n
}
