import { readFileSync } from 'node:fs'
import { afterEach, describe, expect, it } from 'vitest'
import { countTokens } from 'gpt-tokenizer/encoding/o200k_base'
import { replyOf } from '../../sandbox/index.ts'
import { costOfTokens, openShop } from '../support/shop'
import type { Shop, ShopOptions } from '../support/shop'

/**
 * Every row of the table in docs/billing.md: what went wrong, what the client got, what was charged, what the operator
 * sees. The last test holds the two together.
 */
interface Fault {
  /** Beginning of the row in docs/billing.md. */
  row: string
  scenario: string
  stream: boolean
  status: number
  /** What the client's answer contains. */
  answer: string
  record: { endReason: string, chargeRule: string, error: string | null, clamped?: boolean }
  charge: 'nothing' | 'reported' | 'counted' | 'input' | { input: number, output: number }
}

const ask = { messages: [{ role: 'user', content: 'Tell me about tea.' }] }

const faults: Fault[] = [
  { row: 'Upstream answers 500', scenario: 'sandbox-error-500', stream: true, status: 503, answer: '"upstream_unavailable"', record: { endReason: 'upstream_failed', chargeRule: 'free_failure', error: 'upstream_unavailable' }, charge: 'nothing' },
  { row: 'Upstream answers 500', scenario: 'sandbox-error-500', stream: false, status: 503, answer: '"upstream_unavailable"', record: { endReason: 'upstream_failed', chargeRule: 'free_failure', error: 'upstream_unavailable' }, charge: 'nothing' },
  { row: 'Upstream answers 429', scenario: 'sandbox-error-429', stream: false, status: 429, answer: '"rate_limit_exceeded"', record: { endReason: 'upstream_failed', chargeRule: 'free_failure', error: 'upstream_busy' }, charge: 'nothing' },
  { row: 'Upstream refuses our credential', scenario: 'sandbox-error-401', stream: false, status: 503, answer: '"upstream_unavailable"', record: { endReason: 'upstream_failed', chargeRule: 'free_failure', error: 'upstream_unavailable' }, charge: 'nothing' },
  { row: 'Upstream refuses the request', scenario: 'sandbox-error-400', stream: false, status: 400, answer: '"upstream_rejected"', record: { endReason: 'refused', chargeRule: 'free_failure', error: 'upstream_rejected' }, charge: 'nothing' },
  { row: 'Upstream sends a page instead', scenario: 'sandbox-html-502', stream: true, status: 503, answer: '"upstream_unavailable"', record: { endReason: 'upstream_failed', chargeRule: 'free_failure', error: 'upstream_unavailable' }, charge: 'nothing' },
  { row: 'Connection lost before headers', scenario: 'sandbox-reset', stream: true, status: 503, answer: '"upstream_unavailable"', record: { endReason: 'upstream_failed', chargeRule: 'free_failure', error: 'upstream_unavailable' }, charge: 'nothing' },
  { row: 'Cut before any content', scenario: 'sandbox-cut-before', stream: true, status: 503, answer: '"upstream_unavailable"', record: { endReason: 'upstream_failed', chargeRule: 'free_failure', error: 'upstream_unavailable' }, charge: 'nothing' },
  { row: 'Error as the first frame', scenario: 'sandbox-error-first', stream: true, status: 503, answer: '"upstream_unavailable"', record: { endReason: 'upstream_failed', chargeRule: 'free_failure', error: 'upstream_unavailable' }, charge: 'nothing' },
  { row: 'Silence before any content', scenario: 'sandbox-stall', stream: true, status: 504, answer: '"upstream_timeout"', record: { endReason: 'upstream_failed', chargeRule: 'free_failure', error: 'upstream_timeout' }, charge: 'nothing' },
  { row: 'No headers in time', scenario: 'sandbox-slow-headers-9000', stream: false, status: 504, answer: '"upstream_timeout"', record: { endReason: 'upstream_failed', chargeRule: 'free_failure', error: 'upstream_timeout' }, charge: 'nothing' },
  { row: 'Cut in the middle of a stream', scenario: 'sandbox-cut-mid', stream: true, status: 200, answer: '"upstream_cut"', record: { endReason: 'upstream_cut', chargeRule: 'counted', error: 'upstream_cut' }, charge: 'counted' },
  { row: 'Cut in the middle of a whole answer', scenario: 'sandbox-cut-mid', stream: false, status: 503, answer: '"upstream_unavailable"', record: { endReason: 'upstream_failed', chargeRule: 'free_failure', error: 'upstream_unavailable' }, charge: 'nothing' },
  { row: 'Error in the middle of a stream', scenario: 'sandbox-error-mid', stream: true, status: 200, answer: '"upstream_cut"', record: { endReason: 'upstream_cut', chargeRule: 'counted', error: 'upstream_cut' }, charge: 'counted' },
  { row: 'Silence in the middle of a stream', scenario: 'sandbox-stall-mid', stream: true, status: 200, answer: '"upstream_stalled"', record: { endReason: 'stalled', chargeRule: 'counted', error: 'upstream_stalled' }, charge: 'counted' },
  { row: 'No usage reported', scenario: 'sandbox-no-usage', stream: true, status: 200, answer: '[DONE]', record: { endReason: 'completed', chargeRule: 'counted', error: null }, charge: 'counted' },
  { row: 'No usage reported', scenario: 'sandbox-no-usage', stream: false, status: 200, answer: 'choices', record: { endReason: 'completed', chargeRule: 'counted', error: null }, charge: 'counted' },
  { row: 'Usage that is no number', scenario: 'sandbox-usage-string', stream: true, status: 200, answer: '[DONE]', record: { endReason: 'completed', chargeRule: 'counted', error: null }, charge: 'counted' },
  { row: 'Negative usage', scenario: 'sandbox-usage-negative', stream: false, status: 200, answer: 'choices', record: { endReason: 'completed', chargeRule: 'counted', error: null }, charge: 'counted' },
  { row: 'More cached than input', scenario: 'sandbox-usage-cached-over', stream: false, status: 200, answer: 'choices', record: { endReason: 'completed', chargeRule: 'reported', error: null, clamped: true }, charge: 'reported' },
  { row: 'Refused for safety', scenario: 'sandbox-content-filter', stream: true, status: 200, answer: '[DONE]', record: { endReason: 'completed', chargeRule: 'reported', error: null }, charge: 'reported' },
  { row: 'Usage but no content', scenario: 'sandbox-empty', stream: true, status: 200, answer: '[DONE]', record: { endReason: 'completed', chargeRule: 'no_content', error: null }, charge: 'reported' },
  { row: 'A broken answer', scenario: 'sandbox-badjson', stream: false, status: 502, answer: '"upstream_malformed"', record: { endReason: 'upstream_failed', chargeRule: 'free_failure', error: 'upstream_malformed' }, charge: 'nothing' },
]

let shop: Shop
const open = async (options: ShopOptions = {}) => (shop = await openShop(options))
afterEach(() => shop.close())

describe('what went wrong', () => {
  it.each(faults)('$row ($scenario, stream: $stream)', async (fault) => {
    await open()
    const model = await shop.sell(fault.scenario)
    const body = { model, stream: fault.stream, ...ask }
    const response = await shop.chat(body)
    const answer = await response.text()
    expect(response.status).toBe(fault.status)
    expect(answer).toContain(fault.answer)
    const record = await shop.settled()
    expect(record).toMatchObject({ ...fault.record, status: fault.status })
    expect(record.attempts.length).toBeGreaterThan(0)
    if (fault.charge === 'nothing') {
      expect(record).toMatchObject({ cost: 0, usage: {} })
      expect((await shop.ledger.balance(shop.user)).available).toBe(1_000_000_000)
    }
    else if (fault.charge === 'reported') expect(record.cost).toBe(reportedCost(fault.scenario, body))
    else expect(record.cost).toBe(countedCost(answer, fault.stream))
    await shop.requireBooks()
    expect(shop.logged).toEqual([])
  })

  it('Absurd usage is cut to what the answer can have been, and flagged', async () => {
    await open()
    const model = await shop.sell('sandbox-usage-absurd')
    const answer = await (await shop.chat({ model, ...ask })).json() as { choices: { message: { content: string } }[] }
    const record = await shop.settled()
    expect(record).toMatchObject({ chargeRule: 'reported', clamped: true })
    expect(record.usage.output).toBe(Buffer.byteLength(answer.choices[0]!.message.content) + 64)
    await (await shop.chat({ model, max_tokens: 16, ...ask })).text()
    expect((await shop.settled()).usage.output).toBeLessThanOrEqual(Math.max(16, Buffer.byteLength(answer.choices[0]!.message.content)))
  })

  it('Client leaves a stream: input and what was produced, the upstream is told to stop', async () => {
    await open()
    const model = await shop.sell('sandbox-paced-30-400')
    const leave = new AbortController()
    const response = await shop.chat({ model, stream: true, ...ask }, { signal: leave.signal })
    const reader = response.body!.getReader()
    for (let chunks = 0; chunks < 5; chunks++) await reader.read()
    leave.abort()
    const record = await shop.settled()
    expect(record).toMatchObject({ status: 499, endReason: 'client_left', chargeRule: 'client_left', error: null })
    expect(record.usage.output).toBeGreaterThanOrEqual(3)
    expect(record.usage.output).toBeLessThan(100)
    expect(record.cost).toBe(costOfTokens(record.usage.input!, record.usage.output!))
    await waitFor(() => shop.sandbox.upstream.requests()[0]!.closed === 'aborted')
    await shop.requireBooks()
  })

  it('Client leaves a whole answer the upstream had accepted: input is charged, because the upstream charges it', async () => {
    await open()
    const model = await shop.sell('sandbox-slow-headers-1500')
    const leave = new AbortController()
    const leaving = shop.chat({ model, ...ask }, { signal: leave.signal }).catch(() => 'left')
    await waitFor(() => shop.sandbox.upstream.requests().length === 1)
    leave.abort()
    expect(await leaving).toBe('left')
    const record = await shop.settled()
    expect(record).toMatchObject({ endReason: 'client_left', chargeRule: 'client_left' })
    expect(record.cost).toBe(costOfTokens(inputTokens(), 0))
  })

  it('Answer longer than the deadline: what was delivered, and an error in the stream', async () => {
    await open({ env: { VAPOR_DEADLINE: '1' } })
    const model = await shop.sell('sandbox-paced-50-200')
    const answer = await (await shop.chat({ model, stream: true, ...ask })).text()
    expect(answer).toContain('"code":"deadline"')
    const record = await shop.settled()
    expect(record).toMatchObject({ endReason: 'deadline', chargeRule: 'counted', error: 'deadline', status: 200 })
    expect(record.cost).toBe(countedCost(answer, true))
  })

  it('Silence is broken: the stream opens, is kept alive, and a failure after that is told inside it', async () => {
    await open({ openAfterMs: 100, keepAliveMs: 100, env: { VAPOR_HEADERS_TIMEOUT: '1' } })
    const model = await shop.sell('sandbox-slow-headers-9000')
    const response = await shop.chat({ model, stream: true, ...ask })
    expect(response.status).toBe(200)
    const answer = await response.text()
    expect(answer.match(/: keep-alive/g)!.length).toBeGreaterThan(3)
    expect(answer).toContain('"code":"upstream_timeout"')
    expect(await shop.settled()).toMatchObject({ status: 200, endReason: 'upstream_failed', chargeRule: 'free_failure', cost: 0 })
  })

  it('What an upstream says about itself never reaches the client', async () => {
    await open()
    const model = await shop.sell('sandbox-secretive-error')
    const response = await shop.chat({ model, ...ask })
    const answer = await response.text()
    expect(response.status).toBe(400)
    expect(answer).toContain('[hidden]')
    expect(answer).not.toContain(shop.sandbox.upstream.apiKey)
    expect(answer).not.toContain(new URL(shop.sandbox.upstream.baseUrl).host)
  })

  it('has a row in docs/billing.md for each of these, and a test for each row', () => {
    const table = readFileSync(new URL('../../docs/billing.md', import.meta.url), 'utf8')
    const rows = [...table.matchAll(/^\| ([A-Z][^|]+?) \|/gm)].map(match => match[1])
    const told = [...new Set(faults.map(fault => fault.row)), ...['Absurd usage', 'Client leaves a stream', 'Client leaves a whole answer', 'Answer longer than the deadline', 'Silence is broken', 'Server stopped, and the answer took longer than it waits', 'Process killed', 'Store away at the end']]
    expect(rows.toSorted()).toEqual(told.toSorted())
  })
})

async function waitFor(condition: () => boolean): Promise<void> {
  for (let tries = 0; tries < 200 && !condition(); tries++) await new Promise(resolve => setTimeout(resolve, 20))
  expect(condition()).toBe(true)
}

const count = (text: string) => countTokens(text, { disallowedSpecial: new Set() })
const inputTokens = () => count(ask.messages[0]!.content) + 4 + 3

/** What a client that counts for itself would come to, from the answer it got. */
function countedCost(answer: string, stream: boolean): number {
  interface Choices { choices?: { delta?: { content?: string }, message?: { content?: string } }[] }
  const bodies = stream
    ? answer.split('\n\n').filter(frame => frame.startsWith('data: {')).map(frame => JSON.parse(frame.slice(6)) as Choices)
    : [JSON.parse(answer) as Choices]
  const text = bodies.flatMap(body => body.choices ?? []).map(choice => choice.delta?.content ?? choice.message?.content ?? '').join('')
  return costOfTokens(inputTokens(), count(text))
}

function reportedCost(scenario: string, body: Parameters<typeof replyOf>[1]): number {
  const reply = replyOf(scenario, body)
  const cached = scenario === 'sandbox-usage-cached-over' ? reply.promptTokens : 0
  return costOfTokens(reply.promptTokens - cached, reply.completionTokens, cached)
}
