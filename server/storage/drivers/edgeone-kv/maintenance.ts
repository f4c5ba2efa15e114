/**
 * What any node may do at any time, two of them at once too: make up for unfinished commits, sum up closed windows, remove
 * what the sums stand for. Every result is a function of what all nodes see by then.
 */
import type { KvBatch, KvOperation } from './kv'
import { addUp, CLOSED_MS, dayOf, isClosed, readRows, readWindowMark, sumDeltas, sumName, WINDOW_MARKS, WINDOW_MS } from './names'
import type { Rows } from './names'
import type { Reading } from './reading'
import { readEnvelope } from './envelope'
import { JOURNALS, readJournal } from './writing'
import type { Journal } from './writing'

/** From the writing of a sum until its deltas go: every node sees the sum by then, and a writer of it has come to rest. */
const SUM_AGE_MS = 130_000
const DAY_MS = 86_400_000

interface Sum { at: number }

export interface MaintenanceOptions {
  batch: KvBatch
  reading: Reading
  redo: (name: string, journal: Journal) => Promise<void>
  now: () => number
}

export function createMaintenance({ batch, reading, redo, now }: MaintenanceOptions) {
  /** Looks after closed windows, oldest first, at most so many; answers how many it found. */
  async function maintain(limit: number): Promise<number> {
    await finishJournals(limit)
    const marks = await reading.listNames(WINDOW_MARKS, { limit })
    for (const mark of marks) {
      const { window, prefix } = readWindowMark(mark)
      if (!isClosed(window, now())) break
      if (await foldWindow(prefix, window)) await batch([{ op: 'delete', key: mark }])
    }
    return marks.length
  }

  async function finishJournals(limit: number): Promise<void> {
    const names = await reading.listNames(JOURNALS, { limit })
    for (const name of names) {
      if (!isClosed(Number.parseInt(name.split('_')[1]!, 36), now())) return
      const journal = readJournal((await reading.getTexts([name]))[0]!)
      if (journal) await redo(name, journal)
    }
  }

  /** True when nothing of the window is left but its sum. */
  async function foldWindow(prefix: string, window: number): Promise<boolean> {
    const names = await reading.listNames(prefix)
    const rows = readRows(prefix, names)
    const facts = rows.deltas.get(window)
    const undone = await redoUnfinished([...facts?.values() ?? []].flat().map(delta => delta.name))
    // A permanent commit is looked at while the mark of its window stands.
    const undonePermanent = await redoUnfinished(names.filter(name => name.startsWith(`${prefix}p_`)))
    if (undone + undonePermanent > 0) return false
    if (facts === undefined) return foldDays(prefix, rows)
    const sum = rows.sums.get(window)
    if (!sum) {
      await batch([{ op: 'put', key: sumName(prefix, 's', window, facts.size, sumDeltas(facts)), value: JSON.stringify({ at: now() } satisfies Sum) }])
      return false
    }
    if (!await isOld(sum.name)) return false
    await remove([...facts.values()].flat().map(delta => delta.name))
    return false
  }

  /** How many of these commits were unfinished. */
  async function redoUnfinished(names: string[]): Promise<number> {
    const texts = await reading.getTexts(names)
    const open = names.flatMap((name, at) => {
      const journal = readJournal(texts[at]!)
      return journal?.rest ? [{ name, journal }] : []
    })
    for (const { name, journal } of open) await redo(name, journal)
    return open.length
  }

  /** Days whose windows were all closed a day ago become one sum. True: what is left needs no more visits. */
  async function foldDays(prefix: string, rows: Rows): Promise<boolean> {
    const lastDay = dayOf(Math.floor((now() - DAY_MS) / WINDOW_MS)) - 1
    for (const day of new Set([...rows.sums.keys()].map(dayOf))) {
      if (day > lastDay || [...rows.deltas.keys()].some(window => dayOf(window) === day)) continue
      const sums = [...rows.sums].filter(([window]) => dayOf(window) === day).map(([, sum]) => sum)
      const done = rows.days.get(day)
      if (!done) {
        const facts = sums.reduce((count, sum) => count + sum.facts, 0)
        await batch([{ op: 'put', key: sumName(prefix, 'y', day, facts, addUp(sums.flatMap(sum => sum.amounts))), value: JSON.stringify({ at: now() } satisfies Sum) }])
      }
      else if (await isOld(done.name)) await remove(sums.map(sum => sum.name))
    }
    return true
  }

  async function isOld(name: string): Promise<boolean> {
    const [text] = await reading.getTexts([name])
    return text !== null && text !== undefined && now() - (JSON.parse(text) as Sum).at >= SUM_AGE_MS
  }

  async function remove(names: string[]): Promise<void> {
    await batch(names.map((key): KvOperation => ({ op: 'delete', key })))
  }

  /** Removes records that have expired, from a place of the key space on; answers where to go on, or nothing at its end. */
  async function purge(after: string | undefined, limit: number): Promise<string | undefined> {
    const names = await reading.listNames('r_', { after, limit })
    const texts = await reading.getTexts(names)
    const dead = names.filter((_, at) => {
      const envelope = readEnvelope(texts[at]!)
      return envelope?.epoch === undefined && (envelope?.expires ?? Number.POSITIVE_INFINITY) < now() - CLOSED_MS
    })
    await remove(dead)
    return names.length < limit ? undefined : names.at(-1)
  }

  return { maintain, purge }
}
