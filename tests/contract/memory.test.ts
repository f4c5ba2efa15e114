import { createMemoryStore } from '#server/storage/drivers/memory'
import { testStore } from './store'

testStore('memory', async () => {
  let ahead = 0
  const store = createMemoryStore({ now: () => Date.now() + ahead })
  return { store, advance: ms => void (ahead += ms), close: () => store.close() }
})
