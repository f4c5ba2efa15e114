/** Opens a store file as a server does. `hold` keeps it; `write` commits until it is killed, telling what was acknowledged. */
import { writeSync } from 'node:fs'
import { openSqliteStore } from '#server/storage/drivers/sqlite'

const [file = '', mode = 'hold', wait = '0'] = process.argv.slice(2)
const WRITERS = 16

const store = await openSqliteStore({ file, waitMs: Number(wait) }).catch((error: unknown) => {
  tell(`refused ${error instanceof Error ? error.message : String(error)}`)
  process.exit(3)
})
tell('open')

if (mode === 'hold') setInterval(() => {}, 1000)
else await Promise.all(Array.from({ length: WRITERS }, (_, writer) => write(writer)))

async function write(writer: number): Promise<never> {
  for (let n = 0; ; n++) {
    const id = `ack_${writer}_${n}`
    const result = await store.commit(id, [{ once: id, value: n }, { add: 'total', by: 1 }, { put: `row_${id}`, value: { n, text: 'x'.repeat(200) } }])
    if (result.ok) tell(id)
  }
}

/** A write to the pipe that has returned outlives this process. */
function tell(line: string): void {
  writeSync(1, `${line}\n`)
}
