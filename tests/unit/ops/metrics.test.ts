import { describe, expect, it } from 'vitest'
import { createLedger } from '#server/billing/ledger'
import { AppError } from '#server/errors/app-error'
import { openaiChat } from '#server/dialects/openai-chat'
import type { Call } from '#server/gateway/reply'
import { createCounter, createHistogram } from '#server/ops/exposition'
import { createMetrics } from '#server/ops/metrics'
import { createMemoryStore } from '#server/storage/drivers/memory'

const call = { dialect: openaiChat } as unknown as Call
const reply = { status: 200, headers: {}, body: new Uint8Array(0) }

async function watched() {
  const metrics = createMetrics()
  const engine = createMemoryStore()
  const ledger = metrics.watchLedger(createLedger({ store: metrics.watchStore(engine) }))
  await ledger.credit({ user: '2', kind: 'topup', amount: 1_000_000_000, reference: 'start', note: '' })
  const order = {
    record: {
      id: 'req_1', user: '2', key: { id: 'key_1', name: 'k' }, model: { id: 'mod_1', name: 'm' }, dialect: 'openai-chat', stream: false, status: 200, endReason: 'completed', chargeRule: 'reported', error: null,
      usage: { input: 10, output: 20 }, clamped: false, price: { prices: { input: 1, output: 1 }, discount: 0 }, cost: 123_456_789_012, hold: 0,
      attempts: [{ channel: 'a"b', upstreamModel: 'm', status: 500, error: 'upstream_unavailable', startedAt: 0, durationMs: 1 }], startedAt: 0, firstByteMs: null, durationMs: 1,
    },
    forgetIdempotency: false, requestsTtlMs: 1000, idempotency: null,
  } as const
  const text = () => metrics.write({ openRequests: () => 3, outboxSize: () => 4 }).split('\n')
  return { metrics, ledger, order: structuredClone(order) as unknown as Parameters<typeof ledger.settle>[0], text }
}

describe('the metrics', () => {
  it('count what is booked once, exactly, however often it is settled', async () => {
    const { metrics, ledger, order, text } = await watched()
    await ledger.settle(order)
    await ledger.settle(order)
    metrics.close()
    expect(text()).toEqual(expect.arrayContaining([
      'vapor_settled_total{dialect="openai-chat",end="completed"} 1',
      'vapor_cost_credits_total 123.456789012',
      'vapor_tokens_total{class="input"} 10',
      'vapor_tokens_total{class="output"} 20',
      'vapor_upstream_failures_total{channel="a\\"b",error="upstream_unavailable"} 1',
      'vapor_open_requests 3',
      'vapor_outbox_size 4',
    ]))
  })

  it('count calls by status and dialect, refused ones too', async () => {
    const { metrics, text } = await watched()
    await metrics.watchRelay(async () => reply)(undefined, call)
    await expect(metrics.watchRelay(() => Promise.reject(new AppError('insufficient_credit')))(undefined, call)).rejects.toThrow()
    await expect(metrics.watchRelay(() => Promise.reject(new Error('oh')))(undefined, call)).rejects.toThrow('oh')
    metrics.close()
    for (const status of [200, 402, 500]) expect(text()).toContain(`vapor_requests_total{dialect="openai-chat",status="${status}"} 1`)
  })

  it('time the store and count what it could not do', async () => {
    const metrics = createMetrics()
    const engine = createMemoryStore()
    const store = metrics.watchStore({ ...engine, list: () => Promise.reject(new AppError('store_unavailable')) })
    await store.put('a', 1)
    expect((await store.get('a'))?.value).toBe(1)
    await expect(store.list('a', { limit: 1 })).rejects.toThrow()
    metrics.close()
    const text = metrics.write({ openRequests: () => 0, outboxSize: () => 0 })
    expect(text).toContain('vapor_store_seconds_count{operation="commit"} 1\n')
    expect(text).toContain('vapor_store_seconds_count{operation="get"} 1\n')
    expect(text).toContain('vapor_store_failures_total{operation="list"} 1\n')
  })

  it('are written as Prometheus reads them', () => {
    const counter = createCounter('c', 'help')
    counter.add({ name: 'a\\b\n"c"' })
    counter.add({ name: 'x' }, Number.NaN)
    expect(counter.lines()).toEqual(['# HELP c help', '# TYPE c counter', 'c{name="a\\\\b\\n\\"c\\""} 1'])
    const histogram = createHistogram('h', 'help', [1, 2])
    for (const value of [0.5, 1, 1.5, 9]) histogram.observe({ operation: 'get' }, value)
    expect(histogram.lines().slice(2)).toEqual([
      'h_bucket{operation="get",le="1"} 2', 'h_bucket{operation="get",le="2"} 3', 'h_bucket{operation="get",le="+Inf"} 4',
      'h_sum{operation="get"} 12', 'h_count{operation="get"} 4',
    ])
  })
})
