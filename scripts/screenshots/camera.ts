/** Takes pictures of pages as one person sees them: awake, at rest, and as long as they are. */
import type { Browser, BrowserContext, Page } from 'playwright-core'
import type { Shop } from '../showcase/shop.ts'
import type { View, Who } from './views.ts'

export const locales = ['en', 'zh-CN'] as const
export type Locale = typeof locales[number]
export const schemes = ['light', 'dark'] as const
export type Scheme = typeof schemes[number]

export interface Look {
  locale: Locale
  scheme: Scheme
  /** CSS pixels. */
  width: number
  height: number
}

export type Camera = Awaited<ReturnType<typeof createCamera>>

/** Longer pages are cut here, and nobody looks at more. */
const HEIGHT_MAX = 4000
const LOADED_MS = 20_000
const STILL = '*, *::before, *::after { animation-duration: 0s !important; animation-delay: 0s !important; transition: none !important; caret-color: transparent !important; } ::-webkit-scrollbar { display: none; }'

/** A browser window of `who`. `complaints` grows by whatever its pages write into the browser's console. */
export async function createCamera(browser: Browser, { origin, ...people }: Shop, who: Who, look: Look, complaints: string[]) {
  const context = await browser.newContext({
    locale: look.locale === 'en' ? 'en-US' : look.locale,
    colorScheme: look.scheme,
    viewport: { width: look.width, height: look.height },
    reducedMotion: 'reduce',
    bypassCSP: true,
    timezoneId: 'Asia/Shanghai',
    hasTouch: look.width < 640,
  })
  if (who !== 'visitor') await signIn(context, `${origin}/api/auth/login?login_hint=${people[who]}`)
  const page = await context.newPage()
  page.on('console', message => ['error', 'warning'].includes(message.type()) && complaints.push(`${page.url()}: ${message.text()}`))
  page.on('pageerror', error => complaints.push(`${page.url()}: ${error.message}`))

  /** Opens a page and waits until it is still. Throws when it is not answered with 200. */
  async function open({ path }: View): Promise<Page> {
    await page.setViewportSize({ width: look.width, height: look.height })
    const response = await page.goto(origin + path, { waitUntil: 'load', timeout: LOADED_MS })
    if (response?.status() !== 200) throw new Error(`${path} was answered with ${response?.status()}.`)
    await page.addStyleTag({ content: STILL })
    await settle(page)
    return page
  }

  /** The page from top to bottom, also where a panel inside it scrolls. */
  async function whole(view: View, file: string): Promise<void> {
    await open(view)
    const height = Math.min(HEIGHT_MAX, await contentHeight(page))
    if (height > look.height) await page.setViewportSize({ width: look.width, height })
    await settle(page)
    await page.screenshot({ path: file })
    const wide = await page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth)
    if (wide > 0) complaints.push(`${page.url()}: ${wide} pixels wider than the window of ${look.width}`)
  }

  return { open, whole, close: () => context.close() }
}

async function signIn(context: BrowserContext, address: string): Promise<void> {
  const page = await context.newPage()
  await page.goto(address)
  await page.close()
}

/** Lists ask for the newest now and then, so a page is never idle for good: its first quiet moment counts. */
async function settle(page: Page): Promise<void> {
  await page.waitForLoadState('networkidle', { timeout: LOADED_MS })
  await page.evaluate(async () => {
    await document.fonts.ready
    await new Promise(resolve => requestAnimationFrame(() => requestAnimationFrame(resolve)))
  })
}

async function contentHeight(page: Page): Promise<number> {
  return page.evaluate(() => {
    const hidden = [document.documentElement, ...document.querySelectorAll('*')].filter(element => element.clientHeight > innerHeight / 2 && /auto|scroll|visible/.test(getComputedStyle(element).overflowY)).map(element => element.scrollHeight - element.clientHeight)
    return innerHeight + Math.max(0, ...hidden)
  })
}
