/** The pictures of the READMEs, in docs/pictures: `<name>-<locale>-<scheme>.webp`. */
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Browser, Page } from 'playwright-core'
import type { Shop } from '../showcase/shop.ts'
import { root } from '../sources.ts'
import type { Locale, Look } from './camera.ts'
import { createCamera, locales, schemes } from './camera.ts'
import type { View } from './views.ts'

interface Shot extends View {
  /** Done once the page is still; opens what the picture shows. */
  prepare?: (page: Page) => Promise<void>
}

const folder = join(root, 'docs/pictures')
const WIDTH = 1280
const HEIGHT = 800
/** Of 100: letters stay sharp, and a picture is a third of its PNG. */
const QUALITY = 82
const BYTES_MAX = 250_000

const openFirstRequest = async (page: Page): Promise<void> => {
  await page.locator('table tbody tr').first().click()
  await page.getByRole('dialog').waitFor()
  await page.waitForLoadState('networkidle')
}

const shots: Shot[] = [
  { name: 'overview', path: '/console', who: 'user' },
  { name: 'request', path: '/console/requests', who: 'user', prepare: openFirstRequest },
  { name: 'models', path: '/models', who: 'visitor' },
  { name: 'admin', path: '/admin', who: 'admin' },
  { name: 'channels', path: '/admin/channels', who: 'admin' },
]

export async function takeReadmePictures(browser: Browser, shop: Shop, say: (line: string) => void): Promise<void> {
  mkdirSync(folder, { recursive: true })
  let total = 0
  for (const locale of locales) {
    for (const scheme of schemes) {
      for (const shot of shots) total += await take(browser, shop, shot, { locale, scheme, width: WIDTH, height: HEIGHT })
    }
  }
  say(`${locales.length * schemes.length * shots.length} pictures of ${Math.round(total / 1000)} kB: ${folder}`)
}

/** Its size in bytes. Throws when a page complains, or when the picture is larger than a README should load. */
async function take(browser: Browser, shop: Shop, shot: Shot, look: Look): Promise<number> {
  const complaints: string[] = []
  const camera = await createCamera(browser, shop, shot.who, look, complaints)
  const page = await camera.open(shot)
  await shot.prepare?.(page)
  const bytes = await webpOf(page)
  await camera.close()
  if (complaints.length > 0) throw new Error(complaints.join('\n'))
  if (bytes.length > BYTES_MAX) throw new Error(`The picture ${shot.name} has ${bytes.length} bytes.`)
  writeFileSync(join(folder, fileName(shot.name, look.locale, look.scheme)), bytes)
  return bytes.length
}

const fileName = (name: string, locale: Locale, scheme: string): string => `${name}-${locale}-${scheme}.webp`

/** Chromium packs pictures better than PNG does, but only its own protocol asks for it. */
async function webpOf(page: Page): Promise<Buffer> {
  const session = await page.context().newCDPSession(page)
  const { data } = await session.send('Page.captureScreenshot', { format: 'webp', quality: QUALITY })
  await session.detach()
  return Buffer.from(data, 'base64')
}
