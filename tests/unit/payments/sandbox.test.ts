/** The shop against the sandbox's gateways, over real connections: two readings of one protocol meet. */
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createLedger } from '#server/billing/ledger'
import { createPayments } from '#server/billing/payments/index'
import type { Payments } from '#server/billing/payments/index'
import { createTextFetcher } from '#server/gateway/fetch-text'
import { createMemoryStore } from '#server/storage/drivers/memory'
import { paymentSettings } from '#shared/schemas/payment'
import { startSandbox } from '../../../sandbox/index'
import type { Credit } from '../../../sandbox/index'
import { config as base, CREDIT } from './bench'

const fetcher = createTextFetcher({ allowPrivate: true, proxyUrl: '' })
let sandbox: Awaited<ReturnType<typeof startSandbox>>
let shops: Record<'linuxdo' | 'epay', Shop>
const closers: (() => unknown)[] = []

interface Shop { payments: Payments, ledger: ReturnType<typeof createLedger>, gateway: Credit, type: string }

beforeAll(async () => {
  sandbox = await startSandbox({ port: 0 })
  shops = { linuxdo: await open(sandbox.credit), epay: await open(sandbox.epay) }
})
afterAll(async () => {
  for (const close of closers) await close()
  await fetcher.close()
  await sandbox.close()
})

async function open(gateway: Credit): Promise<Shop> {
  let receive: Payments['receive'] = async () => 'fail'
  const server = createServer((request, response) => {
    const text: Buffer[] = []
    request.on('data', (part: Buffer) => text.push(part)).on('end', async () => {
      const query = (request.url ?? '').split('?')[1] ?? ''
      response.end(await receive([...new URLSearchParams(query), ...new URLSearchParams(Buffer.concat(text).toString())]))
    })
  }).listen(0, '127.0.0.1')
  await new Promise(resolve => server.once('listening', resolve))
  closers.push(() => server.close(), () => server.closeAllConnections())
  const store = createMemoryStore()
  const ledger = createLedger({ store })
  const types = gateway.profile === 'epay' ? ['alipay', 'wxpay'] : ['epay']
  const payments = createPayments({
    store,
    ledger,
    config: {
      ...base,
      EPAY_KIND: gateway.profile, EPAY_PID: gateway.pid, EPAY_KEY: gateway.key, EPAY_SUBMIT_URL: gateway.submitUrl, EPAY_API_URL: gateway.apiUrl, EPAY_TYPES: types,
      EPAY_NOTIFY_URL: `http://127.0.0.1:${(server.address() as AddressInfo).port}/notify`,
    },
    fetchText: fetcher.fetchText,
    fetchOwn: fetcher.fetchText,
    settings: { read: async () => paymentSettings.parse({}) },
    follow: { credit: async () => {}, reversal: async () => {} },
    now: Date.now,
    onError: (error) => { throw error },
  })
  receive = payments.receive
  return { payments, ledger, gateway, type: types[0]! }
}

async function order({ payments }: Shop, user: string) {
  const { order, form } = await payments.create(user, { money: '10.5' })
  const answer = await fetch(form.action, { method: form.method, body: new URLSearchParams(form.fields), redirect: 'manual' })
  expect(answer.status, await answer.text()).toBeLessThan(400)
  return order.id
}
const available = async ({ ledger }: Shop, user: string) => (await ledger.balance(user)).available
const state = async ({ payments }: Shop, id: string) => (await payments.find(id, undefined)).state

describe.each(['linuxdo', 'epay'] as const)('at the gateway %s', (kind) => {
  it('a payment is notified, confirmed and credited once', async () => {
    const shop = shops[kind]
    const id = await order(shop, '1')
    expect(await shop.gateway.pay(id)).toMatchObject({ paid: true })
    expect(await state(shop, id)).toBe('paid')
    expect(await shop.payments.find(id, undefined)).toMatchObject({ evidence: 'query', unconfirmed: false })
    expect(await shop.gateway.notifyNow(id)).toMatchObject({ status: 200, body: 'success', acknowledged: true })
    expect(await available(shop, '1')).toBe(10.5 * CREDIT)
  })

  it('a lost notice heals by a question, and a refund comes back', async () => {
    const shop = shops[kind]
    const id = await order(shop, '2')
    expect((await shop.payments.ask(await shop.payments.find(id, undefined))).state).toBe('pending')
    shop.gateway.setFault({ notify: 'lost' })
    await shop.gateway.pay(id)
    shop.gateway.setFault({})
    expect(await state(shop, id)).toBe('pending')
    expect((await shop.payments.ask(await shop.payments.find(id, undefined))).state).toBe('paid')
    expect(await available(shop, '2')).toBe(10.5 * CREDIT)
    expect((await shop.payments.refund(id, 'x', () => [])).state).toBe('refunded')
    expect(await available(shop, '2')).toBe(0)
  })

  it('is known by its credentials', async () => {
    const { steps } = await shops[kind].payments.selfTest()
    expect(steps.filter(step => step.name.startsWith('gateway')).map(step => step.ok)).toEqual([true, true])
  })
})
