/**
 * `npm run screenshots`: pictures of every page, light and dark, on a desktop and on a phone, with an index to look through
 * them, in `.data/screenshots/` or `-- --out <folder>`. `--locale zh-CN` reads the pages in Chinese, `--only /admin` takes
 * those under one path. `--readme` renews the pictures of both READMEs instead.
 */
import { mkdirSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { parseArgs } from 'node:util'
import type { Browser } from 'playwright-core'
import { createCamera, locales, schemes } from './screenshots/camera.ts'
import type { Locale, Look } from './screenshots/camera.ts'
import { contactSheet } from './screenshots/contact-sheet.ts'
import type { Picture } from './screenshots/contact-sheet.ts'
import { takeReadmePictures } from './screenshots/readme.ts'
import { listViews } from './screenshots/views.ts'
import type { View } from './screenshots/views.ts'
import { launchBrowser } from './showcase/browser.ts'
import { openShop } from './showcase/shop.ts'
import type { Shop } from './showcase/shop.ts'
import { root } from './sources.ts'

const say = (line: string): void => console.log(line)
const sizes = [{ width: 1440, height: 900 }, { width: 390, height: 844 }]

const { values } = parseArgs({ options: {
  locale: { type: 'string', default: 'en' },
  out: { type: 'string', default: '.data/screenshots' },
  only: { type: 'string' },
  readme: { type: 'boolean', default: false },
} })

function askedLocale(): Locale {
  const found = locales.find(locale => locale === values.locale)
  if (!found) throw new Error(`--locale is one of ${locales.join(', ')}.`)
  return found
}

/** What stands in place of the brackets of dynamic pages. */
async function examples(shop: Shop): Promise<Record<string, string>> {
  const { items } = await (await fetch(`${shop.origin}/api/models`)).json() as { items: { name: string }[] }
  const [model] = items
  if (!model) throw new Error('Nothing is on sale in this shop.')
  return { 'models/[...name].vue': `/models/${model.name}` }
}

async function takeAll(browser: Browser, shop: Shop, views: View[], out: string, complaints: string[]): Promise<Picture[]> {
  const pictures: Picture[] = []
  const looks: Look[] = schemes.flatMap(scheme => sizes.map(size => ({ locale: askedLocale(), scheme, ...size })))
  for (const look of looks) {
    const label = `${look.width}-${look.scheme}`
    say(`${look.width} wide, ${look.scheme} …`)
    for (const who of ['visitor', 'user', 'admin'] as const) {
      const camera = await createCamera(browser, shop, who, look, complaints)
      for (const view of views.filter(candidate => candidate.who === who)) {
        const file = `${view.name}-${label}.png`
        await camera.whole(view, join(out, file))
        pictures.push({ view: view.name, path: view.path, look: label, file })
      }
      await camera.close()
    }
  }
  return pictures
}

async function main(): Promise<void> {
  const complaints: string[] = []
  const shop = await openShop('small', say)
  const browser = await launchBrowser()
  try {
    if (values.readme) return await takeReadmePictures(browser, shop, say)
    const out = resolve(root, values.out)
    mkdirSync(out, { recursive: true })
    const views = listViews(await examples(shop)).filter(({ path }) => values.only === undefined || path.startsWith(values.only))
    const pictures = await takeAll(browser, shop, views, out, complaints)
    writeFileSync(join(out, 'index.html'), contactSheet(pictures, `Vapor in ${pictures.length} pictures, ${values.locale}`))
    say(`${pictures.length} pictures: ${join(out, 'index.html')}`)
    for (const complaint of new Set(complaints)) say(`  ${complaint}`)
  }
  finally {
    await browser.close()
    await shop.close()
  }
}

await main()
