/**
 * `npm run quality`: measures the pages of the built shop with Lighthouse in Chromium and writes what it has seen into
 * docs/quality.md. Ends with 1 when a goal is missed. `-- --runs 1` is a quick look; `--only /console` measures the pages
 * under one path and writes nothing.
 */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import type { Browser } from 'playwright-core'
import { choosePort } from './demo/server.ts'
import { loadLighthouse } from './quality/lighthouse.ts'
import type { Lighthouse, LighthouseReport } from './quality/lighthouse.ts'
import type { Measured, Target, Who } from './quality/measure.ts'
import { missedGoals, summarise, targets } from './quality/measure.ts'
import { describe, lineOf } from './quality/report.ts'
import { launchBrowser } from './showcase/browser.ts'
import { openShop } from './showcase/shop.ts'
import type { Shop } from './showcase/shop.ts'
import { root } from './sources.ts'

const FIRST_PORT = 9300
const say = (line: string): void => console.log(line)

const { values } = parseArgs({ options: { runs: { type: 'string', default: '5' }, only: { type: 'string' } } })
const runs = Number(values.runs)
if (!Number.isInteger(runs) || runs < 1) throw new Error('--runs takes a number from 1 on.')

/** Gives the browser's own profile, where Lighthouse opens its pages, the cookies of one person and no others. */
async function become(browser: Browser, shop: Shop, who: Who): Promise<void> {
  const profile = await browser.newBrowserCDPSession()
  await profile.send('Storage.clearCookies')
  if (who !== 'visitor') {
    const context = await browser.newContext()
    const page = await context.newPage()
    await page.goto(`${shop.origin}/api/auth/login?login_hint=${shop[who]}`)
    const cookies = (await context.cookies(shop.origin)).map(({ name, value, domain, path, expires, httpOnly }) => ({ name, value, domain, path, expires, httpOnly }))
    // With their dates: cookies without one are gone as soon as the profile has no page open.
    await profile.send('Storage.setCookies', { cookies })
    await context.close()
  }
  await profile.detach()
}

async function measure(target: Target, shop: Shop, look: Lighthouse): Promise<{ measured: Measured, version: string }> {
  const url = shop.origin + target.path
  // The first visitor after a start waits for what the next ones find ready; nobody's everyday page is measured by him.
  await look(url, target.preset)
  const reports: LighthouseReport[] = []
  for (let run = 0; run < runs; run++) reports.push(await look(url, target.preset))
  const measured = summarise(target, reports)
  say([lineOf(measured), ...measured.complaints.map(complaint => `          ${complaint}`)].join('\n'))
  return { measured, version: reports[0]?.lighthouseVersion ?? '' }
}

async function main(): Promise<string[]> {
  const wanted = targets.filter(({ path }) => values.only === undefined || path.startsWith(values.only))
  const port = await choosePort(undefined, FIRST_PORT)
  const look = await loadLighthouse(port, say)
  const shop = await openShop('small', say)
  const browser = await launchBrowser(`--remote-debugging-port=${port}`)
  try {
    const found: Measured[] = []
    let lighthouse = ''
    for (const who of ['visitor', 'user', 'admin'] as const) {
      await become(browser, shop, who)
      for (const target of wanted.filter(candidate => candidate.who === who)) {
        const { measured, version } = await measure(target, shop, look)
        found.push(measured)
        lighthouse = version
      }
    }
    if (values.only === undefined) {
      writeFileSync(join(root, 'docs/quality.md'), describe(found, { runs, lighthouse, chromium: browser.version(), at: new Date() }))
      say('\nWritten: docs/quality.md')
    }
    return found.flatMap(missedGoals)
  }
  finally {
    await browser.close()
    await shop.close()
  }
}

const missed = await main()
if (missed.length > 0) {
  console.error(`\nMissed:\n${missed.map(line => `  ${line}`).join('\n')}`)
  process.exitCode = 1
}
