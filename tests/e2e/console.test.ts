/** The user's console in a browser: its main tasks, in both languages, at a desk and on a phone. */
import type { Browser, Page } from 'playwright-core'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { fitsWidth, launchBrowser, openPage, readers, said, visit } from '../support/browser'
import { signIn, stockShop } from '../support/console'
import type { Console } from '../support/console'
import { startVapor } from '../support/server'
import type { Vapor } from '../support/server'

let vapor: Vapor
let browser: Browser
let shop: Awaited<ReturnType<typeof stockShop>>
const complaints: string[] = []

beforeAll(async () => {
  vapor = await startVapor()
  browser = await launchBrowser()
  const { baseUrl, apiKeys } = vapor.sandbox!.upstream
  shop = await stockShop(vapor.url, { baseUrl, apiKey: apiKeys[0]! }, ['sandbox-text', 'sandbox-reasoning', 'sandbox-echo', 'sandbox-paced-50-200', 'sandbox-status-500'])
  await call(shop.key, 'sandbox-text')
})
afterAll(async () => {
  await browser?.close()
  await vapor?.stop()
})
afterEach(() => expect(complaints.splice(0)).toEqual([]))

function call(key: string, model: string, headers: Record<string, string> = {}): Promise<Response> {
  return fetch(`${vapor.url}/v1/chat/completions`, {
    method: 'POST',
    headers: { 'authorization': `Bearer ${key}`, 'content-type': 'application/json', ...headers },
    body: JSON.stringify({ model, messages: [{ role: 'user', content: 'What should I drink?' }] }),
  })
}

async function open(page: Page, path: string): Promise<void> {
  expect(await visit(page, vapor.url + path)).toBe(200)
}

describe.each(readers.slice(0, 2))('the console, $name', (variant) => {
  const { words } = variant
  let page: Page
  let user: Console
  beforeAll(async () => {
    user = await signIn(vapor.url, '2')
    const { locale, phone } = variant
    // Pictures of users come from the forum.
    page = await openPage(browser, { origins: [vapor.url, vapor.sandbox!.url], complaints, locale, phone, cookies: user.cookies() })
  })
  afterAll(() => page?.context().close())

  it('tells what is left, what was spent on which model, and how long it lasts', async () => {
    await open(page, '/console')
    expect(await fitsWidth(page)).toBe(true)
    const { available } = await user.get<{ available: string }>('/api/auth/me')
    expect(await page.getByTestId('available').getAttribute('title')).toBe(available)
    await page.getByTestId('forecast').getByText(words.forecast.young).waitFor()
    const chart = page.getByRole('table', { name: words.usage.chart })
    await expect.poll(() => chart.getByRole('columnheader', { name: 'sandbox-text' }).count()).toBe(1)
    await page.getByRole('button', { name: words.chart.asTable }).click()
    await expect.poll(() => chart.getByRole('row').count()).toBe(31)
  })

  it('finds a request, shows its bill, receipt and tries, and what arrives meanwhile', async () => {
    const { requests: { items } } = await user.get<{ requests: { items: { id: string, cost: string }[] } }>('/api/user/usage?model=sandbox-text&limit=1')
    const known = items[0]!
    await open(page, `/console/requests?id=${known.id}`)
    const drawer = page.getByRole('dialog')
    await drawer.getByText(known.id).waitFor()
    expect(await drawer.getByTestId('bill-total').textContent()).toBe(known.cost)
    await drawer.getByText(said(words.requests.attempt, { n: 1 })).waitFor()
    await drawer.getByRole('button', { name: words.requests.receiptShow }).click()
    await drawer.getByTestId('receipt-formula').waitFor()
    await page.keyboard.press('Escape')
    await drawer.waitFor({ state: 'detached' })
    await expect.poll(() => new URL(page.url()).search).toBe('')
    expect(await fitsWidth(page)).toBe(true)

    const rows = page.getByRole('button', { name: variant.phone ? /sandbox-/ : new RegExp(words.requests.openDetail.split('{id}')[0]!) }).filter({ visible: true })
    const before = await rows.count()
    await call(shop.key, 'sandbox-echo')
    await expect.poll(() => rows.count()).toBe(before + 1)

    await page.getByRole('combobox', { name: words.requests.filterOutcome }).click()
    await page.getByRole('option', { name: words.requests.outcomes.failed }).click()
    await page.getByText(words.requests.noMatchTitle, { exact: true }).waitFor()
    const csv = await page.getByRole('link', { name: words.requests.csv }).getAttribute('href')
    expect(csv).toBe('/api/user/requests.csv?outcome=failed')
    await page.getByRole('button', { name: words.common.clearFilters }).click()
    await expect.poll(() => rows.count()).toBeGreaterThan(before)
  })

  it('talks to a model, shows what it thought and what it cost, and stops when told', async () => {
    await open(page, '/console/playground?model=sandbox-reasoning')
    expect(await fitsWidth(page)).toBe(true)
    const question = page.getByRole('textbox', { name: words.playground.question })
    await question.fill('What should I drink this morning?')
    await question.press('Enter')
    const answer = page.getByRole('article', { name: words.playground.answerOf.replace('{model}', 'sandbox-reasoning') })
    await answer.getByTestId('answer-cost').waitFor()
    await answer.getByText('42').first().waitFor()
    expect(await answer.locator('details').evaluate(element => (element as HTMLDetailsElement).open)).toBe(false)
    const { requests: { items: [last] } } = await user.get<{ requests: { items: { cost: string, key: { name: string }, model: string }[] } }>('/api/user/usage?limit=1')
    expect(last).toMatchObject({ model: 'sandbox-reasoning', key: { name: 'playground' } })
    expect(await answer.getByTestId('answer-cost').locator('[title]').getAttribute('title')).toBe(last!.cost)
    const { items: keys } = await user.get<{ items: { name: string }[] }>('/api/user/keys?limit=200')
    expect(keys.map(key => key.name)).not.toContain('playground')

    await page.getByRole('button', { name: words.playground.fresh }).click()
    await page.getByRole('button', { name: `${words.playground.model}: sandbox-reasoning` }).click()
    await page.getByRole('option', { name: 'sandbox-paced-50-200' }).click()
    await page.getByRole('listbox').waitFor({ state: 'detached' })
    await question.fill('Count')
    await page.getByRole('button', { name: words.playground.send }).click()
    await page.getByText(/tick/).first().waitFor()
    await page.getByRole('button', { name: words.playground.stop }).click()
    await page.getByText(words.playground.stopped).waitFor()
    await page.getByTestId('answer-cost').waitFor()
    const { requests: { items: [stopped] } } = await user.get<{ requests: { items: { endReason: string }[] } }>('/api/user/usage?limit=1')
    expect(stopped!.endReason).toBe('client_left')
  })

  it('sets up a tool with a new key, and says what is wrong until its call works', async () => {
    await open(page, '/console/connect?tool=codex')
    expect(await fitsWidth(page)).toBe(true)
    const doctor = page.getByTestId('doctor')
    await doctor.getByText(words.doctor.waiting).waitFor()
    await page.getByRole('button', { name: words.keys.create }).click()
    await page.getByLabel(words.keys.name, { exact: true }).fill(variant.name)
    await page.getByRole('button', { name: words.keys.createSubmit, exact: true }).click()
    const secret = (await page.getByTestId('key-secret').textContent())!
    await page.getByRole('button', { name: words.keys.secretDone }).click()
    await page.getByRole('dialog').waitFor({ state: 'detached' })
    expect(await page.locator('main').textContent()).toContain(`VAPOR_API_KEY='${secret}'`)
    expect(await page.locator('main').textContent()).toContain(`base_url = "${vapor.url}/v1"`)

    expect((await call('sk-ant-api03-abcdefgh', 'sandbox-text', { 'user-agent': 'codex_cli_rs/1.0' })).status).toBe(401)
    expect((await call(secret, 'sandbx-txt')).status).toBe(404)
    expect((await fetch(`${vapor.url}/v1/chats/completion`, { method: 'POST', headers: { authorization: `Bearer ${secret}` }, body: '{}' })).status).toBe(404)
    await doctor.getByText(words.doctor.findings.vendorKey.title.replace('{tool}', 'Codex').replace('{vendor}', 'Anthropic')).waitFor()
    await doctor.getByText(/sandbox-text/).first().waitFor()
    await doctor.getByText('/v1/chats/completion').first().waitFor()
    expect((await call(secret, 'sandbox-text')).status).toBe(200)
    await doctor.getByRole('heading', { name: words.doctor.worked }).waitFor()
  })

  it('is found by keyboard', async () => {
    await open(page, '/console')
    await page.locator('body').press('ControlOrMeta+k')
    const search = page.getByPlaceholder(words.palette.placeholder)
    await search.fill(words.nav.playground)
    await search.press('Enter')
    await page.waitForURL(`${vapor.url}/console/playground`)
    await page.getByRole('heading', { name: words.playground.emptyTitle }).waitFor()
    await page.locator('main').focus()
    // The second key counts for a moment only.
    await page.keyboard.press('g')
    await page.keyboard.press('r')
    await page.waitForURL(`${vapor.url}/console/requests`)
    await page.locator('main').press('?')
    await page.getByRole('dialog').getByText(words.palette.goTo.replace('{page}', words.nav.wallet)).waitFor()
  })
})
