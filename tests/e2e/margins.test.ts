import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { displayCredits, formatNano, parseNano } from '#shared/utils/money'
import en from '../../i18n/en.json'
import zh from '../../i18n/zh-CN.json'
import { launchBrowser, openPage } from '../support/browser'
import { stockShop } from '../support/console'
import type { Console } from '../support/console'
import { startVapor } from '../support/server'
import type { Vapor } from '../support/server'

/** What the upstreams take, beside everything an admin sees of what users pay. */
let vapor: Vapor
let browser: Browser
let admin: Console
const complaints: string[] = []
/** At 7 credits a dollar: input at 0.7 for 1, output at 2.8 for 2, which is a loss. */
const cost = { input: '0.1', output: '0.4' }

beforeAll(async () => {
  [vapor, browser] = await Promise.all([startVapor(), launchBrowser()])
  const { upstream } = vapor.sandbox!
  const shop = await stockShop(vapor.url, { baseUrl: upstream.baseUrl, apiKey: upstream.apiKeys[0]! }, [])
  admin = shop.admin
  const { items: [channel] } = await admin.get<{ items: Record<string, unknown>[] }>('/api/admin/channels')
  const { name, dialect, baseUrl, enabled, priority, weight, version } = channel!
  await admin.send('PUT', '/api/admin/channels/sandbox', { name, dialect, baseUrl, enabled, priority, weight, version, costCurrency: 'USD', costRate: '7' })
  await admin.send('POST', '/api/admin/models', { name: 'sandbox-text', prices: { input: '1', output: '2' }, routes: [{ channel: 'sandbox', cost }] })
  const answer = await fetch(`${vapor.url}/v1/chat/completions`, { method: 'POST', headers: { 'authorization': `Bearer ${shop.key}`, 'content-type': 'application/json' }, body: JSON.stringify({ model: 'sandbox-text', messages: [{ role: 'user', content: 'hello' }] }) })
  expect(answer.status).toBe(200)
  await answer.text()
})
afterAll(async () => {
  await browser?.close()
  await vapor?.stop()
})

async function open(page: Page, path: string): Promise<void> {
  const response = await page.goto(vapor.url + path, { waitUntil: 'networkidle' })
  expect(response?.status()).toBe(200)
}

interface Stats { range: { cost: string, costed: string, upstreamCost: string } }

describe.each([{ words: en, locale: 'en-US' as const, phone: false }, { words: zh, locale: 'zh-CN' as const, phone: true }])('in $locale', ({ words, locale, phone }) => {
  let page: Page
  let figures: string[]
  beforeAll(async () => {
    page = await openPage(browser, { origins: [vapor.url, vapor.sandbox!.url], complaints, locale, phone })
    await page.goto(`${vapor.url}/api/auth/login?login_hint=1&next=/admin`, { waitUntil: 'networkidle' })
    const { range } = await admin.get<Stats>('/api/admin/stats?days=1')
    expect(range.costed).toBe(range.cost)
    const margin = formatNano(parseNano(range.costed)! - parseNano(range.upstreamCost)!)
    figures = [words.books.costIs.replace('{amount}', displayCredits(range.upstreamCost, 4)), words.books.marginIs.replace('{amount}', displayCredits(margin, 4))]
  })
  afterAll(() => page.context().close())

  it('stands beside the models, channels and users who paid most', async () => {
    await open(page, '/admin?days=1')
    const tops = page.getByRole('region', { name: words.stats.tops })
    for (const text of figures) await expect.poll(() => tops.getByText(text, { exact: false }).count()).toBe(3)
  })

  it('stands on channels, users and requests', async () => {
    await open(page, '/admin/channels')
    const row = page.getByTestId('channel-sandbox')
    await row.getByText(words.books.upstreamCost).waitFor()
    expect(await row.innerText()).toContain(figures[0]!.replace(words.books.costIs.replace('{amount}', ''), ''))
    await open(page, '/admin/users?search=2')
    await page.getByText(figures[0]!, { exact: false }).first().waitFor()
    await page.getByRole('button', { name: words.users.openOf.replace('{name}', 'user') }).click()
    await page.getByTestId('user-margin').getByText(figures[1]!, { exact: false }).waitFor()
    await open(page, '/admin/requests')
    const margin = phone ? page.getByRole('button', { name: words.books.marginIs.replace('{amount}', '').trim() }) : page.getByRole('columnheader', { name: words.books.margin })
    await margin.waitFor()
    expect(await page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth)).toBeLessThanOrEqual(0)
  })

  it('is found again by the number of a request, and by its address', async () => {
    const { items: [request] } = await admin.get<{ items: { id: string }[] }>('/api/admin/requests')
    await open(page, '/admin/requests?range=hour')
    const box = page.getByRole('searchbox', { name: words.requests.filterUser })
    await box.fill(request!.id)
    await box.press('Enter')
    await page.getByRole('dialog').getByText(words.requests.books).waitFor()
    await expect.poll(() => new URL(page.url()).search).toContain(`id=${request!.id}`)
    await open(page, `/admin/requests?outcome=failed&id=${request!.id}`)
    await page.getByRole('dialog').getByText(words.requests.books).waitFor()
    await page.keyboard.press('Escape')
    await page.getByText(words.requests.noMatchTitle).waitFor()
    await page.getByRole('dialog').waitFor({ state: 'detached' })
    await page.keyboard.press('Control+k')
    await page.getByPlaceholder(words.palette.placeholder).fill(request!.id)
    await page.getByRole('option', { name: words.palette.request.replace('{id}', request!.id) }).click()
    await page.getByRole('dialog').getByText(words.requests.books).waitFor()
    expect(new URL(page.url()).pathname).toBe('/admin/requests')
  })

  it('is seen while prices are typed, with a warning before anything is sold at a loss', async () => {
    await admin.get<{ items: { version: string, id: string }[] }>('/api/admin/models').then(({ items: [model] }) =>
      admin.send('PUT', `/api/admin/models/${model!.id}`, { name: 'sandbox-text', description: '', enabled: true, prices: { input: '1', output: '2' }, routes: [{ channel: 'sandbox', cost }], version: model!.version }))
    await open(page, '/admin/models')
    await page.getByText(words.models.belowCost, { exact: true }).waitFor()
    await page.getByRole('button', { name: words.models.editOf.replace('{name}', 'sandbox-text') }).click()
    const margins = page.getByTestId('route-margins')
    await margins.getByText(words.routes.belowCost).waitFor()
    await margins.getByRole('row', { name: /30\s?%/ }).waitFor()
    await margins.getByRole('row', { name: /-40\s?%/ }).waitFor()
    await page.getByRole('dialog').getByLabel(words.classes.output, { exact: true }).first().fill('4')
    await margins.getByText(words.routes.belowCost).waitFor({ state: 'detached' })
    await page.getByRole('button', { name: words.common.save, exact: true }).click()
    await page.getByRole('dialog').waitFor({ state: 'detached' })
    await page.getByText(words.models.belowCost, { exact: true }).waitFor({ state: 'detached' })
  })
})

it('never made the browser complain', () => {
  expect(complaints).toEqual([])
})
