/** Enough for the languages, the uses and the zones of the readers of an hour; whoever invents zones cannot fill memory. */
const KEPT_MAX = 500
const dates = new Map<string, Intl.DateTimeFormat>()
const numbers = new Map<string, Intl.NumberFormat>()

/** Making a formatter takes a hundred times as long as using one, and a page shows hundreds of times. */
export function dateFormatter(locale: string, options: Intl.DateTimeFormatOptions): Intl.DateTimeFormat {
  return kept(dates, locale, options, () => new Intl.DateTimeFormat(locale, options))
}

export function numberFormatter(locale: string, options: Intl.NumberFormatOptions = {}): Intl.NumberFormat {
  return kept(numbers, locale, options, () => new Intl.NumberFormat(locale, options))
}

function kept<Formatter>(known: Map<string, Formatter>, locale: string, options: object, make: () => Formatter): Formatter {
  const name = `${locale} ${JSON.stringify(options)}`
  const found = known.get(name)
  if (found) return found
  if (known.size >= KEPT_MAX) known.clear()
  const made = make()
  known.set(name, made)
  return made
}
