import { mkdir, open, readFile, rename } from 'node:fs/promises'
import { dirname } from 'node:path'
import { AppError } from '#server/errors/app-error'
import type { SettleOrder } from './ledger'

const RETRY_MS = 1000

export interface OutboxOptions {
  /** JSON lines, one settlement each, fsynced before the request that caused it ends. */
  file: string
  settle: (order: SettleOrder) => Promise<unknown>
  onError: (error: unknown) => void
}

export type Outbox = Awaited<ReturnType<typeof openOutbox>>

/**
 * Settlements the store could not take. They are replayed in order with the same once-ids, so a replay of one that was
 * booked after all changes nothing. While it is not empty the gateway admits nothing new, which also bounds it: it
 * never holds more than the requests that were open when the store went away.
 */
export async function openOutbox({ file, settle, onError }: OutboxOptions) {
  const waiting = await readLines(file)
  // A line cut by a crash must not swallow the next one.
  if (waiting.length > 0) await replace(file, waiting.map(lineOf).join(''))
  let flushing: Promise<void> | undefined
  let disk: Promise<unknown> = Promise.resolve()
  const timer = setInterval(() => void flush(), RETRY_MS)
  timer.unref()

  /** Keeps a settlement. Resolves when it is on disk; a disk that refuses leaves it in memory and says so. */
  async function add(order: SettleOrder): Promise<void> {
    waiting.push(order)
    await inTurn(() => append(file, lineOf(order)))
  }

  /** One write of the file at a time, so that a rewrite never loses a line appended beside it. */
  function inTurn(write: () => Promise<void>): Promise<void> {
    const turn = disk.then(write).catch(onError)
    disk = turn
    return turn
  }

  function flush(): Promise<void> {
    if (waiting.length === 0) return Promise.resolve()
    flushing ??= replay().finally(() => { flushing = undefined })
    return flushing
  }

  async function replay(): Promise<void> {
    while (waiting.length > 0) {
      const order = waiting[0]!
      try {
        await settle(order)
      }
      catch (error) {
        onError(error)
        if (error instanceof AppError && error.code === 'store_unavailable') return
        // The store answered and this one can never be booked: a person must look, the others must not wait.
        await inTurn(() => append(`${file}.rejected`, lineOf(order)))
      }
      waiting.shift()
    }
    await inTurn(() => replace(file, waiting.map(lineOf).join('')))
  }

  return {
    add,
    flush,
    get size() { return waiting.length },
    close: () => clearInterval(timer),
  }
}

function lineOf(order: SettleOrder): string {
  return `${JSON.stringify(order)}\n`
}

async function readLines(file: string): Promise<SettleOrder[]> {
  const text = await readFile(file, 'utf8').catch(() => '')
  // A line cut by a crash was never acknowledged: its hold is still open and the sweeper takes it back.
  return text.split('\n').flatMap((line) => {
    try {
      return line ? [JSON.parse(line) as SettleOrder] : []
    }
    catch { return [] }
  })
}

async function append(file: string, text: string): Promise<void> {
  await mkdir(dirname(file), { recursive: true })
  const handle = await open(file, 'a')
  try {
    await handle.write(text)
    await handle.sync()
  }
  finally { await handle.close() }
}

async function replace(file: string, text: string): Promise<void> {
  const handle = await open(`${file}.new`, 'w')
  try {
    await handle.write(text)
    await handle.sync()
  }
  finally { await handle.close() }
  await rename(`${file}.new`, file)
}
