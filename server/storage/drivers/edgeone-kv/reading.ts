/** Records and counters as this node sees them, which may be 60 s behind. */
import type { Json } from '../../store'
import type { StoredRow } from '../steps'
import { epochOf, isLive, readEnvelope } from './envelope'
import type { Envelope } from './envelope'
import type { KvBatch } from './kv'
import { readRows, scopeOf, scopePrefix, totals } from './names'
import type { Amount, Rows } from './names'

/** Names asked for at once, and texts: an answer of the edge is at most 1 MB. */
const NAMES = 1000
const TEXTS = 64

export interface Seen {
  envelope: Envelope | undefined
  row: StoredRow | undefined
}

export type Reading = ReturnType<typeof createReading>

export function createReading(batch: KvBatch, now: () => number) {
  async function getTexts(keys: string[]): Promise<(string | null)[]> {
    const texts: (string | null)[] = []
    for (let at = 0; at < keys.length; at += TEXTS)
      texts.push(...await batch(keys.slice(at, at + TEXTS).map(key => ({ op: 'get', key }))) as (string | null)[])
    return texts
  }

  /** Every name under a prefix, behind `after`, at most `limit` of them. */
  async function listNames(prefix: string, { after, limit = Number.POSITIVE_INFINITY }: { after?: string | undefined, limit?: number } = {}): Promise<string[]> {
    const names: string[] = []
    for (let behind = after; names.length < limit;) {
      const asked = Math.min(NAMES, limit - names.length)
      const [page] = await batch([{ op: 'list', prefix, limit: asked, ...(behind === undefined ? {} : { after: behind }) }]) as [string[]]
      names.push(...page)
      if (page.length < asked) break
      behind = page.at(-1)!
    }
    return names.slice(0, limit)
  }

  /** What stands under keys of the port. Only keys that have been counted up cost a list. */
  async function see(keys: string[]): Promise<Map<string, Seen>> {
    const unique = [...new Set(keys)]
    const envelopes = (await getTexts(unique.map(key => `r_${key}`))).map(readEnvelope)
    const prefixes = unique.filter((_, at) => countsUp(envelopes[at])).map(key => scopePrefix(scopeOf(key).scope))
    const scopes = new Map<string, Rows>()
    await Promise.all([...new Set(prefixes)].map(async prefix => scopes.set(prefix, readRows(prefix, await listNames(prefix)))))
    return new Map(unique.map((key, at) => [key, { envelope: envelopes[at], row: rowOf(key, envelopes[at], scopes) }]))
  }

  function countsUp(envelope: Envelope | undefined): boolean {
    return envelope?.epoch !== undefined && isLive(envelope, now())
  }

  function rowOf(key: string, envelope: Envelope | undefined, scopes: Map<string, Rows>): StoredRow | undefined {
    if (envelope === undefined || !isLive(envelope, now())) return undefined
    const expires = envelope.expires ?? null
    if (envelope.epoch === undefined) return { text: JSON.stringify(envelope.value), version: envelope.version, expires }
    const { name, scope } = scopeOf(key)
    const rows = scopes.get(scopePrefix(scope))!
    const epoch = epochOf(envelope, now())
    const added = totals(rows).filter(amount => amount.name === name && amount.epoch === epoch)
    return { text: JSON.stringify(withAmounts(envelope, added)), version: `${envelope.version}${countFacts(rows).toString(36)}`, expires }
  }

  return { see, listNames, getTexts }
}

function withAmounts(envelope: Envelope, added: Amount[]): Json {
  if (added.length === 0 && envelope.value !== undefined) return envelope.value
  if (envelope.shape === 'one') return added.reduce((sum, { by }) => sum + by, envelope.value as number ?? 0)
  const fields = new Map(Object.entries(envelope.value as Record<string, number> ?? {}))
  for (const { field, by } of added) if (field !== null) fields.set(field, (fields.get(field) ?? 0) + by)
  return Object.fromEntries(fields)
}

/** Never falls while a window goes from deltas to its sum, nor from sums to their day. */
function countFacts(rows: Rows): number {
  const sums = [...rows.sums.values(), ...rows.days.values()].reduce((count, { facts }) => count + facts, 0)
  const open = [...rows.deltas].filter(([window]) => !rows.sums.has(window)).reduce((count, [, facts]) => count + facts.size, 0)
  return rows.permanent.size + sums + open
}
