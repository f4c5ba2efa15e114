import { execFile } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Entry, RequestRecord } from '#server/billing/records'
import { keys } from '#server/storage/keys'
import { signedReceipt } from '#shared/schemas/receipt'
import type { SignedReceipt } from '#shared/schemas/receipt'
import { formatNano } from '#shared/utils/money'
import { openShop } from '../../support/shop'
import type { Shop } from '../../support/shop'

const run = promisify(execFile)

let shop: Shop
let folder: string
beforeAll(async () => {
  shop = await openShop({ env: { FRONTEND_URL: 'https://shop.example' } })
  for (const model of ['sandbox-text', 'sandbox-error-500']) await shop.sell(model)
  folder = mkdtempSync(join(tmpdir(), 'vapor-receipts-'))
  const [, verifier = ''] = /```js\n([\s\S]*?)```/.exec(readFileSync('docs/receipts.md', 'utf8')) ?? []
  expect(verifier.trim().split('\n').length).toBeLessThanOrEqual(20)
  writeFileSync(join(folder, 'verify.mjs'), verifier)
})
afterAll(async () => {
  await shop.close()
  rmSync(folder, { recursive: true, force: true })
})

const body = (model: string, stream: boolean) => ({ model, stream, messages: [{ role: 'user', content: 'hi' }] })
const fetchReceipt = (id: string, headers: Record<string, string> = { authorization: `Bearer ${shop.key}` }) => fetch(`${shop.url}/v1/receipts/${id}`, { headers })

async function requestId(stream: boolean, model = 'sandbox-text'): Promise<string> {
  const answer = await shop.chat(body(model, stream))
  await answer.text()
  return answer.headers.get('x-request-id')!
}

/** What the verifier of the documentation says of a receipt, with the keys the shop publishes. */
async function verify(receipt: SignedReceipt): Promise<{ said: string, failed: boolean }> {
  const [file, set] = ['receipt.json', 'keys.json'].map(name => join(folder, name)) as [string, string]
  writeFileSync(file, JSON.stringify(receipt))
  writeFileSync(set, await (await fetch(`${shop.url}/.well-known/jwks.json`)).text())
  return run(process.execPath, [join(folder, 'verify.mjs'), file, set])
    .then(({ stdout }) => ({ said: stdout, failed: false }), (error: { stderr: string }) => ({ said: error.stderr, failed: true }))
}

describe('the receipt of a request', () => {
  it.each([false, true])('is there right after the answer, and the documented verifier believes it (stream: %s)', async (stream) => {
    const id = await requestId(stream)
    const answer = await fetchReceipt(id)
    expect(answer.status).toBe(200)
    const signed = signedReceipt.parse(await answer.json())
    const record = (await shop.engine.get<RequestRecord>(keys.request(id)))!.value
    expect(signed.receipt).toMatchObject({ issuer: 'https://shop.example', request: id, user: shop.user, model: 'sandbox-text', chargeRule: 'reported', cost: formatNano(record.cost) })
    expect(record.cost).toBeGreaterThan(0)
    expect(signed.receipt.entries).toMatchObject([{ amount: formatNano(-record.cost) }])
    expect(JSON.parse(Buffer.from(signed.payload, 'base64url').toString())).toEqual(signed.receipt)
    expect(await verify(signed)).toEqual({ said: `${id}: signed, and the sum is right: ${signed.receipt.cost} credits\n`, failed: false })
  })

  it('is not believed once anything signed was changed', async () => {
    const signed = signedReceipt.parse(await (await fetchReceipt(await requestId(false))).json())
    const forge = (change: object) => Buffer.from(JSON.stringify({ ...signed.receipt, ...change })).toString('base64url')
    for (const forged of [{ ...signed, payload: forge({ cost: '0' }) }, { ...signed, protected: Buffer.from('{"alg":"none"}').toString('base64url') }, { ...signed, signature: `A${signed.signature.slice(1)}` === signed.signature ? `B${signed.signature.slice(1)}` : `A${signed.signature.slice(1)}` }]) {
      const { said, failed } = await verify(forged)
      expect(failed).toBe(true)
      expect(said).toContain('this shop did not sign it')
    }
  })

  it('of a failure says that it cost nothing', async () => {
    const signed = signedReceipt.parse(await (await fetchReceipt(await requestId(false, 'sandbox-error-500'))).json())
    expect(signed.receipt).toMatchObject({ chargeRule: 'free_failure', cost: '0', formula: '0', lines: [], entries: [] })
    expect(signed.receipt.attempts.length).toBeGreaterThan(0)
    expect(JSON.stringify(signed.receipt)).not.toContain('"channel"')
    expect((await verify(signed)).failed).toBe(false)
  })

  it('is for keys of its own user only', async () => {
    const id = await requestId(false)
    const { user } = await shop.users.signIn({ id: '3', username: 'other', name: '', avatar: '', trustLevel: 2, active: true, silenced: false })
    const other = await shop.keys.create(user, { name: 'other', expiresAt: null, spendLimit: null, models: [] })
    expect((await fetchReceipt(id, { authorization: `Bearer ${other.secret}` })).status).toBe(404)
    expect((await fetchReceipt(id, {})).status).toBe(401)
    expect((await fetchReceipt(id, { authorization: 'Bearer sk-wrong' })).status).toBe(401)
    for (const wrong of ['req_0', 'req_%2F', 'ent_1', 'a-b']) expect((await fetchReceipt(wrong)).status).toBe(404)
    const second = await shop.keys.create((await shop.users.require(shop.user)), { name: 'second', expiresAt: null, spendLimit: null, models: [] })
    expect((await fetchReceipt(id, { 'x-api-key': second.secret })).status).toBe(200)
  })

  it('is pending while the request runs', async () => {
    const hold = { v: 1 as const, request: 'req_running', user: shop.user, key: { id: 'key_a', name: 'a' }, model: { id: 'mdl_a', name: 'a' }, price: { prices: {}, discount: 0 }, instance: 'ins_a', amount: 0, dialect: 'openai-chat', stream: true, usage: null, idempotency: null, startedAt: 0 }
    await shop.engine.put(keys.hold('req_running'), hold)
    const answer = await fetchReceipt('req_running')
    await shop.engine.delete(keys.hold('req_running'))
    expect(answer.status).toBe(425)
    expect(await answer.text()).toContain('receipt_pending')
  })

  it('finds the part of a charge that a sweep has booked before', async () => {
    const id = await requestId(false)
    const record = (await shop.engine.get<RequestRecord>(keys.request(id)))!.value
    const swept: Entry = { v: 1, id: 'ent_swept', user: shop.user, kind: 'charge', amount: -50, reference: id, note: '', late: false, at: record.startedAt }
    await shop.engine.put(keys.entry(shop.user, swept.at, swept.id), swept)
    // 300 other entries lie between the two.
    for (let index = 0; index < 300; index++) {
      const other = { ...swept, id: `ent_${index}`, reference: 'req_other', at: record.startedAt + 1 }
      await shop.engine.put(keys.entry(shop.user, other.at, other.id), other)
    }
    const later = record.bookedAt + 60_000
    const rest = (await shop.engine.list<Entry>(keys.entryPrefix(shop.user), { limit: 1000 })).find(row => row.value.reference === id && row.value.id !== 'ent_swept')!
    await shop.engine.delete(rest.key)
    await shop.engine.put(keys.entry(shop.user, later, rest.value.id), { ...rest.value, amount: rest.value.amount + 50, at: later })
    await shop.engine.put(keys.request(id), { ...record, late: true, bookedAt: later })
    const { receipt } = await shop.receipts.of(id)
    expect(receipt.entries.map(entry => entry.amount)).toEqual([formatNano(-50), formatNano(50 - record.cost)])
  })
})
