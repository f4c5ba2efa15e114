import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { findFaults } from '../support/axe'
import { fitsWidth, launchBrowser, openPage, readers, said, visit } from '../support/browser'
import type { Reader } from '../support/browser'
import { signIn, stockShop } from '../support/console'
import { startVapor } from '../support/server'
import type { Vapor } from '../support/server'

/** The keys page in a browser: make a key with limits, meet a limit, see it, replace the secret. */
const MODEL = 'sandbox-text'
const DAY_LIMIT = '0.000000001'

let vapor: Vapor
let browser: Browser
const complaints: string[] = []

beforeAll(async () => {
  vapor = await startVapor()
  await stockShop(vapor.url, vapor.sandbox!.upstream, [MODEL])
  browser = await launchBrowser()
})
afterAll(async () => {
  await browser?.close()
  await vapor?.stop()
})

async function openKeys({ locale, phone }: Reader): Promise<Page> {
  const { cookies } = await signIn(vapor.url, '2')
  const page = await openPage(browser, { origins: [vapor.url, vapor.sandbox!.url], complaints, locale, phone, cookies: cookies() })
  expect(await visit(page, `${vapor.url}/console/keys`)).toBe(200)
  return page
}

async function call(secret: string): Promise<Response> {
  return fetch(`${vapor.url}/v1/chat/completions`, {
    method: 'POST',
    headers: { 'authorization': `Bearer ${secret}`, 'content-type': 'application/json' },
    body: JSON.stringify({ model: MODEL, messages: [{ role: 'user', content: 'Which tea goes with rain?' }] }),
  })
}

describe.each(readers.slice(0, 2))('the keys page, $name', (reader) => {
  it('limits a key and replaces its secret', async () => {
    const page = await openKeys(reader)
    const texts = reader.words
    const name = `limited ${reader.locale}`
    await page.getByRole('button', { name: texts.keys.create }).first().click()
    await page.getByLabel(texts.keys.name, { exact: true }).fill(name)
    await page.getByRole('button', { name: texts.keys.advanced }).click()
    await page.getByLabel(texts.keys.limits.day, { exact: true }).fill(DAY_LIMIT)
    await page.getByLabel(texts.keys.limits.rpm, { exact: true }).fill('many')
    await page.getByLabel(texts.keys.ips).fill('127.0.0.0/8\n::1')
    expect(await findFaults(page, 'everything')).toEqual([])
    await page.getByRole('button', { name: texts.keys.createSubmit, exact: true }).click()
    await page.getByText(texts.validation.fields.rpm.invalid_type).waitFor()
    await page.getByLabel(texts.keys.limits.rpm, { exact: true }).fill('60')
    await page.getByRole('button', { name: texts.keys.createSubmit, exact: true }).click()
    const shown = page.getByTestId('key-secret')
    const secret = await shown.innerText()
    await page.getByRole('button', { name: texts.keys.secretDone }).click()

    const refused = await call(secret)
    expect(refused.status).toBe(429)
    expect(((await refused.json()) as { error: { message: string } }).error.message).toContain('T00:00:00+08:00')

    const row = page.getByRole('listitem').filter({ hasText: name }).first()
    await row.getByText(/60/).waitFor()
    await row.getByRole('progressbar').waitFor()
    expect(await findFaults(page, 'everything')).toEqual([])
    await page.getByRole('button', { name: said(texts.keys.menuOf, { name }) }).click()
    await page.getByRole('menuitem', { name: texts.keys.rotate }).click()
    await page.getByRole('radio', { name: texts.keys.graces[0] }).click()
    expect(await findFaults(page, 'everything')).toEqual([])
    await page.getByRole('button', { name: texts.keys.rotateSubmit, exact: true }).click()
    await expect.poll(() => shown.innerText()).not.toBe(secret)
    const replaced = await shown.innerText()
    await page.getByRole('button', { name: texts.keys.secretDone }).click()
    expect([(await call(secret)).status, (await call(replaced)).status]).toEqual([401, 429])
    expect(await fitsWidth(page)).toBe(true)
    expect(complaints).toEqual([])
    await page.context().close()
  })
})
