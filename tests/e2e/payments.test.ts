/** Money from the wallet to the books and back, with everything a gateway, a forger and a crash can do on the way. */
import { rmSync } from 'node:fs'
import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { inviteCookie } from '#shared/schemas/code'
import type { InviteInfo } from '#shared/schemas/code'
import type { AdminOrder, AdminOrderDetail } from '#shared/schemas/payment'
import type { EntryReply } from '#shared/schemas/usage'
import type { UserReply } from '#shared/schemas/user'
import { startSandbox } from '../../sandbox/index.ts'
import type { CreditFaults, NoticeChange, Sandbox } from '../../sandbox/index.ts'
import { fitsWidth, forgive, launchBrowser, openPage, visit } from '../support/browser'
import type { PageOptions } from '../support/browser'
import { stockShop } from '../support/console'
import type { Console } from '../support/console'
import { passTenMinutes, untilBelieved } from '../support/furnished'
import { CREDITED_WITHIN_MS, payAs } from '../support/payer'
import type { Payer } from '../support/payer'
import { sendFromProcesses } from '../support/senders'
import { freePort, startVapor } from '../support/server'
import type { Vapor } from '../support/server'

/** Credits per unit of money. */
const RATE = 2
const WELCOME = 10
/** Up to here a notice is believed while the gateway cannot be asked. */
const TRUSTED = '100'
const MINUTE = 60_000

let sandbox: Sandbox
let vapor: Vapor
let start: () => Promise<Vapor>
let browser: Browser
let url: string
let admin: Console
let office: Page
let desk: Page
let desktop: Payer
/** Credited orders of the user at the desk. */
let disputed: { kept: string, taken: string }
const servers: Vapor[] = []
const complaints: string[] = []
/** Orders whose credit is awaited while other tests go on, with the seconds it took. */
const healing: Record<string, { payer: Payer, id: string, credited: Promise<number | undefined> }> = {}

beforeAll(async () => {
  sandbox = await startSandbox()
  const port = await freePort()
  url = `http://127.0.0.1:${port}`
  start = async () => {
    const [first] = servers
    const started = await startVapor({ sandbox, port, payments: true, env: { EPAY_TRUST_NOTIFY_MAX: TRUSTED }, ...(first ? { dataDir: first.dataDir } : {}) })
    servers.push(started)
    return started
  }
  vapor = await start()
  browser = await launchBrowser()
})
afterAll(async () => {
  await browser?.close()
  for (const server of servers.toReversed()) await server.stop()
  await sandbox?.close()
  if (servers[0]) rmSync(servers[0].dataDir, { recursive: true, force: true })
})

const newPage = (look: Pick<PageOptions, 'locale' | 'phone'>): Promise<Page> => openPage(browser, { origins: [url, sandbox.url], complaints, ...look })

async function enter(page: Page, uid: string, path: string): Promise<void> {
  await visit(page, `${url}/api/auth/login?login_hint=${uid}&next=${encodeURIComponent(path)}`)
  expect(new URL(page.url()).pathname).toBe(path)
}

async function open(page: Page, path: string): Promise<void> {
  expect(await visit(page, url + path)).toBe(200)
}

async function withFaults<T>(faults: CreditFaults, run: () => Promise<T>): Promise<T> {
  sandbox.credit.setFault(faults)
  try {
    return await run()
  }
  finally {
    sandbox.credit.setFault({})
  }
}

const balanceOn = (page: Page): Promise<string | null> => page.getByTestId('available').getAttribute('title')
const topUpOf = (money: number): string[] => [`topup ${money * RATE}`]

const words = {
  'en-US': { pay: 'Pay 100 LDC', arrived: '200.00 credits have arrived', credited: 'Credited', entry: 'Top-up', balance: 'Available now' },
  'zh-CN': { pay: '支付 100 LDC', arrived: '200.00 积分已到账', credited: '已到账', entry: '充值', balance: '当前可用余额' },
}

/** From the wallet over the gateway's page and back, until the new balance is seen. Answers the order's number. */
async function topUp100(page: Page, locale: PageOptions['locale'], before: number): Promise<string> {
  const say = words[locale]
  expect(await balanceOn(page)).toBe(String(before))
  await page.locator('label').filter({ hasText: '100 LDC' }).click()
  await page.getByRole('button', { name: say.pay }).click()
  await page.getByRole('button', { name: /^付款/ }).click()
  await page.getByRole('link', { name: /立即返回/ }).click()
  await page.waitForURL(`${url}/console/wallet?order=*`)
  const status = page.getByTestId('order-status')
  await status.getByText(say.arrived).waitFor()
  await status.getByText(say.balance).waitFor()
  await expect.poll(() => balanceOn(page)).toBe(String(before + 200))
  await page.getByRole('listitem').filter({ hasText: '100 LDC' }).getByText(say.credited, { exact: true }).first().waitFor()
  await page.getByRole('listitem').filter({ hasText: say.entry }).locator('[title="200"]').first().waitFor()
  return new URL(page.url()).searchParams.get('order')!
}

async function openOrder(id: string): Promise<void> {
  await open(office, `/admin/orders?search=${id}`)
  await office.getByRole('button', { name: `Open order ${id}` }).click()
  await office.getByRole('heading', { name: 'What happened' }).waitFor()
}

/** Refunds or credits by hand in the order's detail, as the dialog asks for it. */
async function decide(id: string, action: { open: string, confirm: string, reason: string }): Promise<void> {
  await openOrder(id)
  await office.getByRole('button', { name: action.open }).click()
  await office.getByLabel('Reason').fill(action.reason)
  await office.getByRole('button', { name: action.confirm }).click()
  await office.getByLabel('Reason').waitFor({ state: 'detached' })
}

async function ask(id: string): Promise<AdminOrder> {
  return (await admin.send<AdminOrderDetail>('POST', `/api/admin/orders/${id}/ask`)).order
}

describe('the shop takes money', () => {
  it('an admin tries the gateway and says what money buys', async () => {
    admin = (await stockShop(url, sandbox.upstream, ['sandbox-text'])).admin
    office = await newPage({ locale: 'en-US', phone: false })
    await enter(office, '1', '/admin/payments')
    await office.getByText('Taking payments').waitFor()
    await office.getByRole('button', { name: 'Run self-test' }).click()
    await office.getByTestId('self-test').waitFor()
    await expect.poll(() => office.getByTestId('self-test').getByText(': passed').count()).toBe(5)
    await office.getByLabel('Rate', { exact: true }).fill(String(RATE))
    await office.getByLabel('Invitation reward').fill('3')
    await office.getByLabel('Rewards at most').fill('1')
    await office.getByRole('button', { name: 'Save settings' }).click()
    await office.getByText('Saved', { exact: true }).first().waitFor()
    expect(await admin.get('/api/admin/settings/payments')).toMatchObject({ settings: { rate: '2', inviteCredit: '3', inviteCap: 1 } })
  })

  it('begins payments whose notices are lost or late, to be looked at below', async () => {
    for (const [name, faults] of Object.entries<CreditFaults>({ lost: { notify: 'lost' }, late: { delayMs: 30 * MINUTE } })) {
      const payer = await payAs(url, name === 'lost' ? '21' : '22')
      const id = await payer.order('7')
      await withFaults(faults, () => sandbox.credit.pay(id))
      healing[name] = { payer, id, credited: payer.waitForCredit(id) }
    }
  })

  it('a user tops up to a balance on screen: in English on a desk, in Chinese on a phone', async () => {
    desk = await newPage({ locale: 'en-US', phone: false })
    const phone = await newPage({ locale: 'zh-CN', phone: true })
    await Promise.all([enter(desk, '2', '/console/wallet'), enter(phone, '12', '/console/wallet')])
    const [onDesk, onPhone] = await Promise.all([topUp100(desk, 'en-US', WELCOME), topUp100(phone, 'zh-CN', WELCOME)])
    expect(await fitsWidth(phone)).toBe(true)
    await phone.context().close()
    desktop = await payAs(url, '2')
    expect(await desktop.booked(onDesk)).toEqual(topUpOf(100))
    expect(await (await payAs(url, '12')).booked(onPhone)).toEqual(topUpOf(100))
  })

  it('what was topped up pays for a request, with a receipt', async () => {
    const { secret } = await desktop.console.send<{ secret: string }>('POST', '/api/user/keys', { name: 'paid' })
    const answer = await fetch(`${url}/v1/chat/completions`, {
      method: 'POST',
      headers: { 'authorization': `Bearer ${secret}`, 'content-type': 'application/json' },
      body: JSON.stringify({ model: 'sandbox-text', messages: [{ role: 'user', content: 'Is it paid?' }] }),
    })
    expect(answer.status, await answer.text()).toBe(200)
    await open(desk, '/console/requests')
    await desk.getByRole('button', { name: /^Details of request/ }).first().click()
    await desk.getByRole('button', { name: 'Show the receipt' }).click()
    const { requests } = await desktop.console.get<{ requests: { items: { cost: string }[] } }>('/api/user/usage')
    const cost = Number(requests.items[0]!.cost)
    expect(await desk.getByTestId('receipt-formula').textContent()).toMatch(new RegExp(`= ${requests.items[0]!.cost}$`))
    expect(Number(await desktop.available())).toBeCloseTo(WELCOME + 100 * RATE - cost, 9)
  })
})

describe('a notice', () => {
  it.each<[string, string, CreditFaults]>([
    ['eleven times, one after another', '31', { copies: 11 }],
    ['eleven times at once', '32', { copies: 11, concurrent: true }],
    ['by POST', '33', { post: true }],
  ])('%s credits once', async (_, uid, faults) => {
    const payer = await payAs(url, uid)
    const id = await payer.order('9')
    await withFaults(faults, () => sandbox.credit.pay(id))
    const sent = sandbox.credit.notices().filter(notice => notice.outTradeNo === id)
    expect(sent.map(notice => notice.body)).toEqual(Array.from({ length: faults.copies ?? 1 }, () => 'success'))
    expect(await payer.booked(id)).toEqual(topUpOf(9))
    expect(await payer.available()).toBe(String(WELCOME + 9 * RATE))
  })

  it('from two processes at once, while the payer comes back and asks, credits once', async () => {
    const payer = await payAs(url, '23')
    const id = await payer.order('9')
    const { returnUrl } = await withFaults({ notify: 'lost' }, () => sandbox.credit.pay(id))
    const { url: elsewhere } = await sandbox.credit.notifyNow(id, { address: 'http://127.0.0.1:1/' })
    const sending = sendFromProcesses(`${url}/api/pay/notify${new URL(elsewhere).search}`, 2, 10)
    const asking = payer.waitForCredit(id)
    const back = new Promise(resolve => setTimeout(resolve, 1400)).then(() => fetch(returnUrl!, { redirect: 'manual' }))
    expect(await sending).toEqual(Array.from({ length: 20 }, () => 'success'))
    expect((await back).status).toBe(302)
    expect(await asking).toBeLessThan(CREDITED_WITHIN_MS / 1000)
    expect(await payer.booked(id)).toEqual(topUpOf(9))
  })
})

/** Each is sent about an order nobody has paid, and may be signed with the merchant's own key. */
const forgeries: [string, NoticeChange][] = [
  ['a wrong signature', { fault: 'wrong-sign' }],
  ['the signature of another merchant', { fault: 'foreign-pid' }],
  ['another amount', { fault: 'altered-money' }],
  ['the fields of the order itself', { fault: 'replay' }],
  ['fields from a name', { fault: 'injection' }],
  ['another type', { fault: 'wrong-type' }],
  ['another status', { fault: 'wrong-status' }],
  ['no status', { fields: { trade_status: undefined } }],
  ['foreign fields', { fault: 'extra-fields' }],
  ['foreign fields by POST', { fault: 'extra-fields', method: 'POST' }],
  ['an empty order number', { fault: 'empty-out-trade-no' }],
  ['a field twice', { address: '/api/pay/notify?money=8.00' }],
  ['a field twice by POST', { address: '/api/pay/notify?money=8.00', method: 'POST' }],
  ['no signature', { sign: '' }],
  ['no merchant', { fields: { pid: undefined } }],
]

describe('a forged notice', () => {
  it('of any kind credits nothing, whether the gateway can be asked or not, and the genuine payment afterwards does', async () => {
    // A user has few open orders at a time.
    const victims = await Promise.all([51, 52, 53].map(uid => payAs(url, String(uid))))
    for (const [index, [name, forged]] of forgeries.entries()) {
      const payer = victims[index % victims.length]!
      const id = await payer.order('8')
      const before = await payer.available()
      const change = { ...forged, ...(forged.address ? { address: url + forged.address } : {}) }
      const blind = await withFaults({ query: 'html403' }, () => sandbox.credit.notifyNow(id, change))
      const seeing = await sandbox.credit.notifyNow(id, change)
      // The gateway's own payment links have no order number; there is nothing to repeat for them.
      const answer = forged.fault === 'empty-out-trade-no' ? 'success' : 'fail'
      expect([name, blind.body, seeing.body]).toEqual([name, answer, answer])
      expect([name, await payer.booked(id), await payer.available()]).toEqual([name, [], before])
      await sandbox.credit.pay(id)
      expect([name, await payer.booked(id), await payer.available()]).toEqual([name, topUpOf(8), String(Number(before) + 8 * RATE)])
    }
    expect(await alertKinds()).toEqual([])
  })

  it('with the trade number of another order waits for an admin, and the genuine payment is credited', async () => {
    const payer = await payAs(url, '54')
    const [paid, other] = [await payer.order('8'), await payer.order('8')]
    await sandbox.credit.pay(paid)
    const { tradeNo } = sandbox.credit.order(paid)
    await withFaults({ query: 'html403' }, () => sandbox.credit.notifyNow(other, { fields: { trade_no: tradeNo } }))
    expect(await payer.booked(other)).toEqual([])
    await open(office, '/admin/payments')
    await office.getByText('A trade number twice').waitFor()
    await office.getByRole('button', { name: 'Done', exact: true }).click()
    await office.getByText('A trade number twice').waitFor({ state: 'detached' })
    await sandbox.credit.pay(other)
    expect([await payer.booked(paid), await payer.booked(other)]).toEqual([topUpOf(8), topUpOf(8)])
  })

  it('stands in the order\'s story as what it is', async () => {
    const payer = await payAs(url, '55')
    const id = await payer.order('8')
    await sandbox.credit.notifyNow(id, { fault: 'wrong-sign' })
    await openOrder(id)
    await office.getByText('Wrong signature; ignored.').waitFor()
    expect(await office.content()).not.toContain(sandbox.credit.key)
  })
})

async function alertKinds(): Promise<string[]> {
  return (await admin.get<{ items: { kind: string }[] }>('/api/admin/alerts')).items.map(alert => alert.kind)
}

describe('a gateway behind a wall', () => {
  it('a valid notice is believed up to a limit, shown as unconfirmed, and confirmed when the wall is gone', async () => {
    const page = await newPage({ locale: 'en-US', phone: false })
    await enter(page, '61', '/console/wallet')
    const payer = await payAs(url, '61')
    const trusted = await payer.order(TRUSTED)
    const [large, byHand] = [await payer.order('100.01'), await payer.order('120')]
    await withFaults({ query: 'html403' }, async () => {
      for (const id of [trusted, large, byHand]) await sandbox.credit.pay(id)
      expect(await payer.read(trusted)).toMatchObject({ state: 'paid', unconfirmed: true })
      expect(await payer.available()).toBe('210')
      for (const id of [large, byHand]) expect([(await payer.read(id)).state, await payer.booked(id)]).toEqual(['review', []])
      await open(page, '/console/wallet')
      await page.getByText('Unconfirmed', { exact: true }).waitFor()
      await expect.poll(() => page.getByText('In review', { exact: true }).count()).toBe(2)
      expect(await balanceOn(page)).toBe('210')
      await open(office, '/admin/payments')
      await expect.poll(() => office.getByText('An order waits for review').count()).toBe(2)
      await decide(byHand, { open: 'Credit by hand…', confirm: 'Credit 240.00', reason: 'Seen in the console' })
      expect(await payer.booked(byHand)).toEqual(topUpOf(120))
    })
    expect(await payer.waitForCredit(large)).toBeLessThan(CREDITED_WITHIN_MS / 1000)
    await expect.poll(async () => (await payer.read(trusted)).unconfirmed, { timeout: 60_000 }).toBe(false)
    await open(page, '/console/wallet')
    await page.getByText('Unconfirmed', { exact: true }).first().waitFor({ state: 'detached' })
    expect(await balanceOn(page)).toBe('650.02')
    for (const [id, money] of [[trusted, 100], [large, 100.01], [byHand, 120]] as const) expect(await payer.booked(id)).toEqual(topUpOf(money))
    await page.context().close()
  })

  it('a lost notice heals within a minute by itself, and one that comes after that adds nothing', async () => {
    for (const { payer, id, credited } of Object.values(healing)) {
      expect(await credited).toBeLessThan(CREDITED_WITHIN_MS / 1000)
      expect(await payer.booked(id)).toEqual(topUpOf(7))
    }
    await sandbox.credit.advance(31 * MINUTE)
    const { payer, id } = healing['late']!
    expect(sandbox.credit.notices().findLast(notice => notice.outTradeNo === id)).toMatchObject({ attempt: 1, body: 'success' })
    expect(await payer.booked(id)).toEqual(topUpOf(7))
  })
})

describe('credit without money', () => {
  it('a code of an admin\'s batch becomes credit once', async () => {
    await open(office, '/admin/codes')
    await office.getByRole('button', { name: 'Make the first batch' }).click()
    await office.getByLabel('Name').first().fill('Spring')
    await office.getByLabel('Credits per code').fill('5')
    await office.getByLabel('How many').fill('2')
    await office.getByRole('button', { name: 'Make', exact: true }).click()
    const [code = ''] = (await office.getByTestId('codes').textContent())!.trim().split('\n')
    await office.getByRole('button', { name: 'I have saved them' }).click()
    await open(desk, '/console/wallet')
    const before = Number(await balanceOn(desk))
    for (const problem of [undefined, 'You redeemed this code at']) {
      await desk.getByRole('button', { name: 'Redeem a code' }).click()
      await desk.getByRole('textbox', { name: 'Code' }).fill(code.toLowerCase())
      await desk.getByRole('button', { name: 'Redeem', exact: true }).click()
      if (problem) await desk.getByRole('alert').getByText(problem).waitFor()
      else {
        await desk.getByText('5.00 credits have arrived').first().waitFor()
        await desk.getByRole('dialog').waitFor({ state: 'detached' })
      }
    }
    await open(desk, '/console/wallet')
    expect(Number(await balanceOn(desk))).toBeCloseTo(before + 5, 9)
    await desk.getByRole('listitem').filter({ hasText: 'Redeemed code' }).locator('[title="5"]').waitFor()
    forgive(complaints, 422)
    await open(office, '/admin/codes')
    await office.getByText('1 / 2').waitFor()
  })

  it('an inviter is paid for the first payment of who came by his link, up to his cap, and gives it back on a refund', async () => {
    await open(desk, '/console/wallet')
    const link = (await desk.getByRole('region', { name: 'Invite others' }).locator('code').textContent())!
    const before = Number(await balanceOn(desk))
    const guest = await newPage({ locale: 'en-US', phone: false })
    await visit(guest, link)
    await enter(guest, '71', '/console/wallet')
    const order = await topUp100(guest, 'en-US', WELCOME)
    await guest.context().close()
    await open(desk, '/console/wallet')
    expect(Number(await balanceOn(desk))).toBeCloseTo(before + 3, 9)
    await desk.getByRole('listitem').filter({ hasText: 'Invitation' }).locator('[title="3"]').waitFor()

    const second = await payAs(url, '72', { [inviteCookie]: new URL(link).searchParams.get('invite')! })
    await sandbox.credit.pay(await second.order('50'))
    expect(await desktop.console.get<InviteInfo>('/api/user/invite')).toMatchObject({ invited: 2, rewarded: 1, earned: '3' })

    await decide(order, { open: 'Refund…', confirm: 'Refund 100 LDC', reason: 'Did not like it' })
    expect(sandbox.credit.order(order).state).toBe('refund')
    await expect.poll(() => desktop.console.get('/api/user/invite')).toMatchObject({ invited: 2, rewarded: 0, earned: '0' })
    await open(desk, '/console/wallet')
    expect(Number(await balanceOn(desk))).toBeCloseTo(before, 9)
    await desk.getByRole('listitem').filter({ hasText: 'Claw-back' }).locator('[title="-3"]').waitFor()
  })
})

describe('money goes back', () => {
  it('an admin refunds with a reason, and the user sees both', async () => {
    const id = await desktop.order('10')
    await sandbox.credit.pay(id)
    await open(desk, '/console/wallet')
    const before = Number(await balanceOn(desk))
    await decide(id, { open: 'Refund…', confirm: 'Refund 10 LDC', reason: 'Paid twice by mistake' })
    await office.getByText('Refunded', { exact: true }).first().waitFor()
    expect(sandbox.credit.order(id).state).toBe('refund')
    await open(desk, '/console/wallet')
    expect(Number(await balanceOn(desk))).toBeCloseTo(before - 20, 9)
    await desk.getByText('Paid twice by mistake').waitFor()
    await desk.getByRole('listitem').filter({ hasText: '10 LDC' }).getByText('Refunded', { exact: true }).waitFor()
    expect(await desktop.booked(id)).toEqual([...topUpOf(10), 'refund -20'])
  })

  it('killed between a notice and its answer, it credits once when it is back', async () => {
    await open(desk, '/console/wallet')
    await Promise.all([desk, office].map(page => page.goto('about:blank')))
    const payers = await Promise.all([81, 82, 83].map(uid => payAs(url, String(uid))))
    const paid: { payer: Payer, id: string }[] = []
    for (const payer of payers) for (let time = 0; time < 3; time++) paid.push({ payer, id: await payer.order('6') })
    const mine = () => sandbox.credit.notices().filter(notice => paid.some(({ id }) => id === notice.outTradeNo))
    const sending: Promise<unknown>[] = []
    await withFaults({ query: 'slow', slowMs: 500 }, async () => {
      // One after another, so that at any moment some are before their question, some before their answer.
      for (const { id } of paid) {
        sending.push(sandbox.credit.pay(id))
        await new Promise(resolve => setTimeout(resolve, 30))
      }
      await expect.poll(() => mine().some(notice => notice.body === 'success'), { interval: 2, timeout: 10_000 }).toBe(true)
      await vapor.kill('SIGKILL')
    })
    await Promise.all(sending)
    expect(mine().filter(notice => notice.error !== undefined).length).toBeGreaterThan(0)
    vapor = await start()
    for (const seconds of await Promise.all(paid.map(({ payer, id }) => payer.waitForCredit(id)))) expect(seconds).toBeLessThan(CREDITED_WITHIN_MS / 1000)
    for (const { payer, id } of paid) expect(await payer.booked(id)).toEqual(topUpOf(6))
    for (const payer of payers) expect(await payer.available()).toBe(String(WELCOME + 3 * 6 * RATE))
  })

  it('a notice that comes when the time to pay is long over still credits', async () => {
    disputed = { kept: await desktop.order('5'), taken: await desktop.order('5') }
    for (const id of Object.values(disputed)) await sandbox.credit.pay(id)
    const payer = await payAs(url, '84')
    const id = await payer.order('4')
    await withFaults({ query: 'html403', delayMs: 7 * MINUTE }, async () => {
      await sandbox.credit.pay(id)
      await passTenMinutes(vapor)
      expect(await payer.console.get(`/api/pay/query/${id}`)).toMatchObject({ state: 'expired' })
    })
    await sandbox.credit.advance(8 * MINUTE)
    expect((await payer.read(id)).state).toBe('paid')
    expect(await payer.booked(id)).toEqual(topUpOf(4))
  })

  it('a disputed order is shown as contested and keeps its credit, or loses it until the dispute is over', async () => {
    const { kept, taken } = disputed
    await open(desk, '/console/wallet')
    const before = Number(await balanceOn(desk))
    sandbox.credit.dispute(kept)
    expect(await untilBelieved(vapor, admin, kept)).toEqual({ first: 'paid', last: 'contested' })
    await open(desk, '/console/wallet')
    await desk.getByText('Contested', { exact: true }).waitFor()
    expect(Number(await balanceOn(desk))).toBeCloseTo(before, 9)
    await open(office, '/admin/payments')
    await office.getByText('An order is contested').waitFor()
    sandbox.credit.closeDispute(kept)
    expect((await ask(kept)).state).toBe('paid')

    await office.getByRole('switch', { name: /Claw back by itself/ }).click()
    await office.getByRole('button', { name: 'Save settings' }).click()
    await office.getByText('Saved', { exact: true }).first().waitFor()
    sandbox.credit.dispute(taken)
    expect(await untilBelieved(vapor, admin, taken)).toEqual({ first: 'paid', last: 'clawed_back' })
    await open(desk, '/console/wallet')
    await desk.getByText('Clawed back', { exact: true }).waitFor()
    expect(Number(await balanceOn(desk))).toBeCloseTo(before - 10, 9)
    await desk.getByRole('listitem').filter({ hasText: 'Claw-back' }).locator('[title="-10"]').waitFor()

    sandbox.credit.closeDispute(taken)
    await openOrder(taken)
    await office.getByRole('button', { name: 'Ask the gateway now' }).click()
    await office.getByText('The gateway was asked').first().waitFor()
    await open(desk, '/console/wallet')
    expect(Number(await balanceOn(desk))).toBeCloseTo(before, 9)
    expect(await desktop.booked(kept)).toEqual(topUpOf(5))
    expect(await desktop.booked(taken)).toEqual([...topUpOf(5), 'clawback -10', 'clawback 10'])
  })
})

describe('in the end', () => {
  it('the books of every user add up, and agree with the gateway', async () => {
    const users = await everything<UserReply>('/api/admin/users')
    expect(users.length).toBeGreaterThan(15)
    const nano = (text: string) => BigInt(Math.round(Number(text) * 1e9))
    const entries: EntryReply[] = []
    for (const user of users) {
      const own = await everything<EntryReply>(`/api/admin/users/${user.id}/entries`)
      expect([user.username, own.reduce((sum, entry) => sum + nano(entry.amount), 0n)]).toEqual([user.username, nano(user.available) + nano(user.held)])
      entries.push(...own)
    }
    const orders = await everything<AdminOrder>('/api/admin/orders')
    expect(orders.map(order => order.id).toSorted()).toEqual(sandbox.credit.orders().map(order => order.outTradeNo).toSorted())
    for (const order of orders) {
      const atGateway = sandbox.credit.order(order.id)
      const credit = atGateway.state === 'success' ? nano(order.credit) : 0n
      const booked = entries.filter(entry => entry.reference === order.id)
      expect([order.id, order.state, booked.reduce((sum, entry) => sum + nano(entry.amount), 0n)]).toEqual([order.id, order.state, credit])
      expect(booked.filter(entry => entry.kind === 'topup').length).toBe(atGateway.paidAt === undefined ? 0 : 1)
    }
  })

  it('no browser ever complained, nor called anybody else', () => {
    expect(complaints).toEqual([])
  })

  it('no secret and no error stands in the log', () => {
    const log = servers.map(server => server.log()).join('\n')
    for (const text of [sandbox.credit.key, sandbox.credit.pid, 'test-only']) expect(log).not.toContain(text)
    expect(log).not.toContain(' error ')
  })
})

async function everything<T>(path: string): Promise<T[]> {
  const items: T[] = []
  for (let next: string | null = ''; next !== null;) {
    const page: { items: T[], next: string | null } = await admin.get(`${path}?limit=200${next && `&after=${encodeURIComponent(next)}`}`)
    items.push(...page.items)
    next = page.next
  }
  return items
}
