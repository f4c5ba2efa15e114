/**
 * `npm run store:backup -- <file>`: a whole copy of an sqlite store, of one moment, while the server runs. Other stores are
 * copied with their engine's own tools. Needs nothing but Node, so that it runs beside a server that has no sources.
 */
import { chmodSync, existsSync, renameSync, rmSync } from 'node:fs'
import { DatabaseSync } from 'node:sqlite'

const [target] = process.argv.slice(2)
const store = process.env['VAPOR_STORE'] || 'sqlite:.data/vapor.db'

function backup(file: string, target: string): number {
  const unfinished = `${target}.unfinished`
  rmSync(unfinished, { force: true })
  try {
    const source = new DatabaseSync(file, { readOnly: true })
    try {
      source.prepare('VACUUM INTO ?').run(unfinished)
    }
    finally { source.close() }
    // It holds sealed credentials and every balance.
    chmodSync(unfinished, 0o600)
    const records = check(unfinished)
    renameSync(unfinished, target)
    return records
  }
  finally { rmSync(unfinished, { force: true }) }
}

/** Reads the whole copy; answers how many records are in it. */
function check(file: string): number {
  const copy = new DatabaseSync(file, { readOnly: true })
  try {
    const verdict = copy.prepare('PRAGMA integrity_check').get()?.['integrity_check']
    if (verdict !== 'ok') throw new Error(`the copy is not whole: ${String(verdict)}`)
    return Number(copy.prepare('SELECT count(*) AS records FROM record').get()?.['records'])
  }
  finally { copy.close() }
}

function refuse(sentence: string): never {
  console.error(sentence)
  process.exit(1)
}

if (!target) refuse('Say where to: npm run store:backup -- <file>')
if (!store.startsWith('sqlite:')) refuse('VAPOR_STORE names no sqlite store. Redis and PostgreSQL are backed up with their own tools; docs/scaling.md tells how.')
const file = store.slice('sqlite:'.length)
if (!existsSync(file)) refuse(`There is no store at ${file}.`)
if (existsSync(target)) refuse(`${target} is there already. Name a file that is not.`)
try {
  console.log(`${backup(file, target)} records of ${file} copied to ${target} and read again.`)
}
catch (error) { refuse(`The store could not be copied: ${error instanceof Error ? error.message : error}.`) }
