import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { fitsWidth, forgive, launchBrowser, missingTexts, openPage, readers, said, visit } from '../support/browser'
import type { Reader } from '../support/browser'
import { signIn, stockShop } from '../support/console'
import { startVapor } from '../support/server'
import type { Vapor } from '../support/server'

/** The public face: what a visitor sees, in both languages and on both widths, by one server. */
const CALLS = 12

let vapor: Vapor
let browser: Browser
let key: string
const complaints: string[] = []

beforeAll(async () => {
  [vapor, browser] = await Promise.all([startVapor(), launchBrowser()])
  const { upstream } = vapor.sandbox!
  const shop = await stockShop(vapor.url, { baseUrl: upstream.baseUrl, apiKey: upstream.apiKeys[0]! }, ['sandbox-text'])
  key = shop.key
  const routes = [{ channel: 'sandbox', upstream: 'sandbox-text' }]
  await shop.admin.send('POST', '/api/admin/models', { name: 'house/long-talk', description: 'Remembers much', prices: { input: '3', output: '15', cachedInput: '0.3' }, routes, context: 200_000, maxOutput: 64_000, modalities: ['text', 'image_in'] })
  await shop.admin.send('POST', '/api/admin/models', { name: 'house-embedding', prices: { input: '0.1', output: '0' }, routes })
  await shop.admin.send('PUT', '/api/admin/users/2', { discount: 2000 })
  for (let call = 0; call < CALLS; call++) {
    const answer = await fetch(`${vapor.url}/v1/chat/completions`, { method: 'POST', headers: { 'authorization': `Bearer ${key}`, 'content-type': 'application/json' }, body: JSON.stringify({ model: 'sandbox-text', stream: true, messages: [{ role: 'user', content: 'hello' }] }) })
    expect(await answer.text()).toContain('[DONE]')
  }
})
afterAll(async () => {
  await browser?.close()
  await vapor?.stop()
})

const open = ({ locale, phone }: Pick<Reader, 'locale' | 'phone'>, cookies?: string): Promise<Page> =>
  openPage(browser, { origins: [vapor.url], complaints, locale, phone, ...(cookies ? { cookies } : {}), context: { permissions: ['clipboard-read', 'clipboard-write'] } })

/** Opens a path, rendered by the server and awake, and checks what holds for every public page. */
async function look(page: Page, path: string, lang: Reader['lang']): Promise<void> {
  expect([path, await visit(page, vapor.url + path)]).toEqual([path, 200])
  expect(await page.getAttribute('html', 'lang')).toBe(lang)
  expect(await fitsWidth(page)).toBe(true)
  expect((await page.title()).length).toBeGreaterThan(4)
  expect((await page.getAttribute('meta[name="description"]', 'content'))?.length).toBeGreaterThan(5)
  expect(await page.getAttribute('link[rel="canonical"]', 'href')).toBe(vapor.url + path)
  expect(await page.locator('h1').count()).toBe(1)
  expect(await missingTexts(page)).toEqual([])
}

describe.each(readers)('$name', (reader) => {
  const { lang, words } = reader
  const { index, prices, status, docs, pages } = words
  let page: Page
  beforeAll(async () => { page = await open(reader) })
  afterAll(() => page?.context().close())

  it('says what this is, how it runs, and what it costs', async () => {
    await look(page, '/', lang)
    await page.getByRole('heading', { level: 1, name: index.headline }).waitFor()
    await page.getByText(status.good).first().waitFor()
    await page.getByRole('link', { name: 'house/long-talk' }).waitFor()
    await page.getByRole('heading', { name: index.step.key.title }).waitFor()
    await page.getByRole('button', { name: prices.perThousand }).click()
    await page.getByRole('row', { name: /house\/long-talk/ }).getByText('0.003', { exact: true }).waitFor()
    await page.getByRole('link', { name: index.seePrices }).click()
    await page.waitForURL(`${vapor.url}/models`)
    await page.getByRole('heading', { level: 1, name: pages.models.title }).waitFor()
  })

  it('finds a model by what it can do and what it costs, and leads to its page', async () => {
    await look(page, '/models', lang)
    const names = async () => page.locator('tbody th a').allInnerTexts()
    expect(await names()).toEqual(['house-embedding', 'house/long-talk', 'sandbox-text'])
    await page.getByLabel(prices.sort, { exact: true }).selectOption('byInput')
    await expect.poll(names).toEqual(['house-embedding', 'sandbox-text', 'house/long-talk'])
    await page.getByLabel(prices.filterDialect, { exact: true }).selectOption('anthropic')
    await expect.poll(names).toEqual(['sandbox-text', 'house/long-talk'])
    await page.getByLabel(prices.filterPrice, { exact: true }).selectOption('0.5')
    await page.getByText(prices.noMatchTitle).waitFor()
    await page.getByRole('button', { name: words.common.clearFilters }).click()
    await page.getByLabel(prices.search).fill('MEMBERS much')
    await expect.poll(names).toEqual(['house/long-talk'])
    await page.getByRole('button', { name: said(prices.copyName, { name: 'house/long-talk' }) }).click()
    await expect.poll(() => page.evaluate(() => navigator.clipboard.readText())).toBe('house/long-talk')
    await page.locator('tbody th a').first().click()
    await page.getByRole('heading', { level: 1, name: 'house/long-talk' }).waitFor()
    await page.getByText('200,000').first().waitFor()
    await page.getByText(`${vapor.url}/v1beta/models/house/long-talk:generateContent`).waitFor()
  })

  it('opens the page of a model by its address', async () => {
    await look(page, '/models/house/long-talk', lang)
    await page.getByText('0.3', { exact: true }).waitFor()
    await look(page, '/models/house-embedding', lang)
    await page.getByText(`${vapor.url}/v1/embeddings`).waitFor()
  })

  it('tells how well the models were served, in rates and never in counts', async () => {
    await look(page, '/status', lang)
    await page.getByText(status.good).waitFor()
    const row = page.getByRole('listitem').filter({ hasText: 'sandbox-text' })
    await row.getByText('100%', { exact: true }).waitFor()
    await page.getByRole('listitem').filter({ hasText: 'house-embedding' }).getByText(status.tooFew, { exact: true }).waitFor()
    await page.getByRole('button', { name: status.ranges.month }).click()
    await row.locator('[aria-hidden] > span').nth(29).waitFor({ state: 'attached' })
    await row.getByText('100%', { exact: true }).waitFor()
  })

  it('tells how to call it in every dialect and tool, and what errors mean', async () => {
    await look(page, '/docs', lang)
    for (const path of ['/v1/chat/completions', '/v1/responses', '/v1/messages']) await page.getByText(vapor.url + path).first().waitFor()
    await page.getByRole('navigation', { name: docs.contents }).getByRole('link', { name: docs.error.title }).click()
    await page.waitForURL(`${vapor.url}/docs#error`)
    await page.getByRole('row', { name: /insufficient_credit/ }).getByText('402').waitFor()
    expect(await page.getByRole('row', { name: /duplicate_trade|signed_out/ }).count()).toBe(0)
    await page.getByText('Codex', { exact: true }).click()
    await page.getByText('wire_api = "responses"').waitFor()
  })

  it('answers an address nobody knows with a page', async () => {
    const response = await page.goto(`${vapor.url}/models/nobody-sells-this`)
    expect(response?.status()).toBe(404)
    await page.getByText(words.errorPages[404].title).waitFor()
    forgive(complaints, 404)
  })
})

describe('behind the pages', () => {
  it('shows a signed-in user his own price', async () => {
    const { cookies } = await signIn(vapor.url, '2')
    const page = await open({ locale: 'en-US', phone: false }, cookies())
    await visit(page, `${vapor.url}/models`)
    const row = page.getByRole('row', { name: /house\/long-talk/ })
    await row.getByText('2.4', { exact: true }).waitFor()
    await page.getByText('Your discount of 20% is included.').waitFor()
    await page.context().close()
  })

  it('renders a public page once for many visitors, each with a nonce of his own, and forgets it when a price changes', async () => {
    const get = async () => {
      const response = await fetch(`${vapor.url}/models`, { headers: { 'accept-language': 'en' } })
      const nonce = /'nonce-([^']+)'/.exec(response.headers.get('content-security-policy') ?? '')?.[1] ?? ''
      const html = await response.text()
      expect(html.split(`nonce="${nonce}"`).length).toBe(html.split('nonce="').length)
      return { html: html.replaceAll(nonce, ''), nonce, frame: response.headers.get('x-frame-options') }
    }
    const [one, other] = [await get(), await get()]
    expect(other.html).toBe(one.html)
    expect(other.nonce).not.toBe(one.nonce)
    expect(other.frame).toBe('DENY')
    const admin = await signIn(vapor.url, '1')
    await admin.send('POST', '/api/admin/models', { name: 'brand-new', prices: { input: '1', output: '2' }, routes: [{ channel: 'sandbox' }] })
    await expect.poll(async () => (await get()).html).toContain('brand-new')
  })

  it('tells search engines where to look', async () => {
    expect(await (await fetch(`${vapor.url}/robots.txt`)).text()).toContain(`Sitemap: ${vapor.url}/sitemap.xml`)
    const map = await (await fetch(`${vapor.url}/sitemap.xml`)).text()
    for (const path of ['/', '/models', '/status', '/docs', '/models/house/long-talk']) expect(map).toContain(`<loc>${vapor.url}${path}</loc>`)
    const html = await (await fetch(vapor.url)).text()
    expect(html).toContain(`<meta property="og:image" content="${vapor.url}/og.png">`)
    expect((await fetch(`${vapor.url}/og.png`)).headers.get('content-type')).toBe('image/png')
  })

  it('never made the browser complain, nor call anybody else', () => {
    expect(complaints).toEqual([])
  })
})
