/**
 * Does a page cost the same in a small and in a large store, and what does a commit cost? All figures of one run:
 * `node bench/run.ts store-list [records in the large store]`.
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { cpus, tmpdir } from 'node:os'
import { join } from 'node:path'
import { openSqliteStore } from '#server/storage/drivers/sqlite'
import { createWriter } from '#server/storage/drivers/sqlite/writer'
import type { EncodedStep } from '#server/storage/drivers/steps'
import type { ListOptions, Step, Store } from '#server/storage/store'

const SMALL = 1000
const LARGE = Number(process.argv[2] ?? 1_000_000)
const PAGE = 50
const SAMPLES = 2000
const COMMITS = 6000

const folder = mkdtempSync(join(tmpdir(), 'vapor-bench-'))
const rowKey = (index: number): string => `reqs_all_${index.toString(36).padStart(9, '0')}_req`

function median(numbers: number[]): number {
  return numbers.sort((a, b) => a - b)[numbers.length >>> 1] ?? Number.NaN
}

function fill(file: string, count: number): void {
  const writer = createWriter({ file })
  const row = JSON.stringify({ id: 'req_01jd5z4t8n3v7k2m9p0q6r1s5w', model: 'gpt-4o', cost: 123_456_789, usage: { input: 1200, output: 345 }, status: 'done' })
  for (let begin = 0; begin < count; begin += 5000) {
    const steps = Array.from({ length: Math.min(5000, count - begin) }, (_, index): EncodedStep => ({ kind: 'put', key: rowKey(begin + index), text: row }))
    writer.applyGroup([{ kind: 'commit', steps }])
  }
  writer.close()
}

/** The two stores take turns, so that a busy moment of the machine hits both. */
async function comparePages(small: Store, large: Store): Promise<void> {
  const pages: [string, (count: number, sample: number) => ListOptions][] = [
    ['first page, newest first', () => ({ limit: PAGE, reverse: true })],
    ['first page, oldest first', () => ({ limit: PAGE })],
    ['page in the middle, newest first', (count, sample) => ({ limit: PAGE, reverse: true, after: rowKey(middle(count, sample)) })],
    ['page in the middle, oldest first', (count, sample) => ({ limit: PAGE, after: rowKey(middle(count, sample)) })],
  ]
  console.log(`| a page of ${PAGE} | ${SMALL} records | ${LARGE} records | ratio |\n|---|---|---|---|`)
  for (const [name, options] of pages) {
    const times: [number[], number[]] = [[], []]
    for (let sample = 0; sample < SAMPLES; sample++) {
      for (const [which, store, count] of [[0, small, SMALL], [1, large, LARGE]] as const) {
        const begin = performance.now()
        const rows = await store.list('reqs_all_', options(count, sample))
        times[which].push(performance.now() - begin)
        if (rows.length !== PAGE) throw new Error(`a page of ${rows.length}`)
      }
    }
    const [a, b] = times.map(median) as [number, number]
    console.log(`| ${name} | ${micros(a)} | ${micros(b)} | ${(b / a).toFixed(2)} |`)
  }
}

/** Somewhere between a quarter and three quarters, spread over the whole store. */
function middle(count: number, sample: number): number {
  return Math.floor(count / 4) + (sample * 7919) % Math.floor(count / 2)
}

/** A reservation and a settlement, as the ledger writes them. */
function charge(id: string): Step[][] {
  return [
    [{ add: 'available_u', by: -137, floor: 0 }, { add: 'held_u', by: 137 }, { put: `hold_${id}`, value: { amount: 137, user: 'u', model: 'gpt-4o' } }],
    [{ once: `once_charge_${id}`, value: { cost: 100 } }, { once: `once_release_${id}`, value: 1 }, { add: 'available_u', by: 37 }, { add: 'held_u', by: -137 },
      { delete: `hold_${id}` }, { put: `entry_u_${id}`, value: { amount: -100, request: id } }, { put: `request_${id}`, value: { id, cost: 100, status: 'done' } },
      ...['all', 'user_u', 'key_k', 'model_m', 'channel_c'].map(list => ({ put: `reqs_${list}_${id}`, value: id }))],
  ]
}

async function measureCommits(store: Store): Promise<void> {
  await store.put('available_u', 9e15)
  let next = 0
  console.log('\n| at the same time | commits/s | one commit, median | per commit, all in | this thread\'s CPU per commit |\n|---|---|---|---|---|')
  for (const [lanes, label, only] of [[1, 'small commit, alone', 'put'], [256, 'small commits, 256', 'put'], [1, 'charges, alone', 'charge'], [16, 'charges, 16', 'charge'], [256, 'charges, 256', 'charge']] as const) {
    const waits: number[] = []
    const total = lanes === 1 ? COMMITS / 6 : COMMITS * 2
    const commit = async (steps: Step[]) => {
      const begin = performance.now()
      const result = await store.commit('bench', steps)
      waits.push(performance.now() - begin)
      if (!result.ok) throw new Error(result.reason)
    }
    const lane = async () => {
      while (waits.length < total) {
        const id = `${(next++).toString(36).padStart(9, '0')}`
        for (const steps of only === 'put' ? [[{ put: `small_${id}`, value: 1 }]] : charge(id)) await commit(steps)
      }
    }
    const cpu = process.threadCpuUsage()
    const begin = performance.now()
    await Promise.all(Array.from({ length: lanes }, lane))
    const took = performance.now() - begin
    const used = process.threadCpuUsage(cpu)
    const count = waits.length
    console.log(`| ${label} | ${Math.round(count / took * 1000)} | ${micros(median(waits))} | ${micros(took / count)} | ${micros((used.user + used.system) / 1000 / count)} |`)
  }
}

function micros(ms: number): string {
  return `${(ms * 1000).toFixed(ms < 0.01 ? 1 : 0)} µs`
}

try {
  const files = [join(folder, 'small.db'), join(folder, 'large.db')] as const
  fill(files[0], SMALL)
  const begin = performance.now()
  fill(files[1], LARGE)
  console.log(`${cpus().length} × ${cpus()[0]?.model}, Node ${process.version}; ${LARGE} records written in ${((performance.now() - begin) / 1000).toFixed(1)} s\n`)
  const [small, large] = [await openSqliteStore({ file: files[0] }), await openSqliteStore({ file: files[1] })]
  await comparePages(small, large)
  await measureCommits(large)
  await small.close()
  await large.close()
}
finally { rmSync(folder, { recursive: true }) }
