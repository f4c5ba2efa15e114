import { Worker } from 'node:worker_threads'
import source from './thread.ts?thread-source'
import type { CountJob, CountResult } from './thread'

/** Bytes per token when counting itself is impossible; on the dear side of prose, never nothing. */
const FALLBACK_BYTES = 3

export type Counter = ReturnType<typeof createCounter>

/**
 * Counts tokens (o200k) in a worker thread, which starts at the first need: counting 400 kB takes 15 to 77 ms, and a
 * stream must not wait for it. Should the thread fail, bytes decide.
 */
export function createCounter() {
  let worker: Worker | undefined
  let nextId = 0
  const waiting = new Map<number, { texts: string[], resolve(tokens: number): void }>()

  function start(): Worker {
    const started = new Worker(source, { eval: true })
    started.unref()
    started.on('message', ({ id, tokens }: CountResult) => settle(id, () => tokens))
    // A thread that ends for whatever reason answers everything it owed by the fallback; the next job starts another.
    started.on('error', () => fail(started))
    started.on('exit', () => fail(started))
    return started
  }

  function fail(ended: Worker): void {
    if (worker !== ended) return
    worker = undefined
    for (const id of [...waiting.keys()]) settle(id, fallback)
  }

  function settle(id: number, tokens: (texts: string[]) => number): void {
    const job = waiting.get(id)
    waiting.delete(id)
    job?.resolve(tokens(job.texts))
  }

  function count(texts: string[]): Promise<number> {
    if (texts.every(text => text === '')) return Promise.resolve(0)
    worker ??= start()
    const job: CountJob = { id: nextId++, texts }
    return new Promise((resolve) => {
      waiting.set(job.id, { texts, resolve })
      worker?.postMessage(job)
    })
  }

  return { count, close: async () => { await worker?.terminate() } }
}

function fallback(texts: string[]): number {
  return texts.reduce((sum, text) => sum + Math.ceil(Buffer.byteLength(text) / FALLBACK_BYTES), 0)
}
