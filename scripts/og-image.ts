/** `node scripts/og-image.ts`: draws `public/og.png`, the picture other sites show beside a link, from `scripts/og/og.html`. */
import { join } from 'node:path'
import { launchBrowser } from './showcase/browser.ts'
import { root } from './sources.ts'

/** What https://ogp.me readers crop least. */
const SIZE = { width: 1200, height: 630 }

const browser = await launchBrowser()
const page = await browser.newPage({ viewport: SIZE })
await page.goto(`file://${join(root, 'scripts/og/og.html')}`)
await page.screenshot({ path: join(root, 'public/og.png') })
await browser.close()
