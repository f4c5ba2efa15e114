import { createKvStore } from '#server/storage/drivers/edgeone-kv'
import { runBatch } from '#server/storage/drivers/edgeone-kv/kv'
import { createKv } from '../../sandbox/edgeone/kv'
import { testStore } from './store'
import type { Opened } from './store'

const STALE_MS = 60_000

/** Whichever of three nodes a call meets: a process sees its own writes all the same, another one after a minute. */
testStore('edgeone-kv', async () => {
  let ahead = 0
  let calls = 0
  const now = () => Date.now() + ahead
  const { nodes } = createKv(3, { now })
  const open = () => createKvStore({ now, reversed: ['t000'], batch: operations => runBatch(nodes[calls++ % nodes.length]!, operations, now) })
  const opened: Opened = {
    store: open(),
    reopen: async () => {
      ahead += STALE_MS
      return opened.store = open()
    },
    advance: ms => void (ahead += ms),
    close: () => opened.store.close(),
  }
  return opened
})
