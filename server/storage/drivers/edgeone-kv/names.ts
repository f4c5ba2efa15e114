/**
 * The names under which counters live. Money is in the names, so that a balance is a list of names and no more:
 *
 * | name | what it is |
 * |---|---|
 * | `m_<scope>_d<window>_<fact>_<amounts>` | what one commit adds; goes when the sum of its window is there |
 * | `m_<scope>_p_<fact>_<amounts>` | the same of a commit that may be repeated for ever; never goes |
 * | `m_<scope>_s<window>_<facts>_<amounts>` | the sum of a closed window: a pure function of its deltas |
 * | `m_<scope>_y<day>_<facts>_<amounts>` | the sum of a day of closed windows |
 * | `w_<window>_<scope>` | something was added in this window |
 *
 * A counter `<name>_<scope>` is found in its scope under its name. An amount is `<base32 of name, epoch, field>x<units>`, with
 * `y` for less than nothing: neither is a digit of base32.
 */
import { createHash } from 'node:crypto'
import { base32, readBase32 } from '../../keys'

export const WINDOW_MS = 300_000
/** A delta may come this long after the end of its window. */
export const LATE_MS = 90_000
/** Nodes are at most this far behind. */
const STALE_MS = 60_000
/** So long after its end every node sees every delta of a window. */
export const CLOSED_MS = LATE_MS + STALE_MS + 10_000
const DAY_MS = 86_400_000
const WINDOWS_PER_DAY = DAY_MS / WINDOW_MS
const WIDTH = 7
const SCOPE_MAX = 160
const NAME_MAX = 512

/** One counter, or one field of it, in one epoch: what {@link readRows} sums up by. */
export interface Cell {
  name: string
  epoch: string
  field: string | null
}

export interface Amount extends Cell {
  by: number
}

export function scopeOf(key: string): { name: string, scope: string } {
  const at = key.indexOf('_')
  return at < 0 ? { name: key, scope: '' } : { name: key.slice(0, at), scope: key.slice(at + 1) }
}

export function cellId({ name, epoch, field }: Cell): string {
  return base32([name, epoch, ...field === null ? [] : [field]].join('\0'))
}

function readCell(id: string): Cell {
  const [name = '', epoch = '', field] = readBase32(id).split('\0')
  return { name, epoch, field: field ?? null }
}

function scopePart(scope: string): string {
  const part = base32(scope)
  return part.length > SCOPE_MAX ? `z${createHash('sha256').update(scope).digest('hex')}` : part
}

export function scopePrefix(scope: string): string {
  return `m_${scopePart(scope)}_`
}

export function windowOf(at: number): number {
  return Math.floor(at / WINDOW_MS)
}

export function isClosed(window: number, now: number): boolean {
  return now >= (window + 1) * WINDOW_MS + CLOSED_MS
}

export function dayOf(window: number): number {
  return Math.floor(window / WINDOWS_PER_DAY)
}

function numberPart(value: number): string {
  return value.toString(36).padStart(WIDTH, '0')
}

/** A digest that names a fact: the same for a repeat, and for nothing else. */
export function factOf(text: string): string {
  return createHash('sha256').update(text).digest('hex').slice(0, 32)
}

export interface Delta {
  scope: string
  /** Null: permanent. */
  window: number | null
  fact: string
  amounts: Amount[]
}

/** Undefined when it does not fit into a name. */
export function deltaName({ scope, window, fact, amounts }: Delta): string | undefined {
  const name = `${scopePrefix(scope)}${window === null ? 'p' : `d${numberPart(window)}`}_${fact}_${writeAmounts(amounts)}`
  return name.length <= NAME_MAX ? name : undefined
}

export function sumName(prefix: string, kind: 's' | 'y', period: number, facts: number, amounts: Amount[]): string {
  return `${prefix}${kind}${numberPart(period)}_${facts.toString(36)}_${writeAmounts(amounts)}`
}

export function windowMark(window: number, prefix: string): string {
  return `w_${numberPart(window)}_${prefix.slice(2, -1)}`
}

export const WINDOW_MARKS = 'w_'

export function readWindowMark(name: string): { window: number, prefix: string } {
  const [, window, scope] = name.split('_') as [string, string, string]
  return { window: Number.parseInt(window, 36), prefix: `m_${scope}_` }
}

/** Small first, so that equal sums have equal names whoever wrote them. */
function writeAmounts(amounts: Amount[]): string {
  return amounts.map(amount => `${cellId(amount)}${amount.by < 0 ? 'y' : 'x'}${Math.abs(amount.by)}`).sort().join('_')
}

function readAmounts(parts: string[]): Amount[] {
  return parts.filter(part => part !== '').map((part) => {
    const [, id, sign, units] = /^([0-9a-v]*)([xy])(\d+)$/.exec(part)!
    return { ...readCell(id!), by: sign === 'y' ? -Number(units) : Number(units) }
  })
}

/** What the names of one scope say. */
export interface Rows {
  permanent: Map<string, Amount[]>
  deltas: Map<number, Map<string, { name: string, amounts: Amount[] }[]>>
  sums: Map<number, { name: string, facts: number, amounts: Amount[] }>
  days: Map<number, { name: string, facts: number, amounts: Amount[] }>
}

export function readRows(prefix: string, names: string[]): Rows {
  const rows: Rows = { permanent: new Map(), deltas: new Map(), sums: new Map(), days: new Map() }
  // Where two writers named one fact with different amounts, the name that sorts first is the one that counts.
  for (const name of names.toSorted()) {
    const [kind, second, ...rest] = name.slice(prefix.length).split('_') as [string, string, ...string[]]
    const period = Number.parseInt(kind.slice(1), 36)
    const amounts = readAmounts(rest)
    if (kind === 'p') {
      if (!rows.permanent.has(second)) rows.permanent.set(second, amounts)
    }
    else if (kind.startsWith('d')) {
      const facts = rows.deltas.get(period) ?? new Map<string, { name: string, amounts: Amount[] }[]>()
      facts.set(second, [...facts.get(second) ?? [], { name, amounts }])
      rows.deltas.set(period, facts)
    }
    else {
      const sums = kind.startsWith('s') ? rows.sums : rows.days
      const facts = Number.parseInt(second, 36)
      const before = sums.get(period)
      // A sum is a function of its window; should two differ all the same, the one that saw more is right.
      if (!before || before.facts < facts) sums.set(period, { name, facts, amounts })
    }
  }
  return rows
}

/** The sum of a window's deltas, each fact once. */
export function sumDeltas(facts: Map<string, { amounts: Amount[] }[]>): Amount[] {
  return addUp([...facts.values()].flatMap(writers => writers[0]!.amounts))
}

export function addUp(amounts: Amount[]): Amount[] {
  const sums = new Map<string, Amount>()
  for (const amount of amounts) {
    const id = cellId(amount)
    sums.set(id, { ...amount, by: (sums.get(id)?.by ?? 0) + amount.by })
  }
  return [...sums.values()]
}

/** Everything a scope holds, each window once: by its day, else by its sum, else by its deltas. */
export function totals(rows: Rows): Amount[] {
  const windows = new Set([...rows.deltas.keys(), ...rows.sums.keys()])
  return addUp([
    ...[...rows.permanent.values()].flat(),
    ...[...rows.days.values()].flatMap(day => day.amounts),
    ...[...windows].filter(window => !rows.days.has(dayOf(window)))
      .flatMap(window => rows.sums.get(window)?.amounts ?? sumDeltas(rows.deltas.get(window)!)),
  ])
}
