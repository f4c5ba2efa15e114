import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { openStore, setStore, STORE_SCHEMA, useStore } from '#server/storage'

describe('openStore', () => {
  let folder: string
  beforeEach(() => { folder = mkdtempSync(join(tmpdir(), 'vapor-open-')) })
  afterEach(() => rmSync(folder, { recursive: true }))

  it('opens a file, makes its folder and marks the schema once', async () => {
    const spec = `sqlite:${join(folder, 'a', 'b', 'vapor.db')}`
    for (let round = 0; round < 2; round++) {
      const store = await openStore(spec, { production: true })
      expect(store.name).toBe('sqlite')
      expect((await store.get('meta_schema'))?.value).toBe(STORE_SCHEMA)
      setStore(store)
      expect(useStore()).toBe(store)
      await store.close()
    }
  })

  it('stops at a store that a newer version has written, and lets go of it', async () => {
    const spec = `sqlite:${join(folder, 'vapor.db')}`
    const store = await openStore(spec, { production: true })
    await store.put('meta_schema', STORE_SCHEMA + 1)
    await store.close()
    for (let round = 0; round < 2; round++)
      await expect(openStore(spec, { production: true, waitMs: 0 })).rejects.toThrow(`written by a newer Vapor (schema ${STORE_SCHEMA + 1}`)
  })

  it('keeps what forgets everything out of production', async () => {
    await (await openStore('memory', { production: false })).close()
    await expect(openStore('memory', { production: true })).rejects.toMatchObject({ code: 'configuration' })
  })

  it.each([
    ['redis://:secret@127.0.0.1:1/0?prefix=a:b', /must look like redis:/],
    ['postgres://u:secret@127.0.0.1:1/db?schema=A', /must look like postgres:/],
    ['edgeone-kv', /edgeone-kv cannot be opened from here/],
    ['mysql://u:secret@127.0.0.1/db', /no kind of store Vapor knows\. Use sqlite:/],
    ['sqlite:', /no kind of store/], ['sqlite::memory:', /no kind of store/], ['', /no kind of store/],
  ])('refuses %j', async (spec, sentence) => {
    const refused = openStore(spec, { production: false })
    await expect(refused).rejects.toMatchObject({ code: 'configuration' })
    await expect(refused).rejects.toThrow(sentence)
    await expect(refused).rejects.not.toThrow(/secret/)
  })

  it('makes a file that VACUUM INTO can copy while the server runs', async () => {
    const file = join(folder, 'vapor.db')
    const store = await openStore(`sqlite:${file}`, { production: true })
    await store.put('available_u', 9e15)
    const db = new DatabaseSync(file, { readOnly: true })
    db.exec(`VACUUM INTO '${join(folder, 'backup.db')}'`)
    db.close()
    await store.close()
    const copy = await openStore(`sqlite:${join(folder, 'backup.db')}`, { production: true })
    expect((await copy.get('available_u'))?.value).toBe(9e15)
    await copy.close()
  })
})
