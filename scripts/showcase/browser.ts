/** A Chromium: the one named, the one installed, or the one inside @sparticuz/chromium (Linux x64). */
import { existsSync } from 'node:fs'
import { chromium } from 'playwright-core'
import type { Browser } from 'playwright-core'

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

/** `more` are further flags of Chromium. */
export async function launchBrowser(...more: string[]): Promise<Browser> {
  const named = process.env['CHROMIUM_PATH']
  const path = named === 'npm' ? undefined : named ?? installed.find(candidate => existsSync(candidate))
  if (path) return chromium.launch({ executablePath: path, args: [...flags, ...more] })
  const { default: packed } = await import('@sparticuz/chromium')
  // Its own arguments are for cloud functions: one process for all, and no same-origin policy.
  return chromium.launch({ executablePath: await packed.executablePath(), args: [...flags, ...more] })
}
