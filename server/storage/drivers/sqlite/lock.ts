import { setTimeout as wait } from 'node:timers/promises'
import { DatabaseSync } from 'node:sqlite'
import { AppError } from '#server/errors/app-error'

const SQLITE_BUSY = 5
const RETRY_MS = 100

/**
 * Makes this the only server on a store file, by an exclusive lock of the engine on a file beside it: the system
 * releases it with the process, however that ends. A server that is just going away gets `waitMs` to do so.
 */
export async function lockStoreFile(file: string, waitMs: number): Promise<() => void> {
  const db = new DatabaseSync(`${file}.lock`, { timeout: 0 })
  for (const deadline = Date.now() + waitMs; ;) {
    try {
      db.exec('BEGIN EXCLUSIVE')
      return () => db.close()
    }
    catch (error) {
      if ((error as { errcode?: number }).errcode !== SQLITE_BUSY || Date.now() >= deadline) {
        db.close()
        throw refusal(file, error)
      }
    }
    await wait(RETRY_MS)
  }
}

function refusal(file: string, error: unknown): AppError {
  const problem = (error as { errcode?: number }).errcode === SQLITE_BUSY
    ? `Another Vapor is already running on ${file}. Only one server may use a store file: stop the other one, or set VAPOR_STORE to another file.`
    : `The store file ${file} cannot be locked. Check that its folder is writable and on a local disk.`
  return new AppError('configuration', { problem }, { cause: error })
}
