import { createRequire } from 'node:module'
import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import en from '../../i18n/en.json'
import zh from '../../i18n/zh-CN.json'
import { launchBrowser } from '../support/browser'
import { signIn, stockShop } from '../support/console'
import { startVapor } from '../support/server'
import type { Vapor } from '../support/server'

/** The keys page in a browser: make a key with limits, meet a limit, see it, replace the secret. */
const MODEL = 'sandbox-text'
const DAY_LIMIT = '0.000000001'
const axe = createRequire(import.meta.url).resolve('axe-core/axe.min.js')

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

async function openKeys(locale: string, width: number): Promise<Page> {
  const context = await browser.newContext({ locale, viewport: { width, height: 850 }, bypassCSP: true })
  const { cookies } = await signIn(vapor.url, '2')
  await context.addCookies(cookies().split('; ').map(pair => ({ name: pair.slice(0, pair.indexOf('=')), value: pair.slice(pair.indexOf('=') + 1), url: vapor.url })))
  const page = await context.newPage()
  page.setDefaultTimeout(15_000)
  page.on('console', message => ['error', 'warning'].includes(message.type()) && complaints.push(message.text()))
  page.on('pageerror', error => complaints.push(error.message))
  page.on('request', request => [vapor.url, vapor.sandbox!.url].includes(new URL(request.url()).origin) || complaints.push(`foreign request to ${request.url()}`))
  expect((await page.goto(`${vapor.url}/console/keys`, { waitUntil: 'networkidle' }))?.status()).toBe(200)
  return page
}

/** Of the page itself: the sidebar is everybody's. */
async function requireAccessible(page: Page): Promise<void> {
  await page.addScriptTag({ path: axe })
  // What is fading in or out has the contrast of neither end.
  await page.waitForTimeout(400)
  const serious = await page.evaluate(async () => {
    const { axe } = globalThis as unknown as { axe: { run: (context: object) => Promise<{ violations: { id: string, impact: string, nodes: { html: string }[] }[] }> } }
    return (await axe.run({ exclude: ['[id*="sidebar"]'] })).violations.filter(({ impact }) => ['serious', 'critical'].includes(impact)).map(({ id, nodes }) => `${id}: ${nodes[0]?.html}`)
  })
  expect(serious).toEqual([])
}

async function call(secret: string): Promise<Response> {
  return fetch(`${vapor.url}/v1/chat/completions`, {
    method: 'POST',
    headers: { 'authorization': `Bearer ${secret}`, 'content-type': 'application/json' },
    body: JSON.stringify({ model: MODEL, messages: [{ role: 'user', content: 'Which tea goes with rain?' }] }),
  })
}

const readers = [['zh-CN', zh, 1440], ['en-US', en, 390]] as const

describe.each(readers)('the keys page in %s', (locale, texts, width) => {
  it(`limits a key and replaces its secret, ${width} wide`, async () => {
    const page = await openKeys(locale, width)
    const name = `limited ${locale}`
    await page.getByRole('button', { name: texts.keys.create }).first().click()
    await page.getByLabel(texts.keys.name, { exact: true }).fill(name)
    await page.getByRole('button', { name: texts.keys.advanced }).click()
    await page.getByLabel(texts.keys.limits.day, { exact: true }).fill(DAY_LIMIT)
    await page.getByLabel(texts.keys.limits.rpm, { exact: true }).fill('many')
    await page.getByLabel(texts.keys.ips).fill('127.0.0.0/8\n::1')
    await requireAccessible(page)
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
    await requireAccessible(page)
    await page.getByRole('button', { name: texts.keys.menuOf.replace('{name}', name) }).click()
    await page.getByRole('menuitem', { name: texts.keys.rotate }).click()
    await page.getByRole('radio', { name: texts.keys.graces[0] }).click()
    await requireAccessible(page)
    await page.getByRole('button', { name: texts.keys.rotateSubmit, exact: true }).click()
    await expect.poll(() => shown.innerText()).not.toBe(secret)
    const replaced = await shown.innerText()
    await page.getByRole('button', { name: texts.keys.secretDone }).click()
    expect([(await call(secret)).status, (await call(replaced)).status]).toEqual([401, 429])
    expect(await page.evaluate(() => document.documentElement.scrollWidth > document.documentElement.clientWidth)).toBe(false)
    expect(complaints).toEqual([])
  })
})
