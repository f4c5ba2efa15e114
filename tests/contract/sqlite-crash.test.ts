import { fork, spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { DatabaseSync } from 'node:sqlite'
import { fileURLToPath } from 'node:url'
import fc from 'fast-check'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { AppError } from '#server/errors/app-error'
import { openSqliteStore } from '#server/storage/drivers/sqlite'
import { openIpcStore, serveStore } from '#server/storage/drivers/sqlite/ipc'
import { createWrites } from '#server/storage/drivers/sqlite/jobs'
import type { Job } from '#server/storage/drivers/sqlite/jobs'
import { joinStore } from '#server/storage/drivers/sqlite/join'
import { openReader } from '#server/storage/drivers/sqlite/reader'
import { createWriter } from '#server/storage/drivers/sqlite/writer'
import { encodeSteps } from '#server/storage/drivers/steps'
import type { Store } from '#server/storage/store'
import { bundleChild } from '../support/bundle'
import { runs } from '../support/runs'

const childSource = (name: string) => fileURLToPath(new URL(`children/${name}.ts`, import.meta.url))

let folder: string
let file: string
let children: ChildProcess[]

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'vapor-crash-'))
  file = join(folder, 'vapor.db')
  children = []
})

afterEach(async () => {
  for (const child of children) await kill(child)
  rmSync(folder, { recursive: true })
})

async function kill(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  child.kill('SIGKILL')
  await once(child, 'exit')
}

async function startServer(mode: 'hold' | 'write', wait = 0): Promise<{ child: ChildProcess, lines: AsyncIterableIterator<string> }> {
  const child = spawn(process.execPath, [await bundleChild(childSource('server')), file, mode, String(wait)], { stdio: ['ignore', 'pipe', 'inherit'] })
  children.push(child)
  return { child, lines: createInterface({ input: child.stdout })[Symbol.asyncIterator]() }
}

async function readAll(store: Store, prefix: string): Promise<string[]> {
  const found: string[] = []
  for (let after: string | undefined; ;) {
    const page = await store.list(prefix, { limit: 1000, after })
    found.push(...page.map(row => row.key))
    if (page.length < 1000) return found
    after = found.at(-1)
  }
}

describe('several processes', () => {
  it('book exactly what the balance allows through the one writer', async () => {
    const [amount, balance, tries] = [7, 9_000, 500]
    const store = await openSqliteStore({ file })
    await store.put('available_u', balance)
    const program = await bundleChild(childSource('racer'))
    const reports = await Promise.all(['a', 'b', 'c', 'd'].map(async (name) => {
      const child = fork(program, [file, name, String(amount), String(tries)], { execArgv: [] })
      children.push(child)
      serveStore(store, child)
      return new Promise<{ booked: number, reasons: string[], consistent: boolean }>((resolve, reject) => {
        child.on('message', (message: { booked?: number }) => { if (message.booked !== undefined) resolve(message as never) })
        child.on('exit', code => reject(new Error(`the child ended with ${code}`)))
      })
    }))
    const booked = reports.reduce((sum, report) => sum + report.booked, 0)
    expect(booked).toBe(Math.floor(balance / amount))
    expect(reports.every(report => report.consistent)).toBe(true)
    expect(new Set(reports.flatMap(report => report.reasons))).toEqual(new Set(['', 'floor']))
    const [available, held] = await store.getMany(['available_u', 'held_u'])
    expect([available?.value, held?.value]).toEqual([balance - booked * amount, booked * amount])
    expect((await readAll(store, 'hold_')).length).toBe(booked)
    await store.close()
  })

  it('hear at once when the primary has gone', async () => {
    const store = await openSqliteStore({ file })
    const listeners = new Map<string, (message?: unknown) => void>()
    const channel = {
      connected: true,
      send: () => true,
      on: (event: string, listener: (message?: unknown) => void) => listeners.set(event, listener),
      off: (event: string) => listeners.delete(event),
    }
    const far = openIpcStore({ file, channel })
    const waiting = [far.commit('lost', [{ put: 'a', value: 1 }]), far.deleteRange('a', { before: 'b', limit: 1 })]
    listeners.get('disconnect')!()
    channel.connected = false
    for (const lost of [...waiting, far.put('a', 1)]) await expect(lost).rejects.toMatchObject({ code: 'store_unavailable' })
    await far.close()
    expect(listeners.size).toBe(0)
    await store.close()
  })
})

describe('a server that is killed', () => {
  it('loses no acknowledged commit and leaves no half of one', async () => {
    for (const enough of [1, 400, 1500]) {
      const { child, lines } = await startServer('write', 2000)
      const acknowledged: string[] = []
      for await (const line of lines) {
        if (line.startsWith('ack_')) acknowledged.push(line)
        // Reading goes on after the kill: what is in the pipe has been acknowledged too.
        if (acknowledged.length === enough) child.kill('SIGKILL')
      }
      const store = await openSqliteStore({ file, waitMs: 2000 })
      const kept = await readAll(store, 'ack_')
      expect(acknowledged.filter(id => !kept.includes(id))).toEqual([])
      expect(await readAll(store, 'row_')).toEqual(kept.map(id => `row_${id}`))
      expect((await store.get('total'))?.value).toBe(kept.length)
      await store.close()
      rmSync(file)
      for (const rest of ['-wal', '-shm']) rmSync(file + rest, { force: true })
    }
  })

  it('leaves the file to the next one, which nobody may join', async () => {
    const first = await startServer('hold')
    expect((await first.lines.next()).value).toBe('open')
    const second = await startServer('hold')
    expect((await second.lines.next()).value).toContain(`Another Vapor is already running on ${file}`)
    await expect(openSqliteStore({ file, waitMs: 0 })).rejects.toMatchObject({ code: 'configuration' })
    await kill(first.child)
    const third = await startServer('hold')
    expect((await third.lines.next()).value).toBe('open')
  })

  it('is waited for when it is just leaving', async () => {
    const store = await openSqliteStore({ file })
    const next = openSqliteStore({ file, waitMs: 5000 })
    await store.put('last', 1)
    await store.close()
    expect((await (await next).get('last'))?.value).toBe(1)
    await (await next).close()
  })
})

describe('opening and closing', () => {
  it('writes through to the disk before it answers', async () => {
    const writer = createWriter({ file })
    expect(writer.settings()).toEqual({ synchronous: 2, journalMode: 'wal' })
    writer.close()
  })

  it('says so when the file is no store', async () => {
    writeFileSync(file, 'This is not a database. '.repeat(1000))
    await expect(openSqliteStore({ file })).rejects.toThrow(/cannot be opened: file is not a database/)
    await expect(openSqliteStore({ file: join(file, 'inside', 'a.db') })).rejects.toMatchObject({ code: 'configuration' })
  })

  it('answers everybody before it closes, and nobody afterwards', async () => {
    const store = await openSqliteStore({ file })
    const writes = Array.from({ length: 300 }, (_, index) => store.put(`k${index}`, index))
    await Promise.all([store.close(), store.close()])
    await Promise.all(writes)
    await expect(store.put('late', 1)).rejects.toMatchObject({ code: 'store_unavailable' })
    await expect(store.get('late')).rejects.toMatchObject({ code: 'store_unavailable' })
    const again = await openSqliteStore({ file })
    expect((await readAll(again, 'k')).length).toBe(300)
    await again.close()
  })

  it('never goes back in versions, even when the clock did', () => {
    const write = () => {
      const writer = createWriter({ file })
      writer.applyGroup([{ kind: 'commit', steps: encodeSteps([{ put: 'a', value: 1 }]) }])
      writer.close()
      const db = new DatabaseSync(file)
      const version = Number(db.prepare('SELECT version FROM record').get()!.version)
      db.close()
      return version
    }
    const first = write()
    const { now } = Date
    try {
      Date.now = () => now() - 86_400_000
      expect(write()).toBeGreaterThan(first)
    }
    finally { Date.now = now }
  })

  it('clears what has expired away, a little at a time', () => {
    const writer = createWriter({ file })
    const put = (name: string, ttlMs?: number): Job => ({ kind: 'commit', steps: encodeSteps([{ put: name, value: 1, ttlMs }]), at: Date.now() - 10_000 })
    writer.applyGroup(Array.from({ length: 500 }, (_, index) => put(`old_${index}`, 1)))
    for (let group = 0; group < 5; group++) writer.applyGroup([put(`new_${group}`)])
    writer.close()
    const db = new DatabaseSync(file)
    expect(db.prepare('SELECT count(*) AS n FROM record').get()!.n).toBe(5)
    db.close()
  })
})

describe('an engine that fails', () => {
  class Fault extends Error {}

  it('fails a commit whole, and a group whole when COMMIT fails', async () => {
    const plan = { stepEvery: 0, commitEvery: 0, commits: 0 }
    const writer = createWriter({ file, faults: {
      beforeStep: (n) => { if (plan.stepEvery > 0 && n % plan.stepEvery === 0) throw new Fault('step') },
      beforeCommit: () => { if (plan.commitEvery > 0 && ++plan.commits % plan.commitEvery === 0) throw new Fault('commit') },
    } })
    const reader = openReader(file)
    const [accounts, total] = [5, 500]
    let history = 0
    const transfer = fc.record({ from: fc.nat(accounts - 1), to: fc.nat(accounts - 1), amount: fc.integer({ min: 1, max: 60 }) }).filter(one => one.from !== one.to)
    const groups = fc.array(fc.array(transfer, { minLength: 1, maxLength: 8 }), { minLength: 1, maxLength: 10 })

    await fc.assert(fc.asyncProperty(groups, fc.integer({ min: 1, max: 30 }), fc.integer({ min: 2, max: 6 }), async (groups, stepEvery, commitEvery) => {
      const at = `h${history++}_`
      const account = (n: number) => `${at}account_${n}`
      Object.assign(plan, { stepEvery: 0, commitEvery: 0 })
      writer.applyGroup([{ kind: 'commit', steps: encodeSteps(Array.from({ length: accounts }, (_, n) => ({ put: account(n), value: total / accounts }))) }])
      Object.assign(plan, { stepEvery, commitEvery })
      const balances = Array.from({ length: accounts }, () => total / accounts)
      const booked: string[] = []
      for (const [index, group] of groups.entries()) {
        const names = group.map((_, place) => `${at}entry_${String(index).padStart(2, '0')}_${place}`)
        const outcomes = writer.applyGroup(group.map(({ from, to, amount }, place) => ({ kind: 'commit', steps: encodeSteps([
          { once: names[place]!, value: amount }, { add: account(from), by: -amount, floor: 0 }, { add: account(to), by: amount },
        ]) })))
        outcomes.forEach((outcome, place) => {
          const { from, to, amount } = group[place]!
          if ('failed' in outcome) expect(['step', 'commit']).toContain(outcome.failed)
          else if ((outcome.done as { ok: boolean }).ok) {
            balances[from]! -= amount
            balances[to]! += amount
            booked.push(names[place]!)
          }
          else expect(outcome.done).toEqual({ ok: false, step: 1, reason: 'floor', value: balances[from] })
        })
        const rows = await reader.getMany<number>(balances.map((_, n) => account(n)))
        expect(rows.map(row => row?.value)).toEqual(balances)
        expect(balances.reduce((sum, balance) => sum + balance)).toBe(total)
        expect((await reader.list(`${at}entry_`, { limit: 1000 })).map(row => row.key)).toEqual(booked)
      }
    }), { numRuns: runs })
    await reader.close()
    writer.close()
  })

  it('tells its callers store_unavailable, and a full disk spoils nothing', async () => {
    let limitPages = (_pages: number): void => {}
    const writer = createWriter({ file, faults: { opened: (db) => { limitPages = pages => db.exec(`PRAGMA max_page_count = ${pages}`) } } })
    const store = joinStore(openReader(file), createWrites(async job => writer.applyGroup([job])[0]!), async () => writer.close())
    await store.put('small', 1)
    limitPages(1)
    const large = store.commit('large', [{ add: 'small', by: 1 }, { put: 'large', value: 'x'.repeat(1_000_000) }])
    await expect(large).rejects.toBeInstanceOf(AppError)
    await expect(large).rejects.toMatchObject({ code: 'store_unavailable', cause: { message: 'large: database or disk is full' } })
    const add: Job = { kind: 'commit', steps: encodeSteps([{ add: 'small', by: 1 }]) }
    const tooLarge: Job = { kind: 'commit', steps: encodeSteps([{ add: 'small', by: 1 }, { put: 'large', value: 'x'.repeat(1_000_000) }]) }
    const done = writer.applyGroup([add, tooLarge, add]).filter(outcome => 'done' in outcome).length
    limitPages(1_000_000)
    expect((await store.get('small'))?.value).toBe(1 + done)
    expect(await store.get('large')).toBeUndefined()
    expect(await store.commit('after', [{ add: 'small', by: 1 }])).toEqual({ ok: true, values: [2 + done] })
    await store.close()
  })
})
