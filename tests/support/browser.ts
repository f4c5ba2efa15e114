/** A Chromium for the e2e suite: the one named, the one installed, or the one inside @sparticuz/chromium (Linux x64). */
import { existsSync } from 'node:fs'
import { chromium } from 'playwright-core'
import type { Browser, Page } from 'playwright-core'

const installed = [
  '/usr/bin/chromium',
  '/usr/bin/chromium-browser',
  '/usr/bin/google-chrome-stable',
  '/usr/bin/google-chrome',
  '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
  'C:\\Program Files\\Google\\Chrome\\Application\\chrome.exe',
]

/** No sandbox inside containers, and no calls home. */
const flags = ['--no-sandbox', '--disable-gpu', '--disable-quic', '--disable-dev-shm-usage', '--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync']

export async function launchBrowser(): Promise<Browser> {
  const named = process.env['CHROMIUM_PATH']
  const path = named === 'npm' ? undefined : named ?? installed.find(candidate => existsSync(candidate))
  if (path) return chromium.launch({ executablePath: path, args: flags })
  const { default: packed } = await import('@sparticuz/chromium')
  // Its own arguments are for cloud functions: one process for all, and no same-origin policy.
  return chromium.launch({ executablePath: await packed.executablePath(), args: flags })
}

export interface PageOptions {
  /** Where the page may send requests; anything else is a complaint. */
  origins: string[]
  /** Grows by every error and warning of the browser's console. */
  complaints: string[]
  /** Chinese or English, by the header; on a phone the window is narrow and takes touches. */
  locale: 'en-US' | 'zh-CN'
  phone: boolean
}

/** A page with cookies of its own. */
export async function openPage(browser: Browser, { origins, complaints, locale, phone }: PageOptions): Promise<Page> {
  const context = await browser.newContext({ locale, hasTouch: phone, viewport: phone ? { width: 390, height: 844 } : { width: 1280, height: 900 } })
  const page = await context.newPage()
  page.setDefaultTimeout(15_000)
  page.on('console', message => ['error', 'warning'].includes(message.type()) && complaints.push(`${page.url()} ${message.text()}`))
  page.on('pageerror', error => complaints.push(`${page.url()} ${error.message}`))
  page.on('request', (request) => {
    const { origin } = new URL(request.url())
    if (![...origins, 'null'].includes(origin)) complaints.push(`foreign request to ${origin}`)
  })
  return page
}
