import { appendFileSync, existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, describe, expect, it } from 'vitest'
import type { SettleOrder } from '#server/billing/ledger'
import { openOutbox } from '#server/billing/outbox'
import { AppError } from '#server/errors/app-error'

const dir = mkdtempSync(join(tmpdir(), 'vapor-outbox-'))
const file = join(dir, 'deep', 'outbox.jsonl')
afterEach(() => rmSync(join(dir, 'deep'), { recursive: true, force: true }))

const order = (id: string) => ({ record: { id }, forgetIdempotency: false, requestsTtlMs: 1, idempotency: null }) as unknown as SettleOrder
const idsOf = (orders: SettleOrder[]) => orders.map(({ record }) => record.id)

async function open(settle: (order: SettleOrder) => Promise<unknown>) {
  const errors: unknown[] = []
  const outbox = await openOutbox({ file, settle, onError: error => errors.push(error) })
  outbox.close()
  return { outbox, errors }
}

describe('the outbox', () => {
  it('keeps what a store cannot take over a restart, in order, and forgets it once it is booked', async () => {
    const away = await open(() => Promise.reject(new AppError('store_unavailable')))
    await Promise.all(['a', 'b', 'c'].map(id => away.outbox.add(order(id))))
    await away.outbox.flush()
    expect(away.outbox.size).toBe(3)

    const booked: SettleOrder[] = []
    const back = await open(async one => booked.push(one))
    expect(back.outbox.size).toBe(3)
    await back.outbox.flush()
    expect(idsOf(booked)).toEqual(['a', 'b', 'c'])
    expect(back.outbox.size).toBe(0)
    expect(readFileSync(file, 'utf8')).toBe('')
    expect((await open(() => Promise.resolve())).outbox.size).toBe(0)
  })

  it('loses nothing that is added while it is being emptied', async () => {
    const booked: SettleOrder[] = []
    const { outbox } = await open(async (one) => {
      if (one.record.id === 'a') await outbox.add(order('b'))
      booked.push(one)
    })
    await outbox.add(order('a'))
    await outbox.flush()
    expect(idsOf(booked)).toEqual(['a', 'b'])
    expect(readFileSync(file, 'utf8')).toBe('')
  })

  it('reads past a line a crash has cut', async () => {
    const first = await open(() => Promise.resolve())
    await first.outbox.add(order('a'))
    appendFileSync(file, '{"record":{"id":"b"')
    const second = await open(() => Promise.resolve())
    expect(second.outbox.size).toBe(1)
    await second.outbox.add(order('c'))
    expect((await open(() => Promise.resolve())).outbox.size).toBe(2)
  })

  it('sets aside what can never be booked, for a person to look at, and goes on', async () => {
    const booked: SettleOrder[] = []
    const { outbox, errors } = await open(async (one) => {
      if (one.record.id === 'bad') throw new Error('settled before at another cost')
      booked.push(one)
    })
    await outbox.add(order('bad'))
    await outbox.add(order('good'))
    await outbox.flush()
    expect(idsOf(booked)).toEqual(['good'])
    expect(outbox.size).toBe(0)
    expect(errors).toHaveLength(1)
    expect(existsSync(`${file}.rejected`)).toBe(true)
    expect(readFileSync(`${file}.rejected`, 'utf8')).toContain('"bad"')
  })
})
