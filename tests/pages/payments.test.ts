import { mountSuspended, registerEndpoint } from '@nuxt/test-utils/runtime'
import { setResponseStatus } from 'h3'
import { describe, expect, it, vi } from 'vitest'
import AdminOrdersOrderTimeline from '~/components/admin/orders/OrderTimeline.vue'
import AdminPaymentsGatewayCard from '~/components/admin/payments/GatewayCard.vue'
import AdminPaymentsSettingsForm from '~/components/admin/payments/SettingsForm.vue'
import { paymentFormOf, paymentSettingsOf, percentOf } from '~/composables/use-payment-settings'
import { paymentSettings } from '#shared/schemas/payment'
import type { AdminOrder, NoticeReply, PaymentsOverview } from '#shared/schemas/payment'
import zh from '~/i18n/zh-CN.json'

const settings = paymentSettings.parse({ tiers: [{ from: '100', bonus: 550 }], firstBonus: 1000, inviteCredit: '2.5' })
const overview: PaymentsOverview = {
  enabled: false, missing: ['EPAY_PID', 'EPAY_KEY (shorter than 8 characters)'], gateway: null, currency: 'LDC', states: {}, days: [],
  submitUrl: 'https://gateway.example/submit.php', apiUrl: 'https://gateway.example/api.php', notifyUrl: 'https://shop.example/api/pay/notify', returnUrl: '',
} as unknown as PaymentsOverview

describe('the payment settings form', () => {
  it('gives back what it was given', () => {
    expect(paymentSettingsOf(paymentFormOf(settings))).toEqual(settings)
    expect(percentOf(550)).toBe('5.5')
  })

  it('reads amounts however they are separated', () => {
    const form = { ...paymentFormOf(settings), presets: '10，20 50.00;9.90' }
    expect(paymentSettingsOf(form).presets).toEqual(['10', '20', '50', '9.9'])
  })

  it('lets the schema refuse half a tier and a rate of nothing', () => {
    const form = paymentFormOf(settings)
    expect(paymentSettings.safeParse(paymentSettingsOf({ ...form, tiers: [{ from: '10', percent: '' }] })).success).toBe(false)
    expect(paymentSettings.safeParse(paymentSettingsOf({ ...form, rate: '0' })).success).toBe(false)
    expect(paymentSettings.safeParse(paymentSettingsOf({ ...form, firstPercent: '100.01' })).success).toBe(false)
  })

  it('stays alive while a tier is only half typed, and shows an example once it is whole', async () => {
    const form = await mountSuspended(AdminPaymentsSettingsForm, { props: { settings, version: '1' } })
    expect(form.text()).toContain('LDC')
    const example = () => form.get('form').findAll('p').at(-1)!.text()
    expect(example()).toContain('10.00')
    await form.findAll('button').find(button => button.text() === zh.payments.fields.tierAdd)!.trigger('click')
    expect(example()).toBe('')
    const field = (label: string) => form.get(`input[aria-label="${label}"]`)
    await field(zh.payments.fields.tierFrom.replace('{n}', '2')).setValue('10')
    await field(zh.payments.fields.tierPercent.replace('{n}', '2')).setValue('20')
    expect(example()).toContain('3.00')
  })

  it('keeps what was typed when somebody else saved first, and says so', async () => {
    registerEndpoint('/api/admin/settings/payments', { method: 'PUT', handler: (event) => {
      setResponseStatus(event, 422)
      return { error: { code: 'changed_meanwhile', message: '', params: { kind: 'setting' }, requestId: 'r' } }
    } })
    const form = await mountSuspended(AdminPaymentsSettingsForm, { props: { settings, version: '1' } })
    const [currency] = form.findAll('input[type=text]')
    await currency!.setValue('CNY')
    await form.get('form').trigger('submit')
    await vi.waitFor(() => expect(form.text()).toContain(zh.common.stale))
    expect(currency!.element).toMatchObject({ value: 'CNY' })
    expect(form.emitted('saved')).toBeUndefined()
  })
})

describe('the gateway', () => {
  it('names what is missing and what to set it to', async () => {
    const card = await mountSuspended(AdminPaymentsGatewayCard, { props: { overview } })
    expect(card.text()).toContain(zh.payments.notConfigured)
    for (const text of ['EPAY_PID', zh.payments.variables.EPAY_PID, 'EPAY_KEY (shorter than 8 characters)', zh.payments.variables.EPAY_KEY]) expect(card.text()).toContain(text)
    expect(card.text()).toContain(zh.payments.unset)
  })

  it('tells each step of the self-test', async () => {
    registerEndpoint('/api/admin/payments/self-test', { method: 'POST', handler: () => ({ steps: [{ name: 'secret', ok: true, detail: 'fine' }, { name: 'gateway_json', ok: false, detail: 'HTTP 403, a page instead of JSON' }] }) })
    const card = await mountSuspended(AdminPaymentsGatewayCard, { props: { overview } })
    await card.findAll('button').find(button => button.text().includes(zh.payments.test))!.trigger('click')
    await vi.waitFor(() => expect(card.find('[data-testid=self-test]').exists()).toBe(true))
    const steps = card.get('[data-testid=self-test]').text()
    for (const text of [zh.payments.steps.gateway_json, zh.payments.stepFailed, 'HTTP 403, a page instead of JSON']) expect(steps).toContain(text)
  })
})

describe('what happened to an order', () => {
  it('stands in the order it happened, with the gateway’s own fields', async () => {
    const order = { createdAt: '2026-11-01T00:00:00.000Z', paidAt: '2026-11-01T00:01:00.000Z', refundedAt: null, expiresAt: '2026-11-01T00:05:00.000Z', state: 'paid', evidence: 'notify' } as AdminOrder
    const notices: NoticeReply[] = [
      { id: 'late', at: '2026-11-01T00:02:00.000Z', source: 'notify', outcome: 'repeated', fields: { trade_no: '108086391056891904' } },
      { id: 'odd', at: '2026-11-01T00:00:30.000Z', source: 'query', outcome: 'something_new', fields: {} },
    ]
    const timeline = await mountSuspended(AdminOrdersOrderTimeline, { props: { detail: { order, notices } } })
    const titles = timeline.findAll('li').map(line => line.text())
    expect(titles.map(text => [zh.orders.events.created, 'something_new', zh.orders.evidence.notify, zh.orders.outcomes.repeated].findIndex(part => text.includes(part)))).toEqual([0, 1, 2, 3])
    expect(timeline.text()).toContain('108086391056891904')
  })
})
