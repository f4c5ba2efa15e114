import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { RequestRecord } from '#server/billing/records'
import { dialectIds } from '#shared/schemas/channel'
import type { DialectId } from '#shared/schemas/channel'
import { usageClassNames } from '#shared/schemas/price'
import type { Prices, Usage } from '#shared/schemas/price'
import { clients } from '../../support/clients'
import type { Understood } from '../../support/clients'
import { expectations } from '../../support/expected'
import type { Answer } from '../../support/expected'
import { fixtures } from '../../support/fixtures'
import type { Fixture } from '../../support/fixtures'
import { startReplay } from '../../support/replay'
import { openShop } from '../../support/shop'
import type { Shop } from '../../support/shop'
import { directly, failureStatus, towards } from './through-sdk-exceptions'
import type { Exception } from './through-sdk-exceptions'

/** Every answer in `tests/fixtures` from an upstream of its dialect, through the shop, to the vendors' SDKs of all four, the money included. */
let shop: Shop
let replay: Awaited<ReturnType<typeof startReplay>>
const answers = fixtures.filter(one => one.kind === 'reply' || one.kind === 'stream')
const failures = fixtures.filter(one => one.kind === 'failure')

/** Credits per million units, another prime for every class: no two usages that differ by a swap cost the same. */
const prices: Prices = { input: '2', cachedInput: '3', cacheWrite5m: '5', cacheWrite1h: '7', audioInput: '11', output: '13', reasoning: '17', audioOutput: '19' }
const costOf = (usage: Usage): number => usageClassNames.reduce((sum, name) => sum + (usage[name] ?? 0) * Number(prices[name as keyof Prices] ?? 0) * 1000, 0)

const channelOf = (one: Fixture): string => one.name.replaceAll(/\W/g, '-')
const modelOf = (one: Fixture, cut: boolean): string => `${one.name.replace('/', '.')}${cut ? '.cut' : ''}`
const types: Record<string, string> = { sse: 'text/event-stream', html: 'text/html', json: 'application/json' }

/** Seeded, so that a red run can be run again. */
function createDice(seed: number): (below: number) => number {
  return (below) => {
    seed = (seed * 1_103_515_245 + 12_345) % 2_147_483_648
    return seed % below
  }
}

beforeAll(async () => {
  const roll = createDice(20_261_122)
  const all = [...answers, ...failures]
  replay = await startReplay(new Map(all.flatMap(one => [false, true].map(cut => [modelOf(one, cut), {
    status: one.status,
    type: types[one.name.split('.').at(-1)!]!,
    bytes: one.bytes,
    cut: cut ? 1 + roll(one.bytes.length - 1) : undefined,
  }] as const))))
  shop = await openShop({ available: 9_000_000_000_000, prices })
  for (const one of all) {
    const expected = expectations.get(one.name)
    await shop.addChannel(channelOf(one), { dialect: one.dialect, vendor: typeof expected === 'object' ? expected.vendor : 'generic', baseUrl: `${replay.url}/v1`, credentials: ['sk-replay'] })
    for (const cut of [false, true]) await shop.sell(modelOf(one, cut), { routes: [{ channel: channelOf(one), upstream: modelOf(one, cut) }] })
  }
})
afterAll(async () => {
  await shop.requireBooks()
  await shop.close()
  await replay.close()
})

/** Long enough for every usage to be possible: what no request of its size can have used is cut. */
const text = 'How do you do? '.repeat(1_500)
const ask = (client: DialectId, one: Fixture, cut: boolean, stream = one.kind === 'stream') => clients[client](shop.url, shop.key, { model: modelOf(one, cut), text, stream, think: true, outputMax: 9000 })

function exceptionOf(client: DialectId, one: Fixture): Exception | undefined {
  const found = client === one.dialect ? directly[one.name] : towards[client]?.[one.name]
  return typeof found === 'object' ? found : undefined
}

/** What the SDK of a client must have understood, its usage in the two numbers and the two parts all dialects have. */
function understoodBy(client: DialectId, one: Fixture, expected: Answer): Partial<Understood> {
  const { text, reasoning, refusal, tools, finish, usage } = expected
  const apart = client === 'openai-chat' || client === 'openai-responses'
  const sum = (...names: (keyof Usage)[]): number => names.reduce((total, name) => total + (usage?.[name] ?? 0), 0)
  return {
    text: apart ? text : text + refusal,
    refusal: apart ? refusal : '',
    reasoning,
    tools,
    // With words of its own a refusal is a full answer where refusals have a place.
    finish: refusal ? (apart ? 'stop' : 'filtered') : finish,
    ...(usage ? { usage: { input: sum('input', 'cachedInput', 'cacheWrite5m', 'cacheWrite1h', 'audioInput'), output: sum('output', 'reasoning', 'audioOutput') }, parts: { cached: sum('cachedInput'), reasoning: sum('reasoning') } } : {}),
    ...exceptionOf(client, one)?.instead,
  }
}

/** The record has the usage of the expectation, class by class, and its cost; what was not reported was counted. */
function requireCharge(one: Fixture, expected: Answer, record: RequestRecord): void {
  const { text, reasoning, refusal, tools, usage, clamped } = expected
  const chargeRule = usage === null ? 'counted' : text + reasoning + refusal === '' && tools.length === 0 ? 'no_content' : 'reported'
  const { request, ...classes } = record.usage
  expect(request).toBe(1)
  expect(record).toMatchObject({ model: { name: expect.stringContaining(one.name.replace('/', '.')) as string }, status: 200, endReason: 'completed', chargeRule, error: null, clamped, cost: costOf(record.usage) })
  if (usage) expect(classes).toEqual(usage)
}

const goodOnes = answers.flatMap((one) => {
  const expected = expectations.get(one.name)
  return typeof expected === 'object' ? [{ name: one.name, one, expected }] : []
})
const badOnes = answers.flatMap((one) => {
  const expected = expectations.get(one.name)
  return typeof expected === 'string' ? [{ name: one.name, one, expected }] : []
})

it('expects something of every answer, and of nothing else', () => {
  expect([...expectations.keys()].sort()).toEqual(answers.map(one => one.name).sort())
})

describe.each(dialectIds)('%s client', (client) => {
  it.each(goodOnes)('< $name', async ({ one, expected }) => {
    const unreadable = client === one.dialect && typeof directly[one.name] === 'string'
    for (const cut of [false, true]) {
      if (unreadable) await expect(ask(client, one, cut)).rejects.toThrow()
      else {
        const understood = await ask(client, one, cut)
        expect(understood).toMatchObject(understoodBy(client, one, expected))
        if (client !== one.dialect) requireIds(client, understood)
      }
      requireCharge(one, expected, await shop.settled())
    }
  })

  it.each(badOnes)('< $name $expected', async ({ one, expected }) => {
    for (const cut of [false, true]) {
      const exception = exceptionOf(client, one)
      if (exception) {
        expect(await ask(client, one, cut)).toMatchObject(exception.instead)
        expect(await shop.settled()).toMatchObject({ endReason: 'completed', chargeRule: 'no_content' })
        continue
      }
      await expect(ask(client, one, cut)).rejects.toThrow()
      requireFailureCharge(expected, await shop.settled())
      shop.gateway.health.forget(channelOf(one))
    }
  })

  it.each(failures.map(one => ({ name: one.name, one })))('< $name, whole and asked as a stream', async ({ one }) => {
    for (const stream of [false, true]) {
      const blame = failureStatus[one.name] ?? 503
      await expect(ask(client, one, stream, stream)).rejects.toMatchObject({ status: blame })
      expect(await shop.settled()).toMatchObject({ status: blame, usage: {}, cost: 0, chargeRule: 'free_failure' })
      shop.gateway.health.forget(channelOf(one))
    }
  })
})

/** What went wrong before the first word costs nothing; behind it, what was reported or delivered is charged. */
function requireFailureCharge(expected: 'fails' | 'fails late', record: RequestRecord): void {
  if (expected === 'fails') return void expect(record).toMatchObject({ endReason: 'upstream_failed', usage: {}, cost: 0, chargeRule: 'free_failure' })
  expect(['reported_partial', 'counted', 'free_failure']).toContain(record.chargeRule)
  expect(record).toMatchObject({ endReason: record.chargeRule === 'free_failure' ? 'upstream_failed' : 'upstream_cut', cost: costOf(record.usage) })
}

/** Ids every vendor takes back: one for each call, short, nothing packed into them. Gemini needs none, its vendor gives some. */
function requireIds(client: DialectId, { tools, toolIds }: Understood): void {
  if (client !== 'gemini') expect(new Set(toolIds).size).toBe(tools.length)
  for (const id of toolIds) expect(id).toMatch(/^[\w-]{1,64}$/)
}
