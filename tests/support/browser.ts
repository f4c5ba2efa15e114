/** Pages of the e2e suite, each with cookies of its own and everything odd written down. */
import type { Browser, Page } from 'playwright-core'

export { launchBrowser } from '../../scripts/showcase/browser.ts'

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
