import { mountSuspended, registerEndpoint } from '@nuxt/test-utils/runtime'
import { readBody, setResponseStatus } from 'h3'
import { afterEach, describe, expect, it, vi } from 'vitest'
import ConsoleWalletInviteCard from '~/components/console/wallet/InviteCard.vue'
import ConsoleWalletOrderRow from '~/components/console/wallet/OrderRow.vue'
import ConsoleWalletOrderStatus from '~/components/console/wallet/OrderStatus.vue'
import ConsoleWalletTopUp from '~/components/console/wallet/TopUp.vue'
import UiEntryList from '~/components/ui/EntryList.vue'
import { withBalances } from '~/composables/use-statement'
import { quoteOf, worthOf } from '~/composables/use-top-up'
import { watchDelays } from '~/composables/use-order-watch'
import type { OrderReply, OrderState, TopUpInfo } from '#shared/schemas/payment'
import type { EntryReply } from '#shared/schemas/usage'
import zh from '~/i18n/zh-CN.json'

const id = 'a'.repeat(32)
const info: TopUpInfo = {
  enabled: true, currency: 'LDC', types: ['epay'], rate: '1', min: '1', max: '5000',
  presets: [{ money: '10', credit: '10', bonus: '0' }, { money: '100', credit: '100', bonus: '5' }],
  tiers: [{ from: '100', bonus: 500 }], firstBonus: 0,
}
const orderIn = (state: OrderState, more: Partial<OrderReply> = {}): OrderReply => ({
  id, state, money: '10.00', currency: 'LDC', credit: '10', bonus: '0', rate: '1', type: 'epay', tradeNo: null, unconfirmed: false,
  createdAt: '2026-11-01T00:00:00.000Z', expiresAt: '2026-11-01T00:05:00.000Z', paidAt: null, refundedAt: null, ...more,
})
const pause = (ms: number) => new Promise(resolve => setTimeout(resolve, ms))

afterEach(() => vi.restoreAllMocks())

describe('an amount becomes a quote', () => {
  it('with the bonus it reaches, in exact text', () => {
    expect(quoteOf('99.99', info).result).toEqual({ credit: '99.99', bonus: '0', total: '99.99' })
    expect(quoteOf('100.00', info)).toEqual({ money: '100', result: { credit: '100', bonus: '5', total: '105' }, problem: null })
  })

  it('or says what is wrong', () => {
    const problems = { '': 'empty', '0.99': 'min', '5000.01': 'max', 'ten': 'format', '1.234': 'format' }
    for (const [text, problem] of Object.entries(problems)) expect([text, quoteOf(text, info)]).toMatchObject([text, { problem, result: null }])
  })

  it('an order is worth credit and bonus', () => {
    expect(worthOf({ credit: '0.1', bonus: '0.2' })).toBe('0.3')
  })
})

describe('the running balance', () => {
  const entry = (amount: string): EntryReply => ({ id: amount, kind: 'charge', amount, reference: '', note: '', late: false, at: '2026-11-01T00:00:00.000Z' })

  it('goes back from the balance now, entry by entry, exactly', () => {
    const lines = withBalances([entry('-0.1'), entry('-0.2'), entry('10')], '9.7')
    expect(lines.map(line => line.balance)).toEqual(['9.7', '9.8', '10'])
  })

  it('is left out where the balance now is not known', () => {
    expect(withBalances([entry('1')], null)[0]?.balance).toBeNull()
  })

  it('stands on the line', async () => {
    const list = await mountSuspended(UiEntryList, { props: { entries: withBalances([entry('-0.0000001')], '1.5') } })
    expect(list.text()).toContain('1.50')
    expect(list.text()).toContain('−0.0000001')
  })
})

describe('topping up', () => {
  /** What the API was asked for, and the forms the browser was sent off with. */
  function watchOrders() {
    const asked: { key: string, body: unknown }[] = []
    const posted: { action: string, fields: Record<string, string> }[] = []
    registerEndpoint('/api/pay/create', { method: 'POST', handler: async (event) => {
      const [, key] = Object.entries(event.node.req.headers).find(([name]) => name.toLowerCase() === 'idempotency-key') ?? []
      asked.push({ key: String(key ?? ''), body: await readBody(event) })
      return { order: orderIn('pending'), form: { action: 'https://gateway.example/submit.php', method: 'POST', fields: { out_trade_no: id, money: '10.00' } } }
    } })
    vi.spyOn(HTMLFormElement.prototype, 'submit').mockImplementation(function (this: HTMLFormElement) {
      const fields = [...this.querySelectorAll('input')].map(input => [input.name, input.value] as const)
      posted.push({ action: this.action, fields: Object.fromEntries(fields) })
    })
    return { asked, posted }
  }

  it('orders the chosen amount and leaves for the gateway with the fields as they came', async () => {
    const { asked, posted } = watchOrders()
    const page = await mountSuspended(ConsoleWalletTopUp, { props: { info } })
    await page.findAll('input[type=radio]')[0]!.trigger('change')
    await page.get('form').trigger('submit')
    await vi.waitFor(() => expect(posted).toHaveLength(1))
    expect(asked).toMatchObject([{ body: { money: '10' } }])
    expect(asked[0]?.key).toBeTruthy()
    expect(posted).toEqual([{ action: 'https://gateway.example/submit.php', fields: { out_trade_no: id, money: '10.00' } }])
  })

  it('shows what a typed amount brings, and orders nothing outside the bounds', async () => {
    const { asked } = watchOrders()
    const page = await mountSuspended(ConsoleWalletTopUp, { props: { info } })
    await page.get('input[type=text]').setValue('200')
    expect(page.get('[data-testid=quote]').text()).toContain('210.00')
    await page.get('input[type=text]').setValue('0.5')
    await page.get('form').trigger('submit')
    await pause(50)
    expect(asked).toEqual([])
    expect(page.text()).toContain(zh.topUp.problems.min.replace('{min}', '1 LDC'))
  })

  it('pays an order again with another order', async () => {
    const { asked, posted } = watchOrders()
    const row = () => mountSuspended(ConsoleWalletOrderRow, { props: { item: orderIn('expired'), currency: 'LDC', payable: true } })
    for (let times = 1; times <= 2; times++) {
      const page = await row()
      await page.findAll('button').find(button => button.text().includes(zh.orders.payAgain))!.trigger('click')
      await vi.waitFor(() => expect(posted).toHaveLength(times))
    }
    expect(asked[0]?.key).not.toBe(asked[1]?.key)
  })

  it('offers nothing to do on an order that is settled', async () => {
    const row = await mountSuspended(ConsoleWalletOrderRow, { props: { item: orderIn('paid', { unconfirmed: true }), currency: 'LDC', payable: true } })
    expect(row.text()).not.toContain(zh.orders.check)
    expect(row.text()).toContain(zh.orders.unconfirmedWhy)
  })
})

describe('coming back from paying', () => {
  function answers(list: (OrderReply | number)[]) {
    let asked = 0
    registerEndpoint(`/api/pay/query/${id}`, (event) => {
      const answer = list[Math.min(asked++, list.length - 1)]!
      if (typeof answer !== 'number') return answer
      setResponseStatus(event, answer)
      return { error: { code: 'record_not_found', message: '', requestId: 'r' } }
    })
    return () => asked
  }

  it('turns to credited by itself, says so once, and stops asking', async () => {
    const asked = answers([orderIn('pending'), orderIn('paid', { bonus: '0.5' })])
    const banner = await mountSuspended(ConsoleWalletOrderStatus, { props: { id, start: orderIn('pending'), currency: 'LDC' } })
    expect(banner.text()).toContain(zh.orderStatus.waiting)
    await vi.waitFor(() => expect(banner.text()).toContain(zh.orderStatus.paid.replace('{amount}', '10.50')), { timeout: 4000 })
    await pause(watchDelays[1]! * 1000 + 200)
    expect([asked(), banner.emitted('settled')?.length]).toEqual([2, 1])
  })

  it('gives up on an order that is not there', async () => {
    const asked = answers([404])
    const banner = await mountSuspended(ConsoleWalletOrderStatus, { props: { id, currency: 'LDC' } })
    await vi.waitFor(() => expect(banner.text()).toContain(zh.orderStatus.missing), { timeout: 4000 })
    await pause(watchDelays[0]! * 1000 + 200)
    expect(asked()).toBeLessThanOrEqual(2)
  })

  it('asks less and less often, and not for ever', () => {
    expect([...watchDelays].sort((one, other) => one - other)).toEqual(watchDelays)
    expect(watchDelays.reduce((sum, delay) => sum + delay, 0)).toBeLessThan(300)
  })
})

describe('an invitation', () => {
  const info = { code: 'acdefghjkm', reward: '3', cap: 20, invited: 2, rewarded: 1, earned: '3' }

  it('shows who came by it, when asked', async () => {
    registerEndpoint('/api/user/invited', () => ({ items: [{ username: 'trinity', createdAt: '2026-11-02T00:00:00.000Z' }, { username: 'morpheus', createdAt: '2026-11-01T00:00:00.000Z' }], next: null }))
    const card = await mountSuspended(ConsoleWalletInviteCard, { props: { info } })
    expect(card.text()).not.toContain('trinity')
    await card.get('button[aria-expanded=false]').trigger('click')
    await expect.poll(() => card.text()).toContain('morpheus')
    expect(card.findAll('li').map(line => line.get('span').text())).toEqual(['trinity', 'morpheus'])
  })

  it('promises no credit when there is none, and asks about nobody when nobody came', async () => {
    const card = await mountSuspended(ConsoleWalletInviteCard, { props: { info: { ...info, reward: '0', invited: 0 } } })
    expect(card.text()).toContain(zh.invite.off)
    expect(card.find('button[aria-expanded]').exists()).toBe(false)
  })
})
