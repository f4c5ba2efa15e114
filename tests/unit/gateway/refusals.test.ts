import { describe, expect, it } from 'vitest'
import { AppError } from '#server/errors/app-error'
import { createCallers } from '#server/gateway/caller'
import { createRefusalNotes, isOwnAddress } from '#server/gateway/refusal-notes'
import { createRefusals, kindOfKey } from '#server/gateway/refusals'
import type { Call } from '#server/gateway/reply'
import type { Caller } from '#server/users/caller-cache'

const START = Date.UTC(2026, 4, 12)
const GOOD = `sk-${'a'.repeat(43)}`

function setup() {
  const clock = { at: START }
  const asked: string[] = []
  const caller = { key: { id: 'key_a', name: 'laptop', enabled: true, expiresAt: null }, user: { id: '2', status: 'active' } } as unknown as Caller
  const keys = {
    findCaller: async (secret: string) => {
      asked.push(secret)
      return secret === GOOD ? caller : undefined
    },
    markUsed: () => {},
  }
  const callers = createCallers(keys, () => clock.at)
  const refusals = createRefusals({ now: () => clock.at })
  return { asked, caller, callers, clock, note: createRefusalNotes({ callers, refusals }), refusals }
}

let count = 0
function call(headers: Record<string, string>, change: Partial<Call> = {}): Call {
  return { requestId: `req_${++count}`, headers, queryKey: undefined, address: '192.0.2.1', target: { path: '/v1/chat/completions', query: new URLSearchParams(), headers }, dialect: { id: 'openai-chat' }, ...change } as unknown as Call
}
const bearer = (secret: string) => ({ authorization: `Bearer ${secret}` })

describe('refused calls', () => {
  it('are shown to the user whose key they came with, and to nobody else', async () => {
    const { note, refusals } = setup()
    await note(call({ ...bearer(GOOD), 'user-agent': 'curl/8' }), 'POST', new AppError('model_not_found', { model: 'gpt-x' }))
    expect(refusals.listSince('2', undefined, START)).toMatchObject([{ code: 'model_not_found', params: { model: 'gpt-x' }, method: 'POST', path: '/v1/chat/completions', agent: 'curl/8', sent: 'ours', key: { id: 'key_a', name: 'laptop' } }])
    expect(refusals.listSince('3', '192.0.2.1', START)).toEqual([])
  })

  it('with a key nobody has are shown to readers at the same address, without what was said', async () => {
    const { note, refusals } = setup()
    await note(call(bearer('sk-ant-api03-abcdef')), 'POST', new AppError('invalid_key'))
    await note(call({}), 'POST', new AppError('invalid_request', { problem: 'a piece of a prompt' }))
    expect(refusals.listSince('2', '192.0.2.1', START)).toMatchObject([{ sent: 'none', params: {}, key: null }, { sent: 'anthropic', key: null }])
    expect(refusals.listSince('2', '192.0.2.2', START)).toEqual([])
    expect(refusals.listSince('2', undefined, START)).toEqual([])
  })

  it('are kept by address only where the address is the caller\'s own', async () => {
    const { note, refusals } = setup()
    await note(call({ 'x-forwarded-for': '203.0.113.9' }), 'POST', new AppError('missing_key'))
    expect(refusals.listSince('2', '192.0.2.1', START)).toEqual([])
    expect([isOwnAddress('192.0.2.1', undefined), isOwnAddress('203.0.113.9', '203.0.113.9, 192.0.2.1'), isOwnAddress('192.0.2.1', '203.0.113.9')]).toEqual([true, true, false])
  })

  it('ask for the key once, so that noting costs no second wrong key', async () => {
    const { asked, callers, note } = setup()
    const wrong = call(bearer('sk-wrong'))
    const error = await callers.require(wrong).catch((thrown: unknown) => thrown as AppError)
    await note(wrong, 'POST', error as AppError)
    expect(asked).toEqual(['sk-wrong'])
    await note(call(bearer(GOOD), { target: { path: '/v1/nothing', query: new URLSearchParams(), headers: {} } }), 'GET', new AppError('not_found', { path: '/v1/nothing' }))
    expect(asked).toEqual(['sk-wrong', GOOD])
  })

  it('know whose key it was when the key is switched off', async () => {
    const { caller, callers, note, refusals } = setup()
    caller.key.enabled = false
    const off = call(bearer(GOOD))
    await note(off, 'POST', await callers.require(off).catch((thrown: unknown) => thrown as AppError) as AppError)
    expect(refusals.listSince('2', undefined, START)).toMatchObject([{ code: 'key_disabled', key: { name: 'laptop' } }])
  })

  it('are few, short, and forgotten after a quarter of an hour', async () => {
    const { clock, note, refusals } = setup()
    for (let times = 0; times < 50; times++) await note(call({ ...bearer(GOOD), 'user-agent': 'x'.repeat(5000) }), 'POST', new AppError('model_not_found', { model: 'y'.repeat(5000) }))
    const kept = refusals.listSince('2', undefined, 0)
    expect(kept).toHaveLength(20)
    expect([kept[0]?.agent.length, String(kept[0]?.params['model']).length]).toEqual([200, 200])
    clock.at += 900_001
    expect(refusals.listSince('2', undefined, 0)).toEqual([])
  })

  it('forget whoever was silent longest when there are too many', () => {
    const { refusals } = setup()
    const refusal = { id: 'req_1', code: 'missing_key' as const, params: {}, method: 'POST', path: '/', dialect: 'openai-chat', agent: '', sent: 'none' as const, key: null }
    for (let user = 0; user <= 2000; user++) refusals.note({ user: String(user) }, refusal)
    expect(refusals.listSince('0', undefined, 0)).toEqual([])
    expect(refusals.listSince('2000', undefined, 0)).toHaveLength(1)
  })
})

describe('what stood where the key should', () => {
  it.each([
    [undefined, 'none'], ['sk-…', 'placeholder'], ['sk-...', 'placeholder'], ['YOUR_API_KEY', 'placeholder'], ['sk-ant-api03-abc', 'anthropic'], ['sk-or-v1-abc', 'openrouter'],
    ['AIzaSyA', 'google'], ['sk-abcd1234', 'cut'], [GOOD, 'ours'], [`sk-proj-${'a'.repeat(100)}`, 'foreign'], ['gsk_abcdef', 'foreign'],
  ])('%s is %s', (secret, kind) => {
    expect(kindOfKey(secret)).toBe(kind)
  })
})
