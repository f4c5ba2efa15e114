import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { dialectIds } from '#shared/schemas/channel'
import type { DialectId } from '#shared/schemas/channel'
import { clients } from '../support/clients'
import { openShop } from '../support/shop'
import type { Shop } from '../support/shop'
import { cases, conversations, isText, missing } from './cases'
import type { Case } from './cases'
import { broken, exceptions, finishOf, passesAlike, throughSdk, toolsOf, unreadable } from './expected'
import { modelOf, replayCases } from './replay'

/** Recorded answers from an upstream of their own dialect, through the shop, to the vendors' SDKs of every dialect. */
let shop: Shop
let replay: Awaited<ReturnType<typeof replayCases>>
const tally: Record<string, { passed: number, all: number }> = {}

beforeAll(async () => {
  if (missing) return
  replay = await replayCases(cases)
  shop = await openShop({ available: 9_000_000_000_000 })
  for (const dialect of dialectIds) await shop.addChannel(`ch-${dialect}`, { dialect, baseUrl: `${replay.url}/${dialect === 'gemini' ? 'v1beta' : 'v1'}`, credentials: ['sk-replay'] })
  for (const one of cases) await shop.sell(modelOf(one), { routes: [{ channel: `ch-${one.dialect}`, upstream: modelOf(one) }] })
})
afterAll(async () => {
  if (missing) return
  await shop.close()
  await replay.close()
  console.table(tally)
})

const ask = (client: DialectId, one: Case) => clients[client](shop.url, shop.key, { model: modelOf(one), text: 'replay', stream: one.stream, think: true, outputMax: 9000 })

async function requireUnderstood(client: DialectId, one: Case): Promise<void> {
  const understood = await ask(client, one)
  const { derived, usage_normalised: counted } = one.meta
  const skip = new Set([...exceptions[one.name]?.fields ?? [], ...throughSdk[`${client} < ${one.name}`]?.fields ?? []])
  const text = derived?.refusal && client !== 'openai-chat' && client !== 'openai-responses' ? derived.refusal : derived?.text
  if (!skip.has('text')) expect(isText(understood.text, text, derived?.text_sha256), understood.text).toBe(true)
  if (!skip.has('reasoning')) expect(isText(understood.reasoning, derived?.reasoning, derived?.reasoning_sha256), understood.reasoning).toBe(true)
  if (!skip.has('tools')) expect(understood.tools).toEqual(toolsOf(one))
  if (!skip.has('finish') && !derived?.refusal) expect(understood.finish).toBe(finishOf(one))
  if (counted && !skip.has('usage')) expect(understood.usage).toEqual({ input: counted.input_total, output: counted.output_total })
}

const all = conversations.flatMap(one => dialectIds.map(client => ({ client, one, name: one.name, pair: `${client} < ${one.name}` })))
const failing = all.filter(({ name, pair }) => (name in broken && !(pair in passesAlike)) || pair in unreadable)
const pairs = all.filter(({ name, pair }) => !(name in broken) && !(pair in unreadable))

describe.skipIf(missing)('recorded answers through the SDKs (VAPOR_CORPUS)', () => {
  it.each(pairs)('$client < $name', async ({ client, one }) => {
    const row = tally[`${one.dialect} > ${client}, ${one.stream ? 'streamed' : 'whole'}`] ??= { passed: 0, all: 0 }
    row.all++
    await requireUnderstood(client, one)
    row.passed++
  })

  it.each(failing)('$client < $name fails', async ({ client, one }) => {
    await expect(ask(client, one)).rejects.toThrow()
    shop.gateway.health.forget(`ch-${one.dialect}`)
  })

  it('leaves the books right and the log empty', async () => {
    for (let tries = 0; tries < 200 && (await shop.ledger.balance(shop.user)).open > 0; tries++) await new Promise(resolve => setTimeout(resolve, 25))
    expect((await shop.ledger.balance(shop.user)).open).toBe(0)
    expect(shop.logged).toEqual([])
    expect(shop.errors).toEqual([])
  })
})
