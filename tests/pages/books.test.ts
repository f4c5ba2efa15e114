import { mountSuspended } from '@nuxt/test-utils/runtime'
import { describe, expect, it, vi } from 'vitest'
import AdminBooksAuditResult from '~/components/admin/books/AuditResult.vue'
import AdminBooksDriftTable from '~/components/admin/books/DriftTable.vue'
import AdminBooksMarginTable from '~/components/admin/books/MarginTable.vue'
import AdminModelsCostFields from '~/components/admin/models/CostFields.vue'
import { channelFormOf, channelPutOf } from '~/composables/use-channel-form'
import { marginOf } from '~/composables/use-margin'
import { modelFormOf, modelPutOf } from '~/composables/use-model-form'
import { priceFormOf } from '~/composables/use-price-form'
import { modelPut } from '#shared/schemas/model'
import type { AuditRunReply } from '#shared/schemas/books'
import type { ChannelReply } from '#shared/schemas/channel'
import type { ModelReply } from '#shared/schemas/model'
import zh from '~/i18n/zh-CN.json'

const run: AuditRunReply = {
  id: 'run_a', trigger: 'nightly', startedAt: '2026-05-11T20:00:00.000Z', endedAt: '2026-05-11T20:00:01.000Z', users: 4, unsettled: 0,
  entries: '5', balances: '5', available: '4.5', held: '0.5', openHolds: 1, openHeld: '0.5', drifts: [], driftCount: 0, orphans: [], orphanCount: 0,
}
const bad: AuditRunReply = { ...run, balances: '6.5', driftCount: 2, drifts: [
  { user: '7', username: 'Neo', kind: 'balance', expected: '5', found: '6.5', difference: '1.5' },
  { user: '8', username: '', kind: 'open', expected: '1', found: '0', difference: '-1' },
] }

describe('margin', () => {
  it('is of the revenue whose cost is known, exactly', () => {
    expect(marginOf({ cost: '1', costed: '0.9', upstreamCost: '0.3' })).toEqual({ margin: '0.6', share: 0.6666, unknown: '0.1', loss: false, known: true })
    expect(marginOf({ cost: '1', costed: '1', upstreamCost: '1.25' })).toEqual({ margin: '-0.25', share: -0.25, unknown: '0', loss: true, known: true })
    expect(marginOf({ cost: '3', costed: '0', upstreamCost: '0' })).toEqual({ margin: '0', share: null, unknown: '3', loss: false, known: false })
  })

  it('shows a dash, never a hundred percent, where no cost is known', async () => {
    const tally = { requests: 2, failed: 0, inputTokens: 1, outputTokens: 1, cost: '3', costed: '0', upstreamCost: '0' }
    const table = await mountSuspended(AdminBooksMarginTable, { props: { title: 'x', nameLabel: 'y', rows: [{ id: 'a', name: 'a', to: '/', tally }] } })
    expect(table.findAll('tbody td').map(cell => cell.text()).slice(2)).toEqual(['—', '—'])
  })
})

describe('the result of a check', () => {
  it('says that all is well, that something is off, and that it is under way', async () => {
    const good = await mountSuspended(AdminBooksAuditResult, { props: { last: run, running: null, pending: false } })
    expect(good.text()).toContain(zh.books.good)
    expect(good.html()).not.toContain('text-error')
    const off = await mountSuspended(AdminBooksAuditResult, { props: { last: bad, running: null, pending: false } })
    expect(off.text()).toContain(zh.books.bad.replace('{n}', '2'))
    expect(off.find('dd.text-error').text()).toBe('1.50')
    const busy = await mountSuspended(AdminBooksAuditResult, { props: { last: null, running: { startedAt: run.startedAt, users: 400 }, pending: false } })
    expect(busy.text()).toContain('400')
    expect(busy.get('button').attributes('disabled')).toBeDefined()
  })

  it('leads to each user that is off', async () => {
    const table = await mountSuspended(AdminBooksDriftTable, { props: { run: bad } })
    expect(table.findAll('a').map(link => [link.text(), link.attributes('href')])).toEqual([['Neo', '/admin/users?search=7'], ['8', '/admin/users?search=8']])
    for (const text of ['+1.50', '−1', zh.books.kinds.balance, zh.books.kinds.open]) expect(table.text()).toContain(text)
  })
})

describe('cost prices in the forms', () => {
  const cost = { input: '2.5', output: '10', cachedInput: '0.25', longContext: { above: 200_000, prices: { input: '5' } } }
  const model = { id: 'mdl_a', name: 'm', description: '', enabled: true, prices: null, context: null, maxOutput: null, modalities: [], notForSale: [], version: '1', createdAt: run.startedAt, updatedAt: run.startedAt } as const

  it('give back what they were given', () => {
    const routes = [{ channel: 'a', upstream: '', priority: 1, weight: 1, cost }, { channel: 'b', upstream: 'x', priority: 0, weight: 2 }]
    expect(modelPutOf(modelFormOf({ ...model, modalities: [], notForSale: [], routes } satisfies ModelReply), '1').routes).toEqual(routes)
    const channel = { name: 'a', vendor: 'generic', dialect: 'openai-chat', baseUrl: 'https://a.example', priority: 0, weight: 1, enabled: true, costCurrency: 'USD', costRate: '7.2' } as ChannelReply
    expect(channelPutOf(channelFormOf(channel), '1')).toMatchObject({ costCurrency: 'USD', costRate: '7.2' })
  })

  it('let the schema refuse half of them, at the field', () => {
    const form = modelFormOf({ ...model, modalities: [], notForSale: [], routes: [{ channel: 'a', upstream: '', priority: 0, weight: 1 }] })
    form.routes[0]!.cost.texts.input = '2'
    expect(modelPut.safeParse(modelPutOf(form, '1')).error?.issues.map(issue => issue.path.join('.'))).toEqual(['routes.0.cost.output'])
  })

  it('are folded under what they come to, in the currency of the channel', async () => {
    const channel = { id: 'a', costCurrency: 'USD', costRate: '7.2' } as ChannelReply
    const fields = await mountSuspended(AdminModelsCostFields, { props: { modelValue: priceFormOf(cost), path: 'routes.0.cost', channel, unfolded: false } })
    expect(fields.text()).toContain(zh.routes.costOf.replace('{input}', '2.5').replace('{output}', '10').replace('{currency}', 'USD'))
    expect(fields.findAll('input')).toHaveLength(0)
    await fields.setProps({ unfolded: true })
    await vi.waitFor(() => expect(fields.findAll('input').length).toBeGreaterThan(10))
    expect(fields.text()).toContain('1 USD = 7.2')
  })
})
