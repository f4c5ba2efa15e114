import type { RequestRecord } from '#server/billing/records'
import { requestSteps } from '#server/billing/request-steps'
import type { Store } from '#server/storage/store'

let count = 0

/** A finished request that cost `cost` nano, booked at a time. */
export function requestRecord(bookedAt: number, change: Partial<RequestRecord> = {}): RequestRecord {
  return {
    v: 1,
    id: `req_${String(++count).padStart(8, '0')}`,
    user: '7',
    key: { id: 'key_a', name: 'laptop' },
    model: { id: 'mdl_a', name: 'gpt-5' },
    dialect: 'openai-chat',
    stream: true,
    status: 200,
    endReason: 'completed',
    chargeRule: 'reported',
    error: null,
    usage: { input: 10, cachedInput: 5, output: 3, reasoning: 4, request: 1 },
    clamped: false,
    late: false,
    price: { prices: { input: 1, output: 2 }, discount: 0 },
    cost: 100,
    hold: 200,
    attempts: [{ channel: 'main', upstreamModel: 'gpt-5', status: 200, error: null, startedAt: bookedAt - 5, durationMs: 5 }],
    startedAt: bookedAt - 5,
    firstByteMs: 1,
    durationMs: 5,
    bookedAt,
    ...change,
  }
}

export async function book(store: Store, ...records: RequestRecord[]): Promise<void> {
  for (const record of records) await store.commit(record.id, requestSteps(record, 90 * 86_400_000))
}
