/**
 * Counters and histograms in the text format of Prometheus
 * (https://prometheus.io/docs/instrumenting/exposition_formats/#text-based-format).
 */
export type Labels = Record<string, string | number>

export interface Counter {
  add(labels: Labels, by?: number | bigint): void
  lines(): string[]
}

export interface Histogram {
  observe(labels: Labels, value: number): void
  lines(): string[]
}

/** Sums are BigInt; `write` says what one looks like, where a unit is no whole number of the counted one. */
export function createCounter(name: string, help: string, write: (sum: bigint) => string = String): Counter {
  const sums = new Map<string, bigint>()
  return {
    add(labels, by = 1) {
      // Counting must never break what is counted.
      if (typeof by === 'number' && !Number.isSafeInteger(by)) return
      const key = textOf(labels)
      sums.set(key, (sums.get(key) ?? 0n) + BigInt(by))
    },
    lines: () => [...heading(name, help, 'counter'), ...[...sums].map(([labels, sum]) => `${name}${braces(labels)} ${write(sum)}`)],
  }
}

/** @param bounds upper ends of the buckets, ascending, in the unit that is observed. */
export function createHistogram(name: string, help: string, bounds: number[]): Histogram {
  const rows = new Map<string, { counts: number[], sum: number, count: number }>()
  return {
    observe(labels, value) {
      const key = textOf(labels)
      const row = rows.get(key) ?? { counts: bounds.map(() => 0), sum: 0, count: 0 }
      rows.set(key, row)
      row.sum += value
      row.count++
      bounds.forEach((bound, index) => { if (value <= bound) row.counts[index]!++ })
    },
    lines: () => [...heading(name, help, 'histogram'), ...[...rows].flatMap(([labels, { counts, sum, count }]) => [
      ...bounds.map((bound, index) => `${name}_bucket${braces(labels, `le="${bound}"`)} ${counts[index]}`),
      `${name}_bucket${braces(labels, 'le="+Inf"')} ${count}`,
      `${name}_sum${braces(labels)} ${sum}`,
      `${name}_count${braces(labels)} ${count}`,
    ])],
  }
}

export function gaugeLines(name: string, help: string, value: number): string[] {
  return [...heading(name, help, 'gauge'), `${name} ${value}`]
}

function heading(name: string, help: string, type: 'counter' | 'histogram' | 'gauge'): string[] {
  return [`# HELP ${name} ${help}`, `# TYPE ${name} ${type}`]
}

function textOf(labels: Labels): string {
  return Object.entries(labels).map(([name, value]) => `${name}="${String(value).replace(/[\\"\n]/g, escape)}"`).join(',')
}

function escape(character: string): string {
  return character === '\n' ? '\\n' : `\\${character}`
}

function braces(...labels: string[]): string {
  const all = labels.filter(label => label !== '').join(',')
  return all === '' ? '' : `{${all}}`
}
