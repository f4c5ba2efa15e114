import { readFileSync } from 'node:fs'
import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import en from '../../i18n/en.json'
import { forgive, launchBrowser, openPage, readers, said, visit } from '../support/browser'
import type { Reader } from '../support/browser'
import { signIn, stockShop } from '../support/console'
import type { Console } from '../support/console'
import { startVapor } from '../support/server'
import type { Vapor } from '../support/server'

/** The admin's side: its longer tasks, and those that show on the pages of others. */
let vapor: Vapor
let browser: Browser
let admin: Console
let user: Console
const complaints: string[] = []

beforeAll(async () => {
  [vapor, browser] = await Promise.all([startVapor(), launchBrowser()])
  const { upstream } = vapor.sandbox!
  const shop = await stockShop(vapor.url, { baseUrl: upstream.baseUrl, apiKey: upstream.apiKeys[0]! }, ['sandbox-text'])
  admin = shop.admin
  user = shop.user
  await admin.send('POST', '/api/admin/channels', { id: 'broken', name: 'Broken', dialect: 'openai-chat', baseUrl: upstream.baseUrl, credentials: ['sk-nobody-knows-this-9999'], enabled: false })
  for (let call = 0; call < 2; call++) {
    const answer = await fetch(`${vapor.url}/v1/chat/completions`, { method: 'POST', headers: { 'authorization': `Bearer ${shop.key}`, 'content-type': 'application/json' }, body: JSON.stringify({ model: 'sandbox-text', messages: [{ role: 'user', content: 'hello' }] }) })
    expect(answer.status).toBe(200)
    await answer.text()
  }
})
afterAll(async () => {
  await browser?.close()
  await vapor?.stop()
})

// Pictures of users come from the fake Connect.
const open = ({ locale, phone }: Pick<Reader, 'locale' | 'phone'>, as: Console): Promise<Page> =>
  openPage(browser, { origins: [vapor.url, vapor.sandbox!.url], complaints, locale, phone, cookies: as.cookies(), context: { acceptDownloads: true } })

const go = (page: Page, path: string) => visit(page, vapor.url + path)

describe.each(readers.slice(0, 2))('an admin, $name', (reader) => {
  const { announcements, channels, common } = reader.words
  let page: Page
  beforeAll(async () => { page = await open(reader, admin) })
  afterAll(() => page.context().close())

  it('tests every channel and tells how it went', async () => {
    await go(page, '/admin/channels')
    await page.getByRole('button', { name: channels.testAll }).click()
    await page.getByTestId('test-progress').getByText(said(channels.tested, { ok: 1, failed: 0 })).waitFor()
    await page.getByTestId('channel-sandbox').getByText(channels.works).waitFor()
  })

  it('announces something, which users then see, and takes it back', async () => {
    await go(page, '/admin/announcements')
    await page.getByRole('button', { name: announcements.create }).first().click()
    await page.getByLabel(announcements.titleZh).fill(`维护 ${reader.locale}`)
    await page.getByLabel(announcements.titleEn).fill(`Maintenance ${reader.locale}`)
    await page.getByRole('button', { name: announcements.submit, exact: true }).click()
    await page.getByRole('dialog').waitFor({ state: 'detached' })
    const title = reader.lang === 'en' ? `Maintenance ${reader.locale}` : `维护 ${reader.locale}`
    await page.getByText(announcements.states.shown).first().waitFor()
    const guest = await open(reader, user)
    for (const path of ['/console', '/']) {
      await go(guest, path)
      await guest.getByText(title).first().waitFor()
    }
    await guest.getByRole('button', { name: said(common.dismiss, { title }) }).click()
    await guest.getByText(title).waitFor({ state: 'detached' })
    await go(guest, '/console')
    expect(await guest.getByText(title).count()).toBe(0)
    await guest.context().close()
    await page.getByRole('button', { name: said(announcements.deleteOf, { title }) }).click()
    await page.getByRole('button', { name: announcements.deleteConfirm, exact: true }).click()
    await page.getByText(announcements.noneTitle).waitFor()
  })
})

describe('an admin', () => {
  let page: Page
  beforeAll(async () => { page = await open({ locale: 'en-US', phone: false }, admin) })
  afterAll(() => page?.context().close())

  it('sees money, traffic and trouble of a period', async () => {
    await go(page, '/admin?days=7')
    await page.getByRole('button', { name: en.stats.today, exact: true }).click()
    await page.waitForURL(/days=1$/)
    const requests = page.getByRole('button', { name: /^Requests/ })
    await requests.click()
    await expect.poll(() => requests.getAttribute('aria-pressed')).toBe('true')
    await expect.poll(() => requests.innerText()).toContain('2')
    await page.getByText('Sandbox').first().waitFor()
  })

  it('switches channels together and looks after single credentials', async () => {
    await go(page, '/admin/channels')
    await page.getByRole('checkbox', { name: said(en.common.selectOne, { name: 'Broken' }) }).click()
    await page.getByRole('button', { name: en.common.enable, exact: true }).click()
    await page.getByTestId('channel-broken').getByText(en.channels.health.unknown).waitFor()
    await page.getByTestId('channel-broken').getByRole('button', { name: said(en.channels.credentialsOf, { name: 'Broken' }) }).click()
    const dialog = page.getByRole('dialog')
    await dialog.getByRole('button', { name: said(en.channels.testCredential, { hint: '…9999' }) }).waitFor()
    await dialog.getByLabel(en.channels.addCredentials).fill('sk-another-one-4321')
    await dialog.getByRole('button', { name: en.channels.addCredentialsSubmit, exact: true }).click()
    await dialog.getByText('…4321').waitFor()
    await dialog.getByRole('switch', { name: said(en.channels.switchCredential, { hint: '…9999' }) }).click()
    await dialog.getByText(en.channels.credentialOff, { exact: true }).waitFor()
    await page.keyboard.press('Escape')
    await dialog.waitFor({ state: 'detached' })
    await page.getByRole('button', { name: said(en.channels.menuOf, { name: 'Broken' }) }).click()
    await page.getByRole('menuitem', { name: en.channels.copy }).click()
    await page.getByText('Broken 2').first().waitFor()
  })

  it('puts models of an upstream on sale at prices it has seen first', async () => {
    await go(page, '/admin/channels')
    await page.getByRole('button', { name: said(en.channels.offerOf, { name: 'Sandbox' }) }).click()
    const dialog = page.getByRole('dialog')
    await dialog.getByLabel('sandbox-tools', { exact: true }).click()
    await dialog.getByRole('button', { name: en.offer.toPrices }).click()
    await dialog.getByLabel(en.classes.input, { exact: true }).fill('3')
    await dialog.getByLabel(en.classes.output, { exact: true }).fill('6')
    await dialog.getByRole('button', { name: 'Add 1 model' }).click()
    await dialog.waitFor({ state: 'detached' })
    const { items } = await admin.get<{ items: { name: string, prices: unknown }[] }>('/api/admin/models')
    expect(items.find(model => model.name === 'sandbox-tools')?.prices).toEqual({ input: '3', output: '6' })
  })

  it('prices models from the catalogue after a look, and orders routes by the keyboard', async () => {
    await admin.send('POST', '/api/admin/models', { name: 'claude-opus-5', routes: [{ channel: 'sandbox' }, { channel: 'broken' }] })
    await go(page, '/admin/models')
    await page.getByRole('checkbox', { name: said(en.common.selectOne, { name: 'claude-opus-5' }) }).click()
    await page.getByRole('button', { name: en.pricing.open }).click()
    await page.getByLabel(en.pricing.rate).fill('2')
    await page.getByLabel(en.pricing.markup).fill('10')
    await page.getByTestId('pricing-preview').getByText('11 / 55').waitFor()
    await page.getByRole('button', { name: 'Save 1 price' }).click()
    await page.getByRole('dialog').waitFor({ state: 'detached' })
    await page.getByRole('button', { name: said(en.models.editOf, { name: 'claude-opus-5' }) }).click()
    await page.getByRole('button', { name: said(en.routes.down, { n: '1' }) }).focus()
    await page.keyboard.press('Enter')
    await page.getByText(said(en.routes.moved, { name: 'Sandbox', n: '2' })).waitFor({ state: 'attached' })
    await page.getByRole('button', { name: en.common.save, exact: true }).click()
    await page.getByRole('dialog').waitFor({ state: 'detached' })
    const { items } = await admin.get<{ items: { name: string, prices: { input: string }, routes: { channel: string, priority: number }[] }[] }>('/api/admin/models')
    const model = items.find(({ name }) => name === 'claude-opus-5')!
    expect(model.prices.input).toBe('11')
    expect(model.routes.map(({ channel, priority }) => `${channel} ${priority}`)).toEqual(['broken 1', 'sandbox 0'])
  })

  it('looks at a user: its keys, one of which is switched off, and its requests', async () => {
    await go(page, '/admin/users?search=2')
    await page.getByRole('button', { name: said(en.users.openOf, { name: 'user' }) }).click()
    await page.getByRole('tab', { name: en.users.tabs.keys }).click()
    await page.getByRole('switch', { name: said(en.users.switchKey, { name: 'test' }) }).click()
    await page.getByRole('switch', { name: said(en.users.switchKey, { name: 'test' }), checked: false }).waitFor()
    expect((await user.get<{ items: { enabled: boolean }[] }>('/api/user/keys')).items[0]!.enabled).toBe(false)
    await page.getByRole('tab', { name: en.users.tabs.requests }).click()
    await page.getByRole('dialog').getByText('sandbox-text').first().waitFor()
  })

  it('finds who did what', async () => {
    await go(page, '/admin/audit')
    await page.getByRole('combobox', { name: en.audit.filterAction }).click()
    await page.getByRole('option', { name: en.audit.subjects.key }).click()
    // Before the filter both are there.
    await page.getByText(en.audit.actions.channel.create).first().waitFor({ state: 'detached' })
    await page.getByText(en.audit.actions.key.put).first().waitFor()
  })

  it('names the site, and chooses when another admin was faster', async () => {
    await go(page, '/admin/settings')
    await page.getByLabel(en.settings.name).fill('Tea House')
    const site = page.getByRole('region', { name: en.settings.site, exact: true })
    await site.getByRole('button', { name: en.common.save }).click()
    await page.getByText('Tea House', { exact: true }).first().waitFor()
    const { site: { version } } = await admin.get<{ site: { version: string } }>('/api/admin/settings')
    await admin.send('PUT', '/api/admin/settings', { group: 'site', version, settings: { name: 'Coffee House', notice: { zh: '', en: '' } } })
    await page.getByLabel(en.settings.name).fill('Water House')
    await site.getByRole('button', { name: en.common.save }).click()
    await site.getByText('Coffee House').waitFor()
    await site.getByText('Water House').waitFor()
    await site.getByRole('button', { name: en.common.keepYours }).click()
    await site.getByText('Coffee House').waitFor({ state: 'detached' })
    await expect.poll(async () => (await admin.get<{ name: string }>('/api/site')).name).toBe('Water House')
    forgive(complaints, 409)
  })

  it('exports the configuration and sees what an import would change', async () => {
    await go(page, '/admin/settings')
    const [download] = await Promise.all([page.waitForEvent('download'), page.getByRole('button', { name: en.configuration.download }).click()])
    const file = JSON.parse(readFileSync(await download.path(), 'utf8')) as { models: { name: string, description: string }[] }
    expect(JSON.stringify(file)).not.toContain(vapor.sandbox!.upstream.apiKeys[0])
    file.models.find(model => model.name === 'sandbox-text')!.description = 'Changed in the file'
    await page.locator('input[type=file]').setInputFiles({ name: 'vapor.json', mimeType: 'application/json', buffer: Buffer.from(JSON.stringify(file)) })
    await page.getByTestId('import-preview').getByText('sandbox-text').waitFor()
    await page.getByRole('button', { name: 'Apply 1 change' }).click()
    await page.getByText(en.configuration.done, { exact: true }).first().waitFor()
    const { items } = await admin.get<{ items: { name: string, description: string }[] }>('/api/admin/models')
    expect(items.find(model => model.name === 'sandbox-text')!.description).toBe('Changed in the file')
  })
})

it('never made the browser complain, nor call anybody else', () => {
  expect(complaints).toEqual([])
})

it('keeps admin pages from everybody else', async () => {
  const stranger = await signIn(vapor.url, '2')
  for (const path of ['configuration', 'settings', 'announcements', 'channels/traffic']) await expect(stranger.get(`/api/admin/${path}`)).rejects.toMatchObject({ status: 403 })
})
