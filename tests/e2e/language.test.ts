import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, expect, it } from 'vitest'
import en from '../../i18n/en.json'
import zh from '../../i18n/zh-CN.json'
import { launchBrowser, openPage } from '../support/browser'
import { stockShop } from '../support/console'
import { startVapor } from '../support/server'
import type { Vapor } from '../support/server'

/** Another language on the landing page, whose lower sections sleep until somebody scrolls to them. */
let vapor: Vapor
let browser: Browser
const complaints: string[] = []

beforeAll(async () => {
  [vapor, browser] = await Promise.all([startVapor(), launchBrowser()])
  const { upstream } = vapor.sandbox!
  await stockShop(vapor.url, { baseUrl: upstream.baseUrl, apiKey: upstream.apiKeys[0]! }, ['sandbox-text'])
})
afterAll(async () => {
  await browser?.close()
  await vapor?.stop()
})

const headings = (page: Page) => page.locator('main h2, main dt').allInnerTexts()

it.each([false, true])('is spoken by every section, once, also by those that sleep (phone: %s)', async (phone) => {
  const page = await openPage(browser, { origins: [vapor.url], complaints, locale: 'zh-CN', phone })
  await page.goto(vapor.url, { waitUntil: 'networkidle' })
  const before = await headings(page)
  expect(before).toContain(zh.index.factsTitle)
  await page.getByRole('button', { name: 'English' }).first().click()
  await page.getByRole('heading', { level: 1, name: en.index.headline }).waitFor()
  await expect.poll(() => headings(page)).toContain(en.index.factsTitle)
  const after = await headings(page)
  expect(after).toHaveLength(before.length)
  expect(after.filter(text => /[\u4e00-\u9fff]/.test(text))).toEqual([])
  await page.getByRole('heading', { name: en.index.factsTitle }).scrollIntoViewIfNeeded()
  expect(await headings(page)).toEqual(after)
  // And back, now that everything is awake.
  await page.evaluate(() => window.scrollTo(0, 0))
  await page.getByRole('button', { name: '简体中文' }).first().click()
  await expect.poll(() => headings(page)).toEqual(before)
  await page.context().close()
})

it('never made the browser complain', () => {
  expect(complaints).toEqual([])
})
