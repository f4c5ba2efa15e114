import { mkdirSync } from 'node:fs'
import { dirname } from 'node:path'
import { Worker } from 'node:worker_threads'
import { AppError } from '#server/errors/app-error'
import type { StoreDriver } from '../../store'
import { storeUnavailable } from '../unavailable'
import { createWrites } from './jobs'
import type { Job, Outcome } from './jobs'
import { joinStore } from './join'
import { lockStoreFile } from './lock'
import { openReader } from './reader'
import type { FromThread, ToThread } from './thread'
import source from './thread.ts?thread-source'

const SYNCHRONOUS_FULL = 2
/** A server that is being replaced has this long to close; development servers overlap by up to 5 s. */
const LOCK_WAIT_MS = 6000

export interface SqliteOptions {
  file: string
  /** Replaces the clock that decides what has expired; only tests set it. */
  now?: () => number
  /** How long to wait for another server to leave the file. */
  waitMs?: number
}

/** Opens the store file for this server alone: one thread writes, this thread reads through its own connection. */
export async function openSqliteStore(options: SqliteOptions): Promise<StoreDriver> {
  const { file, now } = options
  const unlock = await openFolder(file, options.waitMs ?? LOCK_WAIT_MS)
  const thread = startThread(file)
  try {
    await thread.ready
    const reader = openReader(file, now)
    return joinStore(reader, createWrites(thread.send, now), async () => {
      await thread.settled()
      await reader.close()
      await thread.close()
      unlock()
    })
  }
  catch (error) {
    await thread.close()
    unlock()
    throw error
  }
}

async function openFolder(file: string, waitMs: number): Promise<() => void> {
  try {
    mkdirSync(dirname(file), { recursive: true, mode: 0o700 })
    return await lockStoreFile(file, waitMs)
  }
  catch (error) {
    throw error instanceof AppError ? error : cannotOpen(file, error)
  }
}

function cannotOpen(file: string, cause: unknown): AppError {
  const why = cause instanceof Error ? cause.message : String(cause)
  return new AppError('configuration', { problem: `The store file ${file} cannot be opened: ${why}.` }, { cause })
}

interface Pending {
  resolve: (outcome: Outcome) => void
  reject: (error: unknown) => void
}

/**
 * The writer thread, seen from here. It keeps the process alive only while somebody waits for an answer. When it ends,
 * for whatever reason, nobody is left waiting and nothing new is taken.
 */
function startThread(file: string) {
  const worker = new Worker(source, { eval: true, name: 'vapor-store', workerData: { file }, execArgv: [] })
  const pending = new Map<number, Pending>()
  const ready = Promise.withResolvers<undefined>()
  const ended = Promise.withResolvers<undefined>()
  let idle: (() => void) | undefined
  let closing = false
  let gone: string | undefined
  let lastId = 0

  worker.on('message', (message: FromThread) => {
    if ('ready' in message) {
      worker.unref()
      const { synchronous, journalMode } = message.ready
      if (synchronous === SYNCHRONOUS_FULL && journalMode === 'wal') ready.resolve(undefined)
      else ready.reject(cannotOpen(file, `the engine runs with synchronous=${synchronous} and journal_mode=${journalMode}, so commits would not be durable`))
    }
    else if ('broken' in message) ready.reject(cannotOpen(file, message.broken))
    else settle(message.answers)
  })
  worker.on('error', (error: unknown) => { gone = error instanceof Error ? error.message : String(error) })
  worker.on('exit', () => {
    gone ??= 'the writer thread has ended'
    ready.reject(cannotOpen(file, gone))
    for (const one of pending.values()) one.reject(storeUnavailable(gone))
    pending.clear()
    idle?.()
    ended.resolve(undefined)
  })

  function settle(answers: [number, Outcome][]): void {
    for (const [id, outcome] of answers) {
      pending.get(id)?.resolve(outcome)
      pending.delete(id)
    }
    if (pending.size > 0) return
    worker.unref()
    idle?.()
  }

  function post(message: ToThread): void {
    worker.postMessage(message)
  }

  return {
    ready: ready.promise,
    send: (job: Job) => new Promise<Outcome>((resolve, reject) => {
      if (closing || gone) return reject(storeUnavailable(gone ?? 'the store has been closed'))
      if (pending.size === 0) worker.ref()
      pending.set(++lastId, { resolve, reject })
      post({ id: lastId, job })
    }),
    /** Takes no more, and resolves when everybody has an answer. */
    settled: () => new Promise<void>((resolve) => {
      closing = true
      idle = resolve
      if (pending.size === 0) resolve()
    }),
    close: async () => {
      if (gone) return
      worker.ref()
      post({ close: true })
      await ended.promise
    },
  }
}
