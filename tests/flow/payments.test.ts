/** Payments through the built server: what is wired at boot, over real connections, across a crash. */
import { afterAll, beforeAll, expect, it } from 'vitest'
import type { AdminOrderDetail, OrderCreated, OrderReply, PaymentsSelfTest } from '#shared/schemas/payment'
import { startSandbox } from '../../sandbox/index.ts'
import type { Sandbox } from '../../sandbox/index.ts'
import { signIn } from '../support/console'
import type { Console } from '../support/console'
import { freePort, startVapor } from '../support/server'
import type { Vapor } from '../support/server'

const CRON = 'c'.repeat(40)
let sandbox: Sandbox
let start: () => Promise<Vapor>
let first: Vapor
let vapor: Vapor
let user: Console
let admin: Console

beforeAll(async () => {
  sandbox = await startSandbox()
  const port = await freePort()
  const url = `http://127.0.0.1:${port}`
  const { pid, key, submitUrl, apiUrl } = sandbox.credit
  const env = {
    EPAY_PID: pid, EPAY_KEY: key, EPAY_SUBMIT_URL: submitUrl, EPAY_API_URL: apiUrl,
    EPAY_NOTIFY_URL: `${url}/api/pay/notify`, EPAY_RETURN_URL: `${url}/api/pay/return`, VAPOR_CRON_SECRET: CRON,
  }
  vapor = first = await startVapor({ sandbox, port, env })
  start = () => startVapor({ sandbox, port, env, dataDir: first.dataDir })
  user = await signIn(url, '2')
  admin = await signIn(url, '1')
})
afterAll(async () => {
  await vapor.stop()
  // The first one is gone; its data are not.
  await first.stop()
  await sandbox.close()
})

const available = async () => (await user.get<{ available: string }>('/api/auth/me')).available

async function create(money: string): Promise<string> {
  const { order, form } = await user.send<OrderCreated>('POST', '/api/pay/create', { money })
  const answer = await fetch(form.action, { method: form.method, body: new URLSearchParams(form.fields), redirect: 'manual' })
  expect(answer.status, await answer.text()).toBe(302)
  return order.id
}

it('everything an operator tries before the first payer works', async () => {
  const { steps } = await admin.send<PaymentsSelfTest>('POST', '/api/admin/payments/self-test')
  expect(steps.map(step => `${step.name} ${step.ok}`), JSON.stringify(steps)).toEqual(['secret true', 'notify_url true', 'return_url true', 'gateway_json true', 'gateway_credentials true'])
})

it('a payment is credited by its notice before the payer is back', async () => {
  const id = await create('10')
  const { returnUrl } = await sandbox.credit.pay(id)
  const back = await fetch(returnUrl!, { redirect: 'manual' })
  expect(new URL(back.headers.get('location')!, vapor.url).pathname).toBe('/console/wallet')
  expect(await user.get<OrderReply>(`/api/pay/query/${id}`)).toMatchObject({ state: 'paid', credit: '10', unconfirmed: false })
  expect(await available()).toBe('20')
  const { order } = await admin.send<AdminOrderDetail>('POST', `/api/admin/orders/${id}/refund`, { reason: 'asked for' })
  expect(order).toMatchObject({ state: 'refunded' })
  expect(await available()).toBe('10')
})

it('a lost notice heals by itself, across a crash, and books once', async () => {
  const id = await create('5')
  sandbox.credit.setFault({ notify: 'lost' })
  await sandbox.credit.pay(id)
  sandbox.credit.setFault({})
  await vapor.kill('SIGKILL')
  vapor = await start()
  await expect.poll(available, { timeout: 45_000, interval: 1000 }).toBe('15')
  expect((await user.get<OrderReply>(`/api/pay/query/${id}`)).state).toBe('paid')
  expect(vapor.log()).not.toContain(sandbox.credit.key)
}, 60_000)

it('a scheduler may run the chores', async () => {
  const answer = await fetch(`${vapor.url}/api/cron`, { method: 'POST', headers: { authorization: `Bearer ${CRON}` } })
  expect(await answer.json()).toEqual({ jobs: ['ask', 'sweep', 'audit', 'fold'].map(job => ({ job, done: true })) })
})
