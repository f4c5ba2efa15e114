import { useI18n } from 'vue-i18n'

/** The zone of the shop's clock, until the browser has told its own. */
const defaultZone = 'Asia/Shanghai'

const COOKIE = 'zone'

/**
 * The reader's time zone. A cookie carries it, so that the server prints the same hour as the browser and nothing
 * jumps when the page wakes up.
 */
function useReaderZone() {
  return useState('zone', () => {
    const told = useCookie<string | null>(COOKIE).value
    return isZone(told) ? told : defaultZone
  })
}

/** Takes the zone of the browser for the reader's, from now on and for the next page the server renders. */
export function useOwnZone() {
  const zone = useReaderZone()
  const cookie = useCookie<string | null>(COOKIE, { maxAge: 31_536_000, path: '/', sameSite: 'lax' })

  return function adopt() {
    const own = Intl.DateTimeFormat().resolvedOptions().timeZone
    if (!isZone(own) || own === zone.value) return
    zone.value = own
    cookie.value = own
  }
}

function isZone(name: unknown): name is string {
  if (typeof name !== 'string' || !name) return false
  try {
    new Intl.DateTimeFormat('en', { timeZone: name })
    return true
  }
  catch { return false }
}

/** Numbers, money and times in the reader's locale. */
export function useFormat() {
  const { locale, t } = useI18n()
  const zone = useReaderZone()

  const count = (value: number) => numberFormatter(locale.value).format(value)
  const short = (value: number) => numberFormatter(locale.value, { notation: 'compact', maximumFractionDigits: 1 }).format(value)
  const percent = (share: number, digits = 1) => numberFormatter(locale.value, { style: 'percent', maximumFractionDigits: digits }).format(share)
  const amount = (exact: string, digits = 6) => displayCredits(exact, digits)
  const signed = (exact: string) => {
    const size = exact.replace(/^-/, '')
    const rounded = displayCredits(size)
    // A sign before "< 0.000001" says nothing: then every digit is shown.
    return (exact.startsWith('-') ? '−' : '+') + (rounded.startsWith('<') ? displayCredits(size, 9) : rounded)
  }

  /** Money at the payment gateway, which is not credit: whole amounts without a fraction, others with two places. */
  const money = (exact: string, currency: string) => `${displayCredits(exact, 2).replace(/\.00$/, '')} ${currency}`.trim()

  const yearOf = (date: Date) => dateFormatter('en', { timeZone: zone.value, year: 'numeric' }).format(date)

  /** The year is said where it is another one than now, and wherever seconds are wanted. */
  const time = (iso: string, seconds = false) => dateFormatter(locale.value, {
    timeZone: zone.value,
    ...(seconds || yearOf(new Date(iso)) !== yearOf(new Date()) ? { year: 'numeric' } : {}),
    month: 'short',
    day: 'numeric',
    hour: '2-digit',
    minute: '2-digit',
    ...(seconds ? { second: '2-digit' } : {}),
    hourCycle: 'h23',
  }).format(new Date(iso))

  /** A day of the shop's calendar is not an instant: it must not move with the reader's zone. */
  const day = (text: string) => dateFormatter(locale.value, { timeZone: 'UTC', month: 'short', day: 'numeric' }).format(new Date(`${text}T00:00:00Z`))

  function duration(ms: number): string {
    if (ms < 1000) return t('units.ms', { n: count(ms) })
    if (ms < 60_000) return t('units.s', { n: numberFormatter(locale.value, { maximumFractionDigits: 1 }).format(ms / 1000) })
    const seconds = Math.round(ms / 1000)
    return t('units.minSec', { min: count(Math.floor(seconds / 60)), s: seconds % 60 })
  }

  return { count, short, percent, amount, signed, money, time, day, duration }
}
