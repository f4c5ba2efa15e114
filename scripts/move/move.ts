import { createReadStream, createWriteStream } from 'node:fs'
import { rename, rm } from 'node:fs/promises'
import { pipeline } from 'node:stream/promises'
import { readConfig } from '#server/config/index'
import { AppError, toAppError } from '#server/errors/app-error'
import { readArchive, writeArchive } from '#server/storage/archive'
import { openStore } from '#server/storage/index'
import type { Store } from '#server/storage/store'
import { formatNano } from '#shared/utils/money'
import { readBooks } from './books'

async function main([task, file]: string[]): Promise<void> {
  if ((task !== 'export' && task !== 'import') || !file) throw new AppError('invalid_request', { problem: 'Say export or import, and a file.' })
  const { config, fatal } = readConfig(process.env)
  if (!config || fatal.length > 0) throw new AppError('configuration', { problem: fatal.join(' ') })
  const store = await openStore(config.VAPOR_STORE, {
    production: config.production,
    warn: sentence => console.error(sentence),
    kv: { binding: config.VAPOR_KV_BINDING, origin: config.kvOrigin, secrets: config.JWT_SECRET },
  })
  try {
    if (task === 'export') await exportTo(store, file)
    else await importFrom(store, file)
    await sayBooks(store)
  }
  finally { await store.close() }
}

/** Under another name until it is whole. Readable by its owner alone: it holds sealed credentials and every balance. */
async function exportTo(store: Store, file: string): Promise<void> {
  const unfinished = `${file}.unfinished`
  try {
    await pipeline(writeArchive(store, Date.now()), createWriteStream(unfinished, { mode: 0o600 }))
    await rename(unfinished, file)
  }
  catch (error) {
    await rm(unfinished, { force: true })
    throw error
  }
  console.log(`Written to ${file}.`)
}

async function importFrom(store: Store, file: string): Promise<void> {
  const { records, sha256 } = await readArchive(store, linesOf(createReadStream(file, 'utf8')), Date.now())
  console.log(`${records} records read in and compared (sha256 ${sha256.slice(0, 16)}…).`)
}

async function sayBooks(store: Store): Promise<void> {
  const { users, entries, balances, held, drift } = await readBooks(store)
  console.log(`Books: ${users} users, entries ${formatNano(entries)}, balances ${formatNano(balances)}, of that held ${formatNano(held)}.`)
  for (const user of drift) console.error(`The balance of user ${user} is not the sum of its entries.`)
  if (drift.length > 0) process.exitCode = 1
}

async function* linesOf(pieces: AsyncIterable<string>): AsyncGenerator<string> {
  let rest = ''
  for await (const piece of pieces) {
    const lines = (rest + piece).split('\n')
    rest = lines.pop()!
    yield* lines
  }
  if (rest !== '') yield rest
}

try { await main(process.argv.slice(2)) }
catch (error) {
  console.error(toAppError(error).message)
  process.exitCode = 1
}
