import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { openSqliteStore } from '#server/storage/drivers/sqlite'
import type { Opened } from './store'
import { testStore } from './store'

testStore('sqlite', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'vapor-store-'))
  const file = join(folder, 'deep', 'vapor.db')
  let ahead = 0
  const open = () => openSqliteStore({ file, now: () => Date.now() + ahead })
  const opened: Opened = {
    store: await open(),
    reopen: async () => {
      await opened.store.close()
      return opened.store = await open()
    },
    advance: ms => void (ahead += ms),
    close: async () => {
      await opened.store.close()
      rmSync(folder, { recursive: true })
    },
  }
  return opened
})
