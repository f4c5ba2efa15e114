/** Pages of the e2e suite, each with cookies of its own and everything odd written down. */
import type { Browser, BrowserContextOptions, Page } from 'playwright-core'
import en from '../../i18n/en.json'
import zh from '../../i18n/zh-CN.json'
import { keysOf } from '../tidy/texts'

export { launchBrowser } from '../../scripts/showcase/browser.ts'

/** How the four sorts of readers look at a page. The main task of a page is done by the first two at least. */
export const readers = [
  { name: 'English at a desk', words: en, lang: 'en', locale: 'en-US', phone: false },
  { name: 'Chinese on a phone', words: zh, lang: 'zh-CN', locale: 'zh-CN', phone: true },
  { name: 'Chinese at a desk', words: zh, lang: 'zh-CN', locale: 'zh-CN', phone: false },
  { name: 'English on a phone', words: en, lang: 'en', locale: 'en-US', phone: true },
] as const
export type Reader = typeof readers[number]

export interface PageOptions {
  /** Where the page may send requests; anything else is a complaint. The first is the shop's own. */
  origins: string[]
  /** Grows by every error and warning of the browser's console. */
  complaints: string[]
  /** Chinese or English, by the header; on a phone the window is narrow and takes touches. */
  locale: Reader['locale']
  phone: boolean
  /** Somebody signed in (`Console.cookies()`). */
  cookies?: string
  /** What else the browser should be like. */
  context?: BrowserContextOptions
}

/** A page with cookies of its own. */
export async function openPage(browser: Browser, { origins, complaints, locale, phone, cookies, context: more }: PageOptions): Promise<Page> {
  const context = await browser.newContext({ locale, hasTouch: phone, viewport: phone ? { width: 390, height: 844 } : { width: 1440, height: 900 }, ...more })
  if (cookies) await context.addCookies(readCookies(cookies, origins[0]!))
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

function readCookies(header: string, url: string): { name: string, value: string, url: string }[] {
  return header.split('; ').map((pair) => {
    const at = pair.indexOf('=')
    return { name: pair.slice(0, at), value: pair.slice(at + 1), url }
  })
}

/** Opens an address and waits until the page is awake: before that its buttons do nothing. Answers the HTTP status. */
export async function visit(page: Page, address: string): Promise<number | undefined> {
  const response = await page.goto(address)
  await awake(page)
  return response?.status()
}

export async function awake(page: Page): Promise<void> {
  await page.waitForFunction(() => (window as { useNuxtApp?: () => { isHydrating?: boolean } }).useNuxtApp?.().isHydrating === false)
}

/** A text with its values filled in: `said('{n} key | {n} keys', { n: 2 })`. */
export function said(text: string, values: Record<string, string | number>): string {
  const [one = '', many = one] = text.split(' | ')
  return Object.entries(values).reduce((filled, [name, value]) => filled.replaceAll(`{${name}}`, String(value)), values['n'] === 1 ? one : many)
}

/** Whether nobody must scroll sideways. */
export const fitsWidth = (page: Page): Promise<boolean> => page.evaluate(() => document.documentElement.scrollWidth <= window.innerWidth)

/** Names of texts: one of them on a page is a text that is missing. */
const textKeys = keysOf(en as never).filter(name => name.split('.').length > 1 && !/^(?:units|errors)\./.test(name))

/** Names of texts that stand where the texts should. */
export async function missingTexts(page: Page): Promise<string[]> {
  const text = await page.innerText('body')
  return textKeys.filter(name => text.includes(name))
}

/** Takes complaints out that a test has asked for: the browser writes down every refused request by its status. */
export function forgive(complaints: string[], status: number): void {
  complaints.splice(0, complaints.length, ...complaints.filter(complaint => !complaint.includes(`status of ${status}`)))
}
