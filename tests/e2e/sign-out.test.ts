import type { Browser } from 'playwright-core'
import { afterAll, beforeAll, expect, it } from 'vitest'
import zh from '../../i18n/zh-CN.json'
import { launchBrowser, openPage } from '../support/browser'
import { startVapor } from '../support/server'
import type { Vapor } from '../support/server'

/** Whoever sits down at the same browser next must not read what the last user has left. */
let vapor: Vapor
let browser: Browser
const complaints: string[] = []

beforeAll(async () => {
  [vapor, browser] = await Promise.all([startVapor(), launchBrowser()])
})
afterAll(async () => {
  await browser?.close()
  await vapor?.stop()
})

it('the way back after signing out leads to the sign-in page', async () => {
  const page = await openPage(browser, { origins: [vapor.url, vapor.sandbox!.url], complaints, locale: 'zh-CN', phone: false })
  await page.goto(`${vapor.url}/api/auth/login?login_hint=2&next=/console/wallet`, { waitUntil: 'networkidle' })
  await page.goto(`${vapor.url}/console/keys`, { waitUntil: 'networkidle' })
  await page.getByRole('button', { name: zh.session.menuOf.replace('{name}', '') }).click()
  await page.getByRole('menuitem', { name: zh.session.signOut, exact: true }).click()
  await page.waitForURL(`${vapor.url}/`)
  for (let back = 0; back < 2; back++) {
    await page.goBack({ waitUntil: 'networkidle' })
    await expect.poll(() => new URL(page.url()).pathname).toBe('/login')
    expect(await page.innerText('body')).not.toContain(zh.wallet.available)
  }
  await page.context().close()
})

it('never made the browser complain', () => {
  expect(complaints).toEqual([])
})
