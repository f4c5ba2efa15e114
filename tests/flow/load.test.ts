import { request as httpRequest } from 'node:http'
import { readFileSync } from 'node:fs'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { stockShop } from '../support/console'
import type { Console } from '../support/console'
import { startVapor } from '../support/server'
import type { Vapor } from '../support/server'

/** On a signal the server collects all its garbage and gives the room back, so that what is left is what it keeps. */
const collectOnSignal = 'process.on("SIGUSR2",()=>globalThis.gc({type:"major",execution:"sync",flavor:"last-resort"}))'

const STREAMS = 200
const CHUNKS = 200
const EVERY_MS = 100
const SAMPLES_MS = { early: 5_000, late: 20_000 }

let vapor: Vapor
let user: Console
let key: string
const model = `sandbox-paced-${EVERY_MS}-${CHUNKS}`

beforeAll(async () => {
  vapor = await startVapor({ env: { VAPOR_CONCURRENCY: String(STREAMS), WELCOME_CREDIT: '100', NODE_OPTIONS: `--expose-gc --import=data:text/javascript,${encodeURIComponent(collectOnSignal)}` } })
  const shop = await stockShop(vapor.url, vapor.sandbox!.upstream, [model])
  user = shop.user
  key = shop.key
})
afterAll(() => vapor?.stop())

/** Reads one stream to its end; answers the longest silence between two chunks and all the text. */
function readStream(): Promise<{ status: number, longestGapMs: number, text: string }> {
  return new Promise((resolve, reject) => {
    const sent = httpRequest(`${vapor.url}/v1/chat/completions`, { method: 'POST', agent: false, headers: { 'authorization': `Bearer ${key}`, 'content-type': 'application/json' } }, (response) => {
      const chunks: Buffer[] = []
      let longestGapMs = 0
      let last = Date.now()
      response.on('data', (chunk: Buffer) => {
        longestGapMs = Math.max(longestGapMs, Date.now() - last)
        last = Date.now()
        chunks.push(chunk)
      })
      response.on('end', () => resolve({ status: response.statusCode!, longestGapMs, text: Buffer.concat(chunks).toString('utf8') }))
      response.on('error', reject)
    })
    sent.on('error', reject)
    sent.end(JSON.stringify({ model, stream: true, messages: [{ role: 'user', content: 'go' }] }))
  })
}

/** Resident memory of the server after a forced collection, in MB. */
async function residentAt(ms: number, startedAt: number): Promise<number> {
  await new Promise(resolve => setTimeout(resolve, startedAt + ms - Date.now()))
  vapor.process.kill('SIGUSR2')
  await new Promise(resolve => setTimeout(resolve, 500))
  return Number(/VmRSS:\s+(\d+) kB/.exec(readFileSync(`/proc/${vapor.process.pid}/status`, 'utf8'))![1]) / 1024
}

describe.runIf(process.platform === 'linux')('200 streams at once through the built server', () => {
  it('stall nowhere, are all settled to the nano, and leave no memory behind', async () => {
    const startedAt = Date.now()
    const [early, late, ...streams] = await Promise.all([
      residentAt(SAMPLES_MS.early, startedAt),
      residentAt(SAMPLES_MS.late, startedAt),
      ...Array.from({ length: STREAMS }, readStream),
    ])
    expect(streams.every(stream => stream.status === 200 && stream.text.endsWith('data: [DONE]\n\n') && !stream.text.includes('"error"'))).toBe(true)
    expect(Math.max(...streams.map(stream => stream.longestGapMs))).toBeLessThan(1_000)
    expect(late - early).toBeLessThan(30)

    const me = await user.get<{ available: string, held: string }>('/api/auth/me')
    const { requests } = await user.get<{ requests: { items: { cost: string }[] } }>('/api/user/usage?limit=200')
    expect(requests.items).toHaveLength(STREAMS)
    const cost = requests.items.reduce((sum, item) => sum + nano(item.cost), 0)
    expect(me.held).toBe('0')
    expect(nano(me.available)).toBe(100e9 - cost)
    const { items: entries } = await user.get<{ items: { kind: string, amount: string }[] }>('/api/user/entries?limit=200')
    expect(entries.filter(entry => entry.kind === 'charge')).toHaveLength(STREAMS)
  }, 120_000)
})

const nano = (credits: string) => Math.round(Number(credits) * 1e9)
