import { mountSuspended } from '@nuxt/test-utils/runtime'
import { describe, expect, it } from 'vitest'
import { countFolded, emptyKeyForm, keyBodyOf, keyFormOf } from '~/composables/use-key-form'
import KeyBadges from '~/components/console/keys/KeyBadges.vue'
import KeyBudgets from '~/components/console/keys/KeyBudgets.vue'
import KeyRow from '~/components/console/keys/KeyRow.vue'
import { keyCreate } from '#shared/schemas/key'
import type { KeyReply } from '#shared/schemas/key'

const key: KeyReply = {
  id: 'key_1',
  name: 'laptop',
  hint: 'sk-a1b2…wxyz',
  enabled: true,
  expiresAt: null,
  spendLimit: '9',
  spent: '8.5',
  limits: { day: '0.5', week: null, month: null, rpm: 60, tpm: 200_000, concurrency: null },
  models: ['gpt-5'],
  ips: ['203.0.113.0/24', '2001:db8::1'],
  usage: { today: '0.000000001', sevenDays: '1.25', thirtyDays: '2' },
  budgets: [
    { period: 'day', limit: '0.5', spent: '0.5', remaining: '0', resetsAt: '2026-01-01T16:00:00.000Z' },
    { period: 'total', limit: '9', spent: '8.5', remaining: '0.5', resetsAt: null },
  ],
  open: 2,
  oldSecretUntil: '2026-01-02T00:00:00.000Z',
  createdAt: '2025-01-01T00:00:00.000Z',
  lastUsedAt: null,
}

describe('the form of a key', () => {
  it('gives back what it was filled with', () => {
    const form = keyFormOf(key)
    expect(form.limits).toEqual({ day: '0.5', week: '', month: '', rpm: '60', tpm: '200000', concurrency: '' })
    expect(countFolded(form)).toBe(4)
    const { limits, ips, models, spendLimit } = keyCreate.parse(keyBodyOf(form))
    expect({ limits, ips, models, spendLimit }).toEqual({ limits: key.limits, ips: key.ips, models: key.models, spendLimit: key.spendLimit })
  })

  it('limits nothing when it is empty', () => {
    expect(countFolded(emptyKeyForm())).toBe(0)
    expect(keyBodyOf(emptyKeyForm())).toMatchObject({ spendLimit: null, ips: [], limits: { day: null, week: null, month: null, rpm: null, tpm: null, concurrency: null } })
  })

  it('takes addresses by line, comma or blank, and numbers as people write them', () => {
    const form = { ...emptyKeyForm(), name: 'k', ips: ' 10.0.0.0/8,\n::1；192.0.2.1 ' }
    form.limits.tpm = '200,000'
    expect(keyCreate.parse(keyBodyOf(form))).toMatchObject({ ips: ['10.0.0.0/8', '::1', '192.0.2.1'], limits: { tpm: 200_000 } })
  })

  it.each([['rpm', 'many'], ['rpm', '0'], ['tpm', '1.5'], ['concurrency', '-1']] as const)('leaves it to the schema to refuse %s of %s', (name, text) => {
    const form = { ...emptyKeyForm(), name: 'k' }
    form.limits[name] = text
    expect(keyCreate.safeParse(keyBodyOf(form)).error?.issues.map(issue => issue.path)).toEqual([['limits', name]])
  })
})

describe('a key in the list', () => {
  it('says what limits it', async () => {
    const text = (await mountSuspended(KeyBadges, { props: { item: key } })).findAll('li').map(badge => badge.text())
    expect(text).toHaveLength(4)
    expect(text[0]).toContain('60')
    expect((await mountSuspended(KeyBadges, { props: { item: { ...key, limits: { ...key.limits, rpm: null, tpm: null }, models: [], ips: [] } } })).text()).toBe('')
  })

  it('shows how much of each money limit is used, and when it begins anew', async () => {
    const rows = (await mountSuspended(KeyBudgets, { props: { item: key } })).findAll('li')
    expect(rows).toHaveLength(2)
    expect(rows[0]!.text()).toContain('0.50')
    // Midnight in Shanghai, where the reader is.
    expect(rows[0]!.text()).toMatch(/00:00/)
    expect(rows[1]!.text()).not.toMatch(/00:00/)
    expect(rows.map(row => row.get('[role=progressbar]').attributes('aria-valuenow'))).toEqual(['100', '94.44444444444444'])
  })

  it('shows what was spent, never rounded to nothing', async () => {
    const row = await mountSuspended(KeyRow, { props: { item: key } })
    const figures = row.findAll('dd').map(figure => figure.text())
    expect(figures).toHaveLength(4)
    expect(Number(figures[0])).not.toBe(0)
    expect(figures.slice(1)).toEqual(['1.25', '2.00', '8.50'])
  })
})
