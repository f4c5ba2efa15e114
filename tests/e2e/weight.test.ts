/**
 * The JavaScript a browser fetches until a page is awake and at rest, gzip, in the language with the longer texts. What
 * it fetches ahead because of a hint (`Sec-Purpose: prefetch`) is not needed for that and does not count.
 */
import { globSync } from 'node:fs'
import { gunzipSync, gzipSync } from 'node:zlib'
import type { Browser, BrowserContext, Page, Request } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import en from '../../i18n/en.json'
import zh from '../../i18n/zh-CN.json'
import { root } from '../../scripts/sources'
import { launchBrowser } from '../support/browser'
import { stockShop } from '../support/console'
import { startVapor } from '../support/server'
import type { Vapor } from '../support/server'

/** Bytes; the first that fits the path. */
const limits: { paths: RegExp, max: number }[] = [
  { paths: /^\/$/, max: 190_000 },
  { paths: /^\/(?:console|admin)(?:\/|$)/, max: 330_000 },
  { paths: /./, max: 220_000 },
]
/** Vue alone weighs more: a page below has not been measured. */
const MIN = 100_000
const QUIET_MS = 800
const LARGEST = 8
/** What stands for the changing part of an address. */
const examples: Record<string, string> = { 'models/[...name]': 'models/sandbox-text' }

/** Every page there is: a shell and its first page share an address. */
const paths = [...new Set(globSync('**/*.vue', { cwd: `${root}pages` }).map((file) => {
  const name = file.replaceAll('\\', '/').slice(0, -'.vue'.length)
  return `/${(examples[name] ?? name).replace(/(?:^|\/)index$/, '')}`
}))].sort()

let vapor: Vapor
let browser: Browser
let cookies: string

beforeAll(async () => {
  [vapor, browser] = await Promise.all([startVapor(), launchBrowser()])
  const { upstream } = vapor.sandbox!
  const { admin, key } = await stockShop(vapor.url, { baseUrl: upstream.baseUrl, apiKey: upstream.apiKeys[0]! }, ['sandbox-text'])
  await admin.send('POST', '/api/user/keys', { name: 'laptop' })
  cookies = admin.cookies()
  const answer = await fetch(`${vapor.url}/v1/chat/completions`, { method: 'POST', headers: { 'authorization': `Bearer ${key}`, 'content-type': 'application/json' }, body: JSON.stringify({ model: 'sandbox-text', messages: [{ role: 'user', content: 'hello' }] }) })
  expect(answer.status).toBe(200)
})
afterAll(async () => {
  await browser?.close()
  await vapor?.stop()
})

/** A browser without a cache of its own; signed in where a visitor would be sent away. */
async function openBrowser(path: string, locale: string): Promise<BrowserContext> {
  const context = await browser.newContext({ locale })
  if (!/^\/(?:console|admin)/.test(path)) return context
  await context.addCookies(cookies.split('; ').map((pair) => {
    const at = pair.indexOf('=')
    return { name: pair.slice(0, at), value: pair.slice(at + 1), url: vapor.url }
  }))
  return context
}

interface Scripts { needed: Map<string, Buffer>, ahead: string[] }

/** Opens a page and waits until it asks for nothing more. */
async function visit(page: Page, path: string): Promise<Scripts> {
  const scripts: Scripts = { needed: new Map(), ahead: [] }
  const bodies: Promise<unknown>[] = []
  const open = new Set<Request>()
  let last = Date.now()
  page.on('request', (request) => {
    if (!isScript(request)) return
    open.add(request)
    last = Date.now()
  })
  page.on('requestfinished', (request) => {
    if (!open.delete(request)) return
    last = Date.now()
    if (request.headers()['sec-purpose']?.startsWith('prefetch')) scripts.ahead.push(request.url())
    else bodies.push(bodyOf(request).then(body => scripts.needed.set(request.url(), body)))
  })
  const response = await page.goto(vapor.url + path)
  expect([response?.status(), page.url()]).toEqual([200, vapor.url + path])
  await page.waitForFunction(() => '__vue_app__' in (document.querySelector('#__nuxt') ?? {}))
  while (open.size > 0 || Date.now() - last < QUIET_MS) await page.waitForTimeout(50)
  await Promise.all(bodies)
  return scripts
}

const isScript = (request: Request): boolean => /\.js(?:\?|$)/.test(request.url())

async function bodyOf(request: Request): Promise<Buffer> {
  const body = await (await request.response())!.body()
  return body[0] === 0x1F ? gunzipSync(body) : body
}

/** Each file with the components in it, the heaviest first. */
function tellLargest(sizes: { url: string, size: number, body: Buffer }[]): string[] {
  return sizes.sort((one, other) => other.size - one.size).slice(0, LARGEST).map(({ url, size, body }) => {
    const names = [...body.toString('utf8').matchAll(/__name:[`"'](\w+)/g)].map(match => match[1])
    return `${kilobytes(size)} ${url.slice(url.lastIndexOf('/') + 1)}${names.length ? ` (${names.slice(0, 12).join(', ')})` : ''}`
  })
}
const kilobytes = (bytes: number): string => `${(bytes / 1000).toFixed(1)} kB`

describe('no page weighs more than it may', () => {
  it('and all of them are known', () => {
    expect(paths.filter(path => path.includes('['))).toEqual([])
    expect(paths).toEqual(expect.arrayContaining(['/', '/login', '/models/sandbox-text', '/console', '/console/keys', '/admin', '/admin/models']))
  })

  it.each(paths)('%s', async (path) => {
    const context = await openBrowser(path, 'zh-CN')
    const { needed } = await visit(await context.newPage(), path)
    const sizes = [...needed].map(([url, body]) => ({ url, body, size: gzipSync(body).length }))
    const weight = sizes.reduce((sum, { size }) => sum + size, 0)
    const { max } = limits.find(limit => limit.paths.test(path))!
    expect(weight, `${path} was not measured`).toBeGreaterThan(MIN)
    expect(weight, `${path} fetches ${kilobytes(weight)}, ${kilobytes(max)} are allowed; the largest of ${sizes.length} files:\n${tellLargest(sizes).join('\n')}\n`).toBeLessThanOrEqual(max)
    await context.close()
  })
})

it('a visitor downloads one language, and of it the words of his page', async () => {
  const context = await openBrowser('/', 'en')
  const { needed, ahead } = await visit(await context.newPage(), '/')
  const hinted = await Promise.all(ahead.map(async url => Buffer.from(await (await fetch(url)).arrayBuffer())))
  const all = Buffer.concat([...needed.values(), ...hinted]).toString('utf8')
  expect(all).toContain(en.index.headline)
  expect(all).not.toContain(zh.index.headline)
  expect(all).not.toContain(en.errors.internal)
  await context.close()
})

describe('a dialog that is no part of its page has come by itself before the first click', () => {
  it('on a page from the server', async () => {
    const context = await openBrowser('/console/keys', 'en')
    const page = await context.newPage()
    const { needed, ahead } = await visit(page, '/console/keys')
    expect(ahead.length).toBeGreaterThan(0)
    expect(ahead.filter(url => needed.has(url))).toEqual([])
    await expectDialog(page)
    await context.close()
  })

  it('on a page somebody walked to', async () => {
    const context = await openBrowser('/console', 'en')
    const page = await context.newPage()
    await visit(page, '/console')
    await page.getByRole('navigation', { name: en.common.menu }).getByRole('link', { name: en.nav.keys }).click()
    await page.getByRole('button', { name: en.keys.create, exact: true }).waitFor()
    await page.waitForLoadState('networkidle')
    await page.waitForTimeout(QUIET_MS)
    await expectDialog(page)
    await context.close()
  })
})

/** What it shows without a network was here before. */
async function expectDialog(page: Page): Promise<void> {
  await page.context().setOffline(true)
  await page.getByRole('button', { name: en.keys.create, exact: true }).click()
  await page.getByRole('dialog', { name: en.keys.createTitle }).waitFor({ timeout: 2000 })
}
