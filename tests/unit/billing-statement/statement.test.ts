import { describe, expect, it } from 'vitest'
import { toAdminRequest, toRequestPage, toRequestReply } from '#server/billing/replies'
import { createStatement } from '#server/billing/statement'
import type { RequestFilter } from '#server/billing/statement'
import { createMemoryStore } from '#server/storage/drivers/memory'
import { keys } from '#server/storage/keys'
import { adminRequestList, requestList } from '#shared/schemas/request'
import { book, requestRecord } from './records'

const NOON = Date.UTC(2026, 4, 12, 12)
const failed = { error: 'upstream_cut', status: 502, endReason: 'upstream_cut' as const }

async function setup() {
  const store = createMemoryStore({ now: () => NOON })
  return { store, statement: createStatement({ store }) }
}

async function readAll(statement: Awaited<ReturnType<typeof setup>>['statement'], filter: RequestFilter, limit: number) {
  const ids: string[] = []
  let pages = 0
  let after: string | undefined
  do {
    const page = await statement.listRequests(filter, { after, limit })
    ids.push(...page.items.map(record => record.id))
    after = page.next ?? undefined
    pages++
  } while (after)
  return { ids, pages }
}

describe('the list of requests', () => {
  it('is newest first, by booking time, and pages without gap or overlap', async () => {
    const { store, statement } = await setup()
    const records = Array.from({ length: 450 }, (_, index) => requestRecord(NOON - Math.floor(index / 3) * 10))
    await book(store, ...records)
    for (const limit of [1, 7, 150, 200]) {
      const { ids, pages } = await readAll(statement, {}, limit)
      expect(new Set(ids).size).toBe(450)
      expect(ids).toHaveLength(450)
      expect(pages).toBe(Math.ceil(450 / limit))
    }
  })

  it('filters by everything the pages offer', async () => {
    const { store, statement } = await setup()
    const a = requestRecord(NOON - 1)
    const b = requestRecord(NOON - 2, { ...failed, key: { id: 'key_b', name: 'b' }, model: { id: 'mdl_b', name: 'claude' } })
    const c = requestRecord(NOON - 3, { user: '8', key: { id: 'key_c', name: 'c' }, attempts: [...a.attempts, { ...a.attempts[0]!, channel: 'spare' }] })
    await book(store, a, b, c)
    const ids = async (filter: RequestFilter) => (await statement.listRequests(filter, { limit: 50 })).items.map(record => record.id)
    expect(await ids({})).toEqual([a.id, b.id, c.id])
    expect(await ids({ user: '7' })).toEqual([a.id, b.id])
    expect(await ids({ user: '7', failed: true })).toEqual([b.id])
    expect(await ids({ failed: true })).toEqual([b.id])
    expect(await ids({ key: 'key_c' })).toEqual([c.id])
    expect(await ids({ channel: 'spare' })).toEqual([c.id])
    expect(await ids({ channel: 'main', failed: true })).toEqual([b.id])
    expect(await ids({ model: { id: 'mdl_b', name: 'claude' } })).toEqual([b.id])
    expect(await ids({ model: { id: undefined, name: 'claude' } })).toEqual([b.id])
    expect(await ids({ user: '7', key: 'key_c' })).toEqual([])
    expect(await ids({ user: '8', model: { id: 'mdl_a', name: 'gpt-5' } })).toEqual([c.id])
  })

  it('gives up a search after 2,000 rows, says where, and goes on from there', async () => {
    const { store, statement } = await setup()
    const rare = requestRecord(NOON - 5000, { model: { id: 'mdl_b', name: 'claude' } })
    await book(store, rare, ...Array.from({ length: 2500 }, (_, index) => requestRecord(NOON - index)))
    const filter = { user: '7', model: { id: 'mdl_b', name: 'claude' } }
    const first = await statement.listRequests(filter, { limit: 10 })
    expect(first).toMatchObject({ items: [], searchedTo: NOON - 1999 })
    const second = await statement.listRequests(filter, { limit: 10, after: first.next ?? '' })
    expect(second.items.map(record => record.id)).toEqual([rare.id])
    expect(second).toMatchObject({ next: null })
    expect(second.searchedTo).toBeUndefined()
  })

  it('passes over rows whose record is gone', async () => {
    const { store, statement } = await setup()
    const [a, b] = [requestRecord(NOON - 1), requestRecord(NOON - 2)]
    await book(store, a, b)
    await store.delete(keys.request(a.id))
    expect((await readAll(statement, { user: '7' }, 1)).ids).toEqual([b.id])
  })

  it('fits the schemas, and shows channels to admins only', async () => {
    const { store, statement } = await setup()
    await book(store, requestRecord(NOON))
    const page = await statement.listRequests({}, { limit: 5 })
    const own = requestList.strict().parse(toRequestPage(page, toRequestReply))
    expect(JSON.stringify(own)).not.toContain('main')
    expect(own.items[0]).toMatchObject({ cost: '0.0000001', prices: { input: '0.000000001', output: '0.000000002' } })
    expect(adminRequestList.parse(toRequestPage(page, record => toAdminRequest(record, 'u'))).items[0]?.attempts[0]?.channel).toBe('main')
  })
})

describe('the list of entries', () => {
  it('is newest first and one user\'s own', async () => {
    const { store, statement } = await setup()
    for (let index = 0; index < 5; index++) {
      const id = `ent_${index}`
      await store.put(keys.entry('7', NOON + index, id), { v: 1, id, user: '7', kind: 'adjust', amount: index, reference: 'r', note: '', late: false, at: NOON + index })
    }
    await store.put(keys.entry('77', NOON, 'ent_x'), { v: 1, id: 'ent_x', user: '77', kind: 'adjust', amount: 1, reference: 'r', note: '', late: false, at: NOON })
    const first = await statement.listEntries('7', { limit: 3 })
    expect(first.items.map(entry => entry.id)).toEqual(['ent_4', 'ent_3', 'ent_2'])
    const rest = await statement.listEntries('7', { limit: 3, after: first.next ?? '' })
    expect(rest.items.map(entry => entry.id)).toEqual(['ent_1', 'ent_0'])
    expect(rest.next).toBeNull()
  })
})
