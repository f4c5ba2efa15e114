/**
 * How long the server works for the data of every page, and for the page itself, on a store `npm run fixture` has filled:
 * `node --env-file=.data/fixture/vapor.env bench/run.ts pages [store] [another store]`. Starts the built server itself. With
 * two stores it measures them in turn and says how much longer the second takes.
 */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { createServer } from 'node:net'
import type { AddressInfo } from 'node:net'
import { cpus, tmpdir } from 'node:os'
import { join } from 'node:path'
import { createSessions, sessionCookie } from '#server/users/session'
import { fillCall, pageData } from '../tests/support/page-data'
import type { Known, PageData } from '../tests/support/page-data'

const SAMPLES = 20
const WARM_UPS = 2
/** The admin of a filled shop, who is also its busiest user. */
const READER = { id: '1', epoch: 0 }
const LIMIT_MS = 100

const secret = process.env['JWT_SECRET']
if (!secret) throw new Error('say JWT_SECRET and VAPOR_SECRET of the store: node --env-file=.data/fixture/vapor.env bench/run.ts pages')
const stores = process.argv.length > 2 ? process.argv.slice(2) : [process.env['VAPOR_STORE'] ?? 'sqlite:.data/fixture/vapor.db']
const build = process.env['VAPOR_TEST_BUILD'] ?? '.output'
const cookie = `${sessionCookie(false).name}=${await createSessions([secret]).issue(READER)}`

interface Times { median: number, p95: number, bytes: number }
type Row = [what: string, times: Times]

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  server.close()
  await once(server, 'close')
  return port
}

async function withServer<T>(store: string, work: (origin: string) => Promise<T>): Promise<T> {
  const port = await freePort()
  const origin = `http://127.0.0.1:${port}`
  const dataDir = mkdtempSync(join(tmpdir(), 'vapor-bench-'))
  const child = spawn(process.execPath, [join(build, 'server/index.mjs')], {
    stdio: ['ignore', 'ignore', 'inherit'],
    env: { ...process.env, VAPOR_STORE: store, VAPOR_DATA_DIR: dataDir, NODE_ENV: 'production', HOST: '127.0.0.1', PORT: String(port), FRONTEND_URL: origin, ADMIN_UIDS: READER.id },
  })
  const ended = once(child, 'exit')
  try {
    while (!await fetch(`${origin}/readyz`).then(reply => reply.ok, () => false)) {
      if (child.exitCode !== null) throw new Error(`the server ended with ${child.exitCode}`)
      await new Promise(resolve => setTimeout(resolve, 100))
    }
    return await work(origin)
  }
  finally {
    child.kill('SIGTERM')
    await ended
    rmSync(dataDir, { recursive: true, force: true })
  }
}

async function get(origin: string, path: string, reader: PageData['reader']): Promise<{ ms: number, text: string }> {
  const begin = performance.now()
  const reply = await fetch(origin + path, { headers: reader === 'nobody' ? {} : { cookie }, redirect: 'manual' })
  const text = await reply.text()
  const ms = performance.now() - begin
  if (reply.status !== 200) throw new Error(`${path} answered ${reply.status}: ${text.slice(0, 200)}`)
  return { ms, text }
}

async function measure(origin: string, path: () => string, reader: PageData['reader']): Promise<Times> {
  const times: number[] = []
  let bytes = 0
  for (let sample = 0; sample < WARM_UPS + SAMPLES; sample++) {
    const { ms, text } = await get(origin, path(), reader)
    if (sample >= WARM_UPS) times.push(ms)
    bytes = text.length
  }
  times.sort((a, b) => a - b)
  return { median: times[SAMPLES >>> 1]!, p95: times[Math.ceil(SAMPLES * 0.95) - 1]!, bytes }
}

async function learn(origin: string): Promise<Known> {
  const read = async <T>(path: string) => JSON.parse((await get(origin, path, 'admin')).text) as T
  const { items: [request] } = await read<{ items: { id: string, model: string, key: { id: string } }[] }>(`/api/admin/requests?limit=1&user=${READER.id}`)
  const { items: [order] } = await read<{ items: { id: string }[] }>('/api/admin/orders?limit=1')
  if (!request || !order) throw new Error('there is nothing in this store')
  return { uid: READER.id, request: request.id, order: order.id, key: request.key.id, channel: 'openai-main', model: request.model }
}

async function measureStore(store: string): Promise<{ data: Row[], pages: Row[] }> {
  return withServer(store, async (origin) => {
    const known = await learn(origin)
    const data: Row[] = []
    const pages: Row[] = []
    const readers = new Map(pageData.flatMap(({ calls, reader }) => calls.map(call => [call, reader])))
    for (const [call, reader] of readers) data.push([call, await measure(origin, () => fillCall(call, known), reader)])
    // The address differs each time, so that no page comes from a cache.
    for (const { page, reader } of pageData) pages.push([page, await measure(origin, () => `${page}?bench=${performance.now()}`, reader)])
    return { data, pages }
  })
}

const ms = (value: number): string => value.toFixed(value < 10 ? 1 : 0)

function print(title: string, first: Row[], second: Row[] | undefined): void {
  const more = second ? ['median on the second', 'p95', 'ratio'] : []
  console.log(`\n| ${[title, 'median ms', 'p95 ms', 'kB', ...more].join(' | ')} |\n|${'---|'.repeat(4 + more.length)}`)
  for (const [index, [what, { median, p95, bytes }]] of first.entries()) {
    const other = second?.[index]?.[1]
    console.log(`| ${[`\`${what}\``, ms(median), ms(p95), (bytes / 1000).toFixed(1), ...(other === undefined ? [] : [ms(other.median), ms(other.p95), (other.median / median).toFixed(2)])].join(' | ')} |`)
  }
}

console.log(`${new Date().toISOString().slice(0, 10)}, ${cpus().length} × ${cpus()[0]?.model}, Node ${process.version}, ${SAMPLES} of each`)
const [first, second] = [await measureStore(stores[0]!), stores[1] === undefined ? undefined : await measureStore(stores[1])]
print('data', first.data, second?.data)
print('page, rendered whole', first.pages, second?.pages)
const slow = [...first.data, ...second?.data ?? []].filter(([, { median }]) => median > LIMIT_MS)
console.log(`\n${slow.length === 0 ? `No data takes more than ${LIMIT_MS} ms in the median.` : `More than ${LIMIT_MS} ms: ${slow.map(([what]) => what).join(', ')}`}`)
